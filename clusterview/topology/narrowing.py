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
    Kind,
    NamespaceObject,
    PersistentVolumeClaim,
    Pod,
)

CLUSTER_SCOPED = {Kind.CONTROL_PLANE_PART, Kind.NAMESPACE, Kind.NODE, Kind.PERSISTENT_VOLUME, Kind.STORAGE_CLASS}
OWNERS = {*Kind, "Job", "CronJob"} - CLUSTER_SCOPED  # an owner of another kind may be anywhere


def narrowed(record: AnyRecord, *, namespaces: Set[str]) -> AnyRecord | None:
    """This will tell the object as it may be seen, or None where it may not."""
    if isinstance(record, NamespaceObject):
        return record if record.name in namespaces else None
    if not record.namespace or record.namespace not in namespaces:
        return None
    if record.owner is not None and record.owner.kind not in OWNERS:
        record = msgspec.structs.replace(record, owner=None)
    match record:
        case Pod():
            return msgspec.structs.replace(record, node="")
        case EndpointSlice():
            return msgspec.structs.replace(record, endpoints=tuple(msgspec.structs.replace(one, node="") for one in record.endpoints))
        case PersistentVolumeClaim():
            return msgspec.structs.replace(record, volume="", storage_class="")
        case Event() if record.about_kind not in OWNERS:
            return None
    return record
