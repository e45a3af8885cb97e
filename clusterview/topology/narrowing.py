"""An object as somebody sees it who may see some namespaces only: without a name of anything outside of them.

What an object's own text says stays (an event's message, an ExternalName, a label): Kubernetes, too, shows it to whoever may read the object.
"""

from __future__ import annotations

from collections.abc import Set

import msgspec

from clusterview.topology.objects import (
    AnyRecord,
    EndpointSlice,
    Event,
    HTTPRoute,
    Kind,
    Namespace,
    NamespaceObject,
    PersistentVolumeClaim,
    Pod,
    RouteBackend,
    RouteParent,
)

CLUSTER_SCOPED = {Kind.CONTROL_PLANE_PART, Kind.NAMESPACE, Kind.NODE, Kind.PERSISTENT_VOLUME, Kind.STORAGE_CLASS}
NAMESPACED = set(Kind) - CLUSTER_SCOPED  # an object of another kind may be anywhere


def narrowed(record: AnyRecord, *, namespaces: Set[str]) -> AnyRecord | None:
    """This will tell the object as it may be seen, or None where it may not."""
    if isinstance(record, NamespaceObject):
        return record if record.name in namespaces else None
    if not record.namespace or record.namespace not in namespaces:
        return None
    if record.owner is not None and record.owner.kind not in NAMESPACED:
        record = msgspec.structs.replace(record, owner=None)
    match record:
        case Pod():
            return msgspec.structs.replace(record, node="")
        case EndpointSlice():
            return msgspec.structs.replace(record, endpoints=tuple(msgspec.structs.replace(one, node="") for one in record.endpoints))
        case PersistentVolumeClaim():
            return msgspec.structs.replace(record, volume="", storage_class="")
        case HTTPRoute():
            return _route(record, namespaces)
        case Event() if record.about_kind not in NAMESPACED:
            return None
    return record


def _route(route: HTTPRoute, namespaces: Set[str]) -> HTTPRoute:
    """How it fares with a Gateway elsewhere, and how much of its traffic leads elsewhere, is its own; how those are called is not."""

    def is_seen(one: RouteParent | RouteBackend) -> bool:
        return one.kind in NAMESPACED and one.namespace in namespaces

    elsewhere = {"namespace": Namespace(""), "name": "", "port": 0}
    parents = (one if is_seen(one) else msgspec.structs.replace(one, **elsewhere, section="") for one in route.parents)
    rules = (
        msgspec.structs.replace(rule, backends=tuple(one if is_seen(one) else msgspec.structs.replace(one, **elsewhere) for one in rule.backends))
        for rule in route.rules
    )
    return msgspec.structs.replace(route, parents=tuple(parents), rules=tuple(rules))
