"""Visitors go where the endpoints lead, in equal shares, and meet an outage where they lead nowhere."""

from __future__ import annotations

from typing import Any

from clusterview.practice import visitors
from tests.practice.world import BEGUN, World, deployment, service

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: store}
spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
"""
GREEN = deployment("green").replace("{app: green}", "{app: web, slot: green}")
BLUE = deployment("blue", replicas=2).replace("{app: blue}", "{app: web, slot: blue}")
WEB = "/api/v1/namespaces/store/services/web"


def shop() -> World:
    return World(manifest=BLUE + GREEN + INGRESS + service(selects="{app: web, slot: blue}") + service("inside")).pass_time(5)


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
