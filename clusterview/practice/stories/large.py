"""A cluster of any size, made by rule: applications of thirty pods, spread over nodes, with all that an API server says of each.

The text of an object is what costs a reader, so pods are as long as real ones: about 6.4 kB with their managedFields. Every value follows from the
object's number, so two runs make the same cluster. `pod` takes its varying values as they come, so a caller may as well give marks to fill in later.

`fill` puts all of it into a store. There the pods of an application share whatever does not tell them apart, which is most of what a pod is: 150,000
of them in half a gigabyte.
"""

from __future__ import annotations

import functools
import math
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clusterview.practice import defaulting
from clusterview.practice.objects import Object, digest, stamp
from clusterview.practice.resources import DEPLOYMENTS, NAMESPACES, NODES, PODS, REPLICA_SETS, SERVICES, SLICES, Resource
from clusterview.practice.sizes import Size
from clusterview.practice.store import Store
from clusterview.practice.stories import telling

PODS_OF_AN_APPLICATION = 30
TEAMS = 137
VARYING = ("name", "uid", "version", "node", "host", "address", "restarts", "ready", "status", "image_id", "container_id", "volume")
EMPTY: Mapping[str, Any] = {}
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
SCATTER = 0x9E3779B97F4A7C15F39CC0605CEDC835  # odd, and no multiple of 3: different numbers stay different


def applications(size: Size) -> int:
    """How many there are, of which the last one may be smaller."""
    return -(-size.pods // PODS_OF_AN_APPLICATION)


@dataclass(frozen=True)
class Application:
    """The one of this number; its Deployment, ReplicaSet, Service and EndpointSlice go by `name`."""

    number: int

    @property
    def namespace(self) -> str:
        return f"team-{self.number % TEAMS:03d}"

    @property
    def name(self) -> str:
        return f"app-{self.number:05d}"

    @property
    def hash(self) -> str:
        return _hash(self.name)

    @property
    def labels(self) -> dict[str, str]:
        return {"app": self.name, "app.kubernetes.io/name": self.name, "slot": ("blue", "green")[self.number % 2]}


def uid(kind: str, number: int) -> str:
    """This will make the uid of the object of that kind and number."""
    text = f"{_first_uid(kind) ^ (number * SCATTER % 2**128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@functools.cache
def _first_uid(kind: str) -> int:
    return uuid.uuid5(uuid.NAMESPACE_OID, kind).int


@functools.lru_cache(maxsize=1000)
def _hash(name: str) -> str:
    return digest(name, length=9)


def _suffix(number: int) -> str:
    """Five letters as Kubernetes gives them, another five for each number."""
    rest, found = number * SCATTER % len(LETTERS) ** 5, ""
    for _ in range(5):
        rest, letter = divmod(rest, len(LETTERS))
        found += LETTERS[letter]
    return found


def varying(number: int, *, size: Size, version: int) -> dict[str, Any]:
    """This will tell what differs between the pods of one application, by the names that `pod` knows; a ready pod that never restarted."""
    application = Application(number // PODS_OF_AN_APPLICATION)
    turn, place = divmod(number, size.nodes)
    node = place * _stride(size.nodes) % size.nodes + 1
    suffix = _suffix(number)
    mark = uid("container", number).replace("-", "") * 2
    return {
        "name": f"{application.name}-{application.hash}-{suffix}", "uid": uid("Pod", number), "version": str(version), "node": node_name(node),
        "host": f"198.18.{node // 200}.{node % 200 + 10}", "address": f"10.{64 + node // 256}.{node % 256}.{turn + 2}",
        "restarts": 0, "ready": True, "status": "True", "image_id": mark, "container_id": mark[::-1], "volume": f"kube-api-access-{suffix}",
    }  # fmt: skip


@functools.cache
def _stride(nodes: int) -> int:
    """How far apart neighbours in an application are: no divisor in common with the nodes, so that each of them has its turn."""
    return next(stride for stride in range(7919, 7919 + nodes + 1) if math.gcd(stride, nodes) == 1)


@functools.cache
def node_name(number: int) -> str:
    return f"node-{number}"


def pod(application: Application, *, now: float, values: Mapping[str, Any]) -> Object:
    """This will make a running pod of the application. `values` holds what `varying` tells, or anything else in its place."""
    made_at, name = stamp(now), values["name"]
    mount = {"name": values["volume"], "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{application.name}-{application.hash}"}
    live, ready = ({"httpGet": {"path": path, "port": "http", "scheme": "HTTP"}, "timeoutSeconds": 1} for path in ("/healthz", "/ready"))
    often = {"successThreshold": 1, "failureThreshold": 3}
    container = {
        "name": "web", "image": image(application), "args": ["--port=8080", "--log-level=info"],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            {"name": "REGION", "value": "somewhere-1"}, {"name": "COLLECTOR", "value": "http://collector.observability:4317"},
        ],
        "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}}, "volumeMounts": [mount],
        "livenessProbe": {**live, **often, "initialDelaySeconds": 10, "periodSeconds": 10},
        "readinessProbe": {**ready, **often, "periodSeconds": 5},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent",
        "securityContext": {"runAsNonRoot": True, "allowPrivilegeEscalation": False},
    }  # fmt: skip
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]
    tolerated = [
        {"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for what in ("not-ready", "unreachable")
    ]
    said = {"Initialized": "True", "Ready": values["status"], "ContainersReady": values["status"], "PodScheduled": "True"}
    conditions = [
        {"type": type, "status": status, "lastProbeTime": None, "lastTransitionTime": made_at}
        for type, status in {"PodReadyToStartContainers": "True", **said}.items()
    ]
    status = {
        "name": "web", "state": {"running": {"startedAt": made_at}}, "lastState": {}, "ready": values["ready"], "restartCount": values["restarts"],
        "image": image(application), "imageID": f"registry.example.com/web@sha256:{values['image_id']}", "started": True,
        "containerID": f"containerd://{values['container_id']}", "volumeMounts": [{**mount, "recursiveReadOnly": "Disabled"}],
    }  # fmt: skip
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "generateName": f"{owner['name']}-", "namespace": application.namespace, "uid": values["uid"],
            "resourceVersion": values["version"], "creationTimestamp": made_at, "annotations": {"prometheus.io/scrape": "true"},
            "labels": {**application.labels, "pod-template-hash": application.hash},
            "ownerReferences": [{**owner, "uid": uid("ReplicaSet", application.number), "controller": True, "blockOwnerDeletion": True}],
            "managedFields": _managed(made_at, values),
        },
        "spec": {
            "volumes": [{"name": values["volume"], "projected": {"sources": sources, "defaultMode": 420}}], "containers": [container],
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "serviceAccountName": application.name,
            "serviceAccount": application.name, "nodeName": values["node"], "securityContext": {}, "schedulerName": "default-scheduler",
            "tolerations": tolerated, "priority": 0, "enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority",
        },
        "status": {
            "phase": "Running", "conditions": conditions, "hostIP": values["host"], "hostIPs": [{"ip": values["host"]}], "podIP": values["address"],
            "podIPs": [{"ip": values["address"]}], "startTime": made_at, "containerStatuses": [status], "qosClass": "Burstable",
        },
    }  # fmt: skip


def _managed(made_at: str, values: Mapping[str, Any]) -> list[Object]:
    """Who owns which field: a third of a pod's text."""

    def fields(*names: str, **nested: Any) -> Object:
        return {".": EMPTY, **{f"f:{name}": EMPTY for name in names}, **{f"f:{name}": inner for name, inner in nested.items()}}

    asked = fields("path", "port", "scheme")
    probe = fields("failureThreshold", "initialDelaySeconds", "periodSeconds", "successThreshold", "timeoutSeconds", httpGet=asked)
    container = fields(
        "args", "image", "imagePullPolicy", "name", "terminationMessagePath", "terminationMessagePolicy", livenessProbe=probe, readinessProbe=probe,
        resources=fields(limits=fields("cpu", "memory"), requests=fields("cpu", "memory")),
        securityContext=fields("allowPrivilegeEscalation", "runAsNonRoot"),
        env={".": EMPTY, **{f'k:{{"name":"{name}"}}': fields("name", "value") for name in ("POD_NAME", "REGION", "COLLECTOR")}},
        ports={".": EMPTY, 'k:{"containerPort":8080,"protocol":"TCP"}': fields("containerPort", "name", "protocol")},
    )  # fmt: skip
    spec = fields(
        "dnsPolicy", "enableServiceLinks", "restartPolicy", "schedulerName", "securityContext", "serviceAccount", "serviceAccountName",
        "terminationGracePeriodSeconds", containers={'k:{"name":"web"}': container},
    )  # fmt: skip
    metadata = fields(
        "generateName", annotations=fields("prometheus.io/scrape"), labels=fields("app", "app.kubernetes.io/name", "pod-template-hash", "slot"),
        ownerReferences=fields(),
    )  # fmt: skip
    conditions = {
        f'k:{{"type":"{type}"}}': fields("lastProbeTime", "lastTransitionTime", "status", "type")
        for type in ("ContainersReady", "Initialized", "PodReadyToStartContainers", "Ready")
    }
    status = fields(
        "containerStatuses", "hostIP", "hostIPs", "phase", "podIP", "startTime", conditions=conditions,
        podIPs={".": EMPTY, f'k:{{"ip":"{values["address"]}"}}': fields("ip")},
    )  # fmt: skip
    entry = {"operation": "Update", "apiVersion": "v1", "time": made_at, "fieldsType": "FieldsV1"}
    return [
        {**entry, "manager": "kube-controller-manager", "fieldsV1": {"f:metadata": metadata, "f:spec": spec}},
        {**entry, "manager": "kubelet", "fieldsV1": {"f:status": status}, "subresource": "status"},
    ]


def image(application: Application) -> str:
    return f"registry.example.com/{application.namespace}/{application.name}:v1.{application.number % 40}"


def surroundings(size: Size, *, now: float, version: str = "1") -> Iterator[tuple[Resource, Object]]:
    """This will make everything but the pods."""
    for number in range(min(TEAMS, applications(size))):
        name = Application(number).namespace
        yield NAMESPACES, {"metadata": _metadata("Namespace", number, name, now=now, version=version), "spec": {}, "status": {"phase": "Active"}}
    for number in range(1, size.nodes + 1):
        made = telling.node(number)
        metadata = {**_metadata("Node", number, node_name(number), now=now, version=version), **made["metadata"]}
        yield NODES, {**made, "metadata": metadata, "status": {**made["status"], "conditions": _node_conditions(now)}}
    for number in range(applications(size)):
        yield from _application(Application(number), size=size, now=now, version=version)


def _application(application: Application, *, size: Size, now: float, version: str) -> Iterator[tuple[Resource, Object]]:
    number, name, labels = application.number, application.name, application.labels
    members = range(number * PODS_OF_AN_APPLICATION, min((number + 1) * PODS_OF_AN_APPLICATION, size.pods))
    hashed = {**labels, "pod-template-hash": application.hash}
    container = {"name": "web", "image": image(application), "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]}
    counts = {"replicas": len(members), "readyReplicas": len(members), "availableReplicas": len(members), "observedGeneration": 1}

    def metadata(kind: str, *, owner: Object | None = None, labels: Mapping[str, str] = labels, name: str = name) -> Object:
        made = _metadata(kind, number, name, now=now, version=version)
        made |= {"namespace": application.namespace, "labels": dict(labels), "generation": 1}
        return made | ({"ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}]} if owner else {})

    def template(labels: Mapping[str, str]) -> Object:
        return {"metadata": {"labels": dict(labels)}, "spec": {"containers": [container], "restartPolicy": "Always"}}

    spec = {"replicas": len(members), "selector": {"matchLabels": labels}, "template": template(labels)}
    revision = {"annotations": {"deployment.kubernetes.io/revision": "1"}}
    described = metadata("Deployment") | revision
    yield DEPLOYMENTS, {"metadata": described, "spec": spec, "status": {**counts, "updatedReplicas": len(members)}}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": uid("Deployment", number)}
    spec = {"replicas": len(members), "selector": {"matchLabels": hashed}, "template": template(hashed)}
    described = metadata("ReplicaSet", owner=owner, labels=hashed, name=f"{name}-{application.hash}") | revision
    yield REPLICA_SETS, {"metadata": described, "spec": spec, "status": {**counts, "fullyLabeledReplicas": len(members)}}
    address = f"10.{112 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
    ports: list[Object] = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}]
    spec = {"type": "ClusterIP", "clusterIP": address, "clusterIPs": [address], "selector": labels, "ports": ports}
    yield SERVICES, {"metadata": metadata("Service"), "spec": spec, "status": {"loadBalancer": {}}}
    owner = {"apiVersion": "v1", "kind": "Service", "name": name, "uid": uid("Service", number)}
    endpoints = [_endpoint(application, values) for values in sorted((varying(one, size=size, version=0) for one in members), key=_named)]
    marked = {"kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
    ports = [{"name": "http", "port": 8080, "protocol": "TCP"}]
    described = metadata("EndpointSlice", owner=owner, labels=marked, name=f"{name}-{digest(f'slice {number}', length=5)}")
    yield SLICES, {"metadata": described, "addressType": "IPv4", "endpoints": endpoints, "ports": ports}


def _named(values: Mapping[str, Any]) -> str:
    return str(values["name"])


def _endpoint(application: Application, values: Mapping[str, Any]) -> Object:
    return {
        "addresses": [values["address"]], "conditions": {"ready": True, "serving": True, "terminating": False}, "nodeName": values["node"],
        "targetRef": {"kind": "Pod", "namespace": application.namespace, "name": values["name"], "uid": values["uid"]},
        "zone": telling.zone_of(values["node"]),
    }  # fmt: skip


def pods(size: Size, *, now: float, version: str = "1") -> Iterator[tuple[Resource, Object]]:
    """This will make the pods. Those of an application share their common parts, and the names of the first one's volume and image."""
    first: Object = {}
    for number in range(size.pods):
        values = {**varying(number, size=size, version=0), "version": version}
        if number % PODS_OF_AN_APPLICATION == 0:
            first = pod(Application(number // PODS_OF_AN_APPLICATION), now=now, values=values)
        yield PODS, _like(first, values)


def _like(first: Object, values: Mapping[str, Any]) -> Object:
    status, address = first["status"], values["address"]
    container = {**status["containerStatuses"][0], "containerID": f"containerd://{values['container_id']}"}
    own = {"hostIP": values["host"], "hostIPs": [{"ip": values["host"]}], "podIP": address, "podIPs": [{"ip": address}]}
    return {
        **first, "metadata": {**first["metadata"], "name": values["name"], "uid": values["uid"]},
        "spec": {**first["spec"], "nodeName": values["node"]}, "status": {**status, **own, "containerStatuses": [container]},
    }  # fmt: skip


def fill(store: Store, *, size: Size, now: float) -> None:
    """This will put all of it, and the namespaces of the system, into an empty store as it has always been there: without an event."""
    version = str(store.version)
    for number, name in enumerate(telling.SYSTEM_NAMESPACES, start=TEAMS):
        store.load(NAMESPACES, _whole(NAMESPACES, {"metadata": _metadata("Namespace", number, name, now=now, version=version)}))
    for resource, item in surroundings(size, now=now, version=version):
        store.load(resource, _whole(resource, item))
    for number, (resource, item) in enumerate(pods(size, now=now, version=version)):
        store.load(resource, item)
        if number % PODS_OF_AN_APPLICATION == 0:
            store.texts.share(item)


def _whole(resource: Resource, item: Object) -> Object:
    return defaulting.defaulted({"apiVersion": resource.api_version, "kind": resource.kind, **item})


def _metadata(kind: str, number: int, name: str, *, now: float, version: str) -> Object:
    return {"name": name, "uid": uid(kind, number), "resourceVersion": version, "creationTimestamp": stamp(now)}


def _node_conditions(now: float) -> list[Object]:
    at = {"lastHeartbeatTime": stamp(now), "lastTransitionTime": stamp(now)}
    return [
        {"type": type, "status": "True" if type == "Ready" else "False", "reason": reason, "message": reason, **at}
        for type, reason in (("MemoryPressure", "Enough"), ("DiskPressure", "Enough"), ("PIDPressure", "Enough"), ("Ready", "KubeletReady"))
    ]
