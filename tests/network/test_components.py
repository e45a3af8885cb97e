"""Each component of the network does its real work, shown by who answers."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.lab import others
from tests.lab.fixtures import wait_until
from tests.lab.networked import GATEWAY_PORT, NetworkedCluster
from tests.network.conftest import service_url, slot_of

pytestmark = [pytest.mark.lab, pytest.mark.root]

HOST = "shop.example"


def gateway_url(lab: NetworkedCluster) -> str:
    return f"http://{lab.address}:{GATEWAY_PORT}/"


def weigh(lab: NetworkedCluster, *, blue: int, green: int) -> None:
    backends = [{"name": f"shop-{slot}", "port": 80, "weight": weight} for slot, weight in (("blue", blue), ("green", green))]
    patch = [{"op": "replace", "path": "/spec/rules/0/backendRefs", "value": backends}]
    lab.kubectl("patch", "httproute", "shop", "-n", "store", "--type", "json", "-p", json.dumps(patch))


def test_kube_proxy_leads_a_services_address_to_its_pods_and_to_no_others(shop: NetworkedCluster) -> None:
    answers = Counter(shop.ask(service_url(shop)) for _ in range(20))
    assert {slot_of(name) for name in answers} == {"blue"}
    assert len(answers) > 1, "more than one pod answers"
    pods = {one["metadata"]["name"] for one in shop.get("/api/v1/namespaces/store/pods?labelSelector=slot%3Dblue")["items"]}
    assert set(answers) <= pods


def test_a_node_port_leads_there_from_outside_the_cluster(shop: NetworkedCluster) -> None:
    spec = shop.get("/api/v1/namespaces/store/services/shop-nodes")["spec"]
    url = f"http://{shop.address}:{spec['ports'][0]['nodePort']}/"
    wait_until(lambda: shop.ask(url) != "", seconds=10, what="the node's port answers")
    with shop.probe(url, side=slot_of, rate=100) as probe:
        wait_until(lambda: len(probe.so_far().requests) >= 100, seconds=10, what="a hundred requests")
    assert not probe.report.failed


def test_a_pod_that_is_gone_answers_no_more_and_the_others_do(shop: NetworkedCluster) -> None:
    shop.kubectl("scale", "deployment", "shop-blue", "-n", "store", "--replicas", "1")
    wait_until(lambda: len(names(shop)) == 1, seconds=30, what="one pod is left")
    left = names(shop)
    with shop.probe(service_url(shop), side=slot_of, rate=50) as probe:
        wait_until(lambda: len(probe.so_far().requests) > 150, seconds=10, what="a hundred and fifty requests")
    assert {one.answer for one in probe.report.requests[-50:]} == left


def names(lab: NetworkedCluster) -> set[str]:
    items = lab.get("/api/v1/namespaces/store/pods?labelSelector=slot%3Dblue")["items"]
    return {one["metadata"]["name"] for one in items}


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


def test_a_disruption_budget_refuses_an_eviction(shop: NetworkedCluster) -> None:
    shop.kubectl("scale", "deployment", "shop-blue", "-n", "store", "--replicas", "1")
    wait_until(lambda: len(names(shop)) == 1, seconds=30, what="one pod is left")
    (name,) = names(shop)
    wait_until(
        lambda: shop.get("/apis/policy/v1/namespaces/store/poddisruptionbudgets/shop-blue")["status"]["disruptionsAllowed"] == 0,
        seconds=20,
        what="the budget allows no more",
    )
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "store"}}
    with pytest.raises(RuntimeError, match="disruption budget"):
        shop.kubectl("create", "--raw", f"/api/v1/namespaces/store/pods/{name}/eviction", "-f", "-", input=json.dumps(eviction))


def test_prometheus_counts_what_pods_and_envoy_served(shop: NetworkedCluster) -> None:
    pods = names(shop)

    def served() -> float:
        counts = {one["metric"]["pod"]: float(one["value"][1]) for one in shop.query('http_requests_total{slot="blue"}')}
        return sum(counts[name] for name in pods) if pods <= set(counts) else -1

    wait_until(lambda: served() >= 0, seconds=20, what="each of the pods is scraped")
    before = served()
    for _ in range(5):
        shop.ask(gateway_url(shop), host=HOST)
    wait_until(lambda: served() >= before + 5, seconds=20, what="the pods' requests are counted")
    answered = 'envoy_http_downstream_rq_xx{envoy_response_code_class="2"}'
    wait_until(lambda: any(float(one["value"][1]) > 0 for one in shop.query(answered)), seconds=20, what="Envoy's requests are counted")


def test_metrics_server_tells_what_a_pod_uses(shop: NetworkedCluster) -> None:
    name = min(names(shop))
    shop.kubectl("annotate", "pod", name, "-n", "store", "kwok.x-k8s.io/usage-cpu=250m", "kwok.x-k8s.io/usage-memory=64Mi")
    others.start_metrics_server(shop)

    def used() -> list[str]:
        try:
            return shop.kubectl("top", "pod", name, "-n", "store", "--no-headers").split()
        except RuntimeError:
            return []

    wait_until(lambda: used() == [name, "250m", "64Mi"], seconds=60, what="kubectl top says what the annotation says")
