"""A cluster where nothing happens and a thousand browsers that look at it: processor time, and what the watched API server is asked."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from clusterview.observer import digesting
from tests.bench import feeding, page
from tests.bench.table import Line

CLIENTS = 1_000
MARGIN_SECONDS = 15.0  # in which the first comparison of all pods ends
FIRST = 1


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
    these looks may come just before or after its time.
    """
    seen: list[Mapping[str, int]] = []
    with feeding.feed(nodes=100, pods=3_000) as fed, tempfile.TemporaryDirectory() as folder, page.shown(fed) as shown:
        for count in (FIRST, CLIENTS):
            before = fed.ask("/requests")
            with shown.crowd(count, folder=Path(folder)):
                time.sleep(digesting.EVERY_SECONDS)
            after = fed.ask("/requests")
            seen.append({key: after[key] - before.get(key, 0) for key in after})
    few, many = (sum(one.values()) for one in seen)
    what = f"lists and watches in {digesting.EVERY_SECONDS:.0f} s with {CLIENTS} browsers"
    return [Line(what, many, "", few, None, f"as with {FIRST}", many - few <= 1)]
