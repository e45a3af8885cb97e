"""StatefulSets, Jobs, autoscalers, volumes, namespaces: the rest of what lives in a cluster."""

from __future__ import annotations

from clusterview.practice.objects import is_true
from tests.practice.world import World, deployment

LEDGER = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: practice.example/disk
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: ledger, namespace: store}
spec:
  serviceName: ledger
  replicas: 3
  selector: {matchLabels: {app: ledger}}
  template:
    metadata: {labels: {app: ledger}}
    spec: {containers: [{name: db, image: "ledger:1"}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: count, namespace: store}
spec:
  completions: 2
  template:
    spec: {restartPolicy: Never, containers: [{name: count, image: "count:1"}]}
"""
AUTOSCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: store}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 6
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
"""


def test_a_stateful_set_begins_one_after_the_other_each_with_its_volume() -> None:
    world = World(manifest=LEDGER)
    seen = []
    for _ in range(60):
        world.pass_time(0.2)
        seen.append(len(world.pods()))
        assert [is_true(pod, "Ready") for pod in world.pods()[:-1]] == [True] * (len(world.pods()) - 1)
    assert sorted(set(seen)) == [1, 2, 3]
    assert [pod["metadata"]["name"] for pod in world.pods()] == ["ledger-0", "ledger-1", "ledger-2"]
    claims = world.get("/api/v1/namespaces/store/persistentvolumeclaims")["items"]
    assert [(one["metadata"]["name"], one["status"]["phase"]) for one in claims] == [(f"data-ledger-{number}", "Bound") for number in range(3)]


def test_a_stateful_set_is_renewed_from_its_end_and_shrinks_from_there() -> None:
    world = World(manifest=LEDGER).pass_time(15)
    path = "/apis/apps/v1/namespaces/store/statefulsets/ledger"
    world.ask("PATCH", path, {"spec": {"template": {"spec": {"containers": [{"name": "db", "image": "ledger:2"}]}}}}, kind="strategic")
    world.pass_time(3.5)
    assert world.pods()[0]["spec"]["containers"][0]["image"] == "ledger:1"
    world.pass_time(20)
    assert {pod["spec"]["containers"][0]["image"] for pod in world.pods()} == {"ledger:2"}
    world.ask("PATCH", f"{path}/scale", {"spec": {"replicas": 1}}, kind="merge")
    world.pass_time(10)
    assert [pod["metadata"]["name"] for pod in world.pods()] == ["ledger-0"]
    assert len(world.get("/api/v1/namespaces/store/persistentvolumeclaims")["items"]) == 3


def test_a_job_ends_when_its_pods_have() -> None:
    world = World(manifest=JOB).pass_time(20)
    found = world.get("/apis/batch/v1/namespaces/store/jobs/count")
    assert is_true(found, "Complete") and found["status"]["succeeded"] == 2
    assert {pod["status"]["phase"] for pod in world.pods()} == {"Succeeded"}


def test_an_autoscaler_keeps_its_bounds_and_follows_the_load() -> None:
    world = World(manifest=deployment(replicas=1) + AUTOSCALER).pass_time(5)
    path = "/apis/autoscaling/v2/namespaces/store/horizontalpodautoscalers/web"
    assert len(world.pods()) == 2
    for load, size in (("200", 4), ("900", 6), ("10", 2)):
        world.ask("PATCH", path, {"metadata": {"annotations": {"practice.clusterview.io/load": load}}}, kind="merge")
        world.pass_time(40)
        assert len(world.pods()) == size
    world.ask("PATCH", "/apis/apps/v1/namespaces/store/deployments/web/scale", {"spec": {"replicas": 0}}, kind="merge")
    world.pass_time(40)
    assert world.pods() == []


def test_a_namespace_goes_with_everything_in_it_and_takes_nothing_new_meanwhile() -> None:
    world = World(manifest=deployment()).pass_time(5)
    world.ask("DELETE", "/api/v1/namespaces/store")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "late"}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
    assert world.refusal("POST", "/api/v1/namespaces/store/pods", pod).code == 403
    world.pass_time(10)
    assert world.refusal("GET", "/api/v1/namespaces/store").code == 404
    assert world.pods() == []


def test_old_events_are_forgotten() -> None:
    world = World(manifest=deployment()).pass_time(5)
    assert len(world.get("/api/v1/namespaces/store/events")["items"]) > 10
    world.pass_time(3700)
    assert world.get("/api/v1/namespaces/store/events")["items"] == []
