"""Somebody switches the shop from blue to green and back, and the cluster itself is asked what happened."""

from __future__ import annotations

import pathlib
import re
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.journeys import lines
from tests.journeys.dashboard import Dashboard, ended, wait_for
from tests.ports import free_port

pytestmark = pytest.mark.browser

FAILED = "0193f0c6-0000-7000-8000-000000000000"
ACTING = re.compile("^(Switch shop|End this switch|Go back|Keep|Arm|Disarm|Warm up|Stop warming|Scale .* to)")
GET = "async (path) => (await fetch(path)).json()"
POST = """async ([path, body]) => {
  const token = /csrftoken=([^;]+)/.exec(document.cookie)[1];
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return [answer.status, (await answer.json()).code];
}"""  # as the page itself sends it, with the reader's own session


def selector(cluster: Any) -> dict[str, str]:
    return dict(cluster.get("/api/v1/namespaces/store/services/shop")["spec"]["selector"])


def slots_behind(cluster: Any) -> set[str]:
    """The slot of every pod that the EndpointSlices of the shop hold."""
    slices = cluster.get("/apis/discovery.k8s.io/v1/namespaces/store/endpointslices?labelSelector=kubernetes.io/service-name%3Dshop")
    names = {endpoint["targetRef"]["name"] for item in slices["items"] for endpoint in item.get("endpoints") or []}
    pods = cluster.get("/api/v1/namespaces/store/pods?labelSelector=slot")["items"]
    return {pod["metadata"]["labels"]["slot"] for pod in pods if pod["metadata"]["name"] in names}


def open_shop(page: Page, dashboard: Dashboard, cluster_id: str) -> None:
    page.goto(f"{dashboard.url}/c/{cluster_id}/?sel=Service/store/shop")


def press_switch(page: Page, side: str) -> None:
    for box in page.get_by_role("checkbox", name=re.compile("understand|accept|know", re.IGNORECASE)).all():
        box.check()
    page.get_by_role("button", name=re.compile(f"^Switch shop to {side}")).click()


def expect_kept(page: Page) -> None:
    """The switch has succeeded and its old side is kept. A running one has a button to go back too."""
    expect(page.get_by_text("The old side is kept until")).to_be_visible()


def go_back(page: Page, cluster: Any) -> None:
    """This will press the button that leads to blue, and wait until the traffic is there."""
    page.get_by_role("button", name=re.compile("^Go back to blue")).click()
    wait_for(lambda: selector(cluster) == {"app": "shop", "slot": "blue"}, seconds=10, what="selector is blue again")
    wait_for(lambda: slots_behind(cluster) == {"blue"}, seconds=10, what="only blue behind the Service")


def test_a_click_moves_the_traffic_and_another_brings_it_back(
    page: Page, cluster: Any, cluster_shop: Any, dashboard: Dashboard, cluster_id: str
) -> None:
    open_shop(page, dashboard, cluster_id)
    press_switch(page, "green")
    expect_kept(page)
    assert selector(cluster) == {"app": "shop", "slot": "green"}
    assert slots_behind(cluster) == {"green"}

    go_back(page, cluster)


@pytest.fixture
def green(cluster_shop: Any) -> Iterator[str]:
    """The Deployment of the green side. Afterwards it is there again, for other journeys."""
    deployments = "/apis/apps/v1/namespaces/store/deployments"
    made = cluster_shop.get(f"{deployments}/shop-green")
    yield f"{deployments}/shop-green"
    metadata = {"name": "shop-green", "namespace": "store", "labels": made["metadata"].get("labels")}
    cluster_shop.post(deployments, made | {"metadata": metadata})


def test_the_way_back_is_there_when_the_new_sides_deployment_is_deleted(
    page: Page, cluster: Any, green: str, dashboard: Dashboard, cluster_id: str
) -> None:
    open_shop(page, dashboard, cluster_id)
    press_switch(page, "green")
    expect_kept(page)
    cluster.delete(green)
    expect(page.get_by_text("Nobody is served: shop leads to green")).to_be_visible()
    go_back(page, cluster)


def test_a_switch_that_ended_unheard_is_over_once_the_page_is_live_again(
    page: Page, cluster_shop: Any, dashboard: Dashboard, cluster_id: str, operator: httpx.Client
) -> None:
    open_shop(page, dashboard, cluster_id)
    press_switch(page, "green")
    expect_kept(page)
    last = operator.get("/switches", params={"cluster": cluster_id, "limit": 1}).json()[0]["id"]

    def as_before(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=[one | {"open_switch": last, "keeping": None} for one in answer.json()])

    page.route("**/applications", as_before)
    lines.watch(page)
    open_shop(page, dashboard, cluster_id)
    expect(page.get_by_text("A switch is running")).to_be_visible()
    page.unroute_all(behavior="wait")
    lines.break_last(page)
    expect_kept(page)
    expect(page.get_by_text("A switch is running")).to_have_count(0)


def test_a_switch_that_failed_is_told_where_it_was_asked_for(page: Page, cluster_shop: Any, dashboard: Dashboard, cluster_id: str) -> None:
    def with_failed(route: Route) -> None:
        answer = route.fetch()
        failed = {"id": FAILED, "service": "shop", "from": "blue", "to": "green", "state": "rejected", "reason": "preflight", "open": False}
        told = failed | {"sentence": "Something stood against it.", "detail": "", "differs": [], "reverses": None, "moved_seconds": None}
        route.fulfill(response=answer, json=[one | {"failed": told} for one in answer.json()])

    page.route("**/applications", with_failed)
    open_shop(page, dashboard, cluster_id)
    line = page.get_by_role("status").filter(has_text="rejected Something stood against it.")
    expect(line).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Switch shop to green"))).to_be_visible()
    line.get_by_role("link", name="shop: blue → green").click()
    expect(page).to_have_url(re.compile(FAILED))
    page.unroute_all(behavior="wait")


def test_the_checks_follow_the_cluster_while_they_are_open(page: Page, cluster_shop: Any, dashboard: Dashboard, cluster_id: str) -> None:
    open_shop(page, dashboard, cluster_id)
    button = page.get_by_role("button", name=re.compile("^Switch shop to green"))
    expect(button).to_be_enabled()
    cluster_shop.patch("/api/v1/namespaces/store/services/shop", {"spec": {"publishNotReadyAddresses": True}})
    expect(page.locator(".checks [data-level=block]")).to_contain_text("publishNotReadyAddresses")
    expect(button).to_be_disabled()
    cluster_shop.patch("/api/v1/namespaces/store/services/shop", {"spec": {"publishNotReadyAddresses": None}})
    expect(button).to_be_enabled()


def test_every_button_that_acts_names_the_cluster(
    page: Page, cluster_shop: Any, dashboard: Dashboard, cluster_id: str, operator: httpx.Client
) -> None:
    name = operator.get("/clusters").json()[0]["name"]

    def expect_named(*beginnings: str) -> None:
        buttons = page.get_by_role("complementary").get_by_role("button", name=ACTING)
        expect(buttons).to_have_count(len(beginnings))
        for beginning in beginnings:
            expect(buttons.filter(has_text=re.compile(f"^{beginning}"))).to_contain_text(f"on {name}")

    open_shop(page, dashboard, cluster_id)
    expect_named("Switch shop to green", "Disarm switching")
    press_switch(page, "green")
    expect_named("Go back to blue", "Keep the old side", "Disarm switching")


def test_a_viewer_sees_the_switch_in_history_and_may_not_switch(
    page: Page,
    browser: Browser,
    viewer_state: dict[str, Any],
    cluster: Any,
    cluster_shop: Any,
    dashboard: Dashboard,
    cluster_id: str,
    operator: httpx.Client,
) -> None:
    open_shop(page, dashboard, cluster_id)
    press_switch(page, "green")
    expect_kept(page)
    newest = operator.get("/switches", params={"cluster": cluster_id, "limit": 1}).json()[0]
    assert (newest["actor"], newest["from"], newest["to"]) == ("admin", "blue", "green")
    assert ended(rest=operator, switch=newest["id"])["state"] == "succeeded"

    context = browser.new_context(locale="en-US", storage_state=viewer_state)  # type: ignore[arg-type]
    try:
        theirs = context.new_page()
        theirs.goto(f"{dashboard.url}/c/{cluster_id}/history")
        row = theirs.get_by_role("row").filter(has=theirs.locator(f'a[href*="switch={newest["id"]}"]'))
        for words in ("store", "shop", "blue → green", "succeeded", "admin"):
            expect(row).to_contain_text(words)

        theirs.get_by_role("link", name="Audit", exact=True).click()
        theirs.get_by_role("combobox", name="What").select_option(label="What people asked for")
        expect(theirs.get_by_role("row").filter(has_text="asked for").filter(has_text="store/shop: blue → green").first).to_contain_text(
            "admin"
        )
        assert {entry["cluster"] for entry in theirs.evaluate(GET, "/api/v1/audit?limit=500")} == {cluster_id}

        open_shop(theirs, dashboard, cluster_id)
        expect(theirs.get_by_text("Your role may look, not switch.").first).to_be_visible()
        expect(theirs.get_by_role("button", name=ACTING)).to_have_count(0)
        expect(page.get_by_role("button", name=ACTING)).not_to_have_count(0)
        for path, body in {
            f"clusters/{cluster_id}/switches": {"namespace": "store", "service": "shop", "to": "blue"},
            f"switches/{newest['id']}/back": {},
            f"switches/{newest['id']}/keep": {"minutes": 60},
            f"switches/{newest['id']}/scale-down": {"replicas": 0},
            f"clusters/{cluster_id}/warm-ups": {"namespace": "store", "service": "shop", "to": "blue"},
            f"clusters/{cluster_id}/disarm": {},
        }.items():
            assert theirs.evaluate(POST, [f"/api/v1/{path}", body]) == [403, "not_allowed"], path
        assert selector(cluster) == {"app": "shop", "slot": "green"}
        assert operator.get("/clusters").json()[0]["armed"]

        page.goto(f"{dashboard.url}/c/{cluster_id}/history?audit=signIns")
        expect(page.get_by_role("row").filter(has_text="signed in").filter(has_text="admin").first).to_be_visible()
    finally:
        context.close()


def test_every_intent_of_the_audit_has_one_outcome_and_the_chain_holds(
    cluster: Any, cluster_shop: Any, dashboard: Dashboard, cluster_id: str, operator: httpx.Client
) -> None:
    body = {"namespace": "store", "service": "shop", "to": "green"}
    started = operator.post(f"/clusters/{cluster_id}/switches", json=body)
    if started.status_code == 422:
        warned = [check["code"] for check in started.json()["checks"] if check["level"] == "warn"]
        started = operator.post(f"/clusters/{cluster_id}/switches", json=body | {"accept": warned})
    assert started.status_code == 202, started.text
    identifier = started.json()["id"]
    done = wait_for(
        lambda: (seen := operator.get(f"/switches/{identifier}").json())["state"] == "succeeded" and seen, seconds=40, what="succeeded"
    )
    actions = [entry["action"] for entry in done["entries"]]
    assert actions.count("INTENT") == actions.count("OUTCOME") == 1
    assert actions.index("INTENT") < actions.index("OUTCOME")
    assert "ok" in dashboard.manage("audit", "verify").lower()


def test_a_switch_that_ctrl_c_interrupts_is_finished_by_the_next_up_f54(
    lab: Any, lab_shop: Any, least_rights: pathlib.Path, dashboard: Dashboard, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mine = Dashboard(state=tmp_path_factory.mktemp("interrupted") / "state", port=free_port(), kubeconfig=least_rights).start()
    body = {"namespace": "store", "service": "shop", "to": "green"}
    try:
        mine.manage("arm", lab.context)
        token = mine.token(name="olga", role="operator")
        with mine.rest(token=token) as rest:
            cluster = wait_for(lambda: [c for c in rest.get("/clusters").json() if c["state"] == "live"], seconds=30, what="live")[0]["id"]
            lab.stop("kube-controller-manager", signal.SIGSTOP)
            started = rest.post(f"/clusters/{cluster}/switches", json=body)
            assert started.status_code == 202, started.text
            wait_for(lambda: selector(lab)["slot"] == "green", seconds=10, what="the selector is moved")
            wait_for(lambda: rest.get(f"/switches/{started.json()['id']}").json()["state"] == "verifying", seconds=10, what="verifying")
        assert mine.stop(signal_number=signal.SIGINT) == 0
    finally:
        lab.stop("kube-controller-manager", signal.SIGCONT)
        mine.stop()
    wait_for(lambda: slots_behind(lab) == {"green"}, seconds=60, what="the EndpointSlices follow")
    mine.start()
    try:
        with mine.rest(token=token) as rest:
            ended = wait_for(
                lambda: (seen := rest.get(f"/switches/{started.json()['id']}").json())["state"] == "succeeded" and seen,
                seconds=30,
                what="the switch is finished",
            )
        assert [entry["action"] for entry in ended["entries"]].count("INTENT") == 1, "it was not sent twice"
    finally:
        mine.stop()
