"""The workers begin and end without a broker: what Redis is, and whether it is there, is no matter of Celery's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard import installing
from tests.dashboard.waiting import wait_for


@pytest.mark.parametrize("url", ["unix://{}/no-redis-runs-here", "rediss://:word@127.0.0.1:1/0"])
def test_a_worker_is_ready_and_ends_whatever_redis_is_and_although_it_is_away(url: str, tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("a key for this test only, as long as a real one")
    said = {"CLUSTERVIEW_STATE": str(tmp_path), "CLUSTERVIEW_REDIS_URL": url.format(tmp_path)}
    line = [sys.executable, "-m", "celery", "-A", "dashboard", "worker", "-Q", "default", "-P", "threads", "-c", "1", "--loglevel", "INFO"]
    words = tmp_path / "worker.log"
    with words.open("wb") as log:
        worker = subprocess.Popen(line, env=os.environ | said, cwd=installing.ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: " ready." in words.read_text() or worker.poll() is not None, what="the worker is ready", seconds=60)
        worker.terminate()
        assert worker.wait(60) == 0, words.read_text()
    finally:
        worker.kill()
        worker.wait(10)
