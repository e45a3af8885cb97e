"""`up` leaves the migrations out only where the database itself has seen them all, whatever was noted beside it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dashboard import installing, starting


def migrate(state: Path, *words: str) -> None:
    said = {"CLUSTERVIEW_STATE": str(state), "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    line = [sys.executable, "-m", "django", "migrate", "-v", "0", *words]
    subprocess.run(line, env=kept | said, cwd=installing.ROOT, check=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a database of an earlier version, `older`, and one of this version that is noted as such."""
    state = tmp_path_factory.mktemp("migrated")
    (state / "secret-key").write_text("a key for this test only, and as long")
    migrate(state, "clusterview", "0007")
    shutil.copy(state / starting.DATABASE, state / "older")
    migrate(state)
    starting.stamp_migrated(state=state)
    return state


@pytest.fixture
def state(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return Path(shutil.copytree(made, tmp_path / "state"))


def test_what_is_noted_of_the_database_that_is_there_is_trusted(state: Path) -> None:
    assert starting.is_migrated(state=state)


def test_an_older_database_that_was_put_in_its_place_is_migrated(state: Path) -> None:
    shutil.copy(state / "older", state / starting.DATABASE)
    assert not starting.is_migrated(state=state)
    migrate(state)
    assert starting.is_migrated(state=state)


def test_a_database_that_is_away_or_none_is_migrated(state: Path) -> None:
    file = state / starting.DATABASE
    for body in (b"", b"no database" * 1_000):
        file.write_bytes(body)
        assert not starting.is_migrated(state=state)
    file.unlink()
    assert not starting.is_migrated(state=state)
    starting.stamp_migrated(state=state)
    assert not starting.is_migrated(state=state)
    assert not file.exists()


def test_other_migrations_and_a_server_are_looked_at(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(starting, "fingerprint_of_migrations", lambda: "others")
        assert not starting.is_migrated(state=state)
    monkeypatch.setenv("DATABASE_URL", "postgres://role@db/views")
    assert not starting.is_migrated(state=state)


def test_a_database_that_somebody_has_open_can_be_read(state: Path) -> None:
    with closing(sqlite3.connect(state / starting.DATABASE)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert starting.is_migrated(state=state)
