"""What is told of a large cluster before its picture, which takes a browser seconds to load and to draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from clusterview.stream.messages import FirstPaint
from clusterview.topology.objects import AnyRecord, ControlPlanePart, Node, Pod

LARGE = 5_000  # objects


def first_paint(objects: Collection[AnyRecord]) -> FirstPaint | None:
    """This will count the objects of a large picture; None for one that is drawn as quickly as its counts."""
    if len(objects) < LARGE:
        return None
    kinds: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    parts, ready_nodes, ready_pods = [], 0, 0
    for one in objects:
        kinds[str(one.__struct_config__.tag)] += 1
        if isinstance(one, Pod):
            statuses[one.status] += 1
            ready_pods += one.ready
        elif isinstance(one, Node):
            ready_nodes += one.ready == "True"
        elif isinstance(one, ControlPlanePart):
            parts.append(one)
    return FirstPaint(parts=tuple(parts), kinds=dict(kinds), statuses=dict(statuses), ready_nodes=ready_nodes, ready_pods=ready_pods)
