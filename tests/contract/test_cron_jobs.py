"""CronJobs: what is filled in, what is refused, what is printed, and that a Job of one is its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Place

CRON_JOBS = "batch/v1/cronjobs"
POD = {"spec": {"restartPolicy": "Never", "containers": [{"name": "report", "image": "registry.example/report:1"}]}}
EVERY_MINUTE = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": POD}}}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def test_a_new_cron_job_is_filled_in(place: Place) -> None:
    spec = place.make(CRON_JOBS, "report", spec={**EVERY_MINUTE, "schedule": "0 3 * * *"}).body["spec"]
    assert [spec[key] for key in ("concurrencyPolicy", "suspend", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")] == ["Allow", False, 3, 1]
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["dnsPolicy"] == "ClusterFirst"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({**EVERY_MINUTE, "schedule": ""}, "spec.schedule"), ({**EVERY_MINUTE, "schedule": "61 * * * *"}, "spec.schedule"),
        ({**EVERY_MINUTE, "schedule": "* * * *"}, "spec.schedule"), ({**EVERY_MINUTE, "concurrencyPolicy": "Never"}, "spec.concurrencyPolicy"),
        ({**EVERY_MINUTE, "timeZone": "Mars/Olympus"}, "spec.timeZone"),
        ({**EVERY_MINUTE, "jobTemplate": {"spec": {"template": {"spec": {**POD["spec"], "restartPolicy": "Always"}}}}},
         "spec.jobTemplate.spec.template.spec.restartPolicy"),
    ],
)  # fmt: skip
def test_a_cron_job_that_makes_no_sense_is_422_with_the_field(place: Place, spec: dict[str, Any], field: str) -> None:
    reply = place.try_to_make(CRON_JOBS, "report", spec=spec)
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert field in {cause["field"] for cause in reply.body["details"]["causes"]}


def test_a_cron_job_is_printed_with_its_schedule(place: Place) -> None:
    place.make(CRON_JOBS, "report", spec={**EVERY_MINUTE, "suspend": True})
    body = place.cluster.ask("GET", place.path(CRON_JOBS), accept=TABLE).body
    shown = [column["name"] for column in body["columnDefinitions"] if not column["priority"]]
    assert shown == ["Name", "Schedule", "Timezone", "Suspend", "Active", "Last Schedule", "Age"]
    assert body["rows"][0]["cells"][:6] == ["report", "* * * * *", "<none>", "True", 0, "<none>"]
