"""PodDisruptionBudgets: how many pods may be disturbed right now.

https://kubernetes.io/docs/tasks/run-application/configure-pdb/
"""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice.controllers import owning
from clusterview.practice.controllers.acts import NOTHING, Controller, Key, Outcome, Put
from clusterview.practice.objects import (
    Object,
    changed,
    controller_of,
    is_ending,
    is_true,
    labels_of,
    moment,
    name_of,
    namespace_of,
    selects,
    with_condition,
)
from clusterview.practice.resources import BUDGETS, BY_KIND, PODS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

WORKLOADS = ("Deployment", "ReplicaSet", "StatefulSet")
FORGOTTEN_SECONDS = 120.0


def concerns(store: Store, event: Event) -> Iterable[Key]:
    namespace = namespace_of(event.object)
    if event.resource is BUDGETS:
        yield namespace, name_of(event.object)
    elif event.resource is PODS or event.resource.kind in WORKLOADS:
        for budget in store.all(BUDGETS, namespace):
            labels = labels_of(event.object) if event.resource is PODS else labels_of(event.object["spec"]["template"])
            if selects(budget["spec"].get("selector"), labels):
                yield namespace, name_of(budget)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    budget = store.get(BUDGETS, *key)
    if budget is None or is_ending(budget):
        return NOTHING
    pods = [pod for pod in store.all(PODS, key[0]) if selects(budget["spec"].get("selector"), labels_of(pod))]
    pods = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
    status = status_of(store, budget, pods, now=now)
    return Outcome((Put(BUDGETS, changed(budget, status=status)),)) if status != budget.get("status") else NOTHING


def status_of(store: Store, budget: Object, pods: list[Object], *, now: float) -> Object:
    """What the budget's status says."""
    spec, before = budget["spec"], budget.get("status") or {}
    present = {name_of(pod): pod for pod in pods}
    disrupted = {
        name: at for name, at in (before.get("disruptedPods") or {}).items()
        if name in present and not is_ending(present[name]) and now - (moment(at) or now) < FORGOTTEN_SECONDS
    }  # fmt: skip
    healthy = sum(is_true(pod, "Ready") and not is_ending(pod) and name_of(pod) not in disrupted for pod in pods)
    least = spec.get("minAvailable")
    expected = len(pods) if isinstance(least, int) else asked_for(store, pods)
    if spec.get("maxUnavailable") is not None:
        desired = max(0, expected - owning.share_of(spec["maxUnavailable"], expected, up=True))
    else:
        desired = owning.share_of(1 if least is None else least, expected, up=True)
    allowed = max(0, healthy - desired) if expected else 0
    reason = "SufficientPods" if allowed else "InsufficientPods"
    conditions = with_condition(
        before.get("conditions") or (), type="DisruptionAllowed", status="True" if allowed else "False", now=now, reason=reason
    )
    generation = budget["metadata"].get("generation", 1)
    conditions = [one | {"observedGeneration": generation, "message": ""} for one in conditions]
    status: Object = {
        "observedGeneration": generation, "currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": expected,
        "disruptionsAllowed": allowed, "conditions": conditions,
    }  # fmt: skip
    return status | ({"disruptedPods": disrupted} if disrupted else {})


def asked_for(store: Store, pods: list[Object]) -> int:
    """How many pods their owners want: a percentage is one of these."""
    sizes: dict[str, int] = {}
    for pod in pods:
        reference = controller_of(pod)
        while reference is not None:
            owner = store.get(BY_KIND[(reference["apiVersion"], reference["kind"])], namespace_of(pod), reference["name"])
            above = controller_of(owner) if owner is not None else None
            if above is None:
                sizes[reference["uid"]] = int((owner or {}).get("spec", {}).get("replicas") or 0)
            reference = above
    return sum(sizes.values())


CONTROLLER = Controller("disruption-controller", concerns, reconcile)
