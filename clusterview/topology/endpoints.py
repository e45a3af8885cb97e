"""EndpointSlices as an observer keeps them: the endpoints packed into bytes, thirty for each, where a record with its strings takes 230.

One whose endpoints do not fit (no pod behind, no UUID, no IPv4) stays as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import cast

import msgspec

from clusterview.topology.columns import FREE, address_number, address_of, all_halves, uid_of
from clusterview.topology.objects import AnyRecord, Endpoint, EndpointSlice, PackedSlice

READY, SERVING, TERMINATING = 1, 2, 4

_endpoint = struct.Struct(">QQIB")


def pack(record: AnyRecord) -> AnyRecord:
    """This will pack an EndpointSlice where it can, in what is kept like any other record; everything else it gives back."""
    if type(record) is not EndpointSlice or not record.endpoints:
        return record
    uids = all_halves([one.pod_uid for one in record.endpoints])
    addresses = [address_number(one.address) for one in record.endpoints]
    if uids is None or FREE in addresses:
        return record
    conditions = [READY * one.ready + SERVING * one.serving + TERMINATING * one.terminating for one in record.endpoints]
    packed = PackedSlice(
        uid=record.uid,
        namespace=record.namespace,
        name=record.name,
        empty=msgspec.structs.replace(record, endpoints=()),
        packed=b"".join(map(_endpoint.pack, *uids, addresses, conditions)),
        nodes=tuple([one.node for one in record.endpoints]),
    )
    return cast(AnyRecord, packed)


def unpack(record: AnyRecord) -> AnyRecord:
    """This will give the record that was packed."""
    if not isinstance(record, PackedSlice):
        return record
    endpoints = [
        Endpoint(uid_of(high, low), address_of(address), node, bool(said & READY), bool(said & SERVING), bool(said & TERMINATING))
        for high, low, address, said, node in each(record)
    ]
    return msgspec.structs.replace(record.empty, endpoints=tuple(endpoints))


def each(record: PackedSlice) -> Iterator[tuple[int, int, int, int, str]]:
    """This will give each endpoint's uid as two numbers, its address as one, its conditions' sum and its node."""
    return ((*said, node) for said, node in zip(_endpoint.iter_unpack(record.packed), record.nodes, strict=True))
