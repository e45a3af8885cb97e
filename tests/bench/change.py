"""From a write in the cluster to the browser: alone, to the last of a thousand, and when 8,000 pods a second change.

The floor is a C program that reads the raw watch and makes one write. All of it goes through a real `up`: two workers, Redis, the web process, login.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.bench import compiling, feed, feeding, page
from tests.bench.table import Line, percentile

NODES, PODS = 1_000, 30_000
RATE, SECONDS = 15.0, 6.0
BURST, BURST_SECONDS, WINDOW_MS = 8_000.0, 5.0, 50.0
CLIENTS = 1_000


def measure() -> list[Line]:
    """One client."""
    with feeding.feed(nodes=NODES, pods=PODS) as fed:
        with relay(fed) as floor:
            fed.churn(rate=RATE, seconds=SECONDS)
        with page.shown(fed) as shown, shown.browser() as heard:
            told = fed.churn(rate=RATE, seconds=SECONDS)
    ours = heard.ages
    median, late = percentile(ours, 0.5), percentile(ours, 0.99)
    met = late <= 2 and median <= 7 * percentile(floor, 0.5)
    return [
        Line("lone change to one browser, p50", median, "ms", percentile(floor, 0.5), None, "≤ 7x floor", met),
        Line("lone change to one browser, p99", late, "ms", percentile(floor, 0.99), None, "≤ 2 ms", met),
        Line("changes written", told["sent"], ""),
        Line("changes that came", len(ours), "", goal="all", met=len(ours) == told["sent"]),
    ]


def measure_many() -> list[Line]:
    """A thousand clients: when the last of them has it."""
    with feeding.feed(nodes=NODES, pods=PODS) as fed, tempfile.TemporaryDirectory() as folder, page.shown(fed) as shown, shown.browser() as heard:
        with shown.crowd(CLIENTS, folder=Path(folder)) as crowd:
            fed.churn(rate=1, seconds=3)
            heard.stamps.clear()
            fed.churn(rate=5, seconds=6)
        last = [one for stamp in heard.stamps if (one := crowd.lateness(stamp)) is not None]
    late = percentile(last, 0.99)
    return [
        Line(f"lone change to the last of {CLIENTS}, p50", percentile(last, 0.5), "ms"),
        Line(f"lone change to the last of {CLIENTS}, p99", late, "ms", goal="≤ 28 ms (2x of 14 seen)", met=late <= 28),
        Line("sockets that stayed open", crowd.open, "", goal="all", met=crowd.open == CLIENTS),
    ]


def measure_burst() -> list[Line]:
    """Many changes and many clients."""
    with (
        feeding.feed() as fed,
        tempfile.TemporaryDirectory() as folder,
        page.shown(fed) as shown,
        shown.browser() as heard,
        shown.crowd(CLIENTS, folder=Path(folder)) as crowd,
    ):
        told = fed.churn(rate=BURST, seconds=BURST_SECONDS)
        threading.Event().wait(1)
    late = percentile(heard.ages, 0.99)
    return [
        Line("events a second that were written", told["sent"] / told["seconds"], "/s"),
        Line("age of a change in the browser, p50", percentile(heard.ages, 0.5), "ms"),
        Line("age of a change in the browser, p99", late, "ms", goal=f"≤ {WINDOW_MS + 20:.0f} ms", met=late <= WINDOW_MS + 20),
        Line("sockets that stayed open", crowd.open, "", goal="all", met=crowd.open == CLIENTS),
        Line("watches ended for slowness", told["ended_watches"], "", goal="0", met=told["ended_watches"] == 0),
    ]


@contextlib.contextmanager
def relay(fed: feeding.Feed) -> Iterator[list[float]]:
    """The floor's ages, in ms, of what is written meanwhile."""
    ages: list[float] = []
    with subprocess.Popen([str(compiling.program("relay")), fed.url.rpartition(":")[2]], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with socket.create_connection(("127.0.0.1", int(process.stdout.readline()))) as line:

            def listen() -> None:
                while stamp := line.recv(4):
                    ages.append(feed.age_ms(int.from_bytes(stamp, "little")))

            thread = threading.Thread(target=listen, daemon=True)
            thread.start()
            threading.Event().wait(0.5)
            yield ages
            process.kill()
            thread.join(5)
