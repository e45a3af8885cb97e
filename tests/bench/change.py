"""From a write in the cluster to the browser: alone, to the last of a thousand, and when 8,000 pods a second change.

The floor is a C program that reads the raw watch and makes one write, to one or to each of a thousand. All of ours goes through a real `up`: two
workers, Redis, the web process, login. Two peers stand beside a lone change: the same C program where it relays each object whole, which is what a
dashboard does that hands watches on to its pages, and one that asks for whole lists every five seconds and compares them (`polling`).
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from clusterview.kube import kubeconfigs
from tests.bench import compiling, feed, feeding, page, polling
from tests.bench.table import Line, percentile
from tests.observer import truth as truths
from tests.patience import Patience
from tests.stream.making import Browser

NODES, PODS = 1_000, 30_000
RATE, SECONDS = 15.0, 6.0
BURST, BURST_SECONDS, WINDOW_MS = 8_000.0, 5.0, 50.0
CLIENTS = 1_000
PICTURES_SECONDS, QUIET_SECONDS, TRUTH_SECONDS = 180, 3, 30.0


def measure() -> list[Line]:
    """One client."""
    with feeding.feed(nodes=NODES, pods=PODS) as fed:
        with relay(fed) as floor:
            fed.churn(rate=RATE, seconds=SECONDS)
        with relay_whole(fed) as whole:
            fed.churn(rate=RATE, seconds=SECONDS)
        with polling.browser(fed) as polled:
            fed.churn(rate=RATE, seconds=polling.EVERY_SECONDS)
            polled.wait_for_rounds(2)
        with page.shown(fed) as shown, shown.browser() as heard:
            told = fed.churn(rate=RATE, seconds=SECONDS)
    ours = heard.ages
    median, late, size = percentile(ours, 0.5), percentile(ours, 0.99), heard.frame_bytes / len(ours)
    met = late <= 2 and median <= 7 * percentile(floor, 0.5)
    return [
        Line("lone change to one browser, p50", median, "ms", percentile(floor, 0.5), percentile(whole.ages, 0.5), "≤ 7x floor", met),
        Line("lone change to one browser, p99", late, "ms", percentile(floor, 0.99), percentile(whole.ages, 0.99), "≤ 2 ms", met),
        Line("bytes for it, frame included; peer: the object whole", size, "B", None, whole.frame_bytes / len(whole.ages)),
        Line("p50; peer: lists compared every 5 s", median, "ms", None, percentile(polled.ages, 0.5)),
        Line("p99; peer: the same", late, "ms", None, percentile(polled.ages, 0.99)),
        Line("bytes for it; peer: the same", size, "B", None, polled.frame_bytes / len(polled.ages)),
        Line("changes written", told["sent"], ""),
        Line("changes that came", len(ours), "", goal="all", met=len(ours) == told["sent"]),
    ]


def measure_many() -> list[Line]:
    """A thousand clients: when the last of them has it."""
    with feeding.feed(nodes=NODES, pods=PODS) as fed, tempfile.TemporaryDirectory() as folder:
        with relay_to_many(fed, count=CLIENTS, folder=Path(folder)) as (relayed, stamps):
            write_a_few(fed, stamps)
        floor = relayed.latenesses(stamps, browsers=CLIENTS)
        with page.shown(fed) as shown, shown.browser() as heard:
            with shown.crowd(CLIENTS, folder=Path(folder), least=heard.whole_bytes) as crowd:
                wait_for_pictures(crowd)
                sent = write_a_few(fed, heard.stamps)
            ours = crowd.latenesses(heard.stamps, browsers=CLIENTS)
    late, least = percentile(ours, 0.99), percentile(floor, 0.99)
    return [
        Line(f"lone change to the last of {CLIENTS}, p50", percentile(ours, 0.5), "ms", percentile(floor, 0.5)),
        Line(f"lone change to the last of {CLIENTS}, p99", late, "ms", least, None, "≤ 2x floor", late <= 2 * least),
        Line("changes that all of them had within a second", len(ours), "", goal="all", met=len(ours) == sent),
        Line("sockets that stayed open", crowd.open, "", goal="all", met=crowd.open == CLIENTS),
    ]


def wait_for_pictures(crowd: page.Crowd) -> None:
    """This will wait until each browser has the picture, and for quiet. Raises RuntimeError where one has none."""
    if not crowd.wait_for_all(seconds=PICTURES_SECONDS):
        raise RuntimeError(f"not every browser had its picture after {PICTURES_SECONDS} s")
    threading.Event().wait(QUIET_SECONDS)


def write_a_few(fed: feeding.Feed, stamps: list[int]) -> int:
    """This will write some changes that nobody counts, and then those whose stamps are left; gives how many. The last one has a second to come."""
    fed.churn(rate=1, seconds=3)
    stamps.clear()
    sent: int = fed.churn(rate=5, seconds=6)["sent"]
    threading.Event().wait(1)
    return sent


def measure_burst() -> list[Line]:
    """Many changes and many clients."""
    with (
        feeding.feed() as fed,
        tempfile.TemporaryDirectory() as folder,
        page.shown(fed) as shown,
        shown.browser() as heard,
        shown.crowd(CLIENTS, folder=Path(folder), least=heard.whole_bytes) as crowd,
    ):
        wait_for_pictures(crowd)
        told = fed.churn(rate=BURST, seconds=BURST_SECONDS)
        threading.Event().wait(1)
        ages = list(heard.ages)  # before the list of what is true takes the interpreter from who reads
        differing = differing_at_last(heard, fed=fed, folder=Path(folder))
    late = percentile(ages, 0.99)
    return [
        Line("events a second that were written", told["sent"] / told["seconds"], "/s"),
        Line("age of a change in the browser, p50", percentile(ages, 0.5), "ms"),
        Line("age of a change in the browser, p99", late, "ms", goal=f"≤ {WINDOW_MS + 20:.0f} ms", met=late <= WINDOW_MS + 20),
        Line("objects not shown as they are", differing, "", goal="0", met=differing == 0),
        Line("sockets that stayed open", crowd.open, "", goal="all", met=crowd.open == CLIENTS),
        Line("watches ended for slowness", told["ended_watches"], "", goal="0", met=told["ended_watches"] == 0),
    ]


def differing_at_last(heard: page.Heard, *, fed: feeding.Feed, folder: Path) -> int:
    """This will tell how many objects a browser does not show as the feed lists them, once nothing is written and it had time to follow."""
    true = truths.truth(access=kubeconfigs.to_open([str(fed.kubeconfig(folder=folder))])[0])
    browser, taken, patience = Browser(), 0, Patience(seconds=TRUTH_SECONDS)
    while True:
        for frame in heard.kept[taken:]:
            browser.take(frame)
            taken += 1
        assert browser.reader is not None
        differing = truths.differing(shown=browser.reader.picture.objects, true=true)
        if not differing or patience.is_over:
            return len(differing)
        threading.Event().wait(0.2)


@contextlib.contextmanager
def relaying(fed: feeding.Feed, *words: str) -> Iterator[tuple[int, IO[str]]]:
    """The C program on a feed: the port where it waits, and what it prints from then on. Raises RuntimeError where there is no compiler."""
    with subprocess.Popen([str(compiling.program("relay")), fed.url.rpartition(":")[2], *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process.stdout
        finally:
            process.kill()


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """The one client of the program, which has asked for the watch by now."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        threading.Event().wait(0.5)
        yield line


@contextlib.contextmanager
def relay(fed: feeding.Feed) -> Iterator[list[float]]:
    """The floor's ages, in ms, of what is written meanwhile."""
    ages: list[float] = []
    with relaying(fed) as (port, _), connected(port) as line:

        def listen() -> None:
            while stamp := line.recv(4):
                ages.append(feed.age_ms(int.from_bytes(stamp, "little")))

        with listening(line, listen):
            yield ages


@contextlib.contextmanager
def relay_whole(fed: feeding.Feed) -> Iterator[page.Heard]:
    """What a page heard that gets the objects as they are, and reads them."""
    heard = page.Heard()
    with relaying(fed, "whole") as (port, _), connected(port) as line, line.makefile("rb") as lines:

        def listen() -> None:
            for event in lines:
                heard.hear([one["restartCount"] for one in json.loads(event)["object"]["status"]["containerStatuses"]], size=len(event))

        with listening(line, listen):
            yield heard


@contextlib.contextmanager
def listening(line: socket.socket, listen: Callable[[], None]) -> Iterator[None]:
    """This will do so in a thread, until the line is shut down."""
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield
    line.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@contextlib.contextmanager
def relay_to_many(fed: feeding.Feed, *, count: int, folder: Path) -> Iterator[tuple[page.Crowd, list[int]]]:
    """The floor's browsers, and the stamps of what all of them were sent meanwhile."""
    stamps: list[int] = []
    with relaying(fed, str(count)) as (port, printed):
        with page.crowd(count, folder=folder, url=f"http://127.0.0.1:{port}", cookies=[""], hello=b"hello") as crowd:
            assert printed.readline() == "ready\n"
            thread = threading.Thread(target=lambda: stamps.extend(int(line) for line in printed), daemon=True)
            thread.start()
            yield crowd, stamps
        thread.join(5)
