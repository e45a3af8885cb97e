"""`manage.py audit`: what it prints, what it writes, and that it ends with 1 when anything is wrong."""

from __future__ import annotations

import csv
import errno
import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, transaction

from clusterview.access import auditing, exporting
from clusterview.models import AuditEntry
from tests import databases

pytestmark = pytest.mark.django_db(transaction=True)


def run(*line: str) -> str:
    written = io.StringIO()
    call_command("audit", *line, stdout=written)
    return written.getvalue()


@pytest.fixture(autouse=True)
def two_entries() -> None:
    for name in ("ada", "=bob"):
        with transaction.atomic():
            auditing.record(actor=name, action="ARMED", body={"이름": "상점"})


def test_a_whole_audit_is_said_to_be_whole() -> None:
    assert run("verify") == "ok: 2 entries, none changed, none missing\n"


def test_everything_that_is_wrong_is_named() -> None:
    entries = AuditEntry.objects.using(databases.owner())
    entries.filter(sequence=1).update(actor="eve")
    entries.filter(sequence=2).delete()
    with pytest.raises(CommandError) as refused:
        run("verify")
    assert str(refused.value) == "Entry 1 was changed.\nThe end of the audit was cut off or replaced."
    assert refused.value.returncode == 1


def test_an_export_is_the_anchor_for_a_later_look(tmp_path: Path) -> None:
    anchor = tmp_path / "audit.jsonl"
    assert run("export", "--output", str(anchor)) == f"2 lines are in {anchor}\n"
    assert stat.S_IMODE(anchor.stat().st_mode) == 0o600
    assert anchor.read_text() == run("export")
    assert "상점" in anchor.read_text()
    assert run("verify", "--against", str(anchor)).endswith(", and every one of the export is there\n")
    AuditEntry.objects.using(databases.owner()).filter(sequence=2).delete()
    with pytest.raises(CommandError, match="Entry 2 was exported and is missing"):
        run("verify", "--against", str(anchor))


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    anchor = tmp_path / "audit.jsonl"
    anchor.write_text("the only one")
    with pytest.raises(CommandError, match="is there already"):
        run("export", "--output", str(anchor))
    assert anchor.read_text() == "the only one"


@pytest.mark.parametrize("problem", [OSError(errno.ENOSPC, "No space left on device"), OperationalError("gone away")])
def test_an_export_that_fails_midway_leaves_nothing_and_can_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def lines(_: object) -> Iterator[str]:
        yield "the first line"
        raise problem

    anchor = tmp_path / "audit.jsonl"
    with monkeypatch.context() as patched:
        patched.setattr(exporting, "as_json", lines)
        with pytest.raises((CommandError, OperationalError), match=r"No space left|gone away"):
            run("export", "--output", str(anchor))
    assert list(tmp_path.iterdir()) == []
    assert run("export", "--output", str(anchor)) == f"2 lines are in {anchor}\n"
    assert list(tmp_path.iterdir()) == [anchor]


def test_while_an_export_is_written_nothing_has_its_name_and_what_is_put_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anchor = tmp_path / "audit.jsonl"

    def lines(_: object) -> Iterator[str]:
        assert not anchor.exists()
        anchor.write_text("of another export")
        yield "the only line"

    monkeypatch.setattr(exporting, "as_json", lines)
    with pytest.raises(CommandError, match="is there already"):
        run("export", "--output", str(anchor))
    assert (anchor.read_text(), list(tmp_path.iterdir())) == ("of another export", [anchor])


@pytest.mark.parametrize("line", [("verify", "--against", "/nowhere/a"), ("export", "--output", "/nowhere/a")])
def test_a_file_that_cannot_be_opened_is_said(line: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="/nowhere/a cannot be"):
        run(*line)


def test_a_table_has_a_line_of_names_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(run("export", "--format", "csv"))))
    assert [row["actor"] for row in rows] == ["ada", "'=bob"]
    assert json.loads(rows[0]["body"]) == {"이름": "상점"}


def test_an_export_is_of_the_time_that_was_asked_for() -> None:
    assert run("export", "--since", "2000-01-01", "--until", "2001-01-01T00:00+09:00") == ""
    assert len(run("export", "--since", "2000-01-01").splitlines()) == 2
    with pytest.raises(CommandError, match="is no time"):
        run("export", "--since", "yesterday")
