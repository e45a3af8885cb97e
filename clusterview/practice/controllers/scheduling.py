"""The scheduler: a node for every pod that has none, or the reason why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from clusterview.practice.controllers import placing
from clusterview.practice.controllers.acts import NOTHING, Controller, Key, Outcome, Put, Say
from clusterview.practice.objects import (
    Object,
    changed,
    condition,
    is_ending,
    labels_of,
    name_of,
    namespace_of,
    share,
    uid_of,
    with_condition,
    with_metadata,
)  # fmt: skip
from clusterview.practice.resources import CLAIMS, NODES, PODS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

COMPONENT = "default-scheduler"
LATER_SECONDS = 30.0
FEW_NODES = 100
TOPOLOGY = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")  # a pod learns where its node is


def concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is PODS and event.type != "DELETED" and not event.object["spec"].get("nodeName"):
        yield namespace_of(event.object), name_of(event.object)
    elif event.resource in (NODES, CLAIMS) or (event.resource is PODS and event.type == "DELETED"):
        yield from ((namespace_of(pod), name_of(pod)) for pod in store.pods_on(""))


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    pod = store.get(PODS, *key)
    if pod is None or pod["spec"].get("nodeName") or is_ending(pod) or pod["spec"].get("schedulerName") != COMPONENT:
        return NOTHING
    nodes = store.all(NODES)
    reasons: Counter[str] = Counter()
    fitting: list[Object] = []
    first, enough = int(share(uid_of(pod)) * len(nodes)) if len(nodes) > FEW_NODES else 0, looked_for(len(nodes))
    for node in nodes[first:] + nodes[:first]:
        if why := against(store, node, pod):
            reasons[why] += 1
        else:
            fitting.append(node)
            if len(fitting) == enough:
                break
    unbound = unbound_claims(store, pod)
    if fitting and not unbound:
        return _bound(pod, best(store, fitting, pod), now)
    return _pending(pod, explained(len(nodes), reasons, unbound=unbound), now)


def looked_for(nodes: int) -> int:
    """How many nodes that fit are enough: all of a few, and the fewer of many the more there are, as the real scheduler has it.

    https://kubernetes.io/docs/concepts/scheduling-eviction/scheduler-perf-tuning/
    """
    return nodes if nodes <= FEW_NODES else max(FEW_NODES, int(nodes * max(50 - nodes / 125, 5) / 100))


def against(store: Store, node: Object, pod: Object) -> str:
    """What speaks against this node, in the scheduler's words; empty where it fits."""
    taint = placing.untolerated(node, pod["spec"].get("tolerations") or ())
    if taint is not None:
        return "node(s) were unschedulable" if taint["key"] == placing.UNSCHEDULABLE else f"node(s) had untolerated taint(s) {{{taint['key']}: }}"
    if not placing.fits_selector(node, pod["spec"]):
        return "node(s) didn't match Pod's node affinity/selector"
    return placing.lacks(node, store.pods_on(name_of(node)), pod["spec"])


def unbound_claims(store: Store, pod: Object) -> bool:
    """Whether the pod waits for a volume."""
    names = [one["persistentVolumeClaim"]["claimName"] for one in pod["spec"].get("volumes") or () if "persistentVolumeClaim" in one]
    found = [store.get(CLAIMS, namespace_of(pod), name) for name in names]
    return any(one is None or (one.get("status") or {}).get("phase") != "Bound" for one in found)


def best(store: Store, nodes: list[Object], pod: Object) -> Object:
    """The node with the fewest pods, of the pod's own kind first; among equals, chance decides, the same each time."""
    owner = next((one["uid"] for one in pod["metadata"].get("ownerReferences") or ()), "")

    def rank(node: Object) -> tuple[int, int, float]:
        pods = store.pods_on(name_of(node))
        siblings = sum(any(one["uid"] == owner for one in other["metadata"].get("ownerReferences") or ()) for other in pods)
        return siblings, len(pods), share(uid_of(pod) + name_of(node))

    return min(nodes, key=rank)


def explained(count: int, reasons: Counter[str], *, unbound: bool) -> str:
    """One sentence, as `kubectl describe` shows it."""
    if unbound:
        return f"0/{count} nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    told = ", ".join(f"{number} {why}" for why, number in sorted(reasons.items()))
    return f"0/{count} nodes are available: {told or 'no nodes'}."


def _bound(pod: Object, node: Object, now: float) -> Outcome:
    status = pod["status"]
    conditions = with_condition(status.get("conditions") or (), type="PodScheduled", status="True", now=now)
    conditions = [
        {key: value for key, value in one.items() if key not in ("reason", "message")} if one["type"] == "PodScheduled" else one for one in conditions
    ]
    told = {key: value for key, value in labels_of(node).items() if key in TOPOLOGY}
    pod = with_metadata(pod, labels={**labels_of(pod), **told} or None)
    made = changed(pod, spec={**pod["spec"], "nodeName": name_of(node)}, status={**status, "conditions": conditions})
    message = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {name_of(node)}"
    return Outcome((Put(PODS, made), Say(made, "Scheduled", message, COMPONENT)))


def _pending(pod: Object, message: str, now: float) -> Outcome:
    before = condition(pod, "PodScheduled")
    if before is not None and before.get("message") == message:
        return Outcome(again_at=now + LATER_SECONDS)
    conditions = with_condition(
        pod["status"].get("conditions") or (), type="PodScheduled", status="False", now=now, reason="Unschedulable", message=message
    )
    made = changed(pod, status={**pod["status"], "conditions": conditions})
    return Outcome((Put(PODS, made), Say(made, "FailedScheduling", message, COMPONENT, warning=True)), again_at=now + LATER_SECONDS)


CONTROLLER = Controller(COMPONENT, concerns, reconcile)
