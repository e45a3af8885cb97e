"""Somebody looks at a cluster: everything is there, changes appear by themselves, and the page says when it cannot know."""

from __future__ import annotations

import json
import re
import signal
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.dashboard import wait_for

pytestmark = [pytest.mark.lab, pytest.mark.browser]

TRIES = 6

SHOWN = {"Node": "nodes", "Pod": "pods", "Service": "services"}


def uids_in_cluster(lab: Any, resource: str) -> set[str]:
    listed = json.loads(lab.kubectl("get", resource, "--all-namespaces", "-o", "json"))
    return {item["metadata"]["uid"] for item in listed["items"]}


def uids_on_page(page: Page, kind: str) -> set[str]:
    return set(page.locator(f'tr[data-kind="{kind}"]').evaluate_all("rows => rows.map(row => row.dataset.uid)"))


def show_table(page: Page) -> None:
    page.get_by_role("button", name="Show as table").click()


def chip(page: Page, word: str, *, seconds: float = 6) -> None:
    """The freshness chip says the word within the five seconds that are promised."""
    expect(page.get_by_test_id("freshness")).to_contain_text(re.compile(word, re.IGNORECASE), timeout=seconds * 1000)


def test_every_node_pod_and_service_of_the_cluster_is_on_the_page(page: Page, lab: Any) -> None:
    show_table(page)
    for kind, resource in SHOWN.items():
        wait_for(lambda k=kind, r=resource: uids_on_page(page, k) == uids_in_cluster(lab, r), seconds=10, what=f"{kind} equal by uid")  # type: ignore[misc]
    parts = uids_on_page(page, "ControlPlanePart")
    assert parts == {f"control-plane/{name}" for name in ("kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager")}


def test_a_scaled_deployment_shows_its_new_pods_without_a_reload(page: Page, lab: Any, lab_shop: Any) -> None:
    show_table(page)
    before = len(uids_in_cluster(lab, "pods"))
    wait_for(lambda: len(uids_on_page(page, "Pod")) == before, seconds=10, what="the pods before")
    lab.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "5")
    wait_for(lambda: len(uids_on_page(page, "Pod")) == before + 2, seconds=15, what="two more pods on the page")
    wait_for(lambda: uids_on_page(page, "Pod") == uids_in_cluster(lab, "pods"), seconds=10, what="equal by uid")


def test_a_frozen_api_server_is_stale_within_five_seconds_and_live_again_by_itself(page: Page, lab: Any, cluster_id: str) -> None:
    chip(page, "live")
    lab.stop("kube-apiserver", signal.SIGSTOP)
    try:
        chip(page, "stale")
        page.goto(page.url.split("/c/")[0] + f"/c/{cluster_id}/traffic")
        chip(page, "stale|lost")
        expect(page.get_by_role("button", name=re.compile("^Switch"))).to_have_count(0)
    finally:
        lab.stop("kube-apiserver", signal.SIGCONT)
    expect(page.get_by_test_id("freshness")).to_contain_text(re.compile("live", re.IGNORECASE), timeout=20_000)


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

    chip(page, "live")
    before = pods()
    epoch, _ = place()
    lab.stop("kube-apiserver", signal.SIGKILL)
    lab.start("kube-apiserver")
    expect(page.get_by_test_id("freshness")).to_contain_text(re.compile("live", re.IGNORECASE), timeout=30_000)
    wait_for(lambda: pods() == before, seconds=20, what="the same pods as before the restart")
    assert place()[0] == epoch


def test_the_api_server_sees_as_many_watches_for_ten_viewers_as_for_none(lab: Any, lab_shop: Any, page: Page) -> None:
    def watches() -> int:
        """Watches in flight by kube-apiserver's own count, the lab's own components included."""
        text = lab.kubectl("get", "--raw", "/metrics")
        found = re.findall(r'^apiserver_longrunning_requests\{[^}]*verb="WATCH"[^}]*\} (\d+)', text, re.MULTILINE)
        return sum(int(count) for count in found)

    chip(page, "live", seconds=10)  # the API server was just restarted
    address = page.url
    for _ in range(TRIES):
        page.goto("about:blank")
        nobody = watches()
        page.goto(address)
        others = [page.context.new_page() for _ in range(9)]
        for other in others:
            other.goto(address)
        for other in others:
            chip(other, "live")
        ten = watches()
        for other in others:
            other.close()
        page.goto("about:blank")
        if watches() == nobody:  # no controller of the lab came or went meanwhile, so the numbers can be compared
            assert ten == nobody
            return
    raise AssertionError("the lab's own watches never stood still")
