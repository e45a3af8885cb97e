"""EndpointSlices: which pods are behind a Service right now, ready ones and those that are ending.

https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Drop, Key, Make, Outcome, Put
from clusterview.practice.objects import (
    Object,
    changed,
    digest,
    is_ending,
    is_true,
    labels_of,
    name_of,
    namespace_of,
    owned_by,
    stamp,
    uid_of,
    with_metadata,
)
from clusterview.practice.resources import NODES, PODS, SERVICES, SLICES
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

SERVICE, MANAGED_BY, HEADLESS = "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by", "service.kubernetes.io/headless"
OURS = "endpointslice-controller.k8s.io"
CHANGED_AT = "endpoints.kubernetes.io/last-change-trigger-time"
ZONE = "topology.kubernetes.io/zone"
LARGEST = 100

Ports = tuple[tuple[str, int, str, str | None], ...]


def concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is SERVICES:
        yield namespace_of(event.object), name_of(event.object)
    elif event.resource is SLICES and labels_of(event.object).get(MANAGED_BY) == OURS:
        yield namespace_of(event.object), labels_of(event.object)[SERVICE]
    elif event.resource is PODS:
        namespace = namespace_of(event.object)
        for service in store.all(SERVICES, namespace):
            if any(matches(service, item) for item in (event.object, event.previous) if item is not None):
                yield namespace, name_of(service)


def matches(service: Object, pod: Object) -> bool:
    """Whether the Service's selector means this pod. One without a selector means none: its endpoints are somebody else's."""
    selector = service["spec"].get("selector")
    return bool(selector) and all(labels_of(pod).get(key) == value for key, value in selector.items())


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    service = store.get(SERVICES, *key)
    if service is None or not service["spec"].get("selector") or service["spec"]["type"] == "ExternalName":
        return NOTHING
    pods = [pod for pod in store.all(PODS, key[0]) if matches(service, pod) and is_counted(pod)]
    groups: dict[Ports, list[Object]] = {}
    for pod in pods:
        groups.setdefault(ports_for(service, pod), []).append(endpoint(store, service, pod))
    wanted = list(_cut(groups)) or [((), [])]
    present = [one for one in store.owned(uid_of(service), SLICES) if labels_of(one).get(MANAGED_BY) == OURS]
    return Outcome(tuple(_acts(service, wanted, present, now=now)))


def is_counted(pod: Object) -> bool:
    """A pod with an address that has not ended, terminating ones included."""
    status = pod.get("status") or {}
    return bool(status.get("podIP")) and status.get("phase") not in ("Succeeded", "Failed")


def ports_for(service: Object, pod: Object) -> Ports:
    """The Service's ports as this pod has them: a named target port may be another number in another version, or missing."""
    found = []
    for one in service["spec"].get("ports") or ():
        number = target_number(one.get("targetPort") or one["port"], one["protocol"], pod)
        if number is not None:
            found.append((str(one.get("name") or ""), number, str(one["protocol"]), one.get("appProtocol")))
    return tuple(found)


def target_number(target: int | str, protocol: str, pod: Object) -> int | None:
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            if port.get("name") == target and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return None


def endpoint(store: Store, service: Object, pod: Object) -> Object:
    """One pod as an endpoint."""
    serving, ending = is_true(pod, "Ready"), is_ending(pod)
    ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not ending)
    made: Object = {
        "addresses": [pod["status"]["podIP"]], "conditions": {"ready": ready, "serving": serving, "terminating": ending},
        "nodeName": pod["spec"]["nodeName"], "targetRef": {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": uid_of(pod)},
    }  # fmt: skip
    node = store.get(NODES, "", pod["spec"]["nodeName"])
    zone = labels_of(node).get(ZONE) if node is not None else None
    if service["spec"].get("clusterIP") == "None" and pod["spec"].get("hostname") and pod["spec"].get("subdomain") == name_of(service):
        made["hostname"] = pod["spec"]["hostname"]
    return made | ({"zone": zone} if zone else {})


def _cut(groups: dict[Ports, list[Object]]) -> Iterator[tuple[Ports, list[Object]]]:
    for ports, endpoints in sorted(groups.items(), key=lambda one: one[0]):
        for start in range(0, len(endpoints), LARGEST):
            yield ports, endpoints[start : start + LARGEST]


def _acts(service: Object, wanted: list[tuple[Ports, list[Object]]], present: list[Object], *, now: float) -> Iterator[Act]:
    """Slices are written over in the order in which they are, so that a change of pods is a change of a slice and not a new one."""
    for number, (ports, endpoints) in enumerate(wanted):
        content = {"endpoints": endpoints or None, "ports": [_port(one) for one in ports] or None}
        if number >= len(present):
            yield Make(SLICES, new_slice(service, number, content, now=now))
        elif any(present[number].get(part) != value for part, value in content.items()):
            made = changed(present[number], **content)
            generation = int(made["metadata"].get("generation") or 0) + 1
            yield Put(SLICES, with_metadata(made, generation=generation, annotations={CHANGED_AT: stamp(now)}))
    for one in present[len(wanted) :]:
        yield Drop(SLICES, one)


def _port(one: tuple[str, int, str, str | None]) -> dict[str, Any]:
    name, number, protocol, application = one
    return {"name": name, "port": number, "protocol": protocol} | ({"appProtocol": application} if application else {})


def new_slice(service: Object, number: int, content: Object, *, now: float) -> Object:
    labels = {**labels_of(service), SERVICE: name_of(service), MANAGED_BY: OURS} | (
        {HEADLESS: ""} if service["spec"].get("clusterIP") == "None" else {}
    )
    metadata = {
        "name": f"{name_of(service)}-{digest(uid_of(service) + str(number), length=5)}", "namespace": namespace_of(service), "labels": labels,
        "annotations": {CHANGED_AT: stamp(now)}, "ownerReferences": [owned_by(service)], "generateName": f"{name_of(service)}-",
    }  # fmt: skip
    return {"apiVersion": SLICES.api_version, "kind": "EndpointSlice", "metadata": metadata, "addressType": "IPv4", **content}


CONTROLLER = Controller("endpointslice-controller", concerns, reconcile)
