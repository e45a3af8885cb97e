"""What can honestly be said of the four parts of a control plane, seen from outside.

The API server speaks for itself and, by its `etcd` check, for etcd. The scheduler and the controller-manager are known by the Leases that
their leaders renew. Where nothing tells, the part is `unknown`; in a cluster whose provider runs the control plane, it is `provider`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from clusterview.projection.observations import Check, Health
from clusterview.topology.objects import AnyRecord, ControlPlanePart, Lease, Node, Uid

LEADER_LEASES = ("kube-scheduler", "kube-controller-manager")
LEADER_NAMESPACE = "kube-system"

_PROVIDER_LABELS = ("eks.amazonaws.com/nodegroup", "cloud.google.com/gke-nodepool", "kubernetes.azure.com/cluster")
_PROVIDER_VERSIONS = ("-eks-", "-gke.")
_ETCD_CHECKS = ("etcd", "etcd-readiness")


class Leader(msgspec.Struct, frozen=True, kw_only=True):
    """A leader's Lease: its record and, in unix seconds, since when the holder has it."""

    lease: Lease
    since: int | None = None


def is_leader_lease(*, record: AnyRecord) -> bool:
    """This will tell whether the record is a Lease by which a part of the control plane is known."""
    return isinstance(record, Lease) and record.namespace == LEADER_NAMESPACE and record.name in LEADER_LEASES


def is_provider_node(*, record: AnyRecord) -> bool:
    """This will tell whether the record is a node of EKS, GKE or AKS, by the labels that these put on nodes."""
    return isinstance(record, Node) and any(label in record.labels for label in _PROVIDER_LABELS)


def parts(*, health: Health, leaders: Mapping[str, Leader], provider_nodes: bool) -> list[ControlPlanePart]:
    """This will tell the four parts from what the API server said, the leaders' Leases by name, and the nodes."""
    provided = provider_nodes or any(mark in health.version for mark in _PROVIDER_VERSIONS)
    silent = "provider" if provided else "unknown"
    known = [_leading(name, leaders.get(name), silent) for name in LEADER_LEASES]
    return [_api_server(health), _etcd(health.checks, silent), *known]


def _api_server(health: Health) -> ControlPlanePart:
    failing = tuple(check.name for check in health.checks if not check.ok)
    return ControlPlanePart(
        uid=_uid("kube-apiserver"),
        name="kube-apiserver",
        state="unknown" if health.ready is None else "ok" if health.ready else "failing",
        version=health.version,
        checks_ok=len(health.checks) - len(failing),
        checks_total=len(health.checks),
        failing_checks=failing,
    )


def _etcd(checks: tuple[Check, ...], silent: str) -> ControlPlanePart:
    mine = [check for check in checks if check.name in _ETCD_CHECKS]
    failing = tuple(check.name for check in mine if not check.ok)
    return ControlPlanePart(
        uid=_uid("etcd"),
        name="etcd",
        state=silent if not mine else "failing" if failing else "ok",
        checks_ok=len(mine) - len(failing),
        checks_total=len(mine),
        failing_checks=failing,
    )


def _leading(name: str, leader: Leader | None, silent: str) -> ControlPlanePart:
    if leader is None:
        return ControlPlanePart(uid=_uid(name), name=name, state=silent)
    state = "late" if leader.lease.late else "ok"
    return ControlPlanePart(uid=_uid(name), name=name, state=state, leader=leader.lease.holder, leader_since=leader.since)


def _uid(name: str) -> Uid:
    return Uid(f"control-plane/{name}")
