"""EndpointSlices say which pods are behind a Service, however its ports and selector are written."""

from __future__ import annotations

from clusterview.practice.objects import Object
from tests.practice.world import World, deployment, service

SHOP = "/api/v1/namespaces/store/services/web"


def slices(world: World) -> list[Object]:
    return list(world.get("/apis/discovery.k8s.io/v1/namespaces/store/endpointslices")["items"])


def behind(world: World) -> set[str]:
    return {endpoint["targetRef"]["name"].split("-")[0] for one in slices(world) for endpoint in one.get("endpoints") or ()}


def test_a_new_selector_moves_the_endpoints_at_once() -> None:
    world = World(manifest=deployment() + deployment("other") + service()).pass_time(5)
    assert behind(world) == {"web"}
    world.ask("PATCH", SHOP, [{"op": "replace", "path": "/spec/selector", "value": {"app": "other"}}], kind="json")
    world.pass_time(0.05)
    assert behind(world) == {"other"}


def test_a_selector_that_matches_nothing_leaves_an_empty_slice() -> None:
    world = World(manifest=deployment() + service(selects="{app: nobody}")).pass_time(5)
    assert [(one["endpoints"], one["ports"]) for one in slices(world)] == [(None, None)]


def test_a_service_without_a_selector_has_no_slice_of_ours() -> None:
    world = World(manifest=deployment() + service(selects="null")).pass_time(5)
    assert slices(world) == []


def test_a_named_port_is_the_number_that_each_pod_gives_it() -> None:
    other = deployment("other").replace("8080}]", "9090}]").replace("app: other", "app: web, slot: other")
    world = World(manifest=deployment() + other + service()).pass_time(5)
    assert sorted(one["ports"][0]["port"] for one in slices(world)) == [8080, 9090]


def test_pods_that_are_not_ready_are_published_only_where_that_is_asked_for() -> None:
    manifest = deployment(image="shop:unready") + service() + service("all", spec=", publishNotReadyAddresses: true")
    world = World(manifest=manifest).pass_time(5)
    said = {
        one["metadata"]["labels"]["kubernetes.io/service-name"]: {end["conditions"]["ready"] for end in one["endpoints"]} for one in slices(world)
    }
    assert said == {"web": {False}, "all": {True}}


def test_a_slice_holds_a_hundred_endpoints_at_most() -> None:
    world = World(nodes=4, manifest=deployment(replicas=120) + service()).pass_time(6)
    assert sorted(len(one["endpoints"]) for one in slices(world)) == [20, 100]
