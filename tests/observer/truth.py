"""What a cluster holds, asked for around everything that is under test, and what of it is shown otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from clusterview.kube import listing
from clusterview.kube.connections import Connection
from clusterview.kube.kubeconfigs import ClusterAccess
from clusterview.observer.kinds import OBSERVED
from clusterview.observer.translating import sighting
from clusterview.topology.objects import AnyRecord, ControlPlanePart, Lease, Uid


def truth(*, access: ClusterAccess) -> dict[Uid, AnyRecord]:
    """Every object of every kind, as it would be shown if it were listed now."""
    connection, found = Connection(access), dict[Uid, AnyRecord]()
    for spec in OBSERVED:
        found |= {Uid(item.metadata.uid): sighting(kind=spec.kind, item=item).record for item in listing.list_kind(connection, spec).items}
    connection.close()
    return found


def differing(*, shown: Mapping[Uid, AnyRecord], true: Mapping[Uid, AnyRecord]) -> list[Uid]:
    """The objects that are not shown as they are. Of Leases it is looked at whether they are there: the age of a renewal is not shown."""
    return [uid for uid in shown.keys() | true.keys() if not _is_alike(shown.get(uid), true.get(uid))]


def _is_alike(shown: AnyRecord | None, true: AnyRecord | None) -> bool:
    return shown == true or isinstance(shown, ControlPlanePart) or (isinstance(shown, Lease) and isinstance(true, Lease))
