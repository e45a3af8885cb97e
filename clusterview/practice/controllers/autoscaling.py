"""HorizontalPodAutoscalers: as many pods as the load asks for, within the bounds.

There is no load here but the one that is said: the annotation `practice.clusterview.io/load` on the autoscaler is the sum over all pods, in
percent of one pod's request. Without it the metrics are unknown, as in a cluster without a metrics server, and only the bounds count.
"""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Key, Outcome, Put, Say
from clusterview.practice.controllers.behaviours import LOAD
from clusterview.practice.objects import Object, annotations_of, changed, is_ending, name_of, namespace_of, stamp, with_condition, with_metadata
from clusterview.practice.resources import AUTOSCALERS, BY_KIND
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

COMPONENT = "horizontal-pod-autoscaler"
TOLERANCE = 0.1
WHY = {
    ("AbleToScale", True): ("SucceededGetScale", "the HPA controller was able to get the target's current scale"),
    ("AbleToScale", False): ("FailedGetScale", "the HPA controller was unable to get the target's current scale"),
    ("ScalingActive", True): (
        "ValidMetricFound", "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
    ),
    ("ScalingActive", False): (
        "FailedGetResourceMetric", f"the HPA was unable to compute the replica count: failed to get cpu utilization: no {LOAD} says any",
    ),
}  # fmt: skip


def concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is AUTOSCALERS:
        if event.previous is None or event.previous["spec"] != event.object["spec"] or annotations_of(event.previous) != annotations_of(event.object):
            yield namespace_of(event.object), name_of(event.object)
    elif event.resource.scale and (event.previous is None or event.previous["spec"].get("replicas") != event.object["spec"].get("replicas")):
        for one in store.all(AUTOSCALERS, namespace_of(event.object)):
            target = one["spec"]["scaleTargetRef"]
            if (target["kind"], target["name"]) == (event.resource.kind, name_of(event.object)):
                yield namespace_of(one), name_of(one)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(AUTOSCALERS, *key)
    if found is None or is_ending(found):
        return NOTHING
    reference = found["spec"]["scaleTargetRef"]
    resource = BY_KIND.get((reference.get("apiVersion", ""), reference["kind"]))
    target = store.get(resource, key[0], reference["name"]) if resource is not None and resource.scale else None
    if resource is None or target is None:
        return _told(found, {}, now=now, works=False, timing=timing)
    current, load = int(target["spec"]["replicas"]), load_of(found)
    wanted = desired(found["spec"], current=current, load=load)
    acts: list[Act] = []
    if wanted != current and current:
        acts.append(Put(resource, with_metadata(changed(target, spec={**target["spec"], "replicas": wanted}), generation=_next(target))))
        acts.append(Say(found, "SuccessfulRescale", f"New size: {wanted}; reason: {_why(found['spec'], current, wanted)}", COMPONENT))
    present = int((target.get("status") or {}).get("replicas") or 0)
    status: Object = {"observedGeneration": found["metadata"].get("generation", 1), "currentReplicas": present, "desiredReplicas": wanted}
    if load is not None and current:
        metric = {"name": "cpu", "current": {"averageUtilization": load // current, "averageValue": f"{load // current}m"}}
        status["currentMetrics"] = [{"type": "Resource", "resource": metric}]
    if acts or (found.get("status") or {}).get("lastScaleTime"):
        status["lastScaleTime"] = stamp(now) if acts else found["status"]["lastScaleTime"]
    told = _told(found, status, now=now, works=load is not None, timing=timing)
    return Outcome((*acts, *told.acts), told.again_at)


def load_of(autoscaler: Object) -> int | None:
    said = annotations_of(autoscaler).get(LOAD, "")
    return int(said) if said.isdecimal() else None


def desired(spec: Object, *, current: int, load: int | None) -> int:
    """How many pods there should be. None at all means that somebody has switched scaling off."""
    if not current:
        return 0
    wanted = current
    target = next((one["resource"]["target"].get("averageUtilization") for one in spec.get("metrics") or () if one.get("type") == "Resource"), None)
    if load is not None and target and abs(load / current / target - 1.0) > TOLERANCE:
        wanted = -(-load // target)
    return max(int(spec["minReplicas"]), min(int(spec["maxReplicas"]), wanted))


def _why(spec: Object, current: int, wanted: int) -> str:
    if current < spec["minReplicas"]:
        return "Current number of replicas below Spec.MinReplicas"
    if current > spec["maxReplicas"]:
        return "Current number of replicas above Spec.MaxReplicas"
    return "cpu resource utilization (percentage of request) above target" if wanted > current else "All metrics below target"


def _next(item: Object) -> int:
    return int(item["metadata"].get("generation") or 0) + 1


def _told(found: Object, status: Object, *, now: float, works: bool, timing: Timing) -> Outcome:
    before = found.get("status") or {}
    conditions = list(before.get("conditions") or ())
    for type, holds in (("AbleToScale", bool(status)), ("ScalingActive", works)):
        reason, message = WHY[type, holds]
        conditions = with_condition(conditions, type=type, status="True" if holds else "False", now=now, reason=reason, message=message)
    made = {**status, "conditions": conditions}
    again_at = now + timing.autoscaler_seconds
    return Outcome((Put(AUTOSCALERS, changed(found, status=made)),) if made != before else (), again_at)


CONTROLLER = Controller(COMPONENT, concerns, reconcile)
