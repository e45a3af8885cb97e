"""Jobs: pods that do something and end."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice.controllers import owning
from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Key, Make, Outcome, Put, Say
from clusterview.practice.objects import Object, changed, is_ending, is_true, stamp, with_condition
from clusterview.practice.resources import JOBS, PODS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

COMPONENT = "job-controller"
COMPLETED = "Reached expected number of succeeded pods"


def concerns(store: Store, event: Event) -> Iterable[Key]:
    return owning.keys(event, JOBS)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(JOBS, *key)
    if found is None or is_ending(found) or is_true(found, "Complete") or is_true(found, "Failed"):
        return NOTHING
    pods = owning.pods_of(store, found)
    phases = [(pod.get("status") or {}).get("phase") for pod in pods]
    succeeded, failed = phases.count("Succeeded"), phases.count("Failed")
    running, ready = len(owning.active(pods)), sum(is_true(pod, "Ready") for pod in owning.active(pods))
    missing = min(found["spec"]["parallelism"], found["spec"]["completions"] - succeeded) - running
    acts: list[Act] = []
    if not found["spec"].get("suspend") and failed <= found["spec"]["backoffLimit"]:
        acts += [Make(PODS, owning.new_pod(found), owning.told_of(found, COMPONENT)) for _ in range(missing)]
    told = changed(found, status=status_of(found, succeeded=succeeded, failed=failed, running=running, ready=ready, now=now))
    if told["status"] != found.get("status"):
        acts.append(Put(JOBS, told))
        if is_true(told, "Complete"):
            acts.append(Say(found, "Completed", "Job completed", COMPONENT))
    return Outcome(tuple(acts))


def status_of(owner: Object, *, succeeded: int, failed: int, running: int, ready: int, now: float) -> Object:
    """What the Job's status says."""
    before = owner.get("status") or {}
    status: Object = {"startTime": before.get("startTime") or stamp(now), "ready": ready, "terminating": 0, "uncountedTerminatedPods": {}}
    status |= {name: count for name, count in (("active", running), ("succeeded", succeeded), ("failed", failed)) if count}
    conditions = list(before.get("conditions") or ())
    if succeeded >= owner["spec"]["completions"]:
        status["completionTime"] = stamp(now)
        for type in ("SuccessCriteriaMet", "Complete"):
            conditions = with_condition(conditions, type=type, status="True", now=now, reason="CompletionsReached", message=COMPLETED)
    elif failed > owner["spec"]["backoffLimit"]:
        conditions = with_condition(conditions, type="Failed", status="True", now=now, reason="BackoffLimitExceeded")
    return status | ({"conditions": conditions} if conditions else {})


CONTROLLER = Controller(COMPONENT, concerns, reconcile)
