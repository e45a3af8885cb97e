"""What a machine can lack, for real: the two commands say it in one sentence with the remedy, and end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard import installing, starting
from dashboard.refusals import DATABASE_AWAY, FULL, UNREACHABLE, Refused
from tests.journeys.dashboard import ROOT
from tests.ports import free_port


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for a key and not for a database."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "clusterview-test", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.root
def test_a_disk_that_fills_up_while_the_database_is_made(small: Path) -> None:
    line = [sys.executable, "manage.py", "up", "--state", str(small / "state"), "--port", str(free_port())]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert f"The database could not be prepared. {FULL}" in done.stderr


@pytest.mark.parametrize("server", ["127.0.0.1:1", "no-such-server.invalid"])
def test_a_database_server_that_is_away_is_not_called_a_package_registry(server: str, tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("a key for this test only, as long as a real one")
    said = {"CLUSTERVIEW_STATE": str(tmp_path), "DJANGO_SETTINGS_MODULE": "dashboard.settings", "DATABASE_URL": f"postgres://somebody:word@{server}/it"}
    with pytest.raises(Refused) as refused:
        asyncio.run(starting.prepare(environment=os.environ | said, migrate=True))
    assert str(refused.value).startswith(f"The database could not be prepared. {DATABASE_AWAY}\n")


def test_a_setting_that_cannot_be_is_refused_in_its_own_words_by_up(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("a key for this test only, as long as a real one")
    said = {"CLUSTERVIEW_STATE": str(tmp_path), "DJANGO_SETTINGS_MODULE": "dashboard.settings", "CLUSTERVIEW_LOG_LEVEL": "loud"}
    with pytest.raises(Refused, match=r"^CLUSTERVIEW_LOG_LEVEL is 'loud'; it has to be one of DEBUG"):
        asyncio.run(starting.prepare(environment=os.environ | said, migrate=True))


def test_a_registry_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"PIP_INDEX_URL": "http://127.0.0.1:1/", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull, "UV_INDEX_URL": "http://127.0.0.1:1/"}.items():
        monkeypatch.setenv(name, value)
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"nothing-of-this-name==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Refused, match=UNREACHABLE[:40]):
        installing.install(lock=lock)
