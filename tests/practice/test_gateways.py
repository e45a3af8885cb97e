"""Gateways and their routes say what an implementation of the Gateway API says of them."""

from __future__ import annotations

from typing import Any

import msgspec

from clusterview.kube import kinds
from clusterview.observer.translating import sighting
from tests.practice.world import World, service

GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: practice}
spec: {controllerName: practice.clusterview.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: store}
spec: {gatewayClassName: practice, listeners: [{name: http, protocol: HTTP, port: 80}]}
---
"""
FRONT = "/apis/gateway.networking.k8s.io/v1/namespaces/store/gateways/front"
ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/store/httproutes"


def route(name: str = "web", *, backends: str, gateway: str = "front", namespace: str = "store") -> str:
    """The manifest of an HTTPRoute."""
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{parentRefs: [{{name: {gateway}, namespace: store}}], rules: [{{backendRefs: {backends}}}]}}
---
"""


def said(conditions: list[dict[str, Any]]) -> dict[str, str]:
    return {one["type"]: f"{one['status']} {one['reason']}" for one in conditions}


def test_a_gateway_is_accepted_then_gets_its_address() -> None:
    world = World(manifest=GATEWAY).pass_time(0.5)
    assert said(world.get(FRONT)["status"]["conditions"]) == {"Accepted": "True Accepted", "Programmed": "False AddressNotAssigned"}
    status = world.pass_time(5).get(FRONT)["status"]
    assert said(status["conditions"])["Programmed"] == "True Programmed" and status["addresses"][0]["value"].startswith("203.0.113.")
    assert status["listeners"][0]["attachedRoutes"] == 0


def test_a_gateway_of_a_class_that_nobody_carries_out_says_nothing() -> None:
    world = World(manifest=GATEWAY.replace("gatewayClassName: practice", "gatewayClassName: other")).pass_time(5)
    assert "status" not in world.get(FRONT)


def test_a_route_is_accepted_and_counted_and_says_when_its_backend_is_missing() -> None:
    world = World(manifest=GATEWAY + route(backends="[{name: web, port: 80}]")).pass_time(5)
    parent = world.get(f"{ROUTES}/web")["status"]["parents"][0]
    assert said(parent["conditions"]) == {"Accepted": "True Accepted", "ResolvedRefs": "False BackendNotFound"}
    assert world.get(FRONT)["status"]["listeners"][0]["attachedRoutes"] == 1
    world.apply(service("web"))
    parent = world.pass_time(1).get(f"{ROUTES}/web")["status"]["parents"][0]
    assert said(parent["conditions"])["ResolvedRefs"] == "True ResolvedRefs" and parent["conditions"][0]["observedGeneration"] == 1


def test_a_route_of_another_namespace_is_not_let_in_unless_the_listener_says_so() -> None:
    other = "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n---\n" + route(backends="[]", namespace="other")
    elsewhere = "/apis/gateway.networking.k8s.io/v1/namespaces/other/httproutes/web"
    assert "status" not in World(manifest=GATEWAY + other).pass_time(5).get(elsewhere)
    opened = GATEWAY.replace("port: 80}", "port: 80, allowedRoutes: {namespaces: {from: All}}}")
    assert len(World(manifest=opened + other).pass_time(5).get(elsewhere)["status"]["parents"]) == 1


def test_weights_are_bounded_and_default_to_one() -> None:
    world = World(manifest=GATEWAY + route(backends="[{name: web, port: 80}]"))
    assert world.get(f"{ROUTES}/web")["spec"]["rules"][0]["backendRefs"][0]["weight"] == 1
    patch = [{"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": -1}]
    assert world.refusal("PATCH", f"{ROUTES}/web", patch, kind="json").code == 422
    assert world.refusal("PATCH", f"{ROUTES}/web", {}, kind="strategic").code == 415


def test_the_product_shows_what_they_say() -> None:
    def shown(kind: str, path: str) -> Any:
        return sighting(kind=kind, item=kinds.named(kind).decoder().decode(msgspec.json.encode(world.get(path)))).record

    world = World(manifest=GATEWAY + route(backends="[{name: web, port: 80, weight: 3}]")).pass_time(5)
    gateway, web = shown("Gateway", FRONT), shown("HTTPRoute", f"{ROUTES}/web")
    assert (gateway.class_name, gateway.accepted, gateway.programmed, len(gateway.addresses)) == ("practice", "True", "True", 1)
    assert [(one.kind, one.namespace, one.name, one.accepted, one.resolved, one.reason) for one in web.parents] == [
        ("Gateway", "store", "front", "True", "False", "BackendNotFound")
    ]
    assert [(one.kind, one.name, one.weight) for rule in web.rules for one in rule.backends] == [("Service", "web", 3)]
