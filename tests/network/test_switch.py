"""A switch is proven by requests that arrived: the real product, asked over REST, while two hundred requests a second go through kube-proxy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.bench import running
from tests.journeys.dashboard import ended, wait_for
from tests.lab import states
from tests.lab.fixtures import wait_until
from tests.lab.networked import NetworkedCluster
from tests.network.conftest import NODES_FOLLOW_SECONDS, astray, service_url, slot_of

pytestmark = [pytest.mark.lab, pytest.mark.root]


@pytest.fixture(scope="module")
def product(network: NetworkedCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """`manage.py up` with the rights it prints, armed, asked as an operator."""
    with running.product(network, folder=tmp_path_factory.mktemp("switching"), nodes_follow=True) as rest:
        yield rest


def carried_out(rest: httpx.Client, begun: httpx.Response) -> dict[str, Any]:
    assert begun.status_code == 202, begun.text
    return ended(rest=rest, switch=begun.json()["id"])


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
