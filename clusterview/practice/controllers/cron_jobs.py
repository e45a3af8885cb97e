"""CronJobs: a Job at each time of the schedule, as many beside each other as the policy allows, and only the last ones are kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from clusterview.practice.controllers import owning, schedules
from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Drop, Key, Make, Outcome, Put, Say
from clusterview.practice.objects import Object, changed, is_ending, is_true, moment, name_of, namespace_of, owned_by, stamp, uid_of
from clusterview.practice.resources import CRON_JOBS, JOBS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

COMPONENT = "cronjob-controller"


def concerns(store: Store, event: Event) -> Iterable[Key]:
    return owning.keys(event, CRON_JOBS)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(CRON_JOBS, *key)
    if found is None or is_ending(found):
        return NOTHING
    jobs = [job for job in store.owned(uid_of(found), JOBS) if not is_ending(job)]
    running = [job for job in jobs if not is_over(job)]
    due_at, again_at = due(found, now=now)
    acts: list[Act] = list(outdated(found, jobs))
    last = (found.get("status") or {}).get("lastScheduleTime")
    if due_at is not None:
        policy = found["spec"]["concurrencyPolicy"]
        if running and policy == "Forbid":
            why = "Not starting job because prior execution is running and concurrency policy is Forbid"
            acts.append(Say(found, "JobAlreadyActive", why, COMPONENT))
        else:
            if policy == "Replace":
                acts += [Drop(JOBS, job) for job in running]
                running = []
            made = new_job(found, due_at)
            acts += [Make(JOBS, made), Say(found, "SuccessfulCreate", f"Created job {name_of(made)}", COMPONENT)]
        last = stamp(due_at)
    status = status_of(found, running, jobs) | ({"lastScheduleTime": last} if last else {})
    if status != (found.get("status") or {}):
        acts.append(Put(CRON_JOBS, changed(found, status=status)))
    return Outcome(tuple(acts), again_at)


def due(item: Object, *, now: float) -> tuple[float | None, float | None]:
    """The newest time that was missed, if any, and the next one to come."""
    spec = item["spec"]
    schedule, zone = schedules.read(spec["schedule"]), zone_of(spec)
    last = moment((item.get("status") or {}).get("lastScheduleTime"))
    at = max(last or 0.0, moment(item["metadata"]["creationTimestamp"]) or now, now - 3600.0)
    missed: float | None = None
    following = schedules.next_after(schedule, at, zone=zone)
    while following is not None and following <= now:
        missed, following = following, schedules.next_after(schedule, following, zone=zone)
    if spec.get("suspend"):
        return None, None
    return missed, following


def zone_of(spec: Object) -> tzinfo:
    return ZoneInfo(spec["timeZone"]) if spec.get("timeZone") else UTC


def is_over(job: Object) -> bool:
    return is_true(job, "Complete") or is_true(job, "Failed")


def outdated(owner: Object, jobs: list[Object]) -> Iterable[Act]:
    """The oldest of those that ended, beyond the limits."""
    for type, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        ended = sorted((job for job in jobs if is_true(job, type)), key=lambda job: str(job["metadata"]["creationTimestamp"]))
        yield from (Drop(JOBS, job) for job in ended[: max(0, len(ended) - int(owner["spec"][limit]))])


def new_job(owner: Object, at: float) -> Object:
    """The Job of one time; its name is that of the minute, so no time is run twice."""
    template = owner["spec"]["jobTemplate"]
    metadata = {key: dict(value) for key, value in (template.get("metadata") or {}).items() if key in ("labels", "annotations") and value}
    metadata["annotations"] = {**metadata.get("annotations", {}), "batch.kubernetes.io/cronjob-scheduled-timestamp": stamp(at)}
    own = {"name": f"{name_of(owner)}-{int(at) // 60}", "namespace": namespace_of(owner), "ownerReferences": [owned_by(owner)]}
    return {"metadata": {**metadata, **own}, "spec": template["spec"]}


def status_of(owner: Object, running: list[Object], jobs: list[Object]) -> Object:
    """What runs, and when one succeeded last."""
    status: Object = {}
    if running:
        named = {"apiVersion": "batch/v1", "kind": "Job", "namespace": namespace_of(owner)}
        status["active"] = [{**named, "name": name_of(job), "uid": uid_of(job)} for job in running]
    ended = [str((job.get("status") or {}).get("completionTime", "")) for job in jobs if is_true(job, "Complete")]
    known = max([*ended, (owner.get("status") or {}).get("lastSuccessfulTime") or ""])
    return status | ({"lastSuccessfulTime": known} if known else {})


CONTROLLER = Controller(COMPONENT, concerns, reconcile)
