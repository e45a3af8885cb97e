"""Endpoints as a snapshot writes them: which pods they are, as an address and a node that a pod has are said of the pod already."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from clusterview.stream.messages import Members
from clusterview.stream.pods import Row, rows_of, steps_of
from clusterview.topology.objects import AnyRecord, Endpoint, EndpointSlice, Pod, Uid

READY, SERVING, TERMINATING = 1, 2, 4


def written(*, slice: EndpointSlice, row: int, pods: Mapping[Uid, Row]) -> tuple[EndpointSlice, Members] | None:
    """This will write the slice without its endpoints, and those by the pods' rows; None where one is no such pod, or not with what it has."""
    rows, conditions = [], []
    for endpoint in slice.endpoints:
        found = pods.get(endpoint.pod_uid)
        if found is None or found.pod.address != endpoint.address or found.pod.node != endpoint.node:
            return None
        rows.append(found.row)
        conditions.append(READY * endpoint.ready + SERVING * endpoint.serving + TERMINATING * endpoint.terminating)
    if not rows:
        return None
    return msgspec.structs.replace(slice, endpoints=()), Members(slice=row, rows=steps_of(rows), conditions=tuple(conditions))


def read(*, slice: EndpointSlice, members: Members, records: Mapping[int, AnyRecord]) -> EndpointSlice:
    """This will put the endpoints back. Raises KeyError for a row that is not there."""
    endpoints = []
    for row, said in zip(rows_of(members.rows), members.conditions, strict=True):
        pod = records[row]
        if not isinstance(pod, Pod):
            raise KeyError(row)
        endpoints.append(Endpoint(pod.uid, pod.address, pod.node, bool(said & READY), bool(said & SERVING), bool(said & TERMINATING)))
    return msgspec.structs.replace(slice, endpoints=tuple(endpoints))
