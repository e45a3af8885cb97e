"""CronJobs begin a Job at each time of their schedule, under their policy, and keep only the last ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clusterview.practice.controllers import schedules
from clusterview.practice.objects import Object, is_true, name_of
from clusterview.practice.resources import JOBS
from clusterview.practice.timing import Timing
from tests.practice.world import World

NIGHTLY = "/apis/batch/v1/namespaces/store/cronjobs/report"


def cron_job(extra: str = "", *, schedule: str = "*/5 * * * *") -> str:
    template = "{restartPolicy: Never, containers: [{name: report, image: 'report:1'}]}"
    return f"""
apiVersion: batch/v1
kind: CronJob
metadata: {{name: report, namespace: store}}
spec: {{schedule: "{schedule}", jobTemplate: {{spec: {{template: {{spec: {template}}}}}}} {extra}}}
"""


def jobs(world: World) -> list[Object]:
    return world.store.all(JOBS, "store")


def test_a_job_begins_at_each_time_and_the_last_three_are_kept() -> None:
    world = World(manifest=cron_job()).pass_time(301)
    assert len(jobs(world)) == 1 and name_of(jobs(world)[0]) == f"report-{int(world.now // 300 * 300) // 60}"
    world.pass_time(1510)
    assert len(jobs(world)) == 3 and all(is_true(job, "Complete") for job in jobs(world))
    status = world.get(NIGHTLY)["status"]
    assert status["lastScheduleTime"].endswith(":00Z") and status["lastSuccessfulTime"] > status["lastScheduleTime"] and "active" not in status


@pytest.mark.parametrize(("policy", "running"), [("Allow", 2), ("Forbid", 1), ("Replace", 1)])
def test_the_policy_says_what_happens_while_one_still_runs(policy: str, running: int) -> None:
    world = World(timing=Timing(job_seconds=4000), manifest=cron_job(f", concurrencyPolicy: {policy}")).pass_time(301)
    first = name_of(jobs(world)[0])
    world.pass_time(300)
    assert len(world.get(NIGHTLY)["status"]["active"]) == running
    assert (first in {name_of(job) for job in jobs(world)}) is (policy != "Replace")


def test_a_suspended_one_begins_nothing() -> None:
    assert jobs(World(manifest=cron_job(", suspend: true")).pass_time(700)) == []


def test_its_jobs_go_with_it() -> None:
    world = World(manifest=cron_job()).pass_time(301)
    world.ask("DELETE", NIGHTLY)
    assert jobs(world.pass_time(60)) == []


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("*/5 * * * *", "2026-03-01T10:05"), ("0 0 * * *", "2026-03-02T00:00"), ("@hourly", "2026-03-01T11:00"),
        ("30 9 * * mon-fri", "2026-03-02T09:30"), ("0 0 1 jan *", "2027-01-01T00:00"), ("0 12 13 * 5", "2026-03-06T12:00"),
        ("0 0 29 2 *", "2028-02-29T00:00"), ("15,45 8-18/2 * * 7", "2026-03-01T10:15"),
    ],
)  # fmt: skip
def test_a_schedule_is_due_next(schedule: str, due: str) -> None:
    sunday = datetime(2026, 3, 1, 10, 3, 20, tzinfo=UTC).timestamp()
    found = schedules.next_after(schedules.read(schedule), sunday)
    assert found is not None and datetime.fromtimestamp(found, UTC).isoformat().startswith(due)


def test_the_thirtieth_of_february_never_comes() -> None:
    assert schedules.next_after(schedules.read("0 0 30 2 *"), 0) is None


@pytest.mark.parametrize("schedule", ["", "* * * *", "60 * * * *", "a * * * *", "*/0 * * * *", "5-1 * * * *"])
def test_what_is_no_schedule_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        schedules.read(schedule)
    world = World()
    body = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "x"}, "spec": {"schedule": schedule, "jobTemplate": {}}}
    assert "spec.schedule" in world.refusal("POST", "/apis/batch/v1/namespaces/store/cronjobs", body).message
