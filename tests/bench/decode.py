"""Lines of a watch, decoded and projected on one core. The floor only splits the lines; the peer is the official client's typed Watch."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec
from kubernetes import client, watch

from clusterview.kube import kinds
from clusterview.kube.events import Event
from clusterview.observer.translating import sighting
from clusterview.practice.sizes import Size
from clusterview.projection.observations import Seen
from clusterview.projection.projecting import Projector
from tests.bench import feed
from tests.bench.table import Line

PODS, LINES, TYPED_LINES, ROUNDS = 15_000, 30_000, 600, 3
GOAL, RATIO = 40_000, 15


def measure() -> list[Line]:
    """This will make the lines, and read them in all three ways."""
    pods = feed.Pods(Size(nodes=500, pods=PODS), now=time.time())
    lines = [pods.write(number % PODS, ready=number % 3 > 0) for number in range(LINES)]
    text = b"".join(lines)
    gc.collect()
    gc.freeze()
    floor = rate(LINES, lambda: sum(1 for _ in text.split(b"\n")))
    decoded = rate(LINES, lambda: decode(lines))
    projector = Projector()
    read(projector, lines[:PODS])
    ours = rate(LINES, lambda: read(projector, lines))
    typed = rate(TYPED_LINES, lambda: official(lines[:TYPED_LINES]))
    met = ours >= GOAL and ours >= RATIO * typed
    return [
        Line("watch lines a second, decoded", decoded, "/s", floor, typed),
        Line("watch lines a second, decoded and projected", ours, "/s", floor, typed, f"≥ {GOAL} and ≥ {RATIO}x the typed Watch", met),
    ]


def rate(count: int, work: Callable[[], object]) -> float:
    """How many a second of processor time; the median of three."""
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return count / statistics.median(took)


def decode(lines: list[bytes]) -> None:
    decoder = msgspec.json.Decoder(Event[kinds.named("Pod").struct])  # type: ignore[misc]
    for line in lines:
        decoder.decode(line)


def read(projector: Projector, lines: list[bytes]) -> None:
    """As the observer does: a reader decodes and translates, the projecting thread projects. Every line is later than what is known."""
    decoder = msgspec.json.Decoder(Event[kinds.named("Pod").struct])  # type: ignore[misc]
    for line in lines:
        projector.project(Seen(sighting=sighting(kind="Pod", item=decoder.decode(line).object)))


def official(lines: list[bytes]) -> None:
    """`Watch.stream` without the network, and then the same few fields."""
    watcher: Any = watch.Watch(return_type=client.V1Pod)  # type: ignore[no-untyped-call]
    for line in lines:
        found = watcher.unmarshal_event(line.decode(), client.V1Pod)["object"]
        _ = (found.metadata.uid, found.spec.node_name, found.status.phase)
