"""The large practice cluster with 8,000 restarts a second, minute by minute, and one watcher that reads all of it."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clusterview.kube import kubeconfigs, practising
from clusterview.kube.connections import Connection
from tests.bench.feeding import NODES, PODS, cpu_seconds, status_bytes
from tests.bench.table import Line
from tests.journeys.dashboard import ROOT

MINUTES, RATE = 10, 8_000
MINUTE_SECONDS = 60.0
SETTLES_SECONDS = 3.0
ENOUGH = 0.995  # of what was asked for, in each minute: a turn of the clock more or less
MOST_BYTES = 1.5e9
PIECE_BYTES = 1024 * 1024


class Watcher:
    """One who watches every pod and only counts. HTTP/1.0, whose answers come without frames of their own: a line is an event."""

    def __init__(self, kubeconfig: Path, *, version: str) -> None:
        told = json.loads(kubeconfig.read_text())
        cluster, token = told["clusters"][0]["cluster"], told["users"][0]["user"]["token"]
        context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        port = int(cluster["server"].rpartition(":")[2])
        self._socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")
        head = f"GET /api/v1/pods?watch=1&resourceVersion={version} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._socket.sendall(head.encode())
        self.events = self.bytes = 0
        self.has_ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        piece = bytearray(PIECE_BYTES)
        with contextlib.suppress(OSError):
            while count := self._socket.recv_into(piece):
                self.bytes += count
                self.events += piece.count(b"\n", 0, count)
        self.has_ended.set()

    def close(self) -> None:
        """This will leave."""
        self._socket.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Minute:
    """What one minute had: events, and in seconds how long it was and how much processor time the cluster used."""

    events: int
    seconds: float
    cpu_seconds: float
    resident_bytes: int

    @property
    def per_second(self) -> float:
        return self.events / self.seconds

    def __str__(self) -> str:
        each = 1e6 * self.cpu_seconds / max(self.events, 1)
        used = f"{each:.0f} us of CPU each, {100 * self.cpu_seconds / self.seconds:.0f} % of a core"
        return f"{self.events:,} events, {self.per_second:,.0f}/s, {used}, {self.resident_bytes / 1e9:.2f} GB"


@dataclass
class Held:
    """How it went."""

    start_seconds: float
    most_bytes: int = 0
    minutes: list[Minute] = field(default_factory=list)

    def lines(self) -> list[Line]:
        slowest = min(one.per_second for one in self.minutes)
        events = sum(one.events for one in self.minutes)
        cpu = sum(one.cpu_seconds for one in self.minutes)
        return [
            Line("from the command to the open port", self.start_seconds, "s", goal="≤ 20 s", met=self.start_seconds <= 20),
            Line("events a second in the slowest minute", slowest, "/s", goal=f"{RATE:,}", met=slowest >= ENOUGH * RATE),
            Line("events in all", float(events), ""),
            Line("processor time of an event", 1e6 * cpu / max(events, 1), "us"),
            Line("resident at most", self.most_bytes / 1e6, "MB", goal="≤ 1,500 MB", met=self.most_bytes <= MOST_BYTES),
        ]


@contextlib.contextmanager
def cluster(*, nodes: int, pods: int) -> Iterator[tuple[Path, int, float]]:
    """This will start one, and give its kubeconfig, its pid, and after how many seconds it listened; afterwards it is ended."""
    with tempfile.TemporaryDirectory(prefix="clusterview-large-") as folder:
        size = ["--nodes", str(nodes), "--pods", str(pods)]
        line = [sys.executable, str(ROOT / "manage.py"), "practice", "up", "--story", "large", *size, "--state", folder]
        begun = time.monotonic()
        with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                told = next((one for one in process.stdout if one.startswith("KUBECONFIG=")), "")
                if not told:
                    raise RuntimeError("the practice cluster did not start")
                yield Path(told.strip().partition("=")[2]), process.pid, time.monotonic() - begun
            finally:
                process.terminate()
                process.communicate()


def run(*, nodes: int = NODES, pods: int = PODS, minutes: int = MINUTES, tell: Callable[[str], None] = print) -> list[Line]:
    """This will hold it for so many minutes. Raises RuntimeError where the watcher is cut off."""
    with cluster(nodes=nodes, pods=pods) as (kubeconfig, pid, seconds):
        held = Held(start_seconds=seconds)
        connection = Connection(kubeconfigs.contexts([str(kubeconfig)])[0], version="soak")
        listed = json.loads(connection.request("GET", "/api/v1/pods", query=[("limit", "1")]).body)
        watcher = Watcher(kubeconfig, version=listed["metadata"]["resourceVersion"])
        practising.play(connection, name=f"churn-{RATE}")
        watcher.has_ended.wait(SETTLES_SECONDS)
        for number in range(1, minutes + 1):
            begun, events, cpu = time.monotonic(), watcher.events, cpu_seconds(pid)
            if watcher.has_ended.wait(MINUTE_SECONDS):
                raise RuntimeError("the watcher was cut off")
            minute = Minute(watcher.events - events, time.monotonic() - begun, cpu_seconds(pid) - cpu, status_bytes(pid, "VmRSS"))
            held.minutes.append(minute)
            tell(f"minute {number:2}: {minute}")
        held.most_bytes = status_bytes(pid, "VmHWM")
        watcher.close()
        connection.close()
        return held.lines()
