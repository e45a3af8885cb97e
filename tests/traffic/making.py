"""Small objects for the tests of traffic: a shop in blue and green, changed one thing at a time."""

from __future__ import annotations

from typing import Any

import msgspec

from clusterview.access.people import Person
from clusterview.topology import objects
from clusterview.traffic.situations import ServiceNow, Situation, Surroundings

NAMESPACE = objects.Namespace("store")
BLUE, GREEN = {"app": "shop", "slot": "blue"}, {"app": "shop", "slot": "green"}
SOMEBODY = Person(name="somebody", role="viewer", token_id=404)
HTTP = objects.ContainerPort("http", 8080, "TCP")


def deployment(name: str, *, labels: dict[str, str], ready: int = 3, **fields: Any) -> objects.Deployment:
    given: dict[str, Any] = {"images": ("registry.example/shop:1.0",), "ports": (HTTP,), "wanted": ready, "ready": ready, "updated": ready}
    where = {"uid": objects.Uid(f"uid-{name}"), "namespace": NAMESPACE, "name": name, "template_labels": labels}
    return objects.Deployment(**(where | given | fields))


def stateful_set(name: str, *, labels: dict[str, str], **fields: Any) -> objects.StatefulSet:
    return objects.StatefulSet(uid=objects.Uid(f"uid-{name}"), namespace=NAMESPACE, name=name, template_labels=labels, **fields)


def pod(
    name: str, *, labels: dict[str, str], of: str = "", template_hash: str = "abc", port: objects.ContainerPort = HTTP, **fields: Any
) -> objects.Pod:
    """A ready pod; `of` names the Deployment whose ReplicaSet made it."""
    owner = objects.Owner("ReplicaSet", f"{of}-{template_hash}", objects.Uid(f"uid-{of}-{template_hash}")) if of else None
    container = objects.Container("shop", "registry.example/shop:1.0", False, True, 0, "running", "", (port,))
    given: dict[str, Any] = {"phase": "Running", "ready": True, "node": "node-1", "owner": owner, "containers": (container,)}
    return objects.Pod(
        uid=objects.Uid(f"uid-{name}"), namespace=NAMESPACE, name=name, labels={**labels, "pod-template-hash": template_hash}, **(given | fields)
    )


def service(**fields: Any) -> objects.Service:
    return objects.Service(**{"uid": objects.Uid("uid-shop"), "namespace": NAMESPACE, "name": "shop", "selector": BLUE} | fields)


def ingress(name: str, *, to: str) -> objects.Ingress:
    path = objects.IngressPath("shop.example.com", "/", to, "http")
    return objects.Ingress(uid=objects.Uid(f"uid-{name}"), namespace=NAMESPACE, name=name, paths=(path,))


def http_route(name: str, *, to: dict[str, int], namespace: str = NAMESPACE) -> objects.HTTPRoute:
    """A route to Services of the shop's namespace, by weight."""
    backends = tuple(objects.RouteBackend("Service", NAMESPACE, service, 80, weight) for service, weight in to.items())
    rules = (objects.RouteRule(("/",), backends),)
    return objects.HTTPRoute(uid=objects.Uid(f"uid-{name}"), namespace=objects.Namespace(namespace), name=name, rules=rules)


def service_now(**fields: Any) -> ServiceNow:
    port = objects.ServicePort("http", 80, "http", 0, "TCP")
    given = {"namespace": "store", "name": "shop", "uid": "uid-shop", "resource_version": "7", "selector": BLUE, "ports": (port,)}
    return ServiceNow(**{**given, **fields})


def situation(*, blue: int = 3, green: int = 3, **fields: Any) -> Situation:
    """Both sides ready, nothing against the switch."""
    pods = [pod(f"blue-{n}", labels=BLUE, of="shop-blue") for n in range(blue)]
    pods += [pod(f"green-{n}", labels=GREEN, of="shop-green") for n in range(green)]
    workloads = (deployment("shop-blue", labels=BLUE, ready=blue), deployment("shop-green", labels=GREEN, ready=green))
    made = Situation(
        service=service_now(), key="slot", from_selector=BLUE, to_selector=GREEN, workloads=workloads, pods=tuple(pods), dry_run="",
        around=Surroundings(),
    )  # fmt: skip
    return msgspec.structs.replace(made, **fields)


def endpoint(of: objects.Pod, *, ready: bool = True, terminating: bool = False) -> objects.Endpoint:
    return objects.Endpoint(of.uid, "10.64.0.1", of.node, ready, ready, terminating)


def endpoint_slice(
    *endpoints: objects.Endpoint, ports: dict[str, int] | None = None, name: str = "shop-1", family: str = "IPv4"
) -> objects.EndpointSlice:
    return objects.EndpointSlice(
        uid=objects.Uid(name), namespace=NAMESPACE, name=name, service="shop", address_type=family, endpoints=endpoints,
        ports={"http": 8080} if ports is None else ports,
    )
