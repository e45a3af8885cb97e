"""The command of the README that makes a backup of SQLite."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_backup_is_whole_and_read_by_nobody_else_whatever_the_shell_would_allow(tmp_path: Path) -> None:
    (line,) = [one for one in (ROOT / "README.md").read_text().splitlines() if ".backup(" in one]
    (tmp_path / ".state").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / ".state" / "clusterview.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE kept (one)")
        subprocess.run(["sh", "-c", f"umask 022; {line.replace('/elsewhere', '.')}"], cwd=tmp_path, check=True)
    copy = tmp_path / "clusterview.sqlite3"
    assert copy.stat().st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]
