"""What pods and nodes use, for `kubectl top`: more with visitors, within what they ask for, and nothing of what does not run."""

from __future__ import annotations

from clusterview.observer.quantities import millis, whole
from clusterview.practice import usage
from clusterview.practice.objects import Object, name_of
from clusterview.practice.resources import NODES
from tests.practice.world import World, deployment, service

ASKS = 'resources: {requests: {cpu: 100m, memory: 64Mi}}, image: "shop:1"'


def shop() -> World:
    inside = deployment("inside", replicas=1).replace('image: "shop:1"', ASKS)
    front = deployment(replicas=2).replace('image: "shop:1"', ASKS)
    return World(manifest=inside + front + service(spec=", type: LoadBalancer")).pass_time(5)


def cpu_of(item: Object) -> int:
    return sum(millis(one["usage"]["cpu"]) for one in item["containers"])


def test_a_pod_with_visitors_uses_more_than_one_without() -> None:
    world = shop()
    used = {name_of(one).partition("-")[0]: cpu_of(one) for one in usage.pods(world.store, now=world.now)}
    assert 0 < used["inside"] < used["web"] < 100
    memory = [whole(one["containers"][0]["usage"]["memory"]) for one in usage.pods(world.store, now=world.now)]
    assert all(20 * 1024**2 < one < 64 * 1024**2 for one in memory)


def test_a_node_uses_what_its_pods_use_and_the_system() -> None:
    world = shop()
    nodes = usage.nodes(world.store, now=world.now)
    assert len(nodes) == world.store.count(NODES)
    of_pods = sum(cpu_of(one) for one in usage.pods(world.store, now=world.now))
    assert sum(millis(one["usage"]["cpu"]) for one in nodes) == of_pods + usage.SYSTEM_MILLIS * len(nodes)


def test_what_does_not_run_is_not_measured() -> None:
    world = World(manifest=deployment(image="shop:missing")).pass_time(5)
    assert usage.pods(world.store, now=world.now) == []
    world.ask("PATCH", "/api/v1/nodes/node-1", {"metadata": {"annotations": {"practice.clusterview.io/power": "off"}}}, kind="merge")
    assert {name_of(one) for one in usage.nodes(world.pass_time(60).store, now=world.now)} == {"node-2", "node-3"}
