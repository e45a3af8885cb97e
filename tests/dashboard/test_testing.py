"""The closing lines that CI and people read."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dashboard import installing, testing
from dashboard.testing import Tally

A_TEST_FILE = """
import pytest
def test_good(): pass
def test_bad(): assert False
@pytest.fixture
def ends_badly():
    yield
    raise OSError
def test_bad_twice(ends_badly): assert False
@pytest.mark.skip(reason="no Go here")
def test_left_out(): pass
"""


def test_the_last_line_counts(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(passed=3, skipped=["tests.lab.x: no Go here"])
    assert testing.close(tally=tally, strict=False, is_root=True) == 0
    assert capsys.readouterr().out.splitlines() == ["skipped tests.lab.x: no Go here", "3 passed, 0 failed, 1 skipped"]


def test_a_failure_is_an_exit_code() -> None:
    assert testing.close(tally=Tally(passed=3, failed=1), strict=False, is_root=True) == 1


@pytest.mark.parametrize(("reason", "is_root", "code"), [("no Go", False, 1), ("needs root", True, 1), ("needs root", False, 0)])
def test_in_ci_nothing_is_skipped_but_what_needs_root_without_root(reason: str, is_root: bool, code: int) -> None:
    assert testing.close(tally=Tally(passed=1, skipped=[f"tests.x: {reason}"]), strict=True, is_root=is_root) == code


def test_pytests_report_is_counted_by_test(tmp_path: Path) -> None:
    (tmp_path / "test_sample.py").write_text(A_TEST_FILE)
    report = tmp_path / "report.xml"
    line = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", str(tmp_path), "-p", "no:django", f"--junitxml={report}"]
    subprocess.run([*line, str(tmp_path)], cwd=tmp_path, capture_output=True, check=False)
    assert testing.read_junit(text=report.read_text()) == Tally(passed=1, failed=2, skipped=["test_sample.test_left_out: no Go here"])


def test_vitests_report_is_counted_by_test() -> None:
    cases = [{"status": status, "fullName": f"a {status} one"} for status in ("passed", "passed", "failed", "pending")]
    tally = testing.read_vitest(text=json.dumps({"testResults": [{"assertionResults": cases}]}))
    assert tally == Tally(passed=2, failed=1, skipped=["vitest a pending one: pending"])


def test_a_clone_without_a_front_end_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "STATIC", tmp_path)
    assert testing.run_vitest() == Tally(skipped=["vitest: there is no static/package.json in this clone"])


def test_any_argument_selects_tests_so_only_pytest_runs() -> None:
    assert names(only_pytest=True, is_quick=False) == names(only_pytest=True, is_quick=True) == ["pytest"]
    assert names(only_pytest=False, is_quick=True) == ["ruff", "mypy", "import-linter", "front end", "vitest", "pytest"]


@pytest.mark.parametrize(("line", "more", "with_spare"), [([], 1, True), (["--quick"], 0, False)])
def test_each_processor_has_a_process_and_a_nice_one_stands_by_where_much_is_waiting(
    line: list[str], more: int, with_spare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, list[str]] = {}
    monkeypatch.setattr(testing, "parts", lambda **named: given.update(named) or [])
    testing.main(arguments=line)
    words = given["pytest_arguments"]
    assert (words[words.index("-n") + 1], "--spare" in words) == (str(testing.PROCESSORS + more), with_spare)


def test_a_whole_run_builds_the_lab_before_the_tests_that_need_it() -> None:
    assert names(only_pytest=False, is_quick=False) == ["ruff", "mypy", "import-linter", "front end", "vitest", "lab build", "pytest"]


def names(*, only_pytest: bool, is_quick: bool) -> list[str]:
    return [name for name, _ in testing.parts(only_pytest=only_pytest, is_quick=is_quick, pytest_arguments=[])]


def test_without_go_the_build_of_the_lab_is_skipped_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CLUSTERVIEW_LAB_CACHE", str(tmp_path))
    (skipped,) = testing.run_lab_build().skipped
    assert skipped.startswith("lab build: Go is not installed")


def test_a_failing_check_shows_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("true", "false"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setattr(testing, "BIN", tmp_path)
    assert testing.run_check(line=["true"]) == Tally(passed=1)
    assert testing.run_check(line=["false"]) == Tally(failed=1)


def test_what_nothing_waits_for_runs_beside_pytest_and_is_told_after_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    begun = threading.Event()

    def mypy() -> Tally:
        assert begun.wait(30), "pytest waits for it"
        return Tally(failed=1)

    def tests() -> Tally:
        begun.set()
        return Tally(passed=2)

    monkeypatch.setattr(testing, "parts", lambda **_: [("mypy", mypy), ("pytest", tests)])
    assert testing.main(arguments=[]) == 1
    assert [line.split(" after")[0] for line in capsys.readouterr().out.splitlines()] == [
        "pytest ...", "pytest: passed", "mypy: failed", "2 passed, 1 failed, 0 skipped",
    ]  # fmt: skip
