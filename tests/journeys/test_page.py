"""What a person changes on the page itself: the words, the light, whether switching is armed. And what the Traffic view lists."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.dashboard import Dashboard

pytestmark = pytest.mark.browser


def test_the_traffic_view_lists_the_shop_and_leads_to_its_place_on_the_map(page: Page, cluster_shop: Any) -> None:
    page.get_by_role("link", name="Traffic").click()
    shop = page.get_by_role("article").filter(has=page.get_by_role("button", name="shop", exact=True))
    expect(shop).to_have_count(1)
    for words in ("store", "blue", "takes traffic", "green", "stands by", "3 of 3 endpoints", "4.11.2", "4.12.0"):
        expect(shop).to_contain_text(words)
    shop.get_by_role("button", name="shop", exact=True).click()
    expect(page.get_by_role("complementary")).to_contain_text("shop")
    assert "sel=Service/store/shop" in page.url


def test_the_traffic_view_says_why_another_service_cannot_be_switched(page: Page, cluster_shop: Any) -> None:
    page.get_by_role("link", name="Traffic").click()
    page.get_by_text("Services that cannot be switched, and why").click()
    expect(page.locator(".reasons > div").filter(has_text="default/kubernetes")).to_contain_text("The Service has no selector")
    page.get_by_role("link", name="default/kubernetes").click()
    assert "sel=Service/default/kubernetes" in page.url


def test_a_real_cluster_has_no_buttons_that_make_things_happen(page: Page, lab: Any, operator: httpx.Client) -> None:
    expect(page.get_by_test_id("freshness")).to_be_visible()
    expect(page.get_by_test_id("practice")).to_have_count(0)
    assert operator.get(f"/clusters/{lab.context}/acts").json() == []
    assert operator.post(f"/clusters/{lab.context}/acts/reset", json={}).status_code == 404


def test_an_administrator_forbids_and_allows_switching_on_the_page_and_the_audit_says_who(
    page: Page, cluster: Any, cluster_shop: Any, dashboard: Dashboard, operator: httpx.Client
) -> None:
    def armed() -> bool:
        return bool(operator.get("/clusters").json()[0]["armed"])

    before = len(audit(dashboard))
    page.get_by_role("link", name="Traffic").click()
    switch = page.get_by_role("button", name=re.compile("^Switch shop to green"))
    expect(switch).to_be_enabled()
    try:
        page.get_by_role("button", name=f"Disarm switching on {cluster.context}").click()
        expect(page.get_by_role("article").get_by_text(f"Switching is off for {cluster.context} until an administrator arms it.")).to_be_visible()
        expect(switch).to_have_count(0)
        assert not armed()
        page.get_by_role("button", name=f"Arm switching on {cluster.context}").click()
        expect(switch).to_be_enabled()
        assert armed()
        dashboard.manage("arm", cluster.context, "--off")
        expect(switch, "an open page is told, whoever forbids it").to_have_count(0)
        assert "did not answer" not in dashboard.manage("arm", cluster.context), "it is asked which one it is"
        expect(switch).to_be_enabled()
    finally:
        if not armed():
            dashboard.manage("arm", cluster.context)
    said = [(entry["actor"], entry["action"]) for entry in audit(dashboard)[before:]]
    assert said[:2] == [("admin", "DISARMED"), ("admin", "ARMED")]


def audit(dashboard: Dashboard) -> list[dict[str, Any]]:
    return [json.loads(line) for line in dashboard.manage("audit", "export").splitlines()]


def test_the_language_is_changed_on_the_page_and_stays(page: Page, dashboard: Dashboard) -> None:
    page.get_by_role("button", name="Account of admin").click()
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("heading", name="컨트롤 플레인")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    page.reload()
    expect(page.get_by_role("link", name="트래픽")).to_be_visible()
    page.goto(f"{dashboard.url}/people")
    expect(page.get_by_role("heading", name="사용자", exact=True)).to_be_visible()


def test_light_and_dark_are_changed_on_the_page_and_stay(page: Page) -> None:
    page.emulate_media(color_scheme="light")

    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper')"))

    expect(page.get_by_role("heading", name="Control plane")).to_be_visible()
    light = ground()
    page.get_by_role("button", name="Account of admin").click()
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = ground()
    assert dark != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert ground() == dark
