"""Pods as a snapshot writes them: columns of bytes, grouped by what pods of one controller have in common.

A cluster is mostly pods, and pods are mostly alike. Written out, one takes 700 bytes; so it takes forty before compression. Numbers are told by how
much each is more than the one before it, their first bytes together, then their second ones and so on, which compresses best.
"""

from __future__ import annotations

import itertools
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


def columns_of(*, pods: Pods) -> PodColumns:
    """This will write the pods, those of one shape one after the other. Their notes are their rows."""
    ordered = array("I", sorted(pods.slots(), key=pods.shape.__getitem__))
    groups = [(shape, sum(1 for _ in slots)) for shape, slots in itertools.groupby(map(pods.shape.__getitem__, ordered))]
    return PodColumns(
        shapes=tuple([pods.shapes[shape] for shape, _ in groups]),
        counts=tuple([count for _, count in groups]),
        rows=written(map(pods.notes.__getitem__, ordered)),
        uids=_uids(pods, ordered),
        names=SEPARATOR.join([pods.own_name(slot) if slot not in pods.odd else "" for slot in ordered]),
        on=written(map(pods.node.__getitem__, ordered)),
        nodes=tuple([node or "" for node in pods.nodes.values]),
        addresses=written(map(pods.address.__getitem__, ordered)),
        created=written(map(pods.created.__getitem__, ordered)),
        states=written(map(pods.state.__getitem__, ordered)),
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


def written(numbers: Iterable[int]) -> bytes:
    """This will write numbers of 32 bits."""
    steps = array("I", ((number - before) % LIMIT for before, number in itertools.pairwise(itertools.chain((0,), numbers))))
    if sys.byteorder == "little":
        steps.byteswap()
    text = steps.tobytes()
    return b"".join([text[place::4] for place in range(4)])


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


def _uids(pods: Pods, slots: Iterable[int]) -> bytes:
    uids = array("Q", (half for slot in slots for half in (pods.high[slot], pods.low[slot])))
    if sys.byteorder == "little":
        uids.byteswap()
    return uids.tobytes()
