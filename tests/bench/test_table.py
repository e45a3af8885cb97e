"""What a benchmark prints and answers: goals that are missed are said, kept and end with 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench import command, table
from tests.bench.table import Line

MET, MISSED = Line("quick", 1.0, "ms", 2.0, None, "≤ 2 ms", True), Line("slow", 9.0, "ms", None, 3.0, "≤ 2 ms", False)
TOLD = Line("told", None, "ms", None, 3.0)


def refused() -> list[Line]:
    raise RuntimeError("There is no compiler here.")


def test_the_99th_percentile_of_a_few_values_is_the_largest_of_them() -> None:
    assert table.percentile([3.0, 1.0, 2.0], 0.99) == 3.0
    assert table.percentile([float(one) for one in range(1_000)], 0.99) == 990
    assert table.percentile([4.0, 1.0, 2.0, 3.0], 0.5) == 2.5


def test_a_ratio_is_that_to_the_floor_and_to_the_peer_where_there_is_no_floor() -> None:
    assert [table.ratio(one) for one in (MET, MISSED, TOLD)] == ["0.5", "3", ""]


@pytest.mark.parametrize(("measure", "code"), [(lambda: [MET, TOLD], 0), (lambda: [MET, MISSED], 1), (refused, 1)])
def test_a_goal_that_is_missed_or_could_not_be_tried_ends_with_one(
    measure: Callable[[], list[Line]], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(command.BENCHES, "wire", measure)
    assert command.main(["wire", "--results", str(tmp_path / "bench.jsonl")]) == code


def test_each_line_is_printed_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(command.BENCHES, "wire", lambda: [MET, MISSED])
    command.run("wire", results=tmp_path / "bench.jsonl")
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in printed if "≤" in line] == ["yes", "NO"]
    [kept] = (tmp_path / "bench.jsonl").read_text().splitlines()
    assert [one["met"] for one in json.loads(kept)["lines"]] == [True, False]
