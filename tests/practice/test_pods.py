"""A pod goes through its life as a kubelet reports it."""

from __future__ import annotations

import pytest

from clusterview.practice.controllers.pod_life import stage_at
from clusterview.practice.objects import Object, is_true
from clusterview.practice.timing import Timing
from tests.practice.world import World, deployment, service

EVEN = Timing(spread=0.0)
WEB = "/apis/apps/v1/namespaces/store/deployments/web"


def pod(*, inits: int = 0, probe: bool = True, policy: str = "Always") -> Object:
    container = {"name": "web", "image": "shop:1"} | ({"readinessProbe": {}} if probe else {})
    spec = {"containers": [container], "initContainers": [{"name": f"i{number}", "image": "i"} for number in range(inits)], "restartPolicy": policy}
    return {"metadata": {"uid": "one"}, "spec": spec}


@pytest.mark.parametrize(
    ("seconds", "stage"),
    [(0, "creating"), (0.79, "creating"), (0.81, "init 0"), (1.3, "init 1"), (1.7, "starting"), (2.0, "running"), (3.0, "ready")],
)
def test_a_healthy_pod_is_pulled_initialised_started_and_ready(seconds: float, stage: str) -> None:
    assert stage_at(pod(inits=2), "well", seconds, EVEN).key == stage


def test_without_a_probe_running_is_ready() -> None:
    assert stage_at(pod(probe=False), "well", 1.2, EVEN).key == "ready"


@pytest.mark.parametrize(
    ("seconds", "stage", "restarts"), [(1.5, "running", 0), (2.2, "crashed", 0), (12.2, "running", 1), (13.2, "crashed", 1), (33.2, "running", 2)]
)
def test_a_crash_loop_waits_twice_as_long_each_time(seconds: float, stage: str, restarts: int) -> None:
    found = stage_at(pod(), "crash", seconds, EVEN)
    assert (found.key, found.restarts) == (stage, restarts)


def test_a_wait_is_never_longer_than_five_minutes() -> None:
    longest = max(stage_at(pod(), "crash", second, EVEN).until - second for second in range(0, 4000, 7))  # type: ignore[operator]
    assert 290 < longest <= 301


def test_a_pod_of_a_job_ends_well() -> None:
    assert stage_at(pod(policy="Never"), "well", 60, EVEN).key == "succeeded"


def test_a_running_pod_can_be_told_to_fail_and_to_recover() -> None:
    world = World(manifest=deployment(replicas=1) + service()).pass_time(5)
    (one,) = world.pods()
    path = f"/api/v1/namespaces/store/pods/{one['metadata']['name']}"
    for behaviour, ready in (("unready", False), ("well", True), ("crash", False)):
        world.ask("PATCH", path, {"metadata": {"annotations": {"practice.clusterview.io/behaviour": behaviour}}}, kind="merge")
        world.pass_time(3)
        assert is_true(world.get(path), "Ready") is ready
    world.pass_time(60)
    assert world.get(path)["status"]["containerStatuses"][0]["restartCount"] >= 2
    assert world.get(path)["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"] == "Error"


def test_what_others_write_into_a_status_stays() -> None:
    world = World(manifest=deployment(replicas=1)).pass_time(5)
    (one,) = world.pods()
    path = f"/api/v1/namespaces/store/pods/{one['metadata']['name']}"
    world.ask("PATCH", f"{path}/status", {"status": {"reason": "Evicted", "phase": "Failed"}}, kind="merge")
    world.pass_time(30)
    assert world.get(path)["status"]["phase"] == "Failed" and len(world.pods()) == 2


def test_a_pod_that_ends_is_an_endpoint_that_terminates_until_it_is_gone() -> None:
    world = World(manifest=deployment(replicas=1) + service()).pass_time(5)
    (one,) = world.pods()
    world.ask("DELETE", f"/api/v1/namespaces/store/pods/{one['metadata']['name']}")
    world.pass_time(0.2)
    (slice_,) = world.get("/apis/discovery.k8s.io/v1/namespaces/store/endpointslices")["items"]
    ending = [endpoint for endpoint in slice_["endpoints"] if endpoint["targetRef"]["uid"] == one["metadata"]["uid"]]
    assert [endpoint["conditions"] for endpoint in ending] == [{"ready": False, "serving": True, "terminating": True}]
    world.pass_time(5)
    (slice_,) = world.get("/apis/discovery.k8s.io/v1/namespaces/store/endpointslices")["items"]
    assert [endpoint["conditions"]["ready"] for endpoint in slice_["endpoints"]] == [True]
