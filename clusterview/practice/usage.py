"""metrics.k8s.io: how much CPU and memory the pods and nodes would use, from what they ask for and the visitors that they have.

https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/
"""

from __future__ import annotations

from clusterview.observer.quantities import millis, whole
from clusterview.practice import visitors
from clusterview.practice.objects import Object, labels_of, name_of, namespace_of, share, stamp
from clusterview.practice.resources import NODE_METRICS, NODES, POD_METRICS, PODS
from clusterview.practice.store import Store

WINDOW = "10.066s"
VISIT_MILLIS = 4.5
IDLE_MILLIS, SYSTEM_MILLIS = 3, 180
IDLE_BYTES, SYSTEM_BYTES = 24 * 1024**2, 700 * 1024**2
OF_REQUEST = 0.1
OF_MEMORY = 0.6


def pods(store: Store, *, now: float) -> list[Object]:
    """A PodMetrics for every pod that runs."""
    load = visitors.load_of(store)
    return [_measured(pod, visits=load.get((namespace_of(pod), name_of(pod)), 0.0), now=now) for pod in store.all(PODS) if _runs(pod)]


def nodes(store: Store, *, now: float) -> list[Object]:
    """A NodeMetrics for every node that reports: the sum of its pods, and what the system takes."""
    of_pods = {(namespace_of(one), name_of(one)): one["containers"] for one in pods(store, now=now)}
    told = []
    for node in store.all(NODES):
        if _reports(node):
            on_it = [one["usage"] for pod in store.pods_on(name_of(node)) for one in of_pods.get((namespace_of(pod), name_of(pod)), ())]
            cpu = SYSTEM_MILLIS + sum(millis(one["cpu"]) for one in on_it)
            memory = SYSTEM_BYTES + sum(whole(one["memory"]) for one in on_it)
            told.append({**_head(NODE_METRICS.kind, node, now), "usage": _usage(cpu, memory)})
    return told


def _runs(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") == "Running"


def _reports(node: Object) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in (node.get("status") or {}).get("conditions") or ())


def _measured(pod: Object, *, visits: float, now: float) -> Object:
    containers = pod["spec"]["containers"]
    told = [{"name": one["name"], "usage": _of_container(pod, one, visits=visits / len(containers), now=now)} for one in containers]
    return {**_head(POD_METRICS.kind, pod, now), "containers": told}


def _of_container(pod: Object, container: Object, *, visits: float, now: float) -> Object:
    asked = (container.get("resources") or {}).get("requests") or {}
    varied = 0.9 + 0.2 * share(f"{name_of(pod)} {int(now / 15)}")
    cpu = (IDLE_MILLIS + OF_REQUEST * millis(str(asked.get("cpu", "0"))) + VISIT_MILLIS * visits) * varied
    memory = (OF_MEMORY * whole(str(asked["memory"])) if "memory" in asked else IDLE_BYTES) * varied
    return _usage(int(cpu), int(memory))


def _usage(cpu_millis: int, memory_bytes: int) -> Object:
    return {"cpu": f"{cpu_millis}m", "memory": f"{memory_bytes // 1024}Ki"}


def _head(kind: str, item: Object, now: float) -> Object:
    metadata = {key: item["metadata"][key] for key in ("name", "namespace") if key in item["metadata"]}
    metadata |= {"creationTimestamp": stamp(now), "labels": labels_of(item)}
    return {"apiVersion": POD_METRICS.api_version, "kind": kind, "metadata": metadata, "timestamp": stamp(now), "window": WINDOW}
