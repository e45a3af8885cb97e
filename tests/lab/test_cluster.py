"""The lab is a real cluster: what kubectl asks for happens, and what was written can be read again."""

from __future__ import annotations

import json
import signal
import socket
from typing import Any

import pytest

from tests.lab.asking import Refused
from tests.lab.cluster import KEPT_ALIVE, Cluster
from tests.lab.fixtures import PORTS_USED, free_ports, wait_until

pytestmark = pytest.mark.lab

STORE = "/api/v1/namespaces/store"
DEPLOYMENT = "/apis/apps/v1/namespaces/store/deployments/shop-blue"
BUDGET = "/apis/policy/v1/namespaces/store/poddisruptionbudgets/shop-blue"


def test_scheduler_kubelets_and_controllers_make_the_shop_ready(lab_shop: Cluster) -> None:
    pods = json.loads(lab_shop.kubectl("get", "pods", "-n", "store", "-l", "app=shop", "-o", "json"))["items"]
    assert len(pods) == 6
    assert all(pod["status"]["phase"] == "Running" and pod["spec"]["nodeName"].startswith("node-") for pod in pods)


def test_the_api_server_is_of_the_version_that_the_lab_says_it_runs(lab: Cluster) -> None:
    assert lab.get("/version")["gitVersion"] == lab.version


def test_a_frozen_api_server_does_not_answer_and_goes_on_afterwards(lab: Cluster) -> None:
    lab.stop("kube-apiserver", signal.SIGSTOP)
    try:
        with pytest.raises(OSError):
            lab._ask(path="/livez", timeout=1)
    finally:
        lab.stop("kube-apiserver", signal.SIGCONT)
    lab.wait_ready()


@pytest.mark.parametrize("name", KEPT_ALIVE)
def test_a_controller_or_scheduler_that_crashes_comes_back(name: str, lab: Cluster) -> None:
    before = lab.pid(name)
    lab.crash(name)
    wait_until(lambda: lab.pid(name) != before, seconds=10, what=f"another {name}")


def test_a_restarted_api_server_holds_what_it_held(lab_shop: Cluster) -> None:
    before = lab_shop.get("/api/v1/namespaces/store/services/shop")["metadata"]["resourceVersion"]
    lab_shop.restart("kube-apiserver")
    assert lab_shop.get("/api/v1/namespaces/store/services/shop")["metadata"]["resourceVersion"] == before


# The write log


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (f"{STORE}/services/shop", {"metadata": {"annotations": {"seen": "here"}}}),
        (DEPLOYMENT, {"metadata": {"annotations": {"seen": "here"}}}),
        (BUDGET, {"metadata": {"annotations": {"seen": "here"}}}),
        ("/apis/autoscaling/v2/namespaces/store/horizontalpodautoscalers/front", {"metadata": {"annotations": {"seen": "here"}}}),
    ],
    ids=["services", "apps", "policy", "autoscaling"],
)
def test_a_write_is_in_the_write_log_with_who_what_and_the_version_it_made(lab_shop: Cluster, path: str, change: dict[str, Any]) -> None:
    version = lab_shop.patch(path, change)["metadata"]["resourceVersion"]

    def of_it() -> list[dict[str, Any]]:
        return [write for write in lab_shop.writes() if write["requestURI"] == path and write["user"]["username"] == "admin"]

    wait_until(lambda: any(write.get("requestObject") == change for write in of_it()), seconds=10, what="the patch is in the write log")
    written = [write for write in of_it() if write.get("requestObject") == change][-1]
    assert written["verb"] == "patch"
    assert written["responseStatus"]["code"] == 200
    assert written["responseObject"]["metadata"]["resourceVersion"] == version


def test_what_secrets_and_configmaps_hold_is_never_in_the_write_log(lab_shop: Cluster) -> None:
    paths = [f"{STORE}/secrets/shop", f"{STORE}/configmaps/shop"]
    for path in paths:
        lab_shop.patch(path, {"metadata": {"annotations": {"marked": "lab-marked-annotation"}}})
    wait_until(lambda: {write["requestURI"] for write in lab_shop.writes()}.issuperset(paths), seconds=10, what="both are written down")
    log = (lab_shop.state / "audit.log").read_text()
    assert "lab-marked-annotation" not in log
    assert "clusterview-marked-secret" not in log
    assert "clusterview-marked-configmap" not in log


# A budget


def blue(lab: Cluster) -> dict[str, str]:
    """The uids of blue's pods by name."""
    items = lab.get(f"{STORE}/pods?labelSelector=slot%3Dblue")["items"]
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in items}


def evict(lab: Cluster, name: str) -> dict[str, Any]:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "store"}}
    return lab.post(f"{STORE}/pods/{name}/eviction", body)


def allowed(lab: Cluster) -> int:
    status = lab.get(BUDGET)["status"]
    return int(status["disruptionsAllowed"]) if status["currentHealthy"] == len(blue(lab)) else -1


def test_a_disruption_budget_refuses_an_eviction_and_allows_it_where_there_is_room(lab_shop: Cluster) -> None:
    lab_shop.kubectl("scale", "deployment", "shop-blue", "-n", "store", "--replicas", "2")
    wait_until(lambda: len(blue(lab_shop)) == 2 and allowed(lab_shop) == 0, seconds=20, what="two pods are left, and the budget wants two")
    name, uid = min(blue(lab_shop).items())
    with pytest.raises(Refused) as refused:
        evict(lab_shop, name)
    assert refused.value.code == 429
    assert [cause["reason"] for cause in refused.value.body["details"]["causes"]] == ["DisruptionBudget"]
    assert blue(lab_shop)[name] == uid, "the pod is the same one"

    lab_shop.kubectl("scale", "deployment", "shop-blue", "-n", "store", "--replicas", "3")
    wait_until(lambda: len(blue(lab_shop)) == 3 and allowed(lab_shop) == 1, seconds=20, what="there is room for one")
    assert evict(lab_shop, name)["code"] == 201
    wait_until(lambda: uid not in blue(lab_shop).values(), seconds=20, what="the pod goes")


# Ports


def test_free_ports_are_all_free() -> None:
    first = free_ports()
    with socket.create_server(("127.0.0.1", first + PORTS_USED - 1)):
        assert free_ports() not in range(first, first + PORTS_USED)
