"""Nodes that fall silent: told as unreachable, tainted, and their pods let go when they have been away for longer than those tolerate.

https://kubernetes.io/docs/concepts/architecture/nodes/#heartbeats
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clusterview.practice.controllers import placing
from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Drop, Key, Outcome, Put, Say
from clusterview.practice.controllers.heartbeats import NODE_LEASES
from clusterview.practice.objects import Object, changed, condition, is_ending, moment, name_of, namespace_of, stamp, with_condition
from clusterview.practice.resources import LEASES, NODES, PODS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

UNREACHABLE, NOT_READY, DISK = "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready", "node.kubernetes.io/disk-pressure"
MANAGED = (UNREACHABLE, NOT_READY, DISK, placing.UNSCHEDULABLE)
COMPONENT = "node-controller"


def concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is NODES or (event.resource is LEASES and namespace_of(event.object) == NODE_LEASES):
        yield "", name_of(event.object)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    node = store.get(NODES, *key)
    if node is None:
        return NOTHING
    lease = store.get(LEASES, NODE_LEASES, name_of(node))
    renewed = moment(lease["spec"]["renewTime"]) if lease is not None else moment(node["metadata"]["creationTimestamp"])
    silent_at = (renewed or now) + timing.node_grace_seconds
    acts: list[Act] = []
    made = changed(node, status={**(node.get("status") or {}), "conditions": unknown(node, now=now)}) if now >= silent_at else node
    made = tainted(made, now=now)
    if made != node:
        acts.append(Put(NODES, made))
        if now >= silent_at and made.get("status") != node.get("status"):
            acts.append(Say(made, "NodeNotReady", f"Node {name_of(node)} status is now: NodeNotReady", COMPONENT))
            acts += _unready_pods(store, made, now=now)
    evictions = list(_let_go(store, made, now=now))
    acts += [Drop(PODS, pod) for pod, at in evictions if at <= now]
    later = [at for _, at in evictions if at > now]
    return Outcome(tuple(acts), again_at=min([*later, silent_at + 0.1] if now < silent_at else later, default=None))


def unknown(node: Object, *, now: float) -> list[Object]:
    """The conditions of a node that nothing is heard of."""
    made = list((node.get("status") or {}).get("conditions") or ())
    for type in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready"):
        made = with_condition(made, type=type, status="Unknown", now=now, reason="NodeStatusUnknown", message="Kubelet stopped posting node status.")
    return made


def tainted(node: Object, *, now: float) -> Object:
    """The node with the taints that its state asks for."""
    ready = (condition(node, "Ready") or {}).get("status", "Unknown")
    asked: dict[tuple[str, str], bool] = {
        (UNREACHABLE, "NoSchedule"): ready == "Unknown", (UNREACHABLE, "NoExecute"): ready == "Unknown",
        (NOT_READY, "NoSchedule"): ready == "False", (NOT_READY, "NoExecute"): ready == "False",
        (DISK, "NoSchedule"): (condition(node, "DiskPressure") or {}).get("status") == "True",
        (placing.UNSCHEDULABLE, "NoSchedule"): bool(node["spec"].get("unschedulable")),
    }  # fmt: skip
    before = list(node["spec"].get("taints") or ())
    kept = [one for one in before if one["key"] not in MANAGED or asked.get((one["key"], one["effect"]))]
    there = {(one["key"], one["effect"]) for one in kept}
    new = [
        {"key": key, "effect": effect, "timeAdded": stamp(now)} for (key, effect), wanted in asked.items() if wanted and (key, effect) not in there
    ]
    if kept == before and not new:
        return node
    spec = {key: value for key, value in node["spec"].items() if key != "taints"}
    return changed(node, spec=spec | ({"taints": [*kept, *new]} if kept or new else {}))


def _unready_pods(store: Store, node: Object, *, now: float) -> Iterator[Act]:
    for pod in store.pods_on(name_of(node)):
        ready = condition(pod, "Ready")
        if ready is not None and ready["status"] == "True":
            conditions = with_condition(pod["status"]["conditions"], type="Ready", status="False", now=now)
            yield Put(PODS, changed(pod, status={**pod["status"], "conditions": conditions}))


def _let_go(store: Store, node: Object, *, now: float) -> Iterator[tuple[Object, float]]:
    """Each pod that may not stay, and until when it may."""
    taints = [one for one in node["spec"].get("taints") or () if one["effect"] == "NoExecute"]
    for pod in store.pods_on(name_of(node)) if taints else ():
        if is_ending(pod):
            continue
        until: list[float] = []
        for taint in taints:
            tolerating = [one for one in pod["spec"].get("tolerations") or () if placing.tolerates(one, taint)]
            since = moment(taint.get("timeAdded")) or now
            if not tolerating:
                until.append(since)
            elif all(one.get("tolerationSeconds") is not None for one in tolerating):
                until.append(since + min(one["tolerationSeconds"] for one in tolerating))
        if until:
            yield pod, min(until)


CONTROLLER = Controller(COMPONENT, concerns, reconcile)
