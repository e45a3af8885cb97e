"""One lab with a network for the tests of this folder. As root nothing here is left out; without root all of it is, and says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.dashboard import ended
from tests.lab import namespaces, others
from tests.lab.fixtures import free_ports, need, reset_shop, wait_until, with_shop
from tests.lab.networked import NetworkedCluster
from tests.lab.probing import Report, Request

GATEWAY = Path(__file__).with_name("gateway.yaml")
# Success means that the EndpointSlices hold only the new side. Each node's kube-proxy follows them, writing its rules at most once a second
# (`--nftables-min-sync-period`, 1 s by default), which nothing in the API tells.
NODES_FOLLOW_SECONDS = 1.5


@pytest.fixture(scope="package")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetworkedCluster]:
    """A running cluster whose Services lead to pods that answer, with the shop in it and a Gateway in front."""
    if reason := namespaces.missing():
        pytest.skip(reason)
    need("controlplane", "definitions", "gateway")
    with with_shop(NetworkedCluster(state=tmp_path_factory.mktemp("network"), port=free_ports()), GATEWAY) as cluster:
        wait_until(lambda: cluster.ask(service_url(cluster)).startswith("shop-blue"), seconds=30, what="the Service answers")
        yield cluster


@pytest.fixture
def shop(network: NetworkedCluster) -> NetworkedCluster:
    """The network with the shop as it was applied: blue behind the Service, three pods on each side, and the node has followed."""
    reset_shop(lab=network)
    wait_until(lambda: slot_of(network.ask(service_url(network))) == "blue", seconds=10, what="the node leads to blue")
    return network


@pytest.fixture(scope="package")
def metrics(network: NetworkedCluster) -> NetworkedCluster:
    """The network with metrics-server, which tells what a pod uses once it has asked twice, ten seconds apart."""
    others.start_metrics_server(network)
    return network


def carried_out(rest: httpx.Client, begun: httpx.Response) -> dict[str, Any]:
    """The switch that was accepted, once it has ended."""
    assert begun.status_code == 202, begun.text
    return ended(rest=rest, switch=begun.json()["id"])


def service_url(lab: NetworkedCluster, *, name: str = "shop") -> str:
    """The Service's ClusterIP and first port."""
    spec = lab.get(f"/api/v1/namespaces/store/services/{name}")["spec"]
    return f"http://{spec['clusterIP']}:{spec['ports'][0]['port']}/"


def node_url(lab: NetworkedCluster, *, name: str) -> str:
    """The port of a NodePort Service on the node's address."""
    spec = lab.get(f"/api/v1/namespaces/store/services/{name}")["spec"]
    return f"http://{lab.address}:{spec['ports'][0]['nodePort']}/"


def astray(report: Report, *, since: float, side: str) -> list[Request]:
    """What went elsewhere although the node had followed a change of this moment: in NODES_FOLLOW_SECONDS, or with its first answer of this side
    where that came later.
    """
    first = report.between(since, 1e12).first(side)
    assert first is not None, f"{side} never answered"
    return report.wrong_after(moment=max(since + NODES_FOLLOW_SECONDS, first), side=side)


def slot_of(answer: str) -> str:
    """The slot of the pod that answered with its name."""
    return answer.split("-")[1] if answer.startswith("shop-") else answer
