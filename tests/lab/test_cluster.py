"""The lab is a real cluster: what kubectl asks for happens, and each component can be stopped alone."""

from __future__ import annotations

import json
import signal

import pytest

from tests.lab.cluster import KEPT_ALIVE, Cluster
from tests.lab.fixtures import wait_until

pytestmark = pytest.mark.lab


def test_scheduler_kubelets_and_controllers_make_the_shop_ready(lab_shop: Cluster) -> None:
    pods = json.loads(lab_shop.kubectl("get", "pods", "-n", "store", "-l", "app=shop", "-o", "json"))["items"]
    assert len(pods) == 6
    assert all(pod["status"]["phase"] == "Running" and pod["spec"]["nodeName"].startswith("node-") for pod in pods)


def test_a_frozen_api_server_does_not_answer_and_goes_on_afterwards(lab: Cluster) -> None:
    lab.stop("kube-apiserver", signal.SIGSTOP)
    try:
        with pytest.raises(OSError):
            lab._ask(path="/livez", timeout=1)
    finally:
        lab.stop("kube-apiserver", signal.SIGCONT)
    lab.wait_ready()


@pytest.mark.parametrize("name", KEPT_ALIVE)
def test_a_killed_controller_or_scheduler_comes_back(name: str, lab: Cluster) -> None:
    before = lab.pid(name)
    lab.stop(name, signal.SIGKILL)
    wait_until(lambda: lab.pid(name) != before, seconds=10, what=f"another {name}")


def test_a_restarted_api_server_holds_what_it_held(lab_shop: Cluster) -> None:
    before = lab_shop.get("/api/v1/namespaces/store/services/shop")["metadata"]["resourceVersion"]
    lab_shop.restart("kube-apiserver")
    assert lab_shop.get("/api/v1/namespaces/store/services/shop")["metadata"]["resourceVersion"] == before


def test_writes_are_in_the_write_log(lab_shop: Cluster) -> None:
    lab_shop.kubectl("annotate", "service", "shop", "-n", "store", "--overwrite", "seen=yes")

    def logged() -> bool:
        return any("seen" in json.dumps(write.get("requestObject", "")) for write in lab_shop.writes())

    wait_until(logged, seconds=10, what="the patch in the audit log")
