"""DaemonSets: one pod on every node that takes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clusterview.practice.controllers import owning, placing
from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Drop, Key, Make, Outcome, Put, Say
from clusterview.practice.objects import Object, changed, is_ending, is_true, labels_of, name_of, namespace_of
from clusterview.practice.resources import DAEMON_SETS, NODES, PODS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

REVISION = "controller-revision-hash"
COMPONENT = "daemonset-controller"
TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"), ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"), ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"), ("node.kubernetes.io/unschedulable", "NoSchedule"),
)  # fmt: skip


def concerns(store: Store, event: Event) -> Iterable[Key]:
    yield from owning.keys(event, DAEMON_SETS)
    if event.resource is NODES and (event.previous is None or event.type == "DELETED" or _differs(event.previous, event.object)):
        yield from ((namespace_of(one), name_of(one)) for one in store.all(DAEMON_SETS))


def _differs(before: Object, after: Object) -> bool:
    return bool(before["spec"] != after["spec"] or labels_of(before) != labels_of(after))


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(DAEMON_SETS, *key)
    if found is None or is_ending(found):
        return NOTHING
    revision = owning.template_hash(found["spec"]["template"])
    on_node: dict[str, list[Object]] = {}
    for pod in owning.pods_of(store, found):
        on_node.setdefault(placing.meant_for(pod["spec"]) or pod["spec"].get("nodeName") or "", []).append(pod)
    nodes = [node for node in store.all(NODES) if takes(node, found)]
    acts = [*placed(found, nodes, on_node, revision)]
    told = changed(found, status=status_of(found, nodes, on_node, revision))
    if told["status"] != found.get("status"):
        acts.append(Put(DAEMON_SETS, told))
    return Outcome(tuple(acts))


def takes(node: Object, owner: Object) -> bool:
    """Whether the node should run one."""
    spec = owner["spec"]["template"]["spec"]
    tolerations = [*(spec.get("tolerations") or ()), *_tolerations()]
    return placing.fits_selector(node, spec) and not placing.untolerated(node, tolerations)


def _tolerations() -> list[Object]:
    return [{"key": key, "operator": "Exists", "effect": effect} for key, effect in TOLERATED]


def placed(owner: Object, nodes: list[Object], on_node: dict[str, list[Object]], revision: str) -> Iterator[Act]:
    """What is missing is made, what is too much or has ended goes, what is old is renewed one at a time."""
    names = {name_of(node) for node in nodes}
    for name in sorted(names):
        if not on_node.get(name):
            yield Make(PODS, new_pod(owner, name, revision), owning.told_of(owner, COMPONENT))
    for name, pods in on_node.items():
        for pod in pods[1:] if name in names else pods:
            if not is_ending(pod):
                yield Drop(PODS, pod)
    present = [pods[0] for name, pods in on_node.items() if name in names and pods]
    for pod in present:
        if (pod.get("status") or {}).get("phase") == "Failed" and not is_ending(pod):
            yield Drop(PODS, pod)
    if owner["spec"]["updateStrategy"]["type"] == "RollingUpdate" and all(is_true(pod, "Ready") and not is_ending(pod) for pod in present):
        old = next((pod for pod in present if labels_of(pod).get(REVISION) != revision), None)
        if old is not None and len(present) == len(names):
            yield Drop(PODS, old)
            yield Say(owner, "SuccessfulDelete", f"Deleted pod: {name_of(old)}", COMPONENT)


def new_pod(owner: Object, node: str, revision: str) -> Object:
    """A pod that only this node may take, as the scheduler is told."""
    spec = {"affinity": placing.only(node), "tolerations": [*(owner["spec"]["template"]["spec"].get("tolerations") or ()), *_tolerations()]}
    return owning.new_pod(owner, labels={REVISION: revision, "pod-template-generation": "1"}, spec=spec)


def status_of(owner: Object, nodes: list[Object], on_node: dict[str, list[Object]], revision: str) -> Object:
    """What the DaemonSet's status says."""
    names = {name_of(node) for node in nodes}
    present = [pods[0] for name, pods in on_node.items() if name in names and pods]
    ready = [pod for pod in present if is_true(pod, "Ready")]
    updated = [pod for pod in present if labels_of(pod).get(REVISION) == revision]
    status = {
        "observedGeneration": owner["metadata"].get("generation", 1), "desiredNumberScheduled": len(names), "currentNumberScheduled": len(present),
        "numberMisscheduled": sum(bool(pods) for name, pods in on_node.items() if name not in names), "numberReady": len(ready),
    }  # fmt: skip
    counts = {"updatedNumberScheduled": len(updated), "numberAvailable": len(ready), "numberUnavailable": len(names) - len(ready)}
    return status | {name: count for name, count in counts.items() if count}


CONTROLLER = Controller(COMPONENT, concerns, reconcile)
