"""The large feed, started for one benchmark, and an observer of it in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journeys.dashboard import ROOT
from tests.redis_servers import RedisServer

NODES, PODS = 5_000, 150_000


@dataclass(frozen=True)
class Feed:
    """Where it answers."""

    url: str
    pid: int

    def ask(self, path: str, *, seconds: float = 120) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=seconds) as answer:
            return json.load(answer)

    def churn(self, *, rate: float, seconds: float) -> dict[str, Any]:
        """This will write pods at that rate, and return when that is over."""
        told: dict[str, Any] = self.ask(f"/churn?rate={rate}&seconds={seconds}", seconds=seconds + 60)
        return told

    def kubeconfig(self, *, folder: Path) -> Path:
        """This will write one that leads here."""
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "large", "users": [{"name": "nobody", "user": {"token": "none"}}],
            "clusters": [{"name": "large", "cluster": {"server": self.url}}],
            "contexts": [{"name": "large", "context": {"cluster": "large", "user": "nobody"}}],
        }  # fmt: skip
        path = folder / "kubeconfig"
        path.write_text(json.dumps(document))
        return path


@contextlib.contextmanager
def feed(*, nodes: int = NODES, pods: int = PODS) -> Iterator[Feed]:
    """This will start it and wait until it answers; afterwards it is ended."""
    line = [sys.executable, "-m", "tests.bench.feed", "--nodes", str(nodes), "--pods", str(pods)]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Feed(url=f"http://127.0.0.1:{int(process.stdout.readline())}", pid=process.pid)
        finally:
            process.kill()


@contextlib.contextmanager
def redis() -> Iterator[RedisServer]:
    """A Redis of its own."""
    with tempfile.TemporaryDirectory(prefix="clusterview-bench-") as folder:
        server = RedisServer(folder=Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextlib.contextmanager
def observer(fed: Feed, *, redis_url: str) -> Iterator[tuple[dict[str, Any], int]]:
    """This will observe the feed until the first picture is published; gives what that cost, and the process; afterwards it is ended."""
    with tempfile.TemporaryDirectory(prefix="clusterview-bench-") as folder:
        line = [sys.executable, "-m", "tests.bench.observing", str(fed.kubeconfig(folder=Path(folder))), redis_url]
        key = Path(folder) / "secret-key"
        key.write_text("a key of this bench alone, as long as a real one")
        environment = os.environ | {"CLUSTERVIEW_SECRET_KEY_FILE": str(key)}
        with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment) as process:
            try:
                assert process.stdout is not None
                yield json.loads(process.stdout.readline()), process.pid
            finally:
                process.kill()


def status_bytes(pid: int | str, name: str) -> int:
    """This will read one of the sizes that Linux keeps of a process: VmRSS now, VmHWM at most."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"no {name} of process {pid}")


def cpu_seconds(pid: int) -> float:
    """This will tell how much processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
