"""Pods and nodes in trouble, on demand. kwok's kubelets leave what is written to a pod's status, so each state is what a kubelet reports.

The reasons and their places in the status are those of the kubelet: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

import json
from typing import Any

from tests.lab.cluster import KUBELET, Cluster

HOLD = "lab.clusterview/hold"
STATES = ("unready", "crash loop", "image pull failure", "out of memory", "failed init container", "evicted")


def put(lab: Cluster, *, pod: str, namespace: str, state: str) -> None:
    """This will bring a running pod into one of STATES."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}"
    status = lab.get(path)["status"]
    lab.patch(f"{path}/status", {"status": changed(status, state=state)})


def changed(status: dict[str, Any], *, state: str) -> dict[str, Any]:
    """The status as the kubelet would report it in this state."""
    first, *others = status["containerStatuses"]
    not_ready = [one | {"status": "False"} if one["type"] in ("Ready", "ContainersReady") else one for one in status["conditions"]]
    broken: dict[str, Any] = {"ready": False, "started": False}
    ended = {"exitCode": 137, "startedAt": None, "finishedAt": None}
    match state:
        case "unready":
            return {"conditions": not_ready, "containerStatuses": [first | {"ready": False}, *others]}
        case "crash loop":
            last = {"terminated": ended | {"reason": "Error", "exitCode": 1}}
            broken |= {"restartCount": 7, "state": waiting("CrashLoopBackOff"), "lastState": last}
        case "image pull failure":
            broken |= {"state": waiting("ImagePullBackOff")}
            return {"phase": "Pending", "conditions": not_ready, "containerStatuses": [first | broken, *others]}
        case "out of memory":
            broken |= {"restartCount": 1, "state": {"terminated": ended | {"reason": "OOMKilled"}}}
        case "failed init container":
            (begun, *rest) = status["initContainerStatuses"]
            begun |= {"ready": False, "restartCount": 3, "state": waiting("CrashLoopBackOff")}
            waits = first | {"ready": False, "started": False, "state": waiting("PodInitializing")}
            uninitialised = [one | {"status": "False"} if one["type"] == "Initialized" else one for one in not_ready]
            return {
                "phase": "Pending", "conditions": uninitialised, "initContainerStatuses": [begun, *rest], "containerStatuses": [waits, *others],
            }  # fmt: skip
        case "evicted":
            return {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory.", "conditions": not_ready}
        case _:
            raise ValueError(f"no such state: {state}")
    return {"conditions": not_ready, "containerStatuses": [first | broken, *others]}


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": "back-off 5m0s"}}


def keep_terminating(lab: Cluster, *, pod: str, namespace: str) -> None:
    """This will delete the pod, which then stays until `let_go`."""
    lab.patch(f"/api/v1/namespaces/{namespace}/pods/{pod}", {"metadata": {"finalizers": [HOLD]}})
    lab.kubectl("delete", "pod", pod, "-n", namespace, "--wait=false")


def let_go(lab: Cluster, *, pod: str, namespace: str) -> None:
    """This will let a pod end that `keep_terminating` held."""
    lab.patch(f"/api/v1/namespaces/{namespace}/pods/{pod}", {"metadata": {"finalizers": None}})


def unschedulable(lab: Cluster, *, name: str, namespace: str) -> None:
    """This will make a pod that no node takes."""
    spec = {"nodeSelector": {"lab.clusterview/none": "none"}, "containers": [{"name": "web", "image": "registry.example/shop:1"}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}
    lab.kubectl("apply", "-f", "-", input=json.dumps(body))


def node_silent(lab: Cluster, *, node: str) -> None:
    """This will let a node's kubelet say nothing any more, until `node_speaks`. Once the grace period is over (50 s; 10 s in an impatient lab)
    its Ready condition is Unknown, its pods are not ready, and their endpoints leave.
    """
    lab.patch(f"/api/v1/nodes/{node}", {"metadata": {"labels": {KUBELET: None}}})


def node_speaks(lab: Cluster, *, node: str) -> None:
    """This will let a silent node report again, and that its pods are ready, which a real kubelet would say by itself."""
    lab.patch(f"/api/v1/nodes/{node}", {"metadata": {"labels": {KUBELET: "yes"}}})
    for pod in lab.get(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}")["items"]:
        conditions = [one | {"status": "True"} for one in pod["status"]["conditions"]]
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}/status"
        lab.patch(path, {"status": {"conditions": conditions}})


def node_gone(lab: Cluster, *, node: str) -> None:
    """This will take a node away for good, and its pods with it: at once, where the pod garbage collector would wait a minute."""
    found = lab.get(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}")["items"]
    lab.kubectl("delete", "node", node)
    for pod in found:
        where = ["-n", pod["metadata"]["namespace"], pod["metadata"]["name"]]
        lab.kubectl("delete", "pod", *where, "--grace-period=0", "--force", "--wait=false", "--ignore-not-found")


def node_back(lab: Cluster, *, node: str) -> None:
    """This will bring a node that was gone back, empty."""
    (body,) = [one for one in lab.node_manifests() if one["metadata"]["name"] == node]
    lab.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(body))


def node_not_ready(lab: Cluster, *, node: str) -> None:
    """This will let a node report that it is not ready, until its kubelet's next report (about twenty seconds)."""
    conditions = lab.get(f"/api/v1/nodes/{node}")["status"]["conditions"]
    said = {"status": "False", "reason": "KubeletNotReady", "message": "container runtime is down"}
    lab.patch(f"/api/v1/nodes/{node}/status", {"status": {"conditions": [one | said if one["type"] == "Ready" else one for one in conditions]}})
