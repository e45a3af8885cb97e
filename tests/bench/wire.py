"""What travels to a browser: the whole picture of 150,000 pods, what is told before it, and one pod's change. The peer hands the objects on as the
API server gave them: the lists of what is pictured, and the watch's event.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec

from clusterview.kube import kinds
from clusterview.observer.translating import sighting
from clusterview.practice.sizes import Size
from clusterview.practice.stories import large
from clusterview.projection.observations import Listed, Seen
from clusterview.projection.projecting import Projector
from clusterview.stream import encoding, painting, rows
from clusterview.stream.messages import Position
from clusterview.topology.objects import Kind
from tests.bench import feed
from tests.bench.table import Line

SIZE = Size(nodes=5_000, pods=150_000)
CHANGED = 200
KILOBYTE = 1_000
GOAL_BYTES, PAINT_BYTES, MARGINAL, TIMES = 1_060_000, 30_000, 12, 500


def measure() -> list[Line]:
    """This will make the picture and encode it."""
    pods = feed.Pods(SIZE, now=time.time())
    projector = Projector()
    whole = surroundings(projector) + sum(len(pods.text(number)) for number in range(SIZE.pods))
    projector.project(Listed(kind=Kind.POD, sightings=tuple(seen(pods.text(number)) for number in range(SIZE.pods))))
    writer = rows.Writer(records=projector.records(), pods=projector.pods)
    began = time.perf_counter()
    snapshot = len(encoding.pack(writer.whole()))
    took = time.perf_counter() - began
    paint = painting.first_paint(writer.picture.objects.values())
    assert paint is not None
    painted = len(encoding.encode(paint))
    lines = [pods.write(number * 700, ready=False, stamped=False) for number in range(CHANGED)]
    changes = [projector.project(Seen(sighting=seen(line[28:-2]))) for line in lines]
    place = Position(epoch=1_700_000_000_000, sequence=1_000)
    frames = [
        encoding.encode(writer.changes(changes=[change for one in some for change in one], position=place)) for some in (changes[:1], changes[1:])
    ]
    marginal = (len(frames[1]) - len(frames[0])) / (CHANGED - 2)
    event = len(lines[0])
    return [
        Line(
            "snapshot of 150,000 pods", snapshot / KILOBYTE, "kB", 850.0, whole / KILOBYTE,
            f"≤ {GOAL_BYTES / KILOBYTE:.0f} kB", snapshot <= GOAL_BYTES,
        ),
        Line("its encoding", took, "s"),
        Line("first paint", painted / KILOBYTE, "kB", None, None, f"≤ {PAINT_BYTES / KILOBYTE:.0f} kB", painted <= PAINT_BYTES),
        Line("one pod's change alone", len(frames[0]), "B", None, event),
        Line(
            "one pod's change among others", marginal, "B", None, event,
            f"≤ {MARGINAL} B, ≥ {TIMES}x less than the event", marginal <= MARGINAL and TIMES * marginal <= event,
        ),
    ]  # fmt: skip


def surroundings(projector: Projector) -> int:
    """Everything but the pods, listed; gives its bytes."""
    found: dict[str, list[Any]] = {}
    size = 0
    for resource, item in large.surroundings(SIZE, now=time.time()):
        text = msgspec.json.encode(item)
        size += len(text)
        found.setdefault(resource.kind, []).append(msgspec.json.decode(text, type=kinds.named(resource.kind).struct))
    for kind, items in found.items():
        projector.project(Listed(kind=Kind(kind), sightings=tuple(sighting(kind=kind, item=item) for item in items)))
    return size


_pod = kinds.named("Pod").decoder()


def seen(text: bytes) -> Any:
    """The pod of a text, as the observer hands it on."""
    return sighting(kind="Pod", item=_pod.decode(text))
