"""Somebody has cloned Clusterview and has no cluster: the practice cluster opens, says what it is, and can be switched at once."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from clusterview.kube import errors, kubeconfigs, reading
from clusterview.kube.connections import Connection
from tests.journeys import axe, test_see
from tests.journeys.conftest import sign_in
from tests.journeys.dashboard import Dashboard, wait_for
from tests.ports import free_port

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """`manage.py up` on a machine that knows of no cluster."""
    one = Dashboard(state=tmp_path_factory.mktemp("practice") / "state", port=free_port(), kubeconfig=None)
    one.start(seconds=180)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def signed_in(practice: Dashboard, browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        locale="en-US", storage_state=sign_in(browser=browser, link=practice.login_link), viewport={"width": 1440, "height": 900}
    )  # type: ignore[arg-type]
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext, practice: Dashboard) -> Iterator[Page]:
    page = signed_in.new_page()
    page.goto(f"{practice.url}/c/practice/?sel=Service/store/shop")
    expect(page.get_by_test_id("freshness")).to_contain_text("Live", timeout=30_000)
    yield page
    page.close()


def connect(practice: Dashboard) -> Connection:
    return Connection(kubeconfigs.contexts([str(practice.state / "practice" / "kubeconfig")])[0], version="test")


def slot_of(practice: Dashboard) -> str:
    connection = connect(practice)
    try:
        return str((reading.service(connection, namespace="store", name="shop").spec.selector or {})["slot"])
    finally:
        connection.close()


def test_every_page_says_that_this_is_practice(page: Page, practice: Dashboard) -> None:
    expect(page.get_by_test_id("practice")).to_contain_text("Practice")
    page.goto(f"{practice.url}/people")
    expect(page.locator(".chip-practice")).to_have_text("Practice")


def uids(connection: Connection, *resources: str) -> set[str]:
    """The uid of everything that the practice cluster lists of these."""
    paths = [f"/apis/networking.k8s.io/v1/{one}" if one == "ingresses" else f"/api/v1/{one}" for one in resources]
    return {item["metadata"]["uid"] for path in paths for item in json.loads(connection.request("GET", path).body)["items"]}


def test_every_node_pod_and_service_is_on_the_page_and_a_scaled_deployment_too(page: Page, practice: Dashboard) -> None:
    connection = connect(practice)

    def drawn() -> set[str]:
        return {uid for uid in test_see.uids_on_map(page) if not uid.startswith("control-plane/")}

    def is_equal() -> bool:
        return drawn() == uids(connection, *test_see.SHOWN.values(), "ingresses")

    wait_for(is_equal, seconds=15, what="the map equal by uid")
    before = len(uids(connection, "pods"))
    for replicas, more in ((5, 2), (3, 0)):
        body = json.dumps({"spec": {"replicas": replicas}}).encode()
        path = "/apis/apps/v1/namespaces/store/deployments/shop-green/scale"
        connection.request("PATCH", path, body=body, content_type="application/merge-patch+json", is_write=True)
        wait_for(lambda wanted=before + more: len(uids(connection, "pods")) == wanted, seconds=20, what="scaled")  # type: ignore[misc]
        wait_for(is_equal, seconds=15, what="the map equal by uid without a reload")
    test_see.show_table(page)
    for kind, resource in test_see.SHOWN.items():
        wait_for(lambda k=kind, r=resource: test_see.uids_on_page(page, k) == uids(connection, r), seconds=10, what=f"{kind} by uid")  # type: ignore[misc]
    connection.close()


def test_a_frozen_practice_cluster_is_stale_within_five_seconds_and_live_again_by_itself(page: Page, practice: Dashboard) -> None:
    frozen = practice.children()["practice"]
    os.kill(frozen, signal.SIGSTOP)
    try:
        test_see.chip(page, "stale")
        expect(page.get_by_text("Not possible while the cluster is not seen live.").first).to_be_visible()
    finally:
        os.kill(frozen, signal.SIGCONT)
    test_see.chip(page, "live", seconds=20)


def test_a_first_switch_needs_no_arming_and_neither_does_the_way_back(page: Page, practice: Dashboard) -> None:
    page.get_by_role("button", name=re.compile("^Switch traffic to green")).click(timeout=20_000)
    expect(page.get_by_text("The old side is kept until")).to_be_visible(timeout=15_000)
    assert slot_of(practice) == "green"
    page.get_by_role("button", name=re.compile("^Go back to blue")).click()
    wait_for(lambda: slot_of(practice) == "blue", seconds=10, what="the selector is blue again")


def press(page: Page, name: str) -> None:
    """This will press a button behind the chip, and wait until the page says what it did."""
    if not page.locator("#practice:popover-open").count():
        page.get_by_test_id("practice").click()
    page.locator("#practice").get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_test_id("played")).to_contain_text(f"{name}: ", timeout=15_000)


def test_a_green_that_is_broken_shows_and_cannot_be_switched_to_until_it_is_mended(page: Page) -> None:
    press(page, "Break green")
    expect(page.get_by_test_id("played")).to_contain_text(re.compile("3 objects changed.*Pod shop-green-"))
    page.keyboard.press("Escape")
    expect(page.get_by_text("0/3")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name=re.compile("^Switch traffic to green"))).to_be_disabled()
    press(page, "Mend green")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile("^Switch traffic to green"))).to_be_enabled(timeout=15_000)


def test_a_green_that_breaks_under_traffic_is_left_with_one_click(page: Page, practice: Dashboard) -> None:
    page.get_by_role("button", name=re.compile("^Switch traffic to green")).click(timeout=20_000)
    expect(page.get_by_text("The old side is kept until")).to_be_visible(timeout=15_000)
    press(page, "Break green")
    page.keyboard.press("Escape")
    expect(page.get_by_text("0/3")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name=re.compile("^Go back to blue")).click()
    wait_for(lambda: slot_of(practice) == "blue", seconds=10, what="the selector is blue again")


def test_reset_brings_the_beginning_back_while_the_page_looks_on(page: Page, practice: Dashboard) -> None:
    connection = connect(practice)
    pid = practice.children()["practice"]
    connection.request("DELETE", "/api/v1/namespaces/store/services/front", is_write=True)
    press(page, "Back to the beginning")
    assert reading.service(connection, namespace="store", name="front").spec.type == "LoadBalancer"
    connection.close()
    page.keyboard.press("Escape")
    expect(page.get_by_text("3/3")).to_have_count(2, timeout=15_000)
    assert practice.children()["practice"] == pid and slot_of(practice) == "blue"


def test_a_slow_api_server_makes_the_page_stale_and_the_way_back_is_not_slow(page: Page) -> None:
    press(page, "Slow API server")
    expect(page.get_by_test_id("freshness")).to_contain_text("Stale", timeout=15_000)
    expect(page.get_by_text("Not possible while the cluster is not seen live.").first).to_be_visible()
    press(page, "Quick API server")
    expect(page.get_by_test_id("freshness")).to_contain_text("Live", timeout=30_000)


def test_the_buttons_can_be_read_by_everybody_and_pressed_by_operators(page: Page, practice: Dashboard, browser: Browser) -> None:
    page.get_by_test_id("practice").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#practice").get_by_role("button", name="Kill node-2")).to_be_enabled()
    assert not axe.serious(page)
    state: Any = sign_in(browser=browser, link=practice.link_for(name="eve", role="viewer"))
    viewer = browser.new_context(locale="ko-KR", storage_state=state)
    look = viewer.new_page()
    look.goto(f"{practice.url}/c/practice/")
    look.get_by_test_id("practice").click()
    expect(look.locator("#practice").get_by_role("button", name="node-2 끄기")).to_be_disabled()
    assert not axe.serious(look)
    viewer.close()


def test_a_practice_cluster_that_dies_is_back_as_it_was(page: Page, practice: Dashboard) -> None:
    connection = connect(practice)
    before, there = reading.identity(connection), uids(connection, "pods", "services")
    os.kill(practice.children()["practice"], signal.SIGKILL)

    def is_back() -> bool:
        with contextlib.suppress(errors.KubeError):
            return reading.identity(connection) == before
        return False

    wait_for(is_back, seconds=30, what="the same cluster")
    assert uids(connection, "pods", "services") == there
    connection.close()
    expect(page.get_by_test_id("freshness")).to_contain_text("Live", timeout=30_000)
    wait_for(lambda: there <= test_see.uids_on_map(page), seconds=10, what="the same objects on the page")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_its_kubeconfig_is_for_kubectl_too(practice: Dashboard) -> None:
    assert any(line.startswith("KUBECONFIG=") for line in practice.lines)
    line = ["kubectl", "--kubeconfig", str(practice.state / "practice" / "kubeconfig"), "get", "deployments", "-n", "store", "-o", "name"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["deployment.apps/front", "deployment.apps/shop-blue", "deployment.apps/shop-green"]
