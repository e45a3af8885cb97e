"""Somebody looks at a cluster: everything is there, changes appear by themselves, and the page says when it cannot know."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys import lines
from tests.journeys.dashboard import Dashboard, chip, wait_for
from tests.journeys.events import Listener, Told

pytestmark = pytest.mark.browser

TRIES = 6
PROMISED_SECONDS, BACK_SECONDS = 5.0, 20.0
QUIET_SECONDS = 2.0

SHOWN = {"Node": "nodes", "Pod": "pods", "Service": "services"}
GATEWAYS = "gateway.networking.k8s.io/v1"
ROUTES = {"ingresses": "/apis/networking.k8s.io/v1", "gateways": f"/apis/{GATEWAYS}", "httproutes": f"/apis/{GATEWAYS}"}


def uids_in_cluster(cluster: Any, resource: str) -> set[str]:
    return {item["metadata"]["uid"] for item in cluster.get(f"{ROUTES.get(resource, '/api/v1')}/{resource}")["items"]}


def scale(cluster: Any, name: str, replicas: int) -> None:
    cluster.patch(f"/apis/apps/v1/namespaces/store/deployments/{name}/scale", {"spec": {"replicas": replicas}})


def uids_on_page(page: Page, kind: str) -> set[str]:
    return set(page.locator(f'tr[data-kind="{kind}"]').evaluate_all("rows => rows.map(row => row.dataset.uid)"))


def uids_on_map(page: Page) -> set[str]:
    return set(page.locator(".stage [data-uid]").evaluate_all("marks => marks.map(mark => mark.dataset.uid)"))


def show_table(page: Page) -> None:
    page.get_by_role("button", name="Show as table").click()


def test_every_node_pod_and_service_of_the_cluster_is_on_the_page(page: Page, cluster: Any) -> None:
    parts = {f"control-plane/{name}" for name in ("kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager")}

    def drawn() -> set[str]:
        return parts.union(*(uids_in_cluster(cluster, resource) for resource in (*SHOWN.values(), *ROUTES)))

    wait_for(lambda: uids_on_map(page) == drawn(), seconds=40, what="the map equal by uid")
    show_table(page)
    for kind, resource in SHOWN.items():
        wait_for(lambda k=kind, r=resource: uids_on_page(page, k) == uids_in_cluster(cluster, r), seconds=10, what=f"{kind} equal by uid")  # type: ignore[misc]
    assert uids_on_page(page, "ControlPlanePart") == parts


def test_each_way_in_says_what_it_is(page: Page, cluster: Any) -> None:
    ways = {
        "open": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30987}], "selector": {"app": "shop"}},
        "away": {"type": "ExternalName", "externalName": "db.example.com"},
        "each": {"clusterIP": "None", "ports": [{"port": 80}], "selector": {"app": "shop"}},
        "balanced": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "shop"}},
    }
    said = {
        "open": "port 30987 on every node",
        "away": "→ db.example.com",
        "each": "pods by name",
        "balanced": "no address yet",
        "shop": "inside only",
        "gate": "HTTP 80",
        "way": "shop.example/ → shop",
    }
    to_shop = [{"backendRefs": [{"name": "shop", "port": 80}]}]
    routes = {
        "gateways/gate": ("Gateway", {"gatewayClassName": "nobody", "listeners": [{"name": "http", "protocol": "HTTP", "port": 80}]}),
        "httproutes/way": ("HTTPRoute", {"hostnames": ["shop.example"], "parentRefs": [{"name": "gate"}], "rules": to_shop}),
    }
    inside = f"/apis/{GATEWAYS}/namespaces/store"
    try:
        for place, (kind, spec) in routes.items():
            resource, name = place.split("/")
            cluster.post(f"{inside}/{resource}", {"apiVersion": GATEWAYS, "kind": kind, "metadata": {"name": name}, "spec": spec})
        for name, spec in ways.items():
            cluster.post("/api/v1/namespaces/store/services", {"metadata": {"name": name}, "spec": spec})
        for name, words in said.items():
            expect(page.locator(".tile", has=page.get_by_text(name, exact=True)).filter(has_text=words)).to_have_count(1)
    finally:
        for name in ways:
            cluster.delete(f"/api/v1/namespaces/store/services/{name}")
        for place in routes:
            cluster.delete(f"{inside}/{place}")


def test_a_scaled_deployment_shows_its_new_pods_without_a_reload(page: Page, cluster: Any, cluster_shop: Any) -> None:
    show_table(page)
    before = len(uids_in_cluster(cluster, "pods"))
    wait_for(lambda: len(uids_on_page(page, "Pod")) == before, seconds=10, what="the pods before")
    scale(cluster, "shop-green", 5)
    wait_for(lambda: len(uids_on_page(page, "Pod")) == before + 2, seconds=40, what="two more pods on the page")
    wait_for(lambda: uids_on_page(page, "Pod") == uids_in_cluster(cluster, "pods"), seconds=10, what="equal by uid")


def test_a_frozen_api_server_is_stale_within_five_seconds_and_live_again_by_itself(
    page: Page, cluster: Any, cluster_shop: Any, operator: httpx.Client
) -> None:
    page.get_by_role("link", name="Traffic").click()
    switch = page.get_by_role("button", name=re.compile("^Switch shop to"))
    arming = page.get_by_role("button", name=re.compile("^Disarm switching on"))
    reason = page.get_by_text("Not possible while the cluster is not seen live.")
    chip(page, "live", seconds=40)
    expect(switch).to_be_enabled()
    expect(arming).to_be_enabled()

    def told() -> tuple[str, str]:
        return str(page.get_by_test_id("freshness").get_attribute("data-state")), operator.get("/clusters").json()[0]["state"]

    cluster.stop("kube-apiserver", signal.SIGSTOP)
    try:
        wait_for(lambda: told() == ("stale", "stale"), seconds=PROMISED_SECONDS, what="stale on the page and over REST")
        expect(reason.first).to_be_visible()
        expect(switch).to_be_disabled()
        expect(arming).to_be_disabled()
    finally:
        cluster.stop("kube-apiserver", signal.SIGCONT)
    chip(page, "live", seconds=20)
    expect(switch).to_be_enabled()
    expect(arming).to_be_enabled()
    expect(reason).to_have_count(0)


def test_who_is_signed_out_while_the_line_is_down_is_told_so(page: Page, dashboard: Dashboard, cluster_id: str) -> None:
    lines.watch(page)
    page.goto(f"{dashboard.url}/c/{cluster_id}/")
    chip(page, "live", seconds=40)
    lines.break_last(page)
    chip(page, "live", seconds=PROMISED_SECONDS)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.context.clear_cookies(name="clusterview")
    lines.break_last(page)
    expect(page.get_by_role("alert")).to_contain_text("You are signed out.")


def test_a_first_request_that_fails_is_made_again_and_says_why(page: Page, cluster_shop: Any, dashboard: Dashboard, cluster_id: str) -> None:
    page.route("**/api/v1/clusters/*", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    page.goto(f"{dashboard.url}/c/{cluster_id}/?sel=Service/store/shop")
    expect(page.get_by_role("alert")).to_contain_text("failed to answer (http-502)")
    page.unroute("**/api/v1/clusters/*")
    expect(page.get_by_role("button", name=re.compile("^Switch shop to"))).to_be_enabled()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_killed_and_restarted_api_server_makes_no_false_history(
    page: Page, lab: Any, operator: httpx.Client, cluster_id: str, lab_shop: Any
) -> None:
    def place() -> tuple[int, int]:
        topology = operator.get(f"/clusters/{cluster_id}/topology", params={"kind": "Node"}).json()
        return topology["epoch"], topology["sequence"]

    def pods() -> list[Any]:
        return sorted(
            (json.dumps(item, sort_keys=True) for item in operator.get(f"/clusters/{cluster_id}/topology?kind=Pod").json()["objects"]),
        )

    chip(page, "live", seconds=40)
    with Listener(rest=operator, cluster=cluster_id) as listener:
        quiet(listener)
        before = pods()
        epoch, _ = place()
        lab.stop("kube-apiserver", signal.SIGKILL)
        chip(page, "stale", seconds=PROMISED_SECONDS)
        lab.start("kube-apiserver")
        chip(page, "live", seconds=30)
        assert pods() == before
        assert place()[0] == epoch
        assert false_history(listener) == []
        scale(lab, "shop-green", 4)
        wait_for(lambda: any(told.kind == "Pod" for told in listener.events), seconds=20, what="true history on the same stream")
    assert not listener.why


def false_history(listener: Listener) -> list[Told]:
    """What was told, less what an outage truly changes: the API server's checks, the Leases of those who lead through it, warnings about objects."""
    return [told for told in listener.events if told.kind not in ("ControlPlanePart", "Lease", "Event", "about")]


def quiet(listener: Listener) -> None:
    """The shop was just brought back to its beginning. This will wait until nothing is told of that any more, and forget it."""
    since = time.monotonic()

    def is_quiet() -> bool:
        nonlocal since
        if false_history(listener):
            listener.events.clear()
            since = time.monotonic()
        return time.monotonic() - since > QUIET_SECONDS

    wait_for(is_quiet, seconds=30, what="nothing happens in the cluster")
    listener.events.clear()


def test_the_api_server_sees_as_many_watches_for_one_viewer_and_for_ten_as_for_none(lab: Any, lab_shop: Any, page: Page) -> None:
    def watches() -> int:
        """Watches in flight by kube-apiserver's own count, the lab's own components included."""
        text = lab.kubectl("get", "--raw", "/metrics")
        found = re.findall(r'^apiserver_longrunning_requests\{[^}]*verb="WATCH"[^}]*\} (\d+)', text, re.MULTILINE)
        return sum(int(count) for count in found)

    chip(page, "live", seconds=BACK_SECONDS)  # the API server was just restarted
    address = page.url
    for _ in range(TRIES):
        page.goto("about:blank")
        nobody = watches()
        page.goto(address)
        chip(page, "live", seconds=BACK_SECONDS)
        one = watches()
        others = [page.context.new_page() for _ in range(9)]
        for other in others:
            other.goto(address)
        for other in others:
            chip(other, "live", seconds=BACK_SECONDS)
        ten = watches()
        for other in others:
            other.close()
        page.goto("about:blank")
        if watches() == nobody and max(one, ten) <= nobody:  # no component of the lab opened one of its own again meanwhile
            return
    raise AssertionError(f"never as few as for nobody: {nobody}, for one {one}, for ten {ten}")
