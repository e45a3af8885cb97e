"""What follows from a write: pods, endpoints, roll-outs, budgets, and the end of things."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Place
from tests.contract.subjects import Subject

WEB = {"app": "web"}
EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction"}


def slices(place: Place, service: str = "web") -> list[dict[str, Any]]:
    path = place.path("discovery.k8s.io/v1/endpointslices")
    return list(place.cluster.get(path, labelSelector=f"kubernetes.io/service-name={service}")["items"])


def endpoints(place: Place, service: str = "web") -> list[dict[str, Any]]:
    return [one for item in slices(place, service) for one in item.get("endpoints") or ()]


def behind(place: Place, service: str = "web") -> set[str]:
    return {one["targetRef"]["name"] for one in endpoints(place, service) if one["conditions"]["ready"]}


def condition(item: dict[str, Any], type: str) -> dict[str, Any]:
    return next((one for one in item.get("status", {}).get("conditions", ()) if one["type"] == type), {})


def test_a_deployment_makes_a_replica_set_and_that_makes_pods(place: Place) -> None:
    made = place.deployment(replicas=2).body
    (owned,) = place.cluster.get(place.path("apps/v1/replicasets"))["items"]
    mark = owned["metadata"]["labels"]["pod-template-hash"]
    assert owned["metadata"]["name"] == f"web-{mark}"
    assert owned["metadata"]["ownerReferences"] == [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": made["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}
    ]
    for pod in place.pods(**WEB):
        node = place.cluster.get(f"/api/v1/nodes/{pod['spec']['nodeName']}")
        zone = node["metadata"]["labels"]["topology.kubernetes.io/zone"]
        assert pod["metadata"]["name"].startswith(f"web-{mark}-")
        assert pod["metadata"]["labels"] == {**WEB, "pod-template-hash": mark, "topology.kubernetes.io/zone": zone}
        assert pod["metadata"]["ownerReferences"][0]["uid"] == owned["metadata"]["uid"]


def test_a_deployments_status_and_revision_say_that_it_is_complete(place: Place) -> None:
    place.deployment(replicas=2)
    path = place.path("apps/v1/deployments", "web")

    def complete() -> dict[str, Any] | None:
        item = place.cluster.get(path)
        return item if condition(item, "Progressing").get("reason") == "NewReplicaSetAvailable" else None

    found = place.cluster.wait_for(complete, what="the roll-out is complete")
    assert found is not None
    status = found["status"]
    assert [status[key] for key in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "observedGeneration")] == [2, 2, 2, 2, 1]
    assert condition(found, "Available")["status"] == "True"
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"


def test_a_pod_that_runs_says_where_since_when_and_that_it_is_ready(place: Place) -> None:
    place.deployment()
    (pod,) = place.pods(**WEB)
    status = pod["status"]
    assert status["phase"] == "Running" and status["podIP"] == status["podIPs"][0]["ip"] and status["hostIP"] and status["startTime"]
    assert pod["spec"]["nodeName"] in {node["metadata"]["name"] for node in place.cluster.get("/api/v1/nodes")["items"]}
    assert {type: condition(pod, type)["status"] for type in ("PodScheduled", "Initialized", "ContainersReady", "Ready")} == dict.fromkeys(
        ("PodScheduled", "Initialized", "ContainersReady", "Ready"), "True"
    )
    (container,) = status["containerStatuses"]
    assert (container["name"], container["ready"], container["restartCount"], list(container["state"])) == ("web", True, 0, ["running"])


def test_a_pod_tolerates_a_lost_node_for_five_minutes(place: Place) -> None:
    place.deployment()
    tolerations = place.pods(**WEB)[0]["spec"]["tolerations"]
    assert {(one["key"], one["effect"], one["tolerationSeconds"]) for one in tolerations} == {
        ("node.kubernetes.io/not-ready", "NoExecute", 300), ("node.kubernetes.io/unreachable", "NoExecute", 300),
    }  # fmt: skip


def test_ready_pods_are_behind_their_service(place: Place) -> None:
    place.service()
    place.deployment(replicas=2)
    place.cluster.wait_for(lambda: len(behind(place)) == 2, what="two endpoints")
    (one,) = slices(place)
    assert (one["addressType"], one["ports"]) == ("IPv4", [{"name": "http", "port": 8080, "protocol": "TCP"}])
    assert one["metadata"]["ownerReferences"][0]["kind"] == "Service"
    assert one["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"
    pods = {pod["metadata"]["uid"]: pod for pod in place.pods(**WEB)}
    for endpoint in endpoints(place):
        pod = pods[endpoint["targetRef"]["uid"]]
        assert endpoint["addresses"] == [pod["status"]["podIP"]] and endpoint["nodeName"] == pod["spec"]["nodeName"]
        assert endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}


def test_another_selector_means_other_endpoints(place: Place) -> None:
    place.service(selector={"app": "web", "slot": "blue"})
    for slot in ("blue", "green"):
        place.deployment(slot, labels={"app": "web", "slot": slot})
    place.cluster.wait_for(lambda: {name.split("-")[0] for name in behind(place)} == {"blue"}, what="blue behind the Service")
    change = [{"op": "replace", "path": "/spec/selector/slot", "value": "green"}]
    place.cluster.ask("PATCH", place.path("services", "web"), change, kind="json")
    place.cluster.wait_for(lambda: {name.split("-")[0] for name in behind(place)} == {"green"}, seconds=5, what="green behind the Service")


def test_a_selector_that_matches_nothing_leaves_a_slice_without_endpoints(place: Place) -> None:
    place.service()
    (one,) = place.cluster.wait_for(lambda: slices(place), what="a slice")
    assert (one["endpoints"], one["ports"]) == (None, None)


def test_a_service_without_a_selector_has_no_slice(place: Place) -> None:
    place.make("services", "bare", spec={"ports": [{"port": 80}]})
    place.service()
    place.cluster.wait_for(lambda: slices(place), what="the other's slice")
    assert slices(place, "bare") == []


def test_a_pod_that_ends_is_a_terminating_endpoint_first(place: Place) -> None:
    place.service()
    place.deployment()
    (pod,) = place.pods(**WEB)
    path = place.path("pods", pod["metadata"]["name"])
    place.cluster.wait_for(lambda: behind(place), what="an endpoint")
    place.cluster.ask("PATCH", path, {"metadata": {"finalizers": ["contract.example/hold"]}}, kind="merge")
    deleted = place.cluster.ask("DELETE", path)
    assert deleted.body["metadata"]["deletionTimestamp"] and deleted.body["metadata"]["deletionGracePeriodSeconds"] == 1

    def terminating() -> list[dict[str, Any]]:
        return [one["conditions"] for one in endpoints(place) if one["conditions"]["terminating"]]

    (conditions,) = place.cluster.wait_for(terminating, what="a terminating endpoint")
    assert conditions["ready"] is False
    place.cluster.ask("PATCH", path, {"metadata": {"finalizers": None}}, kind="merge")
    place.cluster.wait_for(lambda: place.cluster.ask("GET", path).status == 404, what="the end of the pod")


def test_a_pod_deleted_by_force_is_gone_at_once(place: Place) -> None:
    place.deployment()
    (pod,) = place.pods(**WEB)
    path = place.path("pods", pod["metadata"]["name"])
    assert place.cluster.ask("DELETE", path, {"gracePeriodSeconds": 0}).status == 200
    assert place.cluster.ask("GET", path).status == 404


@pytest.mark.parametrize("kind", ["merge", "strategic", "json"])
def test_a_scale_is_read_and_patched(place: Place, kind: str) -> None:
    place.deployment(wait=False)
    path = place.path("apps/v1/deployments", "web", "scale")
    body = place.cluster.get(path)
    assert (body["kind"], body["apiVersion"], body["spec"], body["status"]["selector"]) == ("Scale", "autoscaling/v1", {"replicas": 1}, "app=web")
    change: Any = [{"op": "replace", "path": "/spec/replicas", "value": 3}] if kind == "json" else {"spec": {"replicas": 3}}
    assert place.cluster.ask("PATCH", path, change, kind=kind).body["spec"] == {"replicas": 3}
    assert place.cluster.get(place.path("apps/v1/deployments", "web"))["spec"]["replicas"] == 3


def test_a_scale_is_put_and_refused_below_zero_and_with_an_old_version(place: Place) -> None:
    place.deployment(wait=False)
    path = place.path("apps/v1/deployments", "web", "scale")
    body = place.cluster.get(path)
    negative = place.cluster.ask("PUT", path, {**body, "spec": {"replicas": -1}})
    assert negative.status == 422 and "must be greater than or equal to 0" in negative.body["message"]
    fresh = place.cluster.wait_for(
        lambda: reply if (reply := place.cluster.ask("PUT", path, {**place.cluster.get(path), "spec": {"replicas": 2}})).status == 200 else None
    )
    assert fresh.body["spec"] == {"replicas": 2}
    stale = place.cluster.ask("PUT", path, {**body, "spec": {"replicas": 4}})
    assert (stale.status, stale.body["reason"]) == (409, "Conflict")


def test_scaled_to_none_every_pod_goes(place: Place) -> None:
    place.deployment(replicas=2)
    place.cluster.ask("PATCH", place.path("apps/v1/deployments", "web", "scale"), {"spec": {"replicas": 0}}, kind="merge")
    place.cluster.wait_for(lambda: not place.pods(**WEB), what="no pod")


def test_a_new_template_is_a_new_replica_set_and_the_old_one_stays_empty(place: Place) -> None:
    place.deployment()
    change = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "registry.example/web:2"}]}}}}
    path = place.path("apps/v1/deployments", "web")
    place.cluster.ask("PATCH", path, change, kind="strategic")

    def rolled() -> bool:
        return [pod["spec"]["containers"][0]["image"] for pod in place.pods(**WEB)] == ["registry.example/web:2"]

    place.cluster.wait_for(rolled, what="only new pods")
    sizes = {
        one["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: one["spec"]["replicas"]
        for one in place.cluster.get(place.path("apps/v1/replicasets"))["items"]
    }
    assert sizes == {"1": 0, "2": 1}
    assert place.cluster.get(path)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def test_a_budget_counts_and_refuses_with_429(place: Place) -> None:
    spec = {"minAvailable": 2, "selector": {"matchLabels": WEB}}
    place.make("policy/v1/poddisruptionbudgets", "web", spec=spec)
    place.deployment(replicas=2)
    path = place.path("policy/v1/poddisruptionbudgets", "web")

    def counted() -> bool:
        status = place.cluster.get(path).get("status", {})
        return [status.get(key) for key in ("currentHealthy", "desiredHealthy", "expectedPods", "disruptionsAllowed")] == [2, 2, 2, 0]

    place.cluster.wait_for(counted, what="the budget is counted")
    name = place.pods(**WEB)[0]["metadata"]["name"]
    reply = place.cluster.ask("POST", place.path("pods", name, "eviction"), {**EVICTION, "metadata": {"name": name}})
    assert (reply.status, reply.body["reason"]) == (429, "TooManyRequests")
    assert reply.body["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    (cause,) = reply.body["details"]["causes"]
    assert cause == {"reason": "DisruptionBudget", "message": "The disruption budget web needs 2 healthy pods and has 2 currently"}


def test_an_eviction_deletes_the_pod_and_another_comes(place: Place) -> None:
    place.deployment()
    name = place.pods(**WEB)[0]["metadata"]["name"]
    reply = place.cluster.ask("POST", place.path("pods", name, "eviction"), {**EVICTION, "metadata": {"name": name}})
    assert (reply.status, reply.body["status"]) == (201, "Success")
    place.cluster.wait_for(lambda: name not in {pod["metadata"]["name"] for pod in place.pods(**WEB)}, what="the pod is gone")
    place.cluster.wait_for(lambda: len(place.pods(**WEB)) == 1, what="another pod")


def test_an_eviction_can_insist_on_the_uid(place: Place) -> None:
    place.deployment()
    name = place.pods(**WEB)[0]["metadata"]["name"]
    options = {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}
    reply = place.cluster.ask("POST", place.path("pods", name, "eviction"), {**EVICTION, "metadata": {"name": name}, "deleteOptions": options})
    assert reply.status == 409 and place.cluster.ask("GET", place.path("pods", name)).status == 200


def test_with_its_owner_everything_goes(place: Place) -> None:
    place.deployment()
    place.cluster.ask("DELETE", place.path("apps/v1/deployments", "web"))
    place.cluster.wait_for(lambda: not place.pods(**WEB), what="the pods are gone")
    place.cluster.wait_for(lambda: not place.cluster.get(place.path("apps/v1/replicasets"))["items"], what="the ReplicaSet is gone")


def test_a_deletion_can_leave_the_pods(place: Place) -> None:
    place.deployment()
    (owned,) = place.cluster.get(place.path("apps/v1/replicasets"))["items"]
    place.cluster.ask("DELETE", place.path("apps/v1/deployments", "web"), {"propagationPolicy": "Orphan"})
    path = place.path("apps/v1/replicasets", owned["metadata"]["name"])
    place.cluster.wait_for(lambda: not place.cluster.get(path)["metadata"].get("ownerReferences"), what="an orphan")
    assert len(place.pods(**WEB)) == 1


def test_a_namespace_goes_with_everything_in_it(place: Place) -> None:
    place.service()
    place.deployment()
    reply = place.cluster.ask("DELETE", f"/api/v1/namespaces/{place.name}")
    assert reply.body["status"]["phase"] == "Terminating"
    late = place.try_to_make("configmaps", "late")
    assert late.status in (403, 404) and place.name in late.body["message"]
    place.cluster.wait_for(lambda: place.cluster.ask("GET", f"/api/v1/namespaces/{place.name}").status == 404, what="the namespace is gone")


def test_a_pod_that_no_node_takes_says_why(place: Place) -> None:
    spec = {"nodeSelector": {"contract.example/none": "x"}, "containers": [{"name": "a", "image": "a:1"}]}
    place.make("pods", "lonely", spec=spec)
    path = place.path("pods", "lonely")
    place.cluster.wait_for(lambda: condition(place.cluster.get(path), "PodScheduled"), what="a word of the scheduler")
    said = condition(place.cluster.get(path), "PodScheduled")
    assert (said["status"], said["reason"]) == ("False", "Unschedulable")
    assert "didn't match Pod's node affinity/selector" in said["message"] and said["message"].startswith("0/5 nodes are available: 5 node(s)")


def test_an_event_tells_of_it_and_is_found_by_its_object(place: Place) -> None:
    place.make("pods", "lonely", spec={"nodeSelector": {"contract.example/none": "x"}, "containers": [{"name": "a", "image": "a:1"}]})
    query = {"fieldSelector": "involvedObject.name=lonely,type=Warning"}
    (event,) = place.cluster.wait_for(lambda: place.cluster.get(place.path("events"), **query)["items"], what="a warning")
    assert (event["reason"], event["involvedObject"]["kind"], event["type"]) == ("FailedScheduling", "Pod", "Warning")


def test_a_stateful_set_gives_numbers_and_a_daemon_set_a_pod_to_each_node(place: Place) -> None:
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
    spec = {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}}, "template": template}
    place.make("apps/v1/statefulsets", "db", spec=spec)
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
    place.make("apps/v1/daemonsets", "agent", spec={"selector": {"matchLabels": {"app": "agent"}}, "template": template})
    place.cluster.wait_for(lambda: [pod["metadata"]["name"] for pod in place.pods(app="db")] == ["db-0", "db-1"], what="db-0 and db-1")
    assert place.pods(app="db")[0]["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "0"
    status = place.path("apps/v1/daemonsets", "agent")
    place.cluster.wait_for(lambda: place.cluster.get(status).get("status", {}).get("numberReady") == 5, what="an agent on each node")


def test_leases_tell_of_nodes_and_leaders(cluster: Subject) -> None:
    nodes = {node["metadata"]["name"] for node in cluster.get("/api/v1/nodes")["items"]}
    leases = cluster.get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases")["items"]
    assert {one["metadata"]["name"] for one in leases} == nodes and all(one["spec"]["renewTime"] for one in leases)
    leaders = cluster.get("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases")["items"]
    assert {"kube-scheduler", "kube-controller-manager"} <= {one["metadata"]["name"] for one in leaders}


def test_a_cordoned_node_is_tainted_and_free_again_without_it(cluster: Subject) -> None:
    path = "/api/v1/nodes/node-5"
    cluster.ask("PATCH", path, {"spec": {"unschedulable": True}}, kind="strategic")
    key = "node.kubernetes.io/unschedulable"

    def tainted() -> bool:
        return any(one["key"] == key and one["effect"] == "NoSchedule" for one in cluster.get(path)["spec"].get("taints", ()))

    cluster.wait_for(tainted, what="the taint")
    cluster.ask("PATCH", path, {"spec": {"unschedulable": None}}, kind="strategic")
    cluster.wait_for(lambda: not tainted(), what="no taint")


def test_health_names_its_checks(cluster: Subject) -> None:
    text = cluster.ask("GET", "/readyz", accept="*/*", verbose="").body["text"]
    assert "[+]etcd ok" in text and "[+]ping ok" in text and text.rstrip().endswith("readyz check passed")
    assert cluster.ask("GET", "/livez", accept="*/*").body["text"] == "ok"
