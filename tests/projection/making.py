"""Short ways to say what was observed."""

from __future__ import annotations

from clusterview.projection.observations import Check, Health, Listed, Renewal, Seen, Sighting
from clusterview.topology.changes import Change
from clusterview.topology.objects import AnyRecord, Deployment, Endpoint, EndpointSlice, Kind, Lease, Namespace, Node, Owner, Pod, Service, Uid

SHOP = Namespace("shop")
HEALTHY = Health(ready=True, version="v1.37.2", checks=(Check("ping", True), Check("etcd", True)))


def seen(record: AnyRecord, version: str = "1", *, at: float = 0.0) -> Seen:
    return Seen(sighting=Sighting(record=record, version=version), at=at)


def listed(kind: Kind, *records: AnyRecord, version: str = "1") -> Listed:
    return Listed(kind=kind, sightings=tuple(Sighting(record=record, version=version) for record in records))


def renewed(record: Lease, renewal: str, *, version: str = "1", at: float = 0.0, acquired_at: int | None = None) -> Seen:
    return Seen(sighting=Sighting(record=record, version=version, renewal=Renewal(renewal, acquired_at)), at=at)


def pod(uid: str, *, name: str = "", node: str = "", owner: Owner | None = None, **labels: str) -> Pod:
    return Pod(uid=Uid(uid), namespace=SHOP, name=name or uid, node=node, owner=owner, labels=labels)


def node(uid: str, name: str, **labels: str) -> Node:
    return Node(uid=Uid(uid), name=name, labels=labels)


def service(uid: str, *, name: str = "", selector: dict[str, str] | None = None) -> Service:
    return Service(uid=Uid(uid), namespace=SHOP, name=name or uid, selector=selector)


def endpoints(uid: str, service: str, *pods: str) -> EndpointSlice:
    ready = tuple(Endpoint(pod_uid=Uid(pod), address="", node="", ready=True, serving=True, terminating=False) for pod in pods)
    return EndpointSlice(uid=Uid(uid), namespace=SHOP, name=uid, service=service, endpoints=ready)


def deployment(uid: str) -> Deployment:
    return Deployment(uid=Uid(uid), namespace=SHOP, name=uid)


def lease(uid: str, *, name: str = "", namespace: str = "kube-node-lease", holder: str = "me") -> Lease:
    return Lease(uid=Uid(uid), namespace=Namespace(namespace), name=name or uid, holder=holder)


def words(changes: list[Change]) -> list[str]:
    """The changes' names, for tests about order."""
    return [type(change).__name__ for change in changes]
