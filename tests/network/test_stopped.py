"""Each component of the network can be stopped alone; its work stays undone, seen in who answers, until it goes on."""

from __future__ import annotations

import signal

import pytest

from tests.lab.fixtures import stays, wait_until
from tests.lab.networked import NetworkedCluster
from tests.network.conftest import NODES_FOLLOW_SECONDS, service_url, slot_of
from tests.network.test_components import HOST, gateway_url, weigh

pytestmark = [pytest.mark.lab, pytest.mark.root]

SHOP = "/api/v1/namespaces/store/services/shop"


def routed(lab: NetworkedCluster) -> str:
    """The slot of the pod that answers through Envoy; empty where nobody does."""
    return slot_of(lab.ask(gateway_url(lab), host=HOST))


def test_a_frozen_kube_proxy_moves_no_traffic(shop: NetworkedCluster) -> None:
    with shop.probe(service_url(shop), side=slot_of) as probe:
        shop.stop("kube-proxy", signal.SIGSTOP)
        try:
            shop.patch(SHOP, {"spec": {"selector": {"slot": "green"}}})
            stays(lambda: not probe.so_far().per_side()["green"], seconds=NODES_FOLLOW_SECONDS, what="blue has the traffic")
        finally:
            shop.stop("kube-proxy", signal.SIGCONT)
        wait_until(lambda: probe.so_far().per_side()["green"] > 0, seconds=10, what="green has the traffic")
    assert not probe.report.failed


def test_without_envoy_nobody_answers_behind_the_gateway(shop: NetworkedCluster) -> None:
    wait_until(lambda: routed(shop) == "blue", seconds=30, what="Envoy answers")
    shop.stop("envoy")
    try:
        assert routed(shop) == ""
        wait_until(lambda: slot_of(shop.ask(service_url(shop))) == "blue", seconds=10, what="the Service has another way")
    finally:
        shop.start("envoy")
    shop.wait_answering("envoy")
    wait_until(lambda: routed(shop) == "blue", seconds=30, what="Envoy answers again")


def test_without_contour_a_new_weight_is_ignored(shop: NetworkedCluster) -> None:
    wait_until(lambda: routed(shop) == "blue", seconds=30, what="Envoy answers")
    shop.stop("contour")
    try:
        weigh(shop, blue=0, green=100)
        stays(lambda: routed(shop) == "blue", seconds=2, what="blue has the traffic")
    finally:
        shop.start("contour")
    try:
        wait_until(lambda: routed(shop) == "green", seconds=30, what="green has the traffic")
    finally:
        weigh(shop, blue=100, green=0)
    wait_until(lambda: routed(shop) == "blue", seconds=30, what="blue has the traffic again")


def test_without_prometheus_nobody_knows_and_it_counts_again(shop: NetworkedCluster) -> None:
    wait_until(lambda: shop.query("up") != [], seconds=20, what="Prometheus answers")
    shop.stop("prometheus")
    try:
        assert shop.query("up") == []
    finally:
        shop.start("prometheus")
    shop.wait_answering("prometheus")
    wait_until(lambda: bool(shop.query('up{job="envoy"} == 1')), seconds=20, what="it scrapes again")


def test_without_the_pods_servers_nobody_answers(shop: NetworkedCluster) -> None:
    shop.stop("pods")
    try:
        assert shop.ask(service_url(shop)) == ""
    finally:
        shop.start("pods")
    wait_until(lambda: slot_of(shop.ask(service_url(shop))) == "blue", seconds=20, what="they answer again")
