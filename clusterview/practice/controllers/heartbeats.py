"""Signs of life: each node's kubelet renews its Lease and its conditions, the leaders of the control plane renew theirs."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice.controllers import behaviours
from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Key, Make, Outcome, Put
from clusterview.practice.objects import Object, annotations_of, changed, condition, micro_stamp, moment, name_of, owned_by, stamp, with_condition
from clusterview.practice.resources import LEASES, NAMESPACES, NODES
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

NODE_LEASES, SYSTEM = "kube-node-lease", "kube-system"
LEADERS = ("kube-controller-manager", "kube-scheduler")
SECONDS = {NODE_LEASES: 40, SYSTEM: 15}
PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)
FULL_DISK = "practice.clusterview.io/disk"


def concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is NODES and (event.previous is None or annotations_of(event.previous) != annotations_of(event.object)):
        yield "", name_of(event.object)
    if event.resource is NAMESPACES and name_of(event.object) == SYSTEM:
        yield from ((SYSTEM, leader) for leader in LEADERS)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    return _leader(store, key[1], now, timing) if key[0] == SYSTEM else _node(store, key[1], now, timing)


def _leader(store: Store, name: str, now: float, timing: Timing) -> Outcome:
    if store.get(NAMESPACES, "", SYSTEM) is None:
        return NOTHING
    return Outcome((renewed(store, SYSTEM, name, holder=f"practice_{name}", now=now),), again_at=now + timing.leader_seconds)


def _node(store: Store, name: str, now: float, timing: Timing) -> Outcome:
    node = store.get(NODES, "", name)
    if node is None or not behaviours.is_on(node):
        return NOTHING
    acts: list[Act] = []
    if store.get(NAMESPACES, "", NODE_LEASES) is not None:
        acts.append(renewed(store, NODE_LEASES, name, holder=name, now=now, owner=node))
    if _is_due(node, now, timing):
        acts.append(Put(NODES, changed(node, status={**(node.get("status") or {}), "conditions": conditions_of(node, now=now)})))
    return Outcome(tuple(acts), again_at=now + timing.heartbeat_seconds)


def renewed(store: Store, namespace: str, name: str, *, holder: str, now: float, owner: Object | None = None) -> Act:
    """The Lease with a new date; made where there is none."""
    found = store.get(LEASES, namespace, name)
    if found is None:
        metadata: Object = {"name": name, "namespace": namespace}
        if owner is not None:
            reference = {key: value for key, value in owned_by(owner).items() if key in ("apiVersion", "kind", "name", "uid")}
            metadata["ownerReferences"] = [reference]
        spec = {"holderIdentity": holder, "leaseDurationSeconds": SECONDS[namespace], "renewTime": micro_stamp(now)}
        if namespace == SYSTEM:
            spec |= {"acquireTime": micro_stamp(now), "leaseTransitions": 0}
        return Make(LEASES, {"apiVersion": LEASES.api_version, "kind": "Lease", "metadata": metadata, "spec": spec})
    return Put(LEASES, changed(found, spec={**found["spec"], "renewTime": micro_stamp(now)}), settled=True)


def _is_due(node: Object, now: float, timing: Timing) -> bool:
    """The conditions are told when they change, and now and then that they have not."""
    ready = condition(node, "Ready")
    if ready is None or ready["status"] != "True":
        return True
    full = condition(node, "DiskPressure")
    if full is not None and (full["status"] == "True") is not (annotations_of(node).get(FULL_DISK) == "full"):
        return True
    last = moment(ready.get("lastHeartbeatTime"))
    return last is None or now - last >= timing.node_status_seconds


def conditions_of(node: Object, *, now: float) -> list[Object]:
    """What the kubelet reports."""
    made = list((node.get("status") or {}).get("conditions") or ())
    for type, reason, message in PRESSURES:
        full = type == "DiskPressure" and annotations_of(node).get(FULL_DISK) == "full"
        told = ("KubeletHasDiskPressure", "kubelet has disk pressure") if full else (reason, message)
        made = with_condition(made, type=type, status="True" if full else "False", now=now, reason=told[0], message=told[1])
    made = with_condition(made, type="Ready", status="True", now=now, reason="KubeletReady", message="kubelet is posting ready status")
    return [one | {"lastHeartbeatTime": stamp(now)} for one in made]


CONTROLLER = Controller("heartbeat", concerns, reconcile)
