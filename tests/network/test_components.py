"""Each component of the network does its real work, shown by who answers."""

from __future__ import annotations

import json
import time
from collections import Counter

import pytest

from tests.lab.fixtures import wait_until
from tests.lab.networked import GATEWAY_PORT, NetworkedCluster
from tests.network.conftest import NODES_FOLLOW_SECONDS, astray, node_url, service_url, slot_of

pytestmark = [pytest.mark.lab, pytest.mark.root]

HOST = "shop.example"
SENT = 5
TO_BLUE = 'envoy_cluster_upstream_rq_xx{envoy_cluster_name=~"store_shop-blue_.*",envoy_response_code_class="2"}'


def gateway_url(lab: NetworkedCluster) -> str:
    return f"http://{lab.address}:{GATEWAY_PORT}/"


def weigh(lab: NetworkedCluster, *, blue: int, green: int) -> None:
    backends = [{"name": f"shop-{slot}", "port": 80, "weight": weight} for slot, weight in (("blue", blue), ("green", green))]
    patch = [{"op": "replace", "path": "/spec/rules/0/backendRefs", "value": backends}]
    lab.kubectl("patch", "httproute", "shop", "-n", "store", "--type", "json", "-p", json.dumps(patch))


@pytest.fixture(scope="module", autouse=True)
def metered(metrics: NetworkedCluster) -> str:
    """A pod of which metrics-server tells in time: it begins before the other tests."""
    network = metrics
    wait_until(lambda: agents(network) != set(), seconds=30, what="there is a pod that no test takes away")
    name = min(agents(network))
    network.kubectl("annotate", "pod", name, "-n", "store", "kwok.x-k8s.io/usage-cpu=250m", "kwok.x-k8s.io/usage-memory=64Mi")
    return name


def test_kube_proxy_leads_a_services_address_to_its_pods_and_to_no_others(shop: NetworkedCluster) -> None:
    answers = Counter(shop.ask(service_url(shop)) for _ in range(20))
    assert {slot_of(name) for name in answers} == {"blue"}
    assert len(answers) > 1, "more than one pod answers"
    pods = {one["metadata"]["name"] for one in shop.get("/api/v1/namespaces/store/pods?labelSelector=slot%3Dblue")["items"]}
    assert set(answers) <= pods


def test_a_nodes_port_leads_to_the_pods_of_its_service_and_to_no_others(shop: NetworkedCluster) -> None:
    url = node_url(shop, name="shop-nodes")
    wait_until(lambda: shop.ask(url) != "", seconds=10, what="the node's port answers")
    with shop.probe(url, side=slot_of, rate=100) as probe:
        wait_until(lambda: len(probe.so_far().requests) >= 100, seconds=10, what="a hundred requests")
    assert not probe.report.failed
    assert {one.answer for one in probe.report.requests} == agents(shop)


def test_a_selector_that_is_switched_moves_the_traffic_of_a_nodes_port(shop: NetworkedCluster) -> None:
    url = node_url(shop, name="shop-port")
    wait_until(lambda: slot_of(shop.ask(url)) == "blue", seconds=10, what="the node's port answers")
    with shop.probe(url, side=slot_of) as probe:
        wait_until(lambda: probe.so_far().per_side()["blue"] > 100, seconds=10, what="blue answers")
        shop.patch("/api/v1/namespaces/store/services/shop-port", {"spec": {"selector": {"slot": "green"}}})
        moved = time.time()
        wait_until(lambda: probe.so_far().between(moved + NODES_FOLLOW_SECONDS, 1e12).per_side()["green"] > 100, seconds=10, what="green answers")
    shop.patch("/api/v1/namespaces/store/services/shop-port", {"spec": {"selector": {"slot": "blue"}}})
    assert not probe.report.failed
    assert not astray(probe.report, since=moved, side="green")


def test_a_pod_that_is_gone_answers_no_more_and_the_others_do(shop: NetworkedCluster) -> None:
    shop.kubectl("scale", "deployment", "shop-blue", "-n", "store", "--replicas", "1")
    wait_until(lambda: len(names(shop)) == 1, seconds=30, what="one pod is left")
    left = names(shop)
    with shop.probe(service_url(shop), side=slot_of, rate=50) as probe:
        wait_until(lambda: len(probe.so_far().requests) > 150, seconds=10, what="a hundred and fifty requests")
    assert {one.answer for one in probe.report.requests[-50:]} == left


def names(lab: NetworkedCluster, *, label: str = "slot%3Dblue") -> set[str]:
    items = lab.get(f"/api/v1/namespaces/store/pods?labelSelector={label}")["items"]
    return {one["metadata"]["name"] for one in items}


def agents(lab: NetworkedCluster) -> set[str]:
    return names(lab, label="app%3Dagent")


def test_the_weights_of_a_route_are_seen_in_envoys_answers(shop: NetworkedCluster) -> None:
    weigh(shop, blue=90, green=10)
    try:
        wait_until(lambda: shop.ask(gateway_url(shop), host=HOST) != "", seconds=30, what="Envoy answers")
        with shop.probe(gateway_url(shop), side=slot_of, host=HOST, rate=400, keep_alive=True) as probe:
            wait_until(lambda: probe.so_far().per_side()["green"] > 0, seconds=20, what="green takes part")
            start = probe.so_far().first("green") or 0
            wait_until(lambda: len(probe.so_far().between(start, start + 60).requests) >= 3000, seconds=30, what="three thousand answers")
    finally:
        weigh(shop, blue=100, green=0)
    sides = probe.report.between(start, start + 60).per_side()
    assert 100 * sides["green"] / sides.total() == pytest.approx(10, abs=3)


def test_prometheus_counts_what_pods_and_envoy_served(shop: NetworkedCluster) -> None:
    pods = names(shop)

    def served() -> float:
        counts = {one["metric"]["pod"]: float(one["value"][1]) for one in shop.query('http_requests_total{slot="blue"}')}
        return sum(counts[name] for name in pods) if pods <= set(counts) else -1

    wait_until(lambda: served() >= 0, seconds=20, what="each of the pods is scraped")
    begun = time.time()
    for metric in ('http_requests_total{slot="blue"}', TO_BLUE):
        wait_until(lambda: scraped_since(shop, metric=metric, moment=begun), seconds=20, what="what was sent before is counted")  # noqa: B023
    before = served()
    passed_on = to_blue(shop)
    for _ in range(SENT):
        assert slot_of(shop.ask(gateway_url(shop), host=HOST)) == "blue"
    wait_until(lambda: served() == before + SENT, seconds=20, what="the pods' requests are counted")
    wait_until(lambda: to_blue(shop) == passed_on + SENT, seconds=20, what="Envoy has passed exactly these on to them")


def scraped_since(lab: NetworkedCluster, *, metric: str, moment: float) -> bool:
    """Whether Prometheus has asked everybody who tells of this metric since then. One that never was told of has nothing to wait for."""
    return all(float(one["value"][1]) > moment for one in lab.query(f"timestamp({metric})"))


def to_blue(lab: NetworkedCluster) -> float:
    """How many requests Envoy has passed on to blue's pods, as Prometheus knows it."""
    return sum(float(one["value"][1]) for one in lab.query(TO_BLUE))


def test_metrics_server_tells_what_a_pod_uses_and_without_it_nobody_does(network: NetworkedCluster, metered: str) -> None:
    def used() -> list[str]:
        try:
            return network.kubectl("top", "pod", metered, "-n", "store", "--no-headers").split()
        except RuntimeError:
            return []

    wait_until(lambda: used() == [metered, "250m", "64Mi"], seconds=60, what="kubectl top says what the annotation says")
    network.stop("metrics-server")
    try:
        assert used() == []
    finally:
        network.start("metrics-server")
