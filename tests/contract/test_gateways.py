"""The Gateway API's own kinds: what is filled in, refused and printed. The definitions are in the lab, while somebody who carries them out is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Place
from tests.contract.subjects import Reply

GROUP = "gateway.networking.k8s.io/v1"
GATEWAYS, ROUTES = f"{GROUP}/gateways", f"{GROUP}/httproutes"
FRONT: dict[str, Any] = {"gatewayClassName": "nobody", "listeners": [{"name": "http", "protocol": "HTTP", "port": 80}]}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def try_to_make(place: Place, kind: str, name: str, **spec: Any) -> Reply:
    return place.try_to_make({"Gateway": GATEWAYS, "HTTPRoute": ROUTES}[kind], name, apiVersion=GROUP, kind=kind, spec=spec)


def make(place: Place, kind: str, name: str, **spec: Any) -> dict[str, Any]:
    reply = try_to_make(place, kind, name, **spec)
    assert reply.status == 201, reply.body
    return reply.body


def route(place: Place, *backends: dict[str, Any], **spec: Any) -> dict[str, Any]:
    wanted = {"parentRefs": [{"name": "front"}], "rules": [{"backendRefs": list(backends)}]} | spec
    return dict(make(place, "HTTPRoute", "web", **wanted)["spec"])


def test_a_new_gateway_lets_in_routes_of_its_own_namespace(place: Place) -> None:
    made = make(place, "Gateway", "front", **FRONT)
    assert made["spec"]["listeners"] == [{**FRONT["listeners"][0], "allowedRoutes": {"namespaces": {"from": "Same"}}}]
    assert made["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("spec", "field"), [({"gatewayClassName": "nobody"}, "spec.listeners"), ({"listeners": FRONT["listeners"]}, "spec.gatewayClassName")]
)
def test_a_gateway_without_class_or_listeners_is_422_with_the_field(place: Place, spec: dict[str, Any], field: str) -> None:
    reply = try_to_make(place, "Gateway", "front", **spec)
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert field in {cause["field"] for cause in reply.body["details"]["causes"]}


def test_an_object_has_to_say_its_kind_and_its_version(place: Place) -> None:
    for said, message in (
        ({"apiVersion": GROUP}, "the object provided is unrecognized (must be of type Gateway): Object 'Kind' is missing in "),
        ({"kind": "Gateway"}, f"the API version in the data () does not match the expected API version ({GROUP})"),
    ):
        reply = place.try_to_make(GATEWAYS, "front", spec=FRONT, **said)
        assert (reply.status, reply.body["reason"]) == (400, "BadRequest")
        assert reply.body["message"].startswith(message)


def test_a_new_route_is_filled_in_down_to_the_weights(place: Place) -> None:
    spec = route(place, {"name": "web", "port": 80}, {"name": "other", "port": 80, "weight": 0})
    assert spec["parentRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "front"}]
    (rule,) = spec["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert [(one["group"], one["kind"], one["weight"]) for one in rule["backendRefs"]] == [("", "Service", 1), ("", "Service", 0)]


def test_a_route_without_rules_gets_one_that_matches_everything(place: Place) -> None:
    made = make(place, "HTTPRoute", "web", parentRefs=[{"name": "front"}])
    assert made["spec"]["rules"] == [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}]


@pytest.mark.parametrize("weight", [-1, 1_000_001])
def test_a_weight_out_of_bounds_is_422_with_its_place(place: Place, weight: int) -> None:
    spec = {"rules": [{"backendRefs": [{"name": "web", "port": 80, "weight": weight}]}]}
    reply = try_to_make(place, "HTTPRoute", "web", **spec)
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert [cause["field"] for cause in reply.body["details"]["causes"]] == ["spec.rules[0].backendRefs[0].weight"]


def test_weights_are_moved_by_a_json_patch_that_tests_them_first(place: Place) -> None:
    route(place, {"name": "blue", "port": 80, "weight": 100}, {"name": "green", "port": 80, "weight": 0})
    path = place.path(ROUTES, "web")
    weights = [f"/spec/rules/0/backendRefs/{number}/weight" for number in (0, 1)]
    tested = [{"op": "test", "path": weights[0], "value": 100}, {"op": "test", "path": weights[1], "value": 0}]
    moved = [{"op": "replace", "path": weights[0], "value": 90}, {"op": "replace", "path": weights[1], "value": 10}]
    done = place.cluster.ask("PATCH", path, [*tested, *moved], kind="json")
    assert [one["weight"] for one in done.body["spec"]["rules"][0]["backendRefs"]] == [90, 10] and done.body["metadata"]["generation"] == 2
    assert place.cluster.ask("PATCH", path, [*tested, *moved], kind="json").status == 422


def test_custom_kinds_know_no_strategic_merge(place: Place) -> None:
    route(place)
    reply = place.cluster.ask("PATCH", place.path(ROUTES, "web"), {"spec": {"hostnames": ["a.example"]}}, kind="strategic")
    assert (reply.status, reply.body["reason"]) == (415, "UnsupportedMediaType")


def test_a_status_is_written_through_its_subresource_alone(place: Place) -> None:
    route(place)
    accepted = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    said = {"parents": [{"parentRef": {"name": "elsewhere"}, "controllerName": "example.com/nobody", "conditions": [accepted]}]}
    path = place.path(ROUTES, "web")
    assert "status" not in place.cluster.ask("PATCH", path, {"status": said}, kind="merge").body
    told = place.cluster.ask("PATCH", f"{path}/status", {"status": said}, kind="merge").body
    assert told["status"]["parents"][0]["controllerName"] == "example.com/nobody" and told["metadata"]["generation"] == 1


def test_changes_of_weights_are_watched(place: Place) -> None:
    route(place, {"name": "blue", "port": 80})
    version = place.cluster.ask("GET", place.path(ROUTES)).version
    place.cluster.ask("PATCH", place.path(ROUTES, "web"), {"spec": {"rules": [{"backendRefs": [{"name": "green", "port": 80}]}]}}, kind="merge")
    seen = place.cluster.events(place.path(ROUTES), until=bool, resourceVersion=version)
    assert seen[0]["type"] == "MODIFIED" and seen[0]["object"]["spec"]["rules"][0]["backendRefs"][0]["name"] == "green"


def test_they_are_printed_with_class_address_and_host_names(place: Place) -> None:
    make(place, "Gateway", "front", **FRONT)
    route(place, hostnames=["shop.example"])
    told = {one: place.cluster.ask("GET", place.path(one), accept=TABLE).body for one in (GATEWAYS, ROUTES)}
    shown = {one: [column["name"] for column in body["columnDefinitions"] if not column["priority"]] for one, body in told.items()}
    assert shown == {GATEWAYS: ["Name", "Class", "Address", "Programmed", "Age"], ROUTES: ["Name", "Hostnames", "Age"]}
    assert told[GATEWAYS]["rows"][0]["cells"][:2] == ["front", "nobody"]
    assert told[ROUTES]["rows"][0]["cells"][:2] == ["web", '["shop.example"]']
