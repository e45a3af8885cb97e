"""The map is moved, enlarged and searched with mouse and keyboard."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.dashboard import Dashboard

pytestmark = pytest.mark.browser

WHO_IS_ASKED = """() => [
  document.hasFocus(), document.activeElement?.outerHTML.slice(0, 300), [...document.querySelectorAll('.stage .pod')].map((pod) => pod.dataset.uid),
]"""


@pytest.fixture
def shop(page: Page, cluster_shop: Any) -> Page:
    """The map, with the shop on it."""
    expect(page.get_by_role("button", name=re.compile("^shop-blue")).first).to_be_visible()
    return page


def width(page: Page) -> float:
    box = page.locator(".stage .node").first.bounding_box()
    assert box is not None
    return box["width"]


def test_a_slash_goes_to_the_search_and_what_is_found_stands_out(shop: Page) -> None:
    shop.keyboard.press("/")
    search = shop.get_by_role("searchbox")
    expect(search).to_be_focused()
    shop.keyboard.type("shop-green")
    expect(search).to_have_value("shop-green")
    expect(shop.get_by_role("button", name=re.compile("^shop-blue")).first).to_have_class(re.compile("dim"))
    expect(shop.get_by_role("button", name=re.compile("^shop-green")).first).not_to_have_class(re.compile("dim"))
    expect(shop).to_have_url(re.compile("q=shop-green"))


def test_escape_closes_the_panel_and_the_address_follows(shop: Page) -> None:
    uid = shop.get_by_role("button", name=re.compile("^shop-blue")).first.get_attribute("data-uid")
    pod = shop.locator(f'.stage [data-uid="{uid}"]')
    pod.click()
    panel = shop.get_by_role("complementary")
    expect(panel.get_by_role("heading", name=re.compile("^shop-blue"))).to_be_focused()
    expect(shop).to_have_url(re.compile("sel=Pod/store/shop-blue"))
    shop.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(pod, str(shop.evaluate(WHO_IS_ASKED))).to_be_focused()
    expect(shop).not_to_have_url(re.compile("sel="))


def test_the_map_grows_and_shrinks_with_buttons_keys_and_pinch(shop: Page) -> None:
    usual = width(shop)
    shop.get_by_role("button", name="Larger").click()
    expect(shop.get_by_role("button", name="Full size")).to_have_text("125 %")
    assert width(shop) > usual * 1.2
    shop.keyboard.press("+")
    shop.keyboard.press("0")
    expect(shop.get_by_role("button", name="Full size")).to_have_text("100 %")
    assert width(shop) == pytest.approx(usual, abs=1)
    shop.locator(".stage").hover()
    shop.keyboard.down("Control")
    shop.mouse.wheel(0, 120)
    shop.keyboard.up("Control")
    expect(shop.get_by_role("button", name="Full size")).not_to_have_text("100 %")
    ours = shop.locator(".stage").evaluate("stage => getComputedStyle(stage).touchAction")
    assert ours in ("manipulation", "pan-x pan-y pinch-zoom"), "two fingers are the browser's"


def test_two_fingers_that_part_draw_the_map_larger(shop: Page) -> None:
    session = shop.context.new_cdp_session(shop)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    shop.reload()
    size = shop.get_by_role("button", name="Full size")
    expect(size).to_have_text("100 %")
    box = shop.locator(".stage").bounding_box()
    assert box is not None

    def touch(kind: str, *across: int) -> None:
        points = [{"x": box["x"] + box["width"] / 2 + one, "y": box["y"] + 100, "id": number} for number, one in enumerate(across)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -50, 50)
    touch("touchMove", -75, 75)
    touch("touchMove", -100, 100)
    touch("touchEnd")
    expect(size).to_have_text("200 %")


def test_the_enlarged_map_follows_the_hand(shop: Page) -> None:
    for _ in range(5):
        shop.keyboard.press("+")
    expect(shop.get_by_role("button", name="Full size")).to_have_text("305 %")
    stage = shop.locator(".stage")
    heading = shop.get_by_role("heading", name="Control plane").bounding_box()
    assert heading is not None
    x, y = 700, heading["y"] + heading["height"] / 2
    before = stage.evaluate("stage => stage.scrollLeft")
    shop.mouse.move(x, y)
    shop.mouse.down()
    shop.mouse.move(x - 100, y, steps=4)
    shop.mouse.up()
    assert stage.evaluate("stage => stage.scrollLeft") == pytest.approx(before + 100, abs=2)


def test_a_way_in_that_is_chosen_is_joined_with_the_pods_that_take_its_traffic(shop: Page) -> None:
    lines = shop.locator(".lines path")
    expect(lines).to_have_count(0)
    shop.locator(".tile", has=shop.get_by_text("shop", exact=True)).filter(has_text="ClusterIP").click()
    expect(lines).to_have_count(3)
    expect(shop.locator(".lines path[data-side=blue]")).to_have_count(3)
    shop.keyboard.press("Escape")
    shop.get_by_role("searchbox").hover()
    expect(lines).to_have_count(0)


def test_each_way_in_says_what_it_is(shop: Page, cluster: Any) -> None:
    ways = {
        "open": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30987}], "selector": {"app": "shop"}},
        "outside": {"type": "ExternalName", "externalName": "db.example.com"},
        "each": {"clusterIP": "None", "ports": [{"port": 80}], "selector": {"app": "shop"}},
        "balanced": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "shop"}},
    }
    said = {
        "open": "port 30987 on every node",
        "outside": "→ db.example.com",
        "each": "pods by name",
        "balanced": "no address yet",
        "shop": "inside only",
    }
    try:
        for name, spec in ways.items():
            body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "store"}, "spec": spec}
            cluster.kubectl("apply", "-f", "-", input=json.dumps(body))
        for name, words in said.items():
            expect(shop.locator(".tile", has=shop.get_by_text(name, exact=True)).filter(has_text=words)).to_have_count(1)
    finally:
        cluster.kubectl("delete", "service", "-n", "store", *ways)


def test_nothing_that_the_page_asks_for_is_missing(page: Page, dashboard: Dashboard, cluster_id: str, cluster_shop: Any) -> None:
    failed: list[str] = []
    page.on("response", lambda answer: failed.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    for where in ("", "traffic", "history"):
        page.goto(f"{dashboard.url}/c/{cluster_id}/{where}")
        page.get_by_role("main").wait_for()
        page.wait_for_load_state("load")
    icon = page.locator('link[rel="icon"]').get_attribute("href")
    assert page.request.get(f"{dashboard.url}{icon}").headers["content-type"] == "image/svg+xml"
    assert not failed
