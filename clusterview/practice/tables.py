"""Tables as `kubectl get` prints them: the server chooses the columns, kubectl only lays them out.

The columns and their words are those of kube-apiserver's printers
(https://github.com/kubernetes/kubernetes/blob/master/pkg/printers/internalversion/printers.go); priority 1 is shown with `-o wide`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from clusterview.kube import structs
from clusterview.kube.decoding import convert
from clusterview.observer import pod_status
from clusterview.practice.objects import Object, addresses_of, annotations_of, condition, is_true, labels_of, moment, name_of
from clusterview.practice.resources import Resource
from clusterview.practice.scaling import selector_text

NONE = "<none>"


class Column(NamedTuple):
    name: str
    cell: Callable[[Object, float], Any]
    type: str = "string"
    priority: int = 0


def table(resource: Resource, items: Iterable[Object], *, now: float, metadata: Object, whole_objects: bool, with_columns: bool = True) -> Object:
    """This will make the Table of the items. Rows hold the metadata of their object, or all of it."""
    columns = COLUMNS.get(resource.kind, (NAME, AGE))
    rows = [{"cells": [one.cell(item, now) for one in columns], "object": item if whole_objects else partial(item)} for item in items]
    told = [
        {"name": one.name, "type": one.type, "format": "name" if one is NAME else "", "description": "", "priority": one.priority} for one in columns
    ]
    return {
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": told if with_columns else None, "rows": rows,
    }  # fmt: skip


def partial(item: Object) -> Object:
    """This will give the object's metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}


def human(seconds: float) -> str:
    """A duration as kubectl says it: `42s`, `5m3s`, `17m`, `4h12m`, `2d3h`."""
    seconds = max(0, int(seconds))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d" if days < 730 else f"{days // 365}y{days % 365}d"


def _age(item: Object, now: float) -> str:
    return _since(item["metadata"].get("creationTimestamp"), now)


def _since(text: str | None, now: float) -> str:
    at = moment(text)
    return "<unknown>" if at is None else human(now - at)


def _field(*path: str, empty: str = NONE, number: bool = False) -> Callable[[Object, float], Any]:
    def cell(item: Object, _: float) -> Any:
        found: Any = item
        for part in path:
            found = (found or {}).get(part)
        if number:
            return int(found or 0)
        return empty if found in (None, "", [], {}) else found if isinstance(found, int) and not isinstance(found, bool) else _said(found)

    return cell


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


NAME = Column("Name", lambda item, _: name_of(item))
AGE = Column("Age", _age)


def _containers(item: Object) -> list[Object]:
    holder = item["spec"].get("jobTemplate", item)
    spec = holder["spec"].get("template", holder)["spec"]
    return list(spec.get("containers") or ())


CONTAINERS = Column("Containers", lambda item, _: ",".join(one["name"] for one in _containers(item)), priority=1)
IMAGES = Column("Images", lambda item, _: ",".join(one.get("image", "") for one in _containers(item)), priority=1)
SELECTOR = Column("Selector", lambda item, _: selector_text(item["spec"].get("selector") or {}) or NONE, priority=1)


def _pod_status(item: Object, _: float) -> str:
    return pod_status.status_of(pod=convert(item, structs.Pod)) or "Unknown"


def _ready_containers(item: Object, _: float) -> str:
    statuses = (item.get("status") or {}).get("containerStatuses") or ()
    return f"{sum(bool(one.get('ready')) for one in statuses)}/{len(item['spec'].get('containers') or ())}"


def _restarts(item: Object, now: float) -> str:
    statuses = (item.get("status") or {}).get("containerStatuses") or ()
    count = sum(int(one.get("restartCount") or 0) for one in statuses)
    ended = [((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for one in statuses]
    last = max((at for at in map(moment, ended) if at is not None), default=None)
    return f"{count} ({human(now - last)} ago)" if count and last is not None else str(count)


def _gates(item: Object, _: float) -> str:
    gates = item["spec"].get("readinessGates") or ()
    return f"{sum(is_true(item, one['conditionType']) for one in gates)}/{len(gates)}" if gates else NONE


def _node_status(item: Object, _: float) -> str:
    ready = "Ready" if is_true(item, "Ready") else "NotReady"
    return f"{ready},SchedulingDisabled" if item["spec"].get("unschedulable") else ready


def _node_address(item: Object, _: float) -> str:
    return next((one["address"] for one in (item.get("status") or {}).get("addresses") or () if one["type"] == "InternalIP"), NONE)


def _roles(item: Object, _: float) -> str:
    prefix = "node-role.kubernetes.io/"
    return ",".join(sorted(one.removeprefix(prefix) for one in labels_of(item) if one.startswith(prefix))) or NONE


def _service_ports(item: Object, _: float) -> str:
    said = []
    for one in item["spec"].get("ports") or ():
        node_port = f":{one['nodePort']}" if one.get("nodePort") else ""
        said.append(f"{one['port']}{node_port}/{one['protocol']}")
    return ",".join(said) or NONE


def _addresses(item: Object) -> list[str]:
    return [one.get("ip") or one.get("hostname") or "" for one in addresses_of(item)]


def _external(item: Object, _: float) -> str:
    spec = item["spec"]
    if spec["type"] == "ExternalName":
        return str(spec.get("externalName", ""))
    found = [*_addresses(item), *(spec.get("externalIPs") or ())]
    return ",".join(found) or ("<pending>" if spec["type"] == "LoadBalancer" else NONE)


def _map_text(*path: str) -> Callable[[Object, float], str]:
    def cell(item: Object, _: float) -> str:
        found: Any = item
        for part in path:
            found = (found or {}).get(part)
        return ",".join(f"{key}={value}" for key, value in sorted((found or {}).items())) or NONE

    return cell


def _of_wanted(ready: str, wanted: tuple[str, ...]) -> Callable[[Object, float], str]:
    return lambda item, now: f"{_field('status', ready, number=True)(item, now)}/{_field(*wanted, number=True)(item, now)}"


def _duration(item: Object, now: float) -> str:
    status = item.get("status") or {}
    return _since(status.get("startTime"), moment(status.get("completionTime")) or now) if status.get("startTime") else ""


def _last_schedule(item: Object, now: float) -> str:
    at = (item.get("status") or {}).get("lastScheduleTime")
    return _since(at, now) if at else NONE


def _condition(type: str) -> Callable[[Object, float], str]:
    return lambda item, _: str((condition(item, type) or {}).get("status", ""))


def _slice_ports(item: Object, _: float) -> str:
    return ",".join(str(one.get("port")) for one in item.get("ports") or ()) or "<unset>"


def _slice_endpoints(item: Object, _: float) -> str:
    found = [address for one in item.get("endpoints") or () for address in one["addresses"]]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return ",".join(found[:3]) + more if found else "<unset>"


def _targets(item: Object, _: float) -> str:
    now = {
        one["resource"]["name"]: one["resource"]["current"].get("averageUtilization")
        for one in (item.get("status") or {}).get("currentMetrics") or ()
    }
    said = []
    for one in item["spec"].get("metrics") or ():
        resource = one.get("resource") or {}
        wanted, current = (resource.get("target") or {}).get("averageUtilization"), now.get(resource.get("name"))
        said.append(f"{resource.get('name')}: {'<unknown>' if current is None else f'{current}%'}/{wanted}%")
    return ", ".join(said) or NONE


def _hosts(item: Object, _: float) -> str:
    return ",".join(one.get("host") or "*" for one in item["spec"].get("rules") or ()) or "*"


def _ingress_address(item: Object, _: float) -> str:
    return ",".join(_addresses(item))


def _claim_of(item: Object, _: float) -> str:
    reference = item["spec"].get("claimRef") or {}
    return f"{reference.get('namespace')}/{reference.get('name')}" if reference else ""


def _about(item: Object, _: float) -> str:
    about = item.get("involvedObject") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _seen(item: Object, now: float) -> str:
    return _since(item.get("lastTimestamp") or item.get("eventTime"), now)


def _class_name(item: Object, _: float) -> str:
    is_default = annotations_of(item).get("storageclass.kubernetes.io/is-default-class") == "true"
    return name_of(item) + (" (default)" if is_default else "")


MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _modes(item: Object, _: float) -> str:
    return ",".join(MODES.get(one, one) for one in item["spec"].get("accessModes") or ())


def _number(name: str, *path: str, priority: int = 0) -> Column:
    return Column(name, _field(*path, number=True), "integer", priority)


COLUMNS: dict[str, tuple[Column, ...]] = {
    "Pod": (
        NAME, Column("Ready", _ready_containers), Column("Status", _pod_status), Column("Restarts", _restarts), AGE,
        Column("IP", _field("status", "podIP"), priority=1), Column("Node", _field("spec", "nodeName"), priority=1),
        Column("Nominated Node", _field("status", "nominatedNodeName"), priority=1), Column("Readiness Gates", _gates, priority=1),
    ),
    "Node": (
        NAME, Column("Status", _node_status), Column("Roles", _roles), AGE, Column("Version", _field("status", "nodeInfo", "kubeletVersion")),
        Column("Internal-IP", _node_address, priority=1), Column("External-IP", lambda *_: NONE, priority=1),
        Column("OS-Image", _field("status", "nodeInfo", "osImage"), priority=1),
        Column("Kernel-Version", _field("status", "nodeInfo", "kernelVersion"), priority=1),
        Column("Container-Runtime", _field("status", "nodeInfo", "containerRuntimeVersion"), priority=1),
    ),
    "Namespace": (NAME, Column("Status", _field("status", "phase")), AGE),
    "Service": (
        NAME, Column("Type", _field("spec", "type")), Column("Cluster-IP", _field("spec", "clusterIP")), Column("External-IP", _external),
        Column("Port(s)", _service_ports), AGE, Column("Selector", _map_text("spec", "selector"), priority=1),
    ),
    "Deployment": (
        NAME, Column("Ready", _of_wanted("readyReplicas", ("spec", "replicas"))), _number("Up-to-date", "status", "updatedReplicas"),
        _number("Available", "status", "availableReplicas"), AGE, CONTAINERS, IMAGES, SELECTOR,
    ),
    "ReplicaSet": (
        NAME, _number("Desired", "spec", "replicas"), _number("Current", "status", "replicas"), _number("Ready", "status", "readyReplicas"), AGE,
        CONTAINERS, IMAGES, SELECTOR,
    ),
    "StatefulSet": (NAME, Column("Ready", _of_wanted("readyReplicas", ("spec", "replicas"))), AGE, CONTAINERS, IMAGES),
    "DaemonSet": (
        NAME, _number("Desired", "status", "desiredNumberScheduled"), _number("Current", "status", "currentNumberScheduled"),
        _number("Ready", "status", "numberReady"), _number("Up-to-date", "status", "updatedNumberScheduled"),
        _number("Available", "status", "numberAvailable"), Column("Node Selector", _map_text("spec", "template", "spec", "nodeSelector")), AGE,
        CONTAINERS, IMAGES, SELECTOR,
    ),
    "Job": (
        NAME, Column("Status", lambda item, _: "Complete" if is_true(item, "Complete") else "Failed" if is_true(item, "Failed") else "Running"),
        Column("Completions", _of_wanted("succeeded", ("spec", "completions"))),
        Column("Duration", _duration), AGE, CONTAINERS, IMAGES, SELECTOR,
    ),
    "CronJob": (
        NAME, Column("Schedule", _field("spec", "schedule")), Column("Timezone", _field("spec", "timeZone")),
        Column("Suspend", lambda item, _: str(bool(item["spec"].get("suspend")))),
        Column("Active", lambda item, _: len((item.get("status") or {}).get("active") or ()), "integer"),
        Column("Last Schedule", _last_schedule), AGE, CONTAINERS, IMAGES, Column("Selector", lambda *_: NONE, priority=1),
    ),
    "Act": (NAME, Column("Does", _field("does", "en"))),
    "GatewayClass": (NAME, Column("Controller", _field("spec", "controllerName")), Column("Accepted", _condition("Accepted")), AGE),
    "Gateway": (
        NAME, Column("Class", _field("spec", "gatewayClassName")),
        Column("Address", lambda item, _: ",".join(one["value"] for one in (item.get("status") or {}).get("addresses") or ())),
        Column("Programmed", _condition("Programmed")), AGE,
    ),
    "HTTPRoute": (NAME, Column("Hostnames", lambda item, _: json.dumps(item["spec"]["hostnames"]) if item["spec"].get("hostnames") else ""), AGE),
    "EndpointSlice": (
        NAME, Column("AddressType", lambda item, _: item.get("addressType", "")), Column("Ports", _slice_ports),
        Column("Endpoints", _slice_endpoints), AGE,
    ),
    "HorizontalPodAutoscaler": (
        NAME, Column("Reference", lambda item, _: "{kind}/{name}".format(**item["spec"]["scaleTargetRef"])), Column("Targets", _targets),
        Column("MinPods", _field("spec", "minReplicas")), _number("MaxPods", "spec", "maxReplicas"),
        _number("Replicas", "status", "currentReplicas"), AGE,
    ),
    "PodDisruptionBudget": (
        NAME, Column("Min Available", _field("spec", "minAvailable", empty="N/A")),
        Column("Max Unavailable", _field("spec", "maxUnavailable", empty="N/A")),
        _number("Allowed Disruptions", "status", "disruptionsAllowed"), AGE,
    ),
    "Ingress": (
        NAME, Column("Class", _field("spec", "ingressClassName")), Column("Hosts", _hosts), Column("Address", _ingress_address),
        Column("Ports", lambda item, _: "80, 443" if item["spec"].get("tls") else "80"), AGE,
    ),
    "PersistentVolumeClaim": (
        NAME, Column("Status", _field("status", "phase")), Column("Volume", _field("spec", "volumeName", empty="")),
        Column("Capacity", _field("status", "capacity", "storage", empty="")),
        Column("Access Modes", lambda item, now: _modes(item, now) if item["spec"].get("volumeName") else ""),
        Column("StorageClass", _field("spec", "storageClassName", empty="")), Column("VolumeAttributesClass", lambda *_: "<unset>"), AGE,
        Column("VolumeMode", _field("spec", "volumeMode"), priority=1),
    ),
    "PersistentVolume": (
        NAME, Column("Capacity", _field("spec", "capacity", "storage")), Column("Access Modes", _modes),
        Column("Reclaim Policy", _field("spec", "persistentVolumeReclaimPolicy")), Column("Status", _field("status", "phase")),
        Column("Claim", _claim_of), Column("StorageClass", _field("spec", "storageClassName", empty="")),
        Column("VolumeAttributesClass", lambda *_: "<unset>"),
        Column("Reason", _field("status", "reason", empty="")), AGE, Column("VolumeMode", _field("spec", "volumeMode"), priority=1),
    ),
    "StorageClass": (
        Column("Name", _class_name), Column("Provisioner", _field("provisioner")), Column("ReclaimPolicy", _field("reclaimPolicy")),
        Column("VolumeBindingMode", _field("volumeBindingMode")), Column("AllowVolumeExpansion", _field("allowVolumeExpansion", empty="false")), AGE,
    ),
    "Event": (
        Column("Last Seen", _seen), Column("Type", _field("type")), Column("Reason", _field("reason")), Column("Object", _about),
        Column("Subobject", _field("involvedObject", "fieldPath", empty=""), priority=1),
        Column("Source", _field("source", "component", empty=""), priority=1), Column("Message", _field("message", empty="")),
        Column("First Seen", lambda item, now: _since(item.get("firstTimestamp"), now), priority=1),
        Column("Count", _field("count", number=True), "string", 1), Column("Name", lambda item, _: name_of(item), priority=1),
    ),
    "Lease": (NAME, Column("Holder", _field("spec", "holderIdentity", empty="")), AGE),
    "ConfigMap": (NAME, Column("Data", lambda item, _: len(item.get("data") or {}), "integer"), AGE),
    "Secret": (
        NAME, Column("Type", lambda item, _: item.get("type") or "Opaque"),
        Column("Data", lambda item, _: len(item.get("data") or {}), "integer"), AGE,
    ),
}  # fmt: skip
