"""A switch is proven by requests that arrived: the real product, asked over REST, while two hundred requests a second go through kube-proxy."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.bench import running
from tests.journeys.dashboard import Dashboard, wait_for
from tests.lab import others, states
from tests.lab.fixtures import stays, wait_until
from tests.lab.networked import NetworkedCluster
from tests.network.conftest import NODES_FOLLOW_SECONDS, astray, carried_out, service_url, slot_of
from tests.soak import rolling
from tests.traffic import judging

pytestmark = [pytest.mark.lab, pytest.mark.root]

OVERLAP_SECONDS = 6


@pytest.fixture(scope="module")
def installation(network: NetworkedCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dashboard, httpx.Client]]:
    """`manage.py up` with the rights it prints, armed, and an operator who asks it."""
    with running.installation(network, folder=tmp_path_factory.mktemp("switching"), nodes_follow=True) as made:
        yield made


@pytest.fixture(scope="module")
def product(installation: tuple[Dashboard, httpx.Client]) -> httpx.Client:
    return installation[1]


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_no_request_fails_and_none_goes_astray_after_the_success(
    product: httpx.Client, shop: NetworkedCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = product.get("/clusters").json()[0]["id"]
    body = {"namespace": "store", "service": "shop"}
    wait_for(lambda: product.get(f"/clusters/{cluster}/applications").json()[0]["live"] == "blue", seconds=10, what="blue is live")
    with shop.probe(service_url(shop), side=slot_of) as probe:
        wait_until(lambda: probe.so_far().per_side()["blue"] > 100, seconds=10, what="blue answers")
        there = carried_out(product, product.post(f"/clusters/{cluster}/switches", json=body | {"to": "green", "accept": ["same-pods"]}))
        wait_until(lambda: probe.so_far().per_side()["green"] > 200, seconds=10, what="green answers")
        back = carried_out(product, product.post(f"/switches/{there['id']}/back"))
        wait_until(lambda: probe.so_far().between(moment(back["finished_at"]), 1e12).per_side()["blue"] > 200, seconds=10, what="blue answers again")
    assert (there["state"], back["state"]) == ("succeeded", "succeeded")
    report = probe.report
    assert not report.failed, report.failed[:5]
    on_green = report.between(0, moment(back["requested_at"]))
    assert not astray(on_green, since=moment(there["finished_at"]) - NODES_FOLLOW_SECONDS, side="green")
    assert not astray(report, since=moment(back["finished_at"]) - NODES_FOLLOW_SECONDS, side="blue")
    late = on_green.wrong_after(moment=moment(there["finished_at"]), side="green")
    first, last = on_green.first("green"), on_green.last("blue")
    assert first is not None
    assert last is not None
    with capsys.disabled():
        applied = moment(there["applied_at"])
        print(
            f"\n{len(report.requests)} requests during a switch and the way back: {len(report.failed)} failed; first green "
            f"{1000 * (first - applied):.0f} ms and last blue {1000 * (last - applied):.0f} ms after the answer to the patch; "
            f"{len(late)} were sent to blue after the switch was called succeeded"
        )


def test_going_back_depends_on_the_old_side_only(product: httpx.Client, shop: NetworkedCluster, capsys: pytest.CaptureFixture[str]) -> None:
    """Where Argo Rollouts leaves a Service without endpoints (tests/lab/test_others.py), the way back here leads to pods that answer."""
    cluster = product.get("/clusters").json()[0]["id"]
    wait_for(lambda: product.get(f"/clusters/{cluster}/applications").json()[0]["live"] == "blue", seconds=10, what="blue is live")
    asked = {"namespace": "store", "service": "shop", "to": "green", "accept": ["same-pods"]}
    there = carried_out(product, product.post(f"/clusters/{cluster}/switches", json=asked))
    assert there["state"] == "succeeded"
    green = [one["metadata"]["name"] for one in shop.get("/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen")["items"]]
    try:
        with shop.probe(service_url(shop), side=slot_of, rate=50) as probe:
            for pod in green:
                states.put(shop, pod=pod, namespace="store", state="unready")
            wait_until(lambda: len(probe.so_far().failed) > 10, seconds=20, what="the new version serves nobody")
            asked_at = time.time()
            back = carried_out(product, product.post(f"/switches/{there['id']}/back"))
            wait_until(lambda: probe.so_far().per_side()["blue"] > 50, seconds=10, what="blue answers")
    finally:
        shop.kubectl("delete", "pod", "-n", "store", *green)
    assert back["state"] == "succeeded"
    first = probe.report.between(asked_at, 1e12).first("blue")
    assert first is not None
    after = probe.report.between(first, 1e12)  # from then on the node has followed
    assert not after.failed
    assert set(after.per_side()) <= {"blue"}
    with capsys.disabled():
        done = 1000 * (moment(back["finished_at"]) - asked_at)
        print(f"\nback from a version that serves nobody: done after {done:.0f} ms, the first answer after {1000 * (first - asked_at):.0f} ms")


def blue_service(name: str, **spec: Any) -> dict[str, Any]:
    """A Service over the shop's pods that leads to blue."""
    spec = {"selector": {"app": "shop", "slot": "blue"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "store"}, "spec": spec}


@pytest.fixture
def balanced(shop: NetworkedCluster) -> Iterator[str]:
    """The address of a Service whose load balancer follows late. Its port on the node, where a load balancer would send to, is not asked here: that
    of the lab refuses one connection in some thousands, at moments when nothing changes.
    """
    shop.kubectl("apply", "-f", "-", input=json.dumps(blue_service("shop-balanced", type="LoadBalancer", externalTrafficPolicy="Local")))
    url = service_url(shop, name="shop-balanced")
    wait_until(lambda: slot_of(shop.ask(url)) == "blue", seconds=10, what="the Service answers")
    yield url
    shop.kubectl("delete", "service", "shop-balanced", "-n", "store")


def effects(told: dict[str, Any]) -> list[tuple[float, float]]:
    """When each effect of a switch was intended, and when it had come to be."""
    at = {action: [moment(one["at"]) for one in told["entries"] if one["action"] == action] for action in ("INTENT", "OUTCOME")}
    return list(zip(at["INTENT"], at["OUTCOME"], strict=True))


def test_both_sides_answer_during_an_overlap_and_without_one_never_and_no_request_fails(
    product: httpx.Client, shop: NetworkedCluster, balanced: str
) -> None:
    cluster, body = product.get("/clusters").json()[0]["id"], {"namespace": "store", "service": "shop-balanced"}
    switches, accepted = f"/clusters/{cluster}/switches", {"accept": ["same-pods", "external-traffic-policy"]}
    shown = [product.get(f"/clusters/{cluster}/preflight", params=body | {"to": "green", "service": one}) for one in ("shop-balanced", "shop")]
    assert [one.json()["overlap_seconds"] for one in shown] == [30, 0], "who follows late has an overlap, and nobody else"
    with shop.probe(balanced, side=slot_of) as probe:
        wait_until(lambda: probe.so_far().per_side()["blue"] > 100, seconds=10, what="blue answers")
        there = carried_out(product, product.post(switches, json=body | accepted | {"to": "green", "overlap_seconds": OVERLAP_SECONDS}))
        back = carried_out(product, product.post(f"/switches/{there['id']}/back"))
        at_once = carried_out(product, product.post(switches, json=body | accepted | {"to": "green", "overlap_seconds": 0}))
        wait_until(lambda: probe.so_far().between(moment(at_once["finished_at"]), 1e12).per_side()["green"] > 100, seconds=10, what="green answers")
    assert [one["state"] for one in (there, back, at_once)] == ["succeeded"] * 3
    assert [len(effects(one)) for one in (there, back, at_once)] == [2, 1, 1]
    assert not probe.report.failed, probe.report.failed[:5]
    (_, widened), (narrowing, _) = effects(there)
    assert set(probe.report.between(widened + NODES_FOLLOW_SECONDS, narrowing).per_side()) == {"blue", "green"}
    ends = [moment(one["requested_at"]) for one in (back, at_once)] + [1e12]
    for switch, side, end in zip((there, back, at_once), ("green", "blue", "green"), ends, strict=True):
        until_the_next = probe.report.between(moment(switch["requested_at"]), end)
        assert not until_the_next.wrong_after(moment=moment(switch["finished_at"]), side=side), f"to {side}, after its success"
        followed = until_the_next.first(side)
        assert followed is not None
        assert switch is there or not until_the_next.wrong_after(moment=followed, side=side), f"to {side}, where the node had followed"


@pytest.mark.parametrize(("manager", "tool", "codes"), [
    ("argocd-controller", "Argo CD", ["argo-cd"]),
    ("kustomize-controller", "Flux", ["flux-ignore", "flux-reconcile", "flux-patches"]),
])  # fmt: skip
def test_a_bot_that_writes_its_selector_back_each_time_is_named_with_its_recipe_and_not_fought_f78(
    manager: str, tool: str, codes: list[str], product: httpx.Client, shop: NetworkedCluster
) -> None:
    cluster = product.get("/clusters").json()[0]["id"]
    asked = {"namespace": "store", "service": "shop-healed", "to": "green", "accept": ["same-pods", "owner", "ssa-owner"]}
    told = list[dict[str, Any]]()
    with others.Healer(shop, manifest=blue_service("shop-healed"), manager=manager) as bot:
        url, uid = service_url(shop, name="shop-healed"), shop.get(bot.path)["metadata"]["uid"]
        wait_until(lambda: slot_of(shop.ask(url)) == "blue", seconds=10, what="the Service answers")
        with shop.probe(url, side=slot_of) as probe:
            for number in (1, 2):
                told.append(carried_out(product, product.post(f"/clusters/{cluster}/switches", json=asked)))
                wait_until(lambda: bot.healed >= number, seconds=10, what="the bot has written its own")  # noqa: B023
            written = slots_written(shop, uid=uid)
            stays(lambda: slots_written(shop, uid=uid) == written, seconds=2, what="nobody writes any more")
    for one in told:
        assert (one["state"], one["reason"]) == ("reverted_externally", "reverted")
        assert one["detail"] == f"{manager} wrote app=shop,slot=blue"
        assert [(recipe["tool"], recipe["code"]) for recipe in one["recipes"]] == [(tool, code) for code in codes]
        assert all("shop-healed" in recipe["text"] and "store" in recipe["text"] for recipe in one["recipes"])
    assert not probe.report.failed, probe.report.failed[:5]
    by_whom = [next(same) for _, same in itertools.groupby(written, key=lambda one: one[1])]
    assert by_whom == [("admin", "blue"), *[(running.USER, "green"), ("admin", "blue")] * 2]


def slots_written(lab: NetworkedCluster, *, uid: str) -> list[tuple[str, str]]:
    """Who wrote to the Service, and the slot that it led to then, in order."""
    patches = [one for one in lab.writes() if (one["objectRef"]["resource"], one["verb"]) == ("services", "patch")]
    stored = [one for one in patches if "dryRun" not in one["requestURI"] and one["responseStatus"]["code"] < 300]
    services = [(one["user"]["username"], one["responseObject"]) for one in stored]
    return [(who, service["spec"]["selector"]["slot"]) for who, service in services if service["metadata"]["uid"] == uid]


@pytest.mark.slow
def test_switches_go_on_while_the_processes_that_carry_them_out_are_replaced_f54(
    installation: tuple[Dashboard, httpx.Client], shop: NetworkedCluster
) -> None:
    """The short form of `manage.py soak rolling`: each of the two once."""
    dashboard, rest = installation
    product = rolling.Rolling(dashboard=dashboard, rest=rest, period_seconds=0, replaced=["web", "traffic"])
    with shop.probe(service_url(shop), side=slot_of) as probe:
        for side in ("green", "blue"):
            product.move(side)
    assert [one.name for one in product.replaced] == ["web", "traffic"]
    assert not probe.report.failed, probe.report.failed[:5]
    told = [rest.get(f"/switches/{switch}").json()["entries"] for switch in product.switches]
    assert [[one["body"]["result"] for one in entries if one["action"] == "OUTCOME"].count("applied") for entries in told] == [1, 1]
    actions = [[one["action"] for one in entries] for entries in told]
    assert all(one.count("INTENT") == one.count("OUTCOME") for one in actions), "a try that was locked out is one that has ended"
    moved = [one.marker.partition(":")[0] for one in judging.stored(shop.writes()) if one.marker]
    assert [switch for switch in moved if switch in product.switches] == product.switches
