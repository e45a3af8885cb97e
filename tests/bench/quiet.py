"""A cluster where nothing happens and a thousand browsers that look at it: processor time, and what the watched API server is asked.

The peer of the last asks for whole lists every five seconds (`polling`).
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from clusterview.observer import digesting
from tests.bench import feeding, page, polling
from tests.bench.table import Line

CLIENTS = 1_000
MARGIN_SECONDS = 15.0  # in which the first comparison of all pods ends
FIRST = 1
NODES, PODS = 100, 3_000  # of `load`


def measure_idle() -> list[Line]:
    """Processor time of every process of ours, in parts of a core, for as long as it takes to look at each row once. The first comparison of every
    pod is told apart: the next one waits a hundred times as long as that took.
    """
    with feeding.feed() as fed, tempfile.TemporaryDirectory() as folder, page.shown(fed) as shown, shown.crowd(CLIENTS, folder=Path(folder)):
        children = shown.dashboard.children()
        began = feeding.cpu_seconds(children["observe"])
        time.sleep(digesting.EVERY_SECONDS + MARGIN_SECONDS)
        before = {name: feeding.cpu_seconds(pid) for name, pid in children.items()}
        time.sleep(digesting.EVERY_SECONDS)
        used = {name: 100 * (feeding.cpu_seconds(pid) - before[name]) / digesting.EVERY_SECONDS for name, pid in children.items()}
    total = sum(used.values())
    first = before["observe"] - began - (digesting.EVERY_SECONDS + MARGIN_SECONDS) * used["observe"] / 100
    lines = [Line(f"idle, {CLIENTS} browsers: {name}", share, "%") for name, share in sorted(used.items())]
    return [
        *lines,
        Line("all together", total, "%", goal="≤ 1 % of a core", met=total <= 1),
        Line("every pod compared with a list for the first time, beside that", first, "s"),
    ]


def measure_load() -> list[Line]:
    """Lists and watches that the API server saw, with few browsers and with many, each for as long as it takes to look at each row once. One of
    these looks may come just before or after its time. The peer looks at a cluster of its own meanwhile, with one browser.

    Where metadata alone is asked for, the feed answers with whole objects: ours are more bytes here than an API server would send.
    """
    seen: list[Load] = []
    with (
        feeding.feed(nodes=NODES, pods=PODS) as fed,
        feeding.feed(nodes=NODES, pods=PODS) as other,
        polling.browser(other),
        tempfile.TemporaryDirectory() as folder,
        page.shown(fed) as shown,
    ):
        peer = Load.of(other)
        for count in (FIRST, CLIENTS):
            before = Load.of(fed)
            with shown.crowd(count, folder=Path(folder)):
                time.sleep(digesting.EVERY_SECONDS)
            seen.append(Load.of(fed) - before)
        peer = Load.of(other) - peer
    few, many = seen
    what = f"lists and watches in {digesting.EVERY_SECONDS:.0f} s with {CLIENTS} browsers"
    return [
        Line(what, many.requests, "", few.requests, None, f"as with {FIRST}", many.requests - few.requests <= 1),
        Line("lists and watches a minute; peer: lists compared every 5 s", many.requests_a_minute, "", few.requests_a_minute, peer.requests_a_minute),
        Line("what is sent for them a minute", many.megabytes_a_minute, "MB", few.megabytes_a_minute, peer.megabytes_a_minute),
    ]


@dataclass(frozen=True)
class Load:
    """What a feed was asked and what it sent for that, until a moment or between two."""

    requests: int
    bytes: int
    seconds: float

    @classmethod
    def of(cls, fed: feeding.Feed) -> Load:
        return cls(requests=sum(fed.ask("/requests").values()), bytes=fed.ask("/sent"), seconds=time.monotonic())

    @property
    def requests_a_minute(self) -> float:
        return self.requests * 60 / self.seconds

    @property
    def megabytes_a_minute(self) -> float:
        return self.bytes * 60 / self.seconds / 1e6

    def __sub__(self, before: Load) -> Load:
        return Load(requests=self.requests - before.requests, bytes=self.bytes - before.bytes, seconds=self.seconds - before.seconds)
