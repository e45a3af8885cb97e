"""Endpoints as a snapshot writes them: which pods they are, as an address and a node that a pod has are said of the pod already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from clusterview.stream.messages import Members
from clusterview.stream.pods import read as read_numbers
from clusterview.stream.pods import written as written_numbers
from clusterview.topology import endpoints
from clusterview.topology.columns import NOWHERE, Pods
from clusterview.topology.endpoints import READY, SERVING, TERMINATING
from clusterview.topology.objects import AnyRecord, Endpoint, EndpointSlice, PackedSlice, Pod


def written(*, slice: EndpointSlice | PackedSlice, row: int, pods: Pods) -> tuple[EndpointSlice, Members] | None:
    """This will write the slice without its endpoints, and those by the pods' rows; None where one is no such pod, or not with what it has."""
    rows: list[int] = []
    conditions: list[int] = []
    for slot, said in _packed(slice, pods) if isinstance(slice, PackedSlice) else _plain(slice, pods):
        if slot == NOWHERE:
            return None
        rows.append(pods.notes[slot])
        conditions.append(said)
    if not rows:
        return None
    empty = slice.empty if isinstance(slice, PackedSlice) else msgspec.structs.replace(slice, endpoints=())
    return empty, Members(slice=row, rows=written_numbers(rows), conditions=bytes(conditions))


def read(*, slice: EndpointSlice, members: Members, records: Mapping[int, AnyRecord]) -> EndpointSlice:
    """This will put the endpoints back. Raises KeyError for a row that is not there."""
    found = []
    for row, said in zip(read_numbers(members.rows), members.conditions, strict=True):
        pod = records[row]
        if not isinstance(pod, Pod):
            raise KeyError(row)
        found.append(Endpoint(pod.uid, pod.address, pod.node, bool(said & READY), bool(said & SERVING), bool(said & TERMINATING)))
    return msgspec.structs.replace(slice, endpoints=tuple(found))


def _packed(slice: PackedSlice, pods: Pods) -> Iterator[tuple[int, int]]:
    for high, low, address, said, node in endpoints.each(slice):
        slot = pods.at(high, low)
        is_it = slot != NOWHERE and pods.address[slot] == address and pods.nodes[pods.node[slot]] == node
        yield slot if is_it else NOWHERE, said


def _plain(slice: EndpointSlice, pods: Pods) -> Iterator[tuple[int, int]]:
    for one in slice.endpoints:
        slot = pods.find(one.pod_uid)
        is_it = slot != NOWHERE and pods.address_text(slot) == one.address and pods.nodes[pods.node[slot]] == one.node
        yield slot if is_it else NOWHERE, READY * one.ready + SERVING * one.serving + TERMINATING * one.terminating
