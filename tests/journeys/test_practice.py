"""Somebody has cloned Clusterview and has no cluster: the practice cluster opens, says what it is, and things can be made to happen in it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys import axe, test_see, test_switch
from tests.journeys.dashboard import Dashboard, wait_for
from tests.journeys.installations import Practice, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def page(context: BrowserContext, dashboard: Dashboard) -> Page:
    """The shop, live, where somebody sees it who knows of no cluster."""
    page = context.new_page()
    page.goto(f"{dashboard.url}/c/practice/?sel=Service/store/shop")
    expect(page.get_by_test_id("freshness")).to_contain_text("Live")
    return page


def slot_of(cluster: Practice) -> str:
    return test_switch.selector(cluster)["slot"]


def test_every_page_says_that_this_is_practice(page: Page, dashboard: Dashboard) -> None:
    expect(page.get_by_test_id("practice")).to_contain_text("Practice")
    page.goto(f"{dashboard.url}/people")
    expect(page.locator(".chip-practice")).to_have_text("Practice")


def press(page: Page, name: str) -> None:
    """This will press a button behind the chip, and wait until the page says what it did."""
    if not page.locator("#practice:popover-open").count():
        page.get_by_test_id("practice").click()
    page.locator("#practice").get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_test_id("played")).to_contain_text(f"{name}: ")


def test_a_green_that_is_broken_shows_and_cannot_be_switched_to_until_it_is_mended(page: Page) -> None:
    press(page, "Break green")
    expect(page.get_by_test_id("played")).to_contain_text(re.compile("3 objects changed.*Pod shop-green-"))
    page.keyboard.press("Escape")
    expect(page.get_by_text("0/3")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Switch shop to green"))).to_be_disabled()
    press(page, "Mend green")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile("^Switch shop to green"))).to_be_enabled()


MOVE = """(button) => {
  const note = () => (button.dataset.held ||= button.style.pointerEvents);
  note();
  new MutationObserver(note).observe(button, { attributeFilter: ["style"] });
  document.querySelector(".sides").insertAdjacentHTML("afterend", "<p>An answer that comes in above.</p>");
}"""


def test_the_pointer_does_not_press_a_button_that_has_just_moved(page: Page) -> None:
    button = page.get_by_role("button", name=re.compile("^Switch shop to green"))
    button.click(trial=True)
    button.evaluate(MOVE)
    expect(button).to_have_attribute("data-held", "none")
    button.click(trial=True)


def test_a_green_that_breaks_under_traffic_is_left_with_one_click(page: Page, cluster: Practice) -> None:
    page.get_by_role("button", name=re.compile("^Switch shop to green")).click()
    expect(page.get_by_text("The old side is kept until")).to_be_visible()
    press(page, "Break green")
    page.keyboard.press("Escape")
    nobody = page.get_by_text("Nobody is served: shop leads to green")
    expect(nobody).to_be_visible()
    expect(page.locator(".side", has_text="shop-green")).to_contain_text("no pod is ready")
    page.get_by_role("button", name=re.compile("^Go back to blue")).click()
    wait_for(lambda: slot_of(cluster) == "blue", seconds=10, what="the selector is blue again")
    expect(nobody).to_have_count(0)


def test_reset_brings_the_beginning_back_while_the_page_looks_on(page: Page, cluster: Practice) -> None:
    pid = cluster.pid
    cluster.delete("/api/v1/namespaces/store/services/front")
    press(page, "Back to the beginning")
    assert cluster.get("/api/v1/namespaces/store/services/front")["spec"]["type"] == "LoadBalancer"
    page.keyboard.press("Escape")
    expect(page.get_by_text("3/3")).to_have_count(2)
    assert cluster.pid == pid and slot_of(cluster) == "blue"


def test_a_slow_api_server_makes_the_page_stale_and_the_way_back_is_not_slow(page: Page) -> None:
    press(page, "Slow API server")
    expect(page.get_by_test_id("freshness")).to_contain_text("Stale")
    expect(page.get_by_text("Not possible while the cluster is not seen live.").first).to_be_visible()
    press(page, "Quick API server")
    expect(page.get_by_test_id("freshness")).to_contain_text("Live")


def test_the_buttons_can_be_read_by_everybody_and_pressed_by_operators(page: Page, dashboard: Dashboard, browser: Browser) -> None:
    page.get_by_test_id("practice").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#practice").get_by_role("button", name="Kill node-2")).to_be_enabled()
    assert not axe.serious(page)
    state: Any = sign_in(browser=browser, link=dashboard.link_for(name="eve", role="viewer"))
    viewer = browser.new_context(locale="ko-KR", storage_state=state)
    look = viewer.new_page()
    look.goto(f"{dashboard.url}/c/practice/")
    look.get_by_test_id("practice").click()
    expect(look.locator("#practice").get_by_role("button", name="node-2 끄기")).to_be_disabled()
    assert not axe.serious(look)
    viewer.close()


def test_a_practice_cluster_that_dies_is_back_as_it_was(page: Page, cluster: Practice) -> None:
    def everything() -> dict[str, set[str]]:
        return {resource: test_see.uids_in_cluster(cluster, resource) for resource in ("namespaces", *test_see.SHOWN.values())}

    pid, before = cluster.pid, everything()
    cluster.stop("kube-apiserver", signal.SIGKILL)
    wait_for(lambda: cluster.pid != pid and everything() == before, seconds=30, what="the same objects")
    expect(page.get_by_test_id("freshness")).to_contain_text("Live")
    wait_for(lambda: before["pods"] | before["services"] <= test_see.uids_on_map(page), seconds=10, what="the same objects on the page")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_its_kubeconfig_is_for_kubectl_too(dashboard: Dashboard, cluster: Practice) -> None:
    assert any(line.startswith("KUBECONFIG=") for line in dashboard.lines)
    line = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), "get", "deployments", "-n", "store", "-o", "name"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["deployment.apps/front", "deployment.apps/shop-blue", "deployment.apps/shop-green"]
