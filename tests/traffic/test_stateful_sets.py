"""Two StatefulSets are the sides of a switch as two Deployments are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from clusterview.access.people import Person
from clusterview.traffic import looking, requesting
from clusterview.traffic.states import State
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until
from tests.traffic.making import SOMEBODY
from tests.traffic.test_engine import Reached, carry_out, no_doorbell, olga, reached

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
__all__ = ["no_doorbell", "olga", "reached"]

NAMESPACE = "books"


def stateful_set(slot: str) -> dict[str, Any]:
    labels = {"app": "ledger", "slot": slot}
    container = {"name": "web", "image": "registry.example/ledger:1.0", "ports": [{"name": "http", "containerPort": 8080}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}
    spec = {"serviceName": f"ledger-{slot}", "replicas": 2, "podManagementPolicy": "Parallel", "selector": {"matchLabels": labels}}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": f"ledger-{slot}"}, "spec": spec | {"template": template}}


def service(name: str, **spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": ports} | spec}


@pytest.fixture
def ledger(lab_shop: Lab) -> Iterator[Lab]:
    """A Service over the blue one of two StatefulSets, each with the headless Service that governs it."""
    items = [stateful_set("blue"), stateful_set("green"), service("ledger", selector={"app": "ledger", "slot": "blue"})]
    items += [service(f"ledger-{slot}", clusterIP="None", selector={"app": "ledger", "slot": slot}) for slot in ("blue", "green")]
    lab_shop.kubectl("create", "namespace", NAMESPACE)
    try:
        lab_shop.kubectl("create", "-n", NAMESPACE, "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        sets = f"/apis/apps/v1/namespaces/{NAMESPACE}/statefulsets"
        wait_until(lambda: all(one["status"].get("readyReplicas") == 2 for one in lab_shop.get(sets)["items"]), seconds=60, what="both are ready")
        yield lab_shop
    finally:
        lab_shop.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_a_switch_and_its_way_back_move_traffic_between_stateful_sets(ledger: Lab, olga: Person, reached: Reached) -> None:
    def addressed() -> set[str]:
        slices = ledger.get(f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dledger")
        return {endpoint["targetRef"]["name"] for one in slices["items"] for endpoint in one.get("endpoints") or []}

    def opened(_: str) -> looking.Cluster:
        return reached

    wait_until(lambda: addressed() == {"ledger-blue-0", "ledger-blue-1"}, seconds=10, what="blue is live")
    preview = requesting.preview(person=SOMEBODY, cluster="lab", namespace=NAMESPACE, service="ledger", to="green", opened=opened)
    ticked = [one["code"] for one in preview["checks"] if one["level"] == "warn"]
    assert preview["ready"], preview["checks"]
    switch = requesting.request_switch(
        person=olga, cluster="lab", namespace=NAMESPACE, service="ledger", to="green", accept=ticked, opened=opened
    )
    assert carry_out(switch, reached).state == State.SUCCEEDED, (switch.reason, switch.detail)
    assert addressed() == {"ledger-green-0", "ledger-green-1"}
    governing = requesting.preview(person=SOMEBODY, cluster="lab", namespace=NAMESPACE, service="ledger-blue", to="green", opened=opened)
    assert "headless-statefulset" in {one["code"] for one in governing["checks"] if one["level"] == "block"}
    back = carry_out(requesting.request_back(switch=switch, person=olga, opened=opened), reached)
    assert (back.state, addressed()) == (State.SUCCEEDED, {"ledger-blue-0", "ledger-blue-1"})
