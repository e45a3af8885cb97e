"""Programs see what the page sees and are refused what a person is refused: over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.journeys.dashboard import Dashboard, ended, wait_for
from tests.journeys.test_see import scale

pytestmark = pytest.mark.browser

TO_GREEN = {"namespace": "store", "service": "shop", "to": "green"}


@pytest.fixture
def switches(operator: httpx.Client, cluster_id: str, cluster_shop: Any) -> Iterator[str]:
    """Where switches of the cluster are asked for, once the page has seen the fresh shop."""

    def fresh() -> bool:
        state = operator.get("/clusters").json()[0]["state"]
        found = operator.get(f"/clusters/{cluster_id}/applications").json()
        return state == "live" and [(one["live"], [side["ready"] for side in one["sides"]], one["open_switch"]) for one in found] == [
            ("blue", [3, 3], None)
        ]

    wait_for(fresh, seconds=30, what="a shop with blue live")
    yield f"/clusters/{cluster_id}/switches"


def test_a_cluster_its_topology_and_its_applications_have_the_promised_shape(
    operator: httpx.Client, cluster_id: str, switches: str, cluster: Any
) -> None:
    (told,) = operator.get("/clusters").json()
    promised = {"id", "name", "version", "state", "contact_age_seconds", "epoch", "sequence", "counts", "not_permitted", "armed"}
    assert promised <= set(told)
    assert (told["id"], told["state"], told["armed"]) == (cluster_id, "live", True)

    def told_of_pods() -> dict[str, Any]:
        pods: dict[str, Any] = operator.get(f"/clusters/{cluster_id}/topology", params={"kind": "Pod", "namespace": "store"}).json()
        return pods

    def truth() -> set[str]:
        return {one["metadata"]["uid"] for one in cluster.get("/api/v1/namespaces/store/pods")["items"]}

    wait_for(lambda: {one["uid"] for one in told_of_pods()["objects"]} == truth(), seconds=10, what="the pods that there are")
    pods = told_of_pods()
    assert {one["uid"] for one in pods["objects"]} == truth()
    assert {"kind", "namespace", "name", "uid"} <= set(pods["objects"][0])
    assert pods["epoch"] == told["epoch"]

    (shop,) = operator.get(f"/clusters/{cluster_id}/applications").json()
    assert (shop["namespace"], shop["service"], shop["key"], shop["live"]) == ("store", "shop", "slot", "blue")
    assert [(side["value"], side["workload"], side["ready"], side["wanted"]) for side in shop["sides"]] == [
        ("blue", "shop-blue", 3, 3),
        ("green", "shop-green", 3, 3),
    ]


def test_a_switch_is_told_from_begin_to_end_and_kept_and_taken_back(
    operator: httpx.Client, switches: str, cluster: Any
) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    begun = operator.post(switches, json=TO_GREEN, headers=key)
    assert begun.status_code == 202
    assert set(begun.json()) == {"id", "state"}
    again = operator.post(switches, json=TO_GREEN, headers=key)
    assert (again.status_code, again.json()["id"]) == (202, begun.json()["id"]), "the same request sent twice is one switch"

    told = ended(rest=operator, switch=begun.json()["id"])
    assert (told["state"], told["from"], told["to"], told["can_go_back"]) == ("succeeded", "blue", "green", True)
    assert told["keeping_old_until"]
    actions = {entry["action"] for entry in told["entries"]}
    assert {"REQUESTED", "INTENT", "OUTCOME", "VERIFIED"} <= actions
    assert "TAKEN_OVER" not in actions, "who accepts a switch does it, and leaves it to nobody"

    kept = operator.post(f"/switches/{told['id']}/keep", json={"minutes": 60})
    assert kept.status_code == 200
    assert kept.json()["keeping_old_until"] > told["keeping_old_until"]

    back = operator.post(f"/switches/{told['id']}/back")
    assert back.status_code == 202
    assert ended(rest=operator, switch=back.json()["id"])["reverses"] == told["id"]
    assert cluster.get("/api/v1/namespaces/store/services/shop")["spec"]["selector"]["slot"] == "blue"


def test_another_selector_than_the_one_seen_is_refused_with_the_fresh_state(operator: httpx.Client, switches: str) -> None:
    answer = operator.post(switches, json=TO_GREEN | {"expected": {"app": "shop", "slot": "purple"}})
    assert answer.status_code == 409
    assert answer.json()["code"] == "changed"
    assert answer.json()["fresh"]["selector"] == {"app": "shop", "slot": "blue"}


def test_failed_checks_are_given_back_and_nothing_is_written(operator: httpx.Client, switches: str, cluster: Any) -> None:
    before = cluster.get("/api/v1/namespaces/store/services/shop")["metadata"]["resourceVersion"]
    scale(cluster, "shop-green", 0)
    wait_for(lambda: not cluster.get("/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen")["items"], seconds=60, what="green has no pods")
    answer = operator.post(switches, json=TO_GREEN)
    assert answer.status_code == 422
    blocked = {check["code"] for check in answer.json()["checks"] if check["level"] == "block"}
    assert "no-ready" in blocked
    assert cluster.get("/api/v1/namespaces/store/services/shop")["metadata"]["resourceVersion"] == before


def test_switching_is_refused_until_the_cluster_is_armed_again(operator: httpx.Client, switches: str, dashboard: Dashboard, cluster: Any) -> None:
    dashboard.manage("arm", cluster.context, "--off")
    try:
        answer = operator.post(switches, json=TO_GREEN)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_armed")
    finally:
        dashboard.manage("arm", cluster.context)


def test_what_does_not_exist_or_makes_no_sense_is_refused_with_a_code_and_a_sentence(
    operator: httpx.Client, switches: str, dashboard: Dashboard
) -> None:
    nowhere = "00000000-0000-0000-0000-000000000000"
    answers = [
        (404, operator.get("/clusters/nowhere/topology")),
        (404, operator.get(f"/switches/{nowhere}")),
        (404, operator.post(f"/switches/{nowhere}/back")),
        (404, operator.post(switches, json=TO_GREEN | {"service": "nobody"})),
        (400, operator.post(switches, json=TO_GREEN | {"force": True})),
        (400, operator.post(switches, content=b"{", headers={"Content-Type": "application/json"})),
        (401, httpx.get(f"{dashboard.url}/api/v1/clusters", headers={"Authorization": "Bearer nonsense"})),
        (401, httpx.get(f"{dashboard.url}/api/v1/clusters")),
    ]
    for status, answer in answers:
        assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text}"
        assert answer.json()["code"], answer.text
        assert answer.json()["sentence"].endswith("."), answer.text


def test_the_api_describes_every_answer_it_gives(operator: httpx.Client) -> None:
    paths = operator.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method, said in methods.items():
            good = next(answer for status, answer in said["responses"].items() if int(status) < 300)
            is_stream = path.endswith("/changes")
            assert is_stream or good["content"]["application/json"]["schema"], f"{method} {path}"
            assert said["description"], f"{method} {path}"


def test_probes_answer_everybody_and_metrics_those_with_a_token(dashboard: Dashboard, operator: httpx.Client) -> None:
    assert httpx.get(f"{dashboard.url}/livez").status_code == 200
    ready = httpx.get(f"{dashboard.url}/readyz", params={"verbose": ""})
    assert ready.status_code == 200, ready.text
    assert httpx.get(f"{dashboard.url}/metrics").status_code == 401
    metrics = httpx.get(f"{dashboard.url}/metrics", headers={"Authorization": operator.headers["Authorization"]})
    assert metrics.status_code == 200
    assert "# TYPE" in metrics.text
