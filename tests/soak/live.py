"""The product itself for half an hour: 500 events a second, 200 browsers, a fault every twenty seconds, and nothing that grows.

It is a real `up` on the large feed, behind the fault proxy. After each fault nothing is written for a moment, and then what one of the browsers holds
is compared with what the feed lists around everything. Memory, files, sockets and threads of each process are looked at in the same moments.
"""

from __future__ import annotations

import contextlib
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis
from websockets.exceptions import ConnectionClosed

from clusterview.kube import kubeconfigs
from clusterview.topology.objects import AnyRecord, Uid
from tests.bench import feeding, page
from tests.bench.feeding import Feed
from tests.bench.table import Line
from tests.faults.proxy import Proxy
from tests.faults.tcp import Blackhole, Down, Latency, LimitData, Reset, Slicer
from tests.faults.timeline import Fault
from tests.observer import truth as truths
from tests.patience import Patience
from tests.stream.making import Browser

MINUTES, EVENTS_PER_SECOND, BROWSERS = 30.0, 500.0, 200
NODES, PODS = 100, 3_000
ROUND_SECONDS, FAULT_SECONDS, TRUTH_SECONDS = 20.0, 4.0, 60.0
LONG_MINUTES = 20.0  # a slope of less time than that says nothing
FAULTS = 8
MOST_GROWTH = 1.0  # MiB in an hour
WARM_SHARE = 0.25
RESTING_LOOKS = 3
MEBIBYTE = 1024 * 1024


class Broken(AssertionError):
    """A promise was broken."""


@dataclass(frozen=True)
class Look:
    """One process at one moment."""

    at: float
    bytes: int
    files: int
    sockets: int
    threads: int


class Soak:
    """The product on the feed, and what happens to both."""

    def __init__(self, *, fed: Feed, proxy: Proxy, shown: page.Page) -> None:
        self.fed, self._proxy, self._shown = fed, proxy, shown
        facts = shown.dashboard.facts()
        self.pids: dict[str, int] = facts["children"]
        self._redis = redis.Redis.from_url(facts["redis_url"])
        self.looks: dict[str, list[Look]] = {name: [] for name in self.pids}
        self._faults: Sequence[Callable[[], contextlib.AbstractContextManager[None]]] = (
            *(self._on_the_wire(fault) for fault in (Reset(), Down(), Latency(seconds=0.3), Slicer(piece_bytes=997))),
            *(self._on_the_wire(fault) for fault in (Blackhole(direction="to_client"), LimitData(direction="to_client", limit_bytes=20_000))),
            self._frozen_redis,
            self._emptied_redis,
        )

    def fault(self, number: int) -> contextlib.AbstractContextManager[None]:
        """One fault after the other."""
        return self._faults[number % len(self._faults)]()

    def _on_the_wire(self, fault: Fault) -> Callable[[], contextlib.AbstractContextManager[None]]:
        @contextmanager
        def struck() -> Iterator[None]:
            handle = self._proxy.add(fault)
            yield
            self._proxy.remove(handle)

        return struck

    @contextmanager
    def _frozen_redis(self) -> Iterator[None]:
        psutil.Process(self.pids["redis"]).send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            psutil.Process(self.pids["redis"]).send_signal(signal.SIGCONT)

    @contextmanager
    def _emptied_redis(self) -> Iterator[None]:
        self._redis.flushall()
        yield

    def look(self) -> None:
        """This will note what each process holds."""
        if (now := self._shown.dashboard.children()) != self.pids:
            raise Broken(f"a process was started again: {self.pids} became {now}")
        for name, pid in self.pids.items():
            process = psutil.Process(pid)
            with process.oneshot():
                sockets = len(process.net_connections(kind="inet"))
                self.looks[name].append(Look(time.monotonic(), process.memory_info().rss, process.num_fds(), sockets, process.num_threads()))

    def truth(self) -> dict[Uid, AnyRecord]:
        """What the feed lists, around everything that is under test."""
        with tempfile.TemporaryDirectory() as folder:
            return truths.truth(access=kubeconfigs.to_open([str(self.fed.kubeconfig(folder=Path(folder)))])[0])


class Screen:
    """One of the browsers, which keeps the whole picture."""

    def __init__(self, shown: page.Page) -> None:
        self._shown, self._lock = shown, threading.Lock()
        self._browser = Browser()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        """As the page does, it comes back when it is let go."""
        while not self._ended.is_set():
            with contextlib.suppress(ConnectionClosed), self._shown.socket() as socket:
                while not self._ended.is_set():
                    with contextlib.suppress(TimeoutError):
                        frame = socket.recv(timeout=1)
                        assert isinstance(frame, bytes)
                        with self._lock:
                            self._browser.take(frame)

    def differing(self, truth: dict[Uid, AnyRecord]) -> list[str]:
        """The objects that it does not show as they are."""
        with self._lock:
            if self._browser.reader is None or self._browser.states[-1:] != ["live"]:
                return ["it is not live"]
            shown = dict(self._browser.reader.picture.objects)
        return [str(uid) for uid in truths.differing(shown=shown, true=truth)]

    def close(self) -> None:
        self._ended.set()
        self._thread.join(5)


@contextmanager
def soaking() -> Iterator[tuple[Soak, Screen, page.Crowd]]:
    """This will start everything; afterwards it is ended."""
    with contextlib.ExitStack() as stack:
        fed = stack.enter_context(feeding.feed(nodes=NODES, pods=PODS))
        proxy = stack.enter_context(Proxy(target_port=int(fed.url.rpartition(":")[2])))
        shown = stack.enter_context(page.shown(Feed(url=f"http://127.0.0.1:{proxy.port}", pid=fed.pid)))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        crowd = stack.enter_context(shown.crowd(BROWSERS, folder=Path(folder)))
        screen = Screen(shown)
        stack.callback(screen.close)
        yield Soak(fed=fed, proxy=proxy, shown=shown), screen, crowd


def run(
    *, minutes: float = MINUTES, least: int = 0, round_seconds: float = ROUND_SECONDS, fault_seconds: float = FAULT_SECONDS,
    tell: Callable[[str], None] = print,
) -> list[Line]:  # fmt: skip
    """This will soak for so long, and for so many faults at least, and tell how it goes. Raises Broken where a picture is not the truth."""
    written = checks = 0
    with soaking() as (soak, screen, crowd):
        began = time.monotonic()
        while time.monotonic() - began < 60 * minutes or checks < least:
            written += _round(soak, number=checks, round_seconds=round_seconds, fault_seconds=fault_seconds)
            _expect_truth(soak, screen, check=checks)
            soak.look()
            checks += 1
            held = ", ".join(f"{name} {looks[-1].bytes / MEBIBYTE:.1f}" for name, looks in soak.looks.items())
            tell(f"{(time.monotonic() - began) / 60:.1f} min, {checks} checks, {written:,} events; MiB: {held}")
    is_long = minutes >= LONG_MINUTES
    return [
        Line("quiet checks at which the browser had the truth, each after a fault", float(checks), "", goal="all", met=True),
        Line("events written", float(written), ""),
        Line("browsers that stayed", float(crowd.open), "", goal=f"all {BROWSERS}", met=crowd.open == BROWSERS),
        *(line for name, looks in soak.looks.items() for line in _growth(name, looks, is_long=is_long)),
    ]


def _round(soak: Soak, *, number: int, round_seconds: float, fault_seconds: float) -> int:
    """Events are written for some time, and a fault comes and goes meanwhile."""
    told: list[int] = []
    writing = threading.Thread(target=lambda: told.append(soak.fed.churn(rate=EVENTS_PER_SECOND, seconds=round_seconds)["sent"]))
    writing.start()
    with soak.fault(number):
        threading.Event().wait(fault_seconds)
    writing.join()
    return told[0]


def _expect_truth(soak: Soak, screen: Screen, *, check: int) -> None:
    truth, patience = soak.truth(), Patience(seconds=TRUTH_SECONDS)
    while differing := screen.differing(truth):
        if patience.is_over:
            raise Broken(f"check {check}: {len(differing)} objects are not shown as they are: {sorted(differing)[:5]}")
        time.sleep(0.2)


def _growth(name: str, looks: Sequence[Look], *, is_long: bool) -> Iterator[Line]:
    """What a process held more of at the end than when it was warm."""
    warm = looks[int(len(looks) * WARM_SHARE) :]
    more = slope(warm)
    what = f"{name}: memory at rest, after the first quarter"
    yield Line(what, more, "MiB/h", goal=f"≤ {MOST_GROWTH:.0f}" if is_long else "", met=more <= MOST_GROWTH if is_long else None)
    for what in ("files", "sockets", "threads"):
        counts = [getattr(look, what) for look in warm]
        is_met = min(counts[-3:]) <= max(counts[:3]) if is_long else None  # of a few looks one more is no sign
        yield Line(f"{name}: {what}", counts[-1], "", goal="no more than before", met=is_met)


def slope(looks: Sequence[Look]) -> float:
    """This will tell how many MiB an hour a process grew by, at rest: of three looks in a row the smallest counts.

    A picture that is packed or a list that is read during a look is 3 MiB for a moment: a few early ones would hide a growth, and late ones be one.
    """
    groups = [looks[first : first + RESTING_LOOKS] for first in range(len(looks) - RESTING_LOOKS + 1)]
    if len(groups) < 2:
        return 0.0
    least = [min(look.bytes for look in group) / MEBIBYTE for group in groups]
    return statistics.linear_regression([group[-1].at / 3600 for group in groups], least).slope
