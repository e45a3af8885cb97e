"""Many browsers at one web process: ten thousand that look on, ten thousand that come at once."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from clusterview.stream import encoding
from clusterview.stream.messages import Hello, Position
from clusterview.topology.changes import Put
from clusterview.topology.objects import Node, Uid
from tests.bench import feed, feeding, page
from tests.bench.table import Line, percentile
from tests.faults.web import CLUSTER, Web

MEBIBYTE = 1024 * 1024
MANY = 10_000
FRAME_BYTES = 2_048
SECONDS = 8.0
PER_SECOND = 2.0
MISSED = 20  # frames that came while they were away
SOME, ROUNDS, SLOWLY_PER_SECOND = 1_000, 5, 12.0
FILLING, FILLING_BYTES = 30, 100_000  # more than kernel and queue hold for one that does not read
SLOW_BYTES, NARROW_BYTES = 1_024, 4_096


@contextlib.contextmanager
def served(*, sessions: int) -> Iterator[tuple[Web, Path]]:
    """This will start a web process with a small picture, where so many are signed in, and a folder to work in."""
    with tempfile.TemporaryDirectory(prefix="clusterview-bench-") as folder, feeding.redis() as redis:
        state = Path(folder) / "state"
        state.mkdir()
        web = Web(folder=state, redis=redis, sessions=sessions)
        try:
            web.restart()
            yield web, Path(folder)
        finally:
            web.close()


@contextlib.contextmanager
def crowd(web: Web, folder: Path, *, count: int, least: int = 1, resume: Position | None = None) -> Iterator[page.Crowd]:
    hello = encoding.encode(Hello(cluster=CLUSTER, resume=resume))
    with page.crowd(count, folder=folder, url=web.url, cookies=web.cookies, hello=hello, least=least) as seen:
        yield seen


def noise(number: int, *, size: int = FRAME_BYTES) -> Put:
    """A change whose frame has two kibibytes, or another size, and which no other one is like."""
    return Put(Node(uid=Uid("n1"), name="node-1", ready="True", zone=str(number), labels={"noise": os.urandom((size - 280) // 2).hex()}))


def measure_crowd() -> list[Line]:
    """Ten thousand sockets, two frames a second."""
    with served(sessions=1) as (web, folder):
        empty = web.process.memory_info().rss
        with crowd(web, folder, count=MANY) as seen:
            wait_for_sockets(web.sockets, MANY)
            time.sleep(3)
            each = (web.process.memory_info().rss - empty) / MANY
            before, began, stamps = web.cpu_seconds(), time.monotonic(), list[int]()
            for number in range(int(SECONDS * PER_SECOND)):
                stamps.append(feed.stamp())
                web.publish([noise(number)])
                time.sleep(max(0.0, began + (number + 1) / PER_SECOND - time.monotonic()))
            used = (web.cpu_seconds() - before) / (time.monotonic() - began)
        late = seen.latenesses(stamps)
    return [
        Line(f"processor of the web process, {MANY} sockets, {PER_SECOND:.0f} frames a second", 100 * used, "%", goal="≤ 70 %", met=used <= 0.7),
        Line("a frame to the last of them, p50", percentile(late, 0.5), "ms"),
        Line("a frame to the last of them, p99", percentile(late, 0.99), "ms", goal="≤ 150 ms", met=percentile(late, 0.99) <= 150),
        Line("memory for each socket", each / 1024, "KiB", goal="≤ 60 KiB", met=each <= 60 * 1024),
        Line("sockets that stayed open", seen.open, "", goal="all", met=seen.open == MANY),
    ]


def measure_storm() -> list[Line]:
    """All of them, each with a session of its own, come at once to a web process that was just started: with their place, and without."""
    with served(sessions=MANY) as (web, folder):
        crowds, left_at = [], Position(epoch=web.epoch, sequence=web.sequence)
        for number in range(MISSED):
            web.publish([noise(number)])
        for place in (left_at, None):
            web.restart()
            with crowd(web, folder, count=1, resume=place) as first:
                time.sleep(1)
            web.restart()
            with crowd(web, folder, count=MANY, least=first.bytes, resume=place) as seen:
                seen.wait_for_all(seconds=60)
            crowds.append(seen)
        seen, new = crowds
    back, fresh = seen.whole_seconds or float("inf"), new.whole_seconds or float("inf")
    return [
        Line(f"{MANY} return with their place: the last is live after", back, "s", goal="≤ 30 s", met=back <= 30),
        Line(f"{MANY} come anew: the last has the picture after", fresh, "s", goal="≤ 30 s", met=fresh <= 30),
        Line("snapshots to those who return with their place", seen.snapshots, "", goal="none", met=seen.snapshots == 0),
        Line("snapshots to those who come anew", new.snapshots, "", goal="one each", met=new.snapshots == MANY),
        Line("sockets that stayed open", min(seen.open, new.open), "", goal="all", met=min(seen.open, new.open) == MANY),
    ]


def measure_slow() -> list[Line]:
    """One that reads a kibibyte a second among a thousand, by turns there and not there. It is let go where it answers no ping for 40 s."""
    with served(sessions=1) as (web, folder), crowd(web, folder, count=SOME) as seen:
        wait_for_sockets(web.sockets, SOME)
        publish(web, line=None, frames=FILLING, size=FILLING_BYTES)  # the last changes are kept for everybody
        without, beside, grown, kept = list[int](), list[int](), list[float](), 0
        for _ in range(ROUNDS):
            publish(web, line=None, frames=FILLING, size=FILLING_BYTES)
            without += publish(web, line=None)
            before = web.process.memory_info().rss
            with slow_reader(web) as line:
                publish(web, line=line, frames=FILLING, size=FILLING_BYTES)
                beside += publish(web, line=line)
                grown.append((web.process.memory_info().rss - before) / MEBIBYTE)
                kept += web.sockets() == SOME + 1
    alone, slowed = seen.latenesses(without), seen.latenesses(beside)
    late, later = percentile(alone, 0.99), percentile(slowed, 0.99)
    return [
        Line(f"a frame to the last of {SOME}, p50", percentile(alone, 0.5), "ms"),
        Line("the same beside one that reads 1 kB a second", percentile(slowed, 0.5), "ms", percentile(alone, 0.5)),
        Line(f"a frame to the last of {SOME}, p99", late, "ms"),
        Line("the same beside one that reads 1 kB a second", later, "ms", late, None, "≤ 1.1 times", later <= 1.1 * late),
        Line("memory of the web process for that one", percentile(grown, 0.5), "MiB", goal="≤ 2 MiB", met=percentile(grown, 0.5) <= 2),
        Line("times that it was still open", kept, "", goal=f"all {ROUNDS}", met=kept == ROUNDS),
        Line("sockets that stayed open", seen.open, "", goal="all", met=seen.open == SOME),
    ]


def publish(web: Web, *, line: socket.socket | None, frames: int = 144, size: int = FRAME_BYTES) -> list[int]:
    """This will publish so many frames, reading a little on that line each second, and give their moments."""
    began, read_at, stamps = time.monotonic(), 0.0, list[int]()
    for number in range(frames):
        stamps.append(feed.stamp())
        web.publish([noise(number, size=size)])
        if line is not None and time.monotonic() - read_at >= 1:
            read_at = time.monotonic()
            with contextlib.suppress(BlockingIOError):  # a window this small is opened again when the kernel asks for it, seconds later
                line.recv(SLOW_BYTES)
        time.sleep(max(0.0, began + (number + 1) / SLOWLY_PER_SECOND - time.monotonic()))
    return stamps


@contextlib.contextmanager
def slow_reader(web: Web) -> Iterator[socket.socket]:
    """The line of a browser that has little room on its own side, and has said hello."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BYTES)
        line.connect(("127.0.0.1", web.port))
        asked = page.HANDSHAKE.format(port=web.port, origin=web.url, cookie=web.cookies[0], key=page.KEY)
        line.sendall(asked.encode() + page.masked(encoding.encode(Hello(cluster=CLUSTER))))
        line.setblocking(False)
        yield line


def wait_for_sockets(held: Callable[[], int], count: int, *, seconds: float = 60) -> None:
    """This will wait until so many connections are held, two looks long; or not for ever."""
    deadline = time.monotonic() + seconds
    while held() < count and time.monotonic() < deadline:
        time.sleep(0.5)
