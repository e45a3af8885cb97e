"""Two Services of one application are moved together and taken back together, by two clicks; what is said of each is shown before the first one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.dashboard import Dashboard, wait_for

pytestmark = pytest.mark.browser

INSIDE = {"metadata": {"name": "shop-inside"}, "spec": {"selector": {"app": "shop", "slot": "blue"}, "ports": [{"port": 80}]}}
SERVICES = "/api/v1/namespaces/store/services"
TOGETHER = re.compile("^Switch shop, shop-inside together to green on ")


@pytest.fixture
def inside(cluster_shop: Any) -> Iterator[None]:
    """A second Service over the shop's pods."""
    cluster_shop.post(SERVICES, INSIDE)
    yield
    cluster_shop.delete(f"{SERVICES}/shop-inside")


def slots(cluster: Any) -> dict[str, str]:
    return {name: cluster.get(f"{SERVICES}/{name}")["spec"]["selector"]["slot"] for name in ("shop", "shop-inside")}


def test_what_was_chosen_for_one_service_is_not_chosen_for_the_next(
    page: Page, cluster: Any, inside: None, dashboard: Dashboard, cluster_id: str
) -> None:
    page.goto(f"{dashboard.url}/c/{cluster_id}/?sel=Service/store/shop")
    page.get_by_role("button", name="shop alone").click()
    expect(page.get_by_role("button", name=TOGETHER)).to_have_count(0)
    page.locator(".tile", has=page.get_by_text("shop-inside", exact=True)).click()
    expect(page.get_by_role("button", name="shop-inside alone")).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("button", name=TOGETHER)).to_be_visible()


def have_moved(operator: httpx.Client, cluster_id: str) -> bool:
    last = operator.get("/switches", params={"cluster": cluster_id, "limit": 2}).json()
    return [(one["service"], one["to"], one["state"]) for one in last] == [(name, "green", "succeeded") for name in ("shop-inside", "shop")]


def test_a_group_moves_with_one_click_and_comes_back_with_another(
    page: Page, cluster: Any, inside: None, dashboard: Dashboard, cluster_id: str
) -> None:
    page.goto(f"{dashboard.url}/c/{cluster_id}/?sel=Service/store/shop")
    page.get_by_role("button", name=TOGETHER).click()
    wait_for(lambda: slots(cluster) == {"shop": "green", "shop-inside": "green"}, seconds=40, what="both Services lead to green")
    back = page.get_by_role("button", name=re.compile("^Go back to blue for shop and its group on "))
    expect(back).to_be_visible()
    back.click()
    wait_for(lambda: slots(cluster) == {"shop": "blue", "shop-inside": "blue"}, seconds=40, what="both Services lead to blue again")
    expect(page.get_by_role("button", name=TOGETHER)).to_be_visible()

def test_what_is_said_of_each_of_the_group_is_shown_and_ticked_before_the_click(
    page: Page, cluster: Any, inside: None, dashboard: Dashboard, cluster_id: str, operator: httpx.Client
) -> None:
    cluster.patch(f"{SERVICES}/shop-inside", {"spec": {"sessionAffinity": "ClientIP"}})
    page.goto(f"{dashboard.url}/c/{cluster_id}/?sel=Service/store/shop")
    together = page.get_by_role("button", name=TOGETHER)
    told = page.get_by_role("region", name="shop-inside")
    expect(told).to_contain_text("sessionAffinity")
    expect(together).to_be_disabled()
    told.get_by_text("What changes").click()
    expect(told.locator("pre").last).to_contain_text("patch service shop-inside")
    told.get_by_role("checkbox", name="I understand").check()
    together.click()
    wait_for(lambda: have_moved(operator, cluster_id), seconds=40, what="both Services lead to green")
    cluster.patch(f"{SERVICES}/shop-inside", {"spec": {"selector": {"slot": "blue"}}})
    page.get_by_role("button", name=re.compile("^Go back to blue for shop and its group on ")).click()
    expect(page.get_by_text(re.compile(r"^shop-inside \(.+\): It leads to the old side already"))).to_be_visible()
    wait_for(lambda: slots(cluster) == {"shop": "blue", "shop-inside": "blue"}, seconds=40, what="both Services lead to blue again")
