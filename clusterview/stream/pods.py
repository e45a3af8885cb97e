"""Pods as a snapshot writes them: columns of bytes, grouped by what pods of one controller have in common.

A cluster is mostly pods, and pods are mostly alike. Written out, one takes 700 bytes; so it takes forty before compression. Numbers are told by how
much each is more than the one before it, their first bytes together, then their second ones and so on, which compresses best.
"""

from __future__ import annotations

import itertools
import operator
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence

from clusterview.stream.messages import PodColumns
from clusterview.topology import shapes
from clusterview.topology.columns import Pods, address_of, uid_of
from clusterview.topology.objects import Pod
from clusterview.topology.shapes import PodState

SEPARATOR = " "  # no name of a pod's own has one, for such a name is odd
LIMIT = 2**32
AT_ONCE = 1_000  # then other threads may have their turn


def columns_of(*, pods: Pods) -> PodColumns:
    """This will write the pods, those of one shape one after the other. Their notes are their rows."""
    groups: dict[int, array[int]] = {}
    for slot in pods.slots():  # one sort of them all would keep every other thread waiting
        groups.setdefault(pods.shape[slot], array("I")).append(slot)
    ordered = array("I")
    for group in groups.values():
        ordered.extend(group)
    on, nodes = _nodes(pods, ordered)
    return PodColumns(
        shapes=tuple([pods.shapes[shape] for shape in groups]),
        counts=tuple([len(group) for group in groups.values()]),
        rows=written(_taken(pods.notes, ordered)),
        uids=_uids(pods, ordered),
        names=SEPARATOR.join(_names(pods, ordered[first : first + AT_ONCE]) for first in range(0, len(ordered), AT_ONCE)),
        on=written(on),
        nodes=nodes,
        addresses=written(_taken(pods.address, ordered)),
        created=written(_taken(pods.created, ordered)),
        states=written(_taken(pods.state, ordered)),
        odd={pods.notes[slot]: odd for slot, odd in pods.odd.items()},
        restarts={pods.notes[slot]: restarts for slot, restarts in pods.restarts.items()},
    )


def read_columns(*, columns: PodColumns, states: Sequence[PodState]) -> Iterator[tuple[int, Pod]]:
    """This will give each pod with its row."""
    of_each = (shape for shape, count in zip(columns.shapes, columns.counts, strict=True) for _ in range(count))
    uids = array("Q", columns.uids)
    if sys.byteorder == "little":
        uids.byteswap()
    numbers = (read(column) for column in (columns.rows, columns.on, columns.addresses, columns.created, columns.states))
    names = columns.names.split(SEPARATOR) if columns.uids else []
    for shape, name, high, low, (row, on, address, created, state) in zip(
        of_each, names, uids[::2], uids[1::2], zip(*numbers, strict=True), strict=True
    ):
        own, where = columns.odd.get(row) or (name, address_of(address))
        said, restarts = states[state], columns.restarts.get(row, ())
        yield row, Pod(
            uid=uid_of(high, low), namespace=shape.namespace, name=shape.prefix + own, labels=shape.labels, annotations=shape.annotations,
            owner=shape.owner, created_at=created or None, deleting=said.deleting, node=columns.nodes[on], address=where, phase=said.phase,
            status=said.status, ready=said.ready, restarts=restarts[0] if restarts else 0,
            containers=shapes.containers_of(shape.containers, said, restarts), volumes=shape.volumes,
        )  # fmt: skip


def written(numbers: Sequence[int]) -> bytes:
    """This will write numbers of 32 bits."""
    steps, last = array("q"), 0
    for first in range(0, len(numbers), AT_ONCE):
        some = numbers[first : first + AT_ONCE]
        steps.extend(array("q", map(operator.sub, some, itertools.chain((last,), some))))
        last = some[-1]
    if sys.byteorder == "little":
        steps.byteswap()
    text = steps.tobytes()
    return b"".join([text[place::8] for place in range(4, 8)])


def read(text: bytes) -> Iterator[int]:
    """This will read what `written` wrote."""
    size = len(text) // 4
    pieces = bytearray(4 * size)
    for place in range(4):
        pieces[place::4] = text[place * size : (place + 1) * size]
    steps = array("I", bytes(pieces))
    if sys.byteorder == "little":
        steps.byteswap()
    return itertools.accumulate(steps, lambda number, step: (number + step) % LIMIT)


def _taken(column: array[int], slots: array[int]) -> array[int]:
    taken = array(column.typecode)
    for first in range(0, len(slots), AT_ONCE):
        taken.extend(array(column.typecode, map(column.__getitem__, slots[first : first + AT_ONCE])))
    return taken


def _nodes(pods: Pods, slots: array[int]) -> tuple[array[int], tuple[str, ...]]:
    """On which of these nodes each pod is. Nodes come and go, and the names of some that are gone have numbers still."""
    on, used = _taken(pods.node, slots), set[int]()
    for first in range(0, len(on), AT_ONCE):
        used.update(on[first : first + AT_ONCE])
    if len(used) == len(pods.nodes.values):
        return on, tuple([pods.nodes[node] for node in range(len(used))])
    numbers = array("I", bytes(4 * len(pods.nodes.values)))
    for number, node in enumerate(sorted(used)):
        numbers[node] = number
    return _taken(numbers, on), tuple([pods.nodes[node] for node in sorted(used)])


def _names(pods: Pods, slots: Iterable[int]) -> str:
    return SEPARATOR.join([pods.own_name(slot) if slot not in pods.odd else "" for slot in slots])


def _uids(pods: Pods, slots: array[int]) -> bytes:
    uids = array("Q", bytes(16 * len(slots)))
    uids[::2], uids[1::2] = _taken(pods.high, slots), _taken(pods.low, slots)
    if sys.byteorder == "little":
        uids.byteswap()
    return uids.tobytes()
