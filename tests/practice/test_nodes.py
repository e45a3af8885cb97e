"""Nodes are chosen, cordoned, drained, lost and found again."""

from __future__ import annotations

from clusterview.practice.objects import condition, is_true
from tests.practice.world import World, deployment

BUDGET = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: store}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
"""
AGENT = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: store}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: "agent:1"}]}
"""


def power(world: World, node: str, word: str | None) -> None:
    change = {"metadata": {"annotations": {"practice.clusterview.io/power": word}}}
    world.ask("PATCH", f"/api/v1/nodes/{node}", change, kind="merge")


def cordon(world: World, node: str) -> None:
    world.ask("PATCH", f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}}, kind="strategic")
    world.pass_time(0.1)


def evict(world: World, name: str) -> None:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "store"}}
    world.ask("POST", f"/api/v1/namespaces/store/pods/{name}/eviction", body)


def test_pods_are_spread_over_the_nodes() -> None:
    world = World(manifest=deployment(replicas=3)).pass_time(5)
    assert {pod["spec"]["nodeName"] for pod in world.pods()} == {"node-1", "node-2", "node-3"}


def test_a_cordoned_node_gets_no_new_pod_and_says_so_with_a_taint() -> None:
    world = World()
    for node in ("node-1", "node-2"):
        cordon(world, node)
    world.apply(deployment(replicas=3))
    world.pass_time(5)
    assert {pod["spec"]["nodeName"] for pod in world.pods()} == {"node-3"}
    taints = world.get("/api/v1/nodes/node-1")["spec"]["taints"]
    assert [(taint["key"], taint["effect"]) for taint in taints] == [("node.kubernetes.io/unschedulable", "NoSchedule")]


def test_where_no_node_takes_a_pod_it_says_why_and_is_placed_when_one_does() -> None:
    world = World(nodes=1)
    cordon(world, "node-1")
    world.apply(deployment(replicas=1))
    world.pass_time(1)
    said = condition(world.pods()[0], "PodScheduled")
    assert said is not None and (said["reason"], said["message"]) == ("Unschedulable", "0/1 nodes are available: 1 node(s) were unschedulable.")
    world.ask("PATCH", "/api/v1/nodes/node-1", {"spec": {"unschedulable": None}}, kind="strategic")
    world.pass_time(5)
    assert is_true(world.pods()[0], "Ready")


def test_room_is_counted_by_what_pods_ask_for() -> None:
    hungry = deployment(replicas=2, pod="").replace('image: "shop:1"', 'image: "shop:1", resources: {requests: {cpu: "20"}}')
    world = World(nodes=1, manifest=hungry).pass_time(5)
    assert sorted(is_true(pod, "Ready") for pod in world.pods()) == [False, True]
    waiting = next(pod for pod in world.pods() if not pod["spec"].get("nodeName"))
    assert "1 Insufficient cpu" in condition(waiting, "PodScheduled")["message"]  # type: ignore[index]


def test_a_budget_lets_one_pod_go_and_refuses_the_next() -> None:
    world = World(manifest=deployment() + BUDGET).pass_time(5)
    first, second, _ = [pod["metadata"]["name"] for pod in world.pods()]
    evict(world, first)
    world.pass_time(0.1)
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": second}}
    refused = world.refusal("POST", f"/api/v1/namespaces/store/pods/{second}/eviction", body)
    assert (refused.code, refused.reason) == (429, "TooManyRequests")
    assert refused.details is not None
    assert refused.details["causes"][0]["message"] == "The disruption budget web needs 2 healthy pods and has 2 currently"
    world.pass_time(6)
    evict(world, second)


def test_a_node_without_power_is_unreachable_after_its_grace_and_ready_again_with_it() -> None:
    world = World(manifest=deployment()).pass_time(5)
    power(world, "node-1", "off")
    world.pass_time(30)
    assert is_true(world.get("/api/v1/nodes/node-1"), "Ready")
    world.pass_time(15)
    node = world.get("/api/v1/nodes/node-1")
    assert (condition(node, "Ready") or {})["status"] == "Unknown"
    assert {taint["key"] for taint in node["spec"]["taints"]} == {"node.kubernetes.io/unreachable"}
    assert not is_true(next(pod for pod in world.pods() if pod["spec"]["nodeName"] == "node-1"), "Ready")
    power(world, "node-1", None)
    world.pass_time(5)
    assert is_true(world.get("/api/v1/nodes/node-1"), "Ready") and "taints" not in world.get("/api/v1/nodes/node-1")["spec"]


def test_pods_of_a_lost_node_are_made_anew_elsewhere_after_five_minutes() -> None:
    world = World(manifest=deployment()).pass_time(5)
    power(world, "node-1", "off")
    world.pass_time(320)
    assert all(not pod["metadata"].get("deletionTimestamp") for pod in world.pods())
    world.pass_time(60)
    ready = [pod for pod in world.pods() if is_true(pod, "Ready")]
    assert len(ready) == 3 and "node-1" not in {pod["spec"]["nodeName"] for pod in ready}


def test_a_daemon_set_has_a_pod_on_each_node_also_on_a_cordoned_one() -> None:
    world = World()
    cordon(world, "node-2")
    world.apply(AGENT)
    world.pass_time(5)
    assert {pod["spec"]["nodeName"] for pod in world.pods(app="agent")} == {"node-1", "node-2", "node-3"}
    assert world.get("/apis/apps/v1/namespaces/store/daemonsets/agent")["status"]["numberReady"] == 3


def test_heartbeats_are_renewed_every_ten_seconds_and_leaders_every_two() -> None:
    world = World(nodes=1).pass_time(1)

    def renewed(path: str) -> str:
        return str(world.get(f"/apis/coordination.k8s.io/v1/namespaces/{path}")["spec"]["renewTime"])

    node, leader = renewed("kube-node-lease/leases/node-1"), renewed("kube-system/leases/kube-scheduler")
    world.pass_time(3)
    assert renewed("kube-node-lease/leases/node-1") == node and renewed("kube-system/leases/kube-scheduler") > leader
    world.pass_time(8)
    assert renewed("kube-node-lease/leases/node-1") > node
