"""Deployments roll as they were told to, are stuck where an image is not there, and come back."""

from __future__ import annotations

from clusterview.practice.objects import condition, is_true
from tests.practice.world import World, deployment

WEB = "/apis/apps/v1/namespaces/store/deployments/web"


def image_is(world: World, image: str) -> None:
    change = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}}
    world.ask("PATCH", WEB, change, kind="strategic")


def test_pods_are_ready_within_seconds_and_the_status_says_so() -> None:
    world = World(manifest=deployment()).pass_time(5)
    status = world.get(WEB)["status"]
    assert (status["replicas"], status["readyReplicas"], status["updatedReplicas"], status["observedGeneration"]) == (3, 3, 3, 1)
    assert is_true(world.get(WEB), "Available") and all(is_true(pod, "Ready") for pod in world.pods())
    assert len({pod["status"]["podIP"] for pod in world.pods()}) == 3


def test_a_new_image_comes_without_a_moment_of_too_few_or_too_many() -> None:
    world = World(manifest=deployment(replicas=4)).pass_time(5)
    image_is(world, "shop:2")
    for _ in range(200):
        world.pass_time(0.1)
        counted = [pod for pod in world.pods() if not pod["metadata"].get("deletionTimestamp")]
        assert sum(is_true(pod, "Ready") for pod in counted) >= 3
        assert len(counted) <= 5
    assert {pod["spec"]["containers"][0]["image"] for pod in world.pods()} == {"shop:2"}
    assert condition(world.get(WEB), "Progressing")["reason"] == "NewReplicaSetAvailable"  # type: ignore[index]
    assert world.get(WEB)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def test_an_image_that_is_not_there_stops_the_roll_out_and_the_old_pods_stay() -> None:
    world = World(manifest=deployment(extra="progressDeadlineSeconds: 60")).pass_time(5)
    image_is(world, "shop:missing")
    world.pass_time(30)
    waiting = [pod["status"]["containerStatuses"][0]["state"].get("waiting", {}).get("reason") for pod in world.pods()]
    assert sorted(filter(None, waiting)) == ["ImagePullBackOff"]
    assert sum(is_true(pod, "Ready") for pod in world.pods()) == 3
    world.pass_time(60)
    assert condition(world.get(WEB), "Progressing")["reason"] == "ProgressDeadlineExceeded"  # type: ignore[index]
    image_is(world, "shop:1")
    world.pass_time(10)
    assert condition(world.get(WEB), "Progressing")["reason"] == "NewReplicaSetAvailable"  # type: ignore[index]
    assert len(world.pods()) == 3


def test_recreate_ends_all_before_it_begins_anew() -> None:
    world = World(manifest=deployment(extra="strategy: {type: Recreate}")).pass_time(5)
    image_is(world, "shop:2")
    for _ in range(100):
        world.pass_time(0.1)
        assert len({pod["spec"]["containers"][0]["image"] for pod in world.pods()}) <= 1
    assert {pod["spec"]["containers"][0]["image"] for pod in world.pods()} == {"shop:2"}


def test_scaled_down_the_pods_that_are_not_ready_go_first() -> None:
    world = World(manifest=deployment()).pass_time(5)
    sick = world.pods()[1]
    path = f"/api/v1/namespaces/store/pods/{sick['metadata']['name']}"
    world.ask("PATCH", path, {"metadata": {"annotations": {"practice.clusterview.io/behaviour": "unready"}}}, kind="merge")
    world.pass_time(1)
    world.ask("PATCH", f"{WEB}/scale", {"spec": {"replicas": 2}}, kind="merge")
    world.pass_time(5)
    assert sick["metadata"]["name"] not in [pod["metadata"]["name"] for pod in world.pods()]


def test_with_its_deployment_everything_of_it_goes() -> None:
    world = World(manifest=deployment()).pass_time(5)
    world.ask("DELETE", WEB)
    world.pass_time(5)
    assert not world.pods() and not world.get("/apis/apps/v1/namespaces/store/replicasets")["items"]


def test_an_owner_deleted_in_the_foreground_waits_for_its_dependents_and_orphans_stay() -> None:
    world = World(manifest=deployment() + deployment("other")).pass_time(5)
    world.ask("DELETE", WEB, {"propagationPolicy": "Foreground"})
    assert world.get(WEB)["metadata"]["finalizers"] == ["foregroundDeletion"]
    world.ask("DELETE", WEB.replace("web", "other"), {"propagationPolicy": "Orphan"})
    world.pass_time(10)
    assert world.refusal("GET", WEB).code == 404
    assert not world.pods(app="web") and len(world.pods(app="other")) == 3
