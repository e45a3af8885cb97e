"""Visitors go where the endpoints lead, in equal shares, and meet an outage where they lead nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from clusterview.practice import visitors
from clusterview.practice.objects import name_of
from tests.practice.test_gateways import GATEWAY, ROUTES, route
from tests.practice.world import BEGUN, World, deployment, service

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: store}
spec:
  ingressClassName: practice
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
---
"""
GREEN = deployment("green").replace("{app: green}", "{app: web, slot: green}")
BLUE = deployment("blue", replicas=2).replace("{app: blue}", "{app: web, slot: blue}")
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/store/ingresses"
WEB = "/api/v1/namespaces/store/services/web"


def shop() -> World:
    return World(manifest=BLUE + GREEN + INGRESS + service(selects="{app: web, slot: blue}") + service("inside")).pass_time(5)


def shop_behind(class_name: str) -> World:
    return World(manifest=BLUE + INGRESS.replace("practice", class_name) + service(selects="{app: web, slot: blue}")).pass_time(5)


def shares(world: World) -> dict[tuple[str, str, int], float]:
    found: dict[tuple[str, str, int], float] = {}
    for one in visitors.planned(world.store):
        key = (one.service, one.side, one.code)
        found[key] = found.get(key, 0.0) + one.share
    return {key: round(share, 6) for key, share in found.items()}


def select(world: World, **labels: Any) -> None:
    world.ask("PATCH", WEB, [{"op": "replace", "path": "/spec/selector", "value": labels}], kind="json")
    world.pass_time(0.1)


def test_what_can_be_reached_from_outside_is_visited_and_nothing_else() -> None:
    assert shares(shop()) == {("web", "blue", 200): 1.0}


def test_an_ingress_of_its_class_gets_an_address_and_one_of_another_gets_none_and_no_visitors() -> None:
    told = {name: shop_behind(name).get(f"{INGRESSES}/web")["status"] for name in ("practice", "other")}
    assert told == {"practice": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}, "other": {"loadBalancer": {}}}
    assert shares(shop_behind("other")) == {}


def test_a_switch_moves_every_visitor_and_both_sides_share_by_pods() -> None:
    world = shop()
    select(world, app="web", slot="green")
    assert shares(world) == {("web", "green", 200): 1.0}
    select(world, app="web")
    assert shares(world) == {("web", "blue", 200): 0.4, ("web", "green", 200): 0.6}


def test_a_selector_that_points_at_nothing_is_an_outage() -> None:
    world = shop()
    select(world, app="nobody")
    assert shares(world) == {("web", "", 503): 1.0}


def test_the_counts_follow_the_time() -> None:
    world, counted = shop(), visitors.Visitors(per_second=10)
    for second in (0, 2, 5):
        counted.visit(world.store, now=BEGUN + second)
    lines = [line for line in counted.text().splitlines() if line.startswith("practice_requests_total{")]
    assert len(lines) == 2 and sum(float(line.rpartition(" ")[2]) for line in lines) == 50.0
    assert all('side="blue"' in line and 'code="200"' in line for line in lines)


def weighted(blue: int, green: int) -> World:
    """Two Services behind one route, with these weights."""
    backends = f"[{{name: web, port: 80, weight: {blue}}}, {{name: green, port: 80, weight: {green}}}]"
    services = service(selects="{app: web, slot: blue}") + service("green", selects="{app: web, slot: green}")
    return World(manifest=BLUE + GREEN + services + GATEWAY + route(backends=backends)).pass_time(5)


@pytest.mark.parametrize(("blue", "green", "expected"), [
    (100, 0, {("web", "blue", 200): 1.0}), (75, 25, {("web", "blue", 200): 0.75, ("green", "green", 200): 0.25}), (0, 0, {}),
])  # fmt: skip
def test_visitors_of_a_route_follow_its_weights(blue: int, green: int, expected: dict[tuple[str, str, int], float]) -> None:
    assert shares(weighted(blue, green)) == expected


def test_the_part_of_a_weighted_backend_that_leads_nowhere_fails_and_no_other() -> None:
    world = weighted(50, 50)
    nobody = [{"op": "replace", "path": "/spec/selector", "value": {"app": "nobody"}}]
    world.ask("PATCH", "/api/v1/namespaces/store/services/green", nobody, kind="json")
    assert shares(world.pass_time(0.1)) == {("web", "blue", 200): 0.5, ("green", "", 503): 0.5}
    world.ask("DELETE", "/api/v1/namespaces/store/services/green")
    assert shares(world.pass_time(0.1)) == {("web", "blue", 200): 0.5, ("green", "", 500): 0.5}


def test_a_route_that_no_gateway_accepted_has_no_visitors() -> None:
    world = weighted(1, 1)
    world.ask("PATCH", f"{ROUTES}/web", [{"op": "replace", "path": "/spec/parentRefs/0/name", "value": "elsewhere"}], kind="json")
    assert shares(world.pass_time(0.1)) == {}


def behave(world: World, behaviour: str, *, slot: str) -> None:
    for pod in world.pods(slot=slot):
        path = f"/api/v1/namespaces/store/pods/{name_of(pod)}"
        world.ask("PATCH", path, {"metadata": {"annotations": {"practice.clusterview.io/behaviour": behaviour}}}, kind="merge")
    world.pass_time(0.1)


def test_half_of_the_answers_of_pods_with_errors_are_500_and_they_stay_ready() -> None:
    world = shop()
    behave(world, "errors", slot="blue")
    assert shares(world) == {("web", "blue", 200): 0.5, ("web", "blue", 500): 0.5}


def test_slow_pods_show_in_the_durations_of_their_side() -> None:
    world, counted = weighted(50, 50), visitors.Visitors(per_second=40)
    behave(world, "slow", slot="green")
    for second in (0, 10):
        counted.visit(world.store, now=BEGUN + second)
    samples = [one for family in text_string_to_metric_families(counted.text()) for one in family.samples]

    def total(name: str, side: str) -> float:
        return sum(one.value for one in samples if one.name == f"practice_request_duration_seconds_{name}" and one.labels["side"] == side)

    mean = {side: total("sum", side) / total("count", side) for side in ("blue", "green")}
    assert [total("count", side) for side in ("blue", "green")] == pytest.approx([200, 200], abs=3), "whole requests of each pod"
    assert mean["green"] > 5 * mean["blue"]
