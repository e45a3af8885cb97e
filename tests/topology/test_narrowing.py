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
    Gateway,
    HTTPRoute,
    Lease,
    Namespace,
    NamespaceObject,
    Node,
    Owner,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    RouteBackend,
    RouteParent,
    RouteRule,
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
        Gateway(uid=Uid("u"), name="n", namespace=OTHER),
        HTTPRoute(uid=Uid("u"), name="n", namespace=OTHER, parents=(RouteParent("Gateway", MINE, "front"),)),
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
        HTTPRoute(uid=Uid("u"), name="n", namespace=MINE, parents=(RouteParent("Gateway", Namespace(MARK), MARK, MARK, 80),)),
        HTTPRoute(uid=Uid("u"), name="n", namespace=MINE, parents=(RouteParent("Gadget.example.com", MINE, MARK, MARK),)),
        HTTPRoute(uid=Uid("u"), name="n", namespace=MINE, rules=(RouteRule(("/",), (RouteBackend("Service", Namespace(MARK), MARK, 80, 1),)),)),
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


def test_a_route_keeps_what_is_inside_and_how_it_fares_elsewhere() -> None:
    inside, outside = RouteParent("Gateway", MINE, "front", "tls", 443), RouteParent("Gateway", OTHER, MARK, accepted="False", reason="NotAllowed")
    near, far = RouteBackend("Service", MINE, "blue", 80, 90), RouteBackend("Service", OTHER, MARK, 80, 10)
    shown = seen(HTTPRoute(uid=Uid("u"), name="n", namespace=MINE, parents=(inside, outside), rules=(RouteRule(("/",), (near, far)),)))
    assert isinstance(shown, HTTPRoute)
    assert shown.parents == (inside, RouteParent("Gateway", Namespace(""), "", accepted="False", reason="NotAllowed"))
    assert shown.rules == (RouteRule(("/",), (near, RouteBackend("Service", Namespace(""), "", 0, 10))),)


def test_an_event_about_a_gateway_inside_stays() -> None:
    record = Event(uid=Uid("u"), name="n", namespace=MINE, about_kind="Gateway", about_name="front")
    assert seen(record) == record
