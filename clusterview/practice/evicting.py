"""Evictions: a deletion that asks the disruption budgets first. What `kubectl drain` does to each pod.

https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
"""

from __future__ import annotations

from clusterview.practice import deleting, problems, writing
from clusterview.practice.objects import Object, changed, is_ending, is_true, labels_of, name_of, namespace_of, selects, stamp
from clusterview.practice.problems import Problem
from clusterview.practice.resources import BUDGETS, PODS
from clusterview.practice.store import Store


def evict(store: Store, body: Object, *, namespace: str, name: str, now: float, dry_run: bool) -> Object:
    """This will evict the pod and give the answer. Raises Problem 429 where a budget says no, 404, 409, 500 where several budgets match."""
    pod = writing.existing(store, PODS, namespace=namespace, name=name)
    asked = dict(body.get("deleteOptions") or {})
    options = deleting.read(asked | ({"dryRun": ["All"]} if dry_run else {}), {})
    if _needs_leave(pod):
        budgets = [one for one in store.all(BUDGETS, namespace_of(pod)) if selects(one["spec"].get("selector"), labels_of(pod))]
        if len(budgets) > 1:
            raise Problem(500, "InternalError", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        for budget in budgets:
            _take_leave(store, budget, pod, now=now, dry_run=options.dry_run)
    deleting.delete(store, PODS, namespace=namespace, name=name, options=options, now=now)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _needs_leave(pod: Object) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase not in ("Succeeded", "Failed", "Pending") and not is_ending(pod)


def _take_leave(store: Store, budget: Object, pod: Object, *, now: float, dry_run: bool) -> None:
    status, name = budget.get("status") or {}, name_of(budget)
    healthy, wanted = int(status.get("currentHealthy") or 0), int(status.get("desiredHealthy") or 0)
    if not is_true(pod, "Ready") and (budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow" or 0 < wanted <= healthy):
        return
    if int(status.get("observedGeneration") or 0) < int(budget["metadata"].get("generation") or 0):
        raise problems.budget_exhausted(f"The disruption budget {name} is still being processed by the server.", retry_after_seconds=10)
    allowed = int(status.get("disruptionsAllowed") or 0)
    if allowed <= 0:
        raise problems.budget_exhausted(f"The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently")
    if not dry_run:
        gone = {**(status.get("disruptedPods") or {}), name_of(pod): stamp(now)}
        store.put(BUDGETS, changed(budget, status={**status, "disruptionsAllowed": allowed - 1, "disruptedPods": gone}))
