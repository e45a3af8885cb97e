"""What somebody may see of an object who may see some namespaces only."""

from __future__ import annotations

import msgspec
import pytest

from clusterview.topology.narrowing import narrowed
from clusterview.topology.objects import (
    AnyRecord,
    Endpoint,
    EndpointSlice,
    Event,
    Lease,
    Namespace,
    NamespaceObject,
    Node,
    Owner,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    Service,
    StorageClass,
    Uid,
)

MINE, OTHER = Namespace("mine"), Namespace("other")
MARK = "marked"


def seen(record: AnyRecord) -> AnyRecord | None:
    return narrowed(record, namespaces={"mine"})


@pytest.mark.parametrize(
    "record",
    [
        Node(uid=Uid("u"), name="n"),
        PersistentVolume(uid=Uid("u"), name="n"),
        StorageClass(uid=Uid("u"), name="n"),
        NamespaceObject(uid=Uid("u"), name="other"),
        Service(uid=Uid("u"), name="n", namespace=OTHER),
        Lease(uid=Uid("u"), name="n", namespace=Namespace("kube-system")),
        Event(uid=Uid("u"), name="n", namespace=MINE, about_kind="Node", about_name="n"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_nothing_outside_is_seen(record: AnyRecord) -> None:
    assert seen(record) is None


@pytest.mark.parametrize("record", [NamespaceObject(uid=Uid("u"), name="mine"), Service(uid=Uid("u"), name="n", namespace=MINE)])
def test_what_lies_inside_is_seen_as_it_is(record: AnyRecord) -> None:
    assert seen(record) == record


@pytest.mark.parametrize(
    "record",
    [
        Pod(uid=Uid("u"), name="n", namespace=MINE, node=MARK, owner=Owner("Node", MARK, Uid(MARK))),
        EndpointSlice(uid=Uid("u"), name="n", namespace=MINE, endpoints=(Endpoint(Uid("p"), "10.0.0.1", MARK, True, True, False),)),
        PersistentVolumeClaim(uid=Uid("u"), name="n", namespace=MINE, volume=MARK, storage_class=MARK),
        Service(uid=Uid("u"), name="n", namespace=MINE, owner=Owner("Gadget", MARK, Uid(MARK))),
    ],
    ids=lambda record: type(record).__name__,
)
def test_what_is_seen_names_nothing_outside(record: AnyRecord) -> None:
    shown = seen(record)
    assert shown is not None
    assert MARK in str(msgspec.to_builtins(record))
    assert MARK not in str(msgspec.to_builtins(shown))


def test_an_owner_inside_stays() -> None:
    record = Pod(uid=Uid("u"), name="n", namespace=MINE, owner=Owner("ReplicaSet", "rs", Uid("rs")))
    assert seen(record) == record
