"""What was seen a minute ago can be looked at again, says that it is over, and lets nobody act on it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys import axe
from tests.journeys.dashboard import Dashboard, wait_for

pytestmark = pytest.mark.browser


def test_the_past_is_shown_as_the_past_and_now_is_one_click_away(
    page: Page, dashboard: Dashboard, operator: httpx.Client, cluster_id: str, cluster_shop: Any
) -> None:
    green = page.get_by_role("button", name=re.compile("^shop-green"))
    expect(green).to_have_count(3)
    three = datetime.now(UTC)
    recorded = f"/clusters/{cluster_id}/recorded"
    before = wait_for(
        lambda: [until for one in operator.get(recorded).json()["spans"] if (until := datetime.fromisoformat(one["until"])) > three],
        seconds=40, what="it is written down",
    )[-1]  # fmt: skip
    cluster_shop.patch("/apis/apps/v1/namespaces/store/deployments/shop-green", {"spec": {"replicas": 4}})
    expect(green).to_have_count(4)

    page.goto(f"{dashboard.url}/c/{cluster_id}/?sel=Service/store/shop&at={quote(before.isoformat())}")
    expect(page.get_by_text("Nothing here is live")).to_be_visible()
    expect(page.get_by_test_id("freshness")).to_have_text("Past")
    expect(green).to_have_count(3)
    expect(page.get_by_text("Not possible while the map shows the past.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Switch shop"))).to_have_count(0)
    page.get_by_text("What changed between two moments").click()
    expect(page.locator(".differences").filter(has_text="shop-green").first).to_be_visible()
    page.goto(page.url.replace("until=now", f"until={quote(before.isoformat())}"))
    expect(page.get_by_text("Nothing is different between the two moments.")).to_be_visible()
    expect(page.get_by_role("slider", name="Compared with")).to_be_visible()
    assert not axe.serious(page)
    expect(green).to_have_count(3)

    cluster_shop.patch("/apis/apps/v1/namespaces/store/deployments/shop-green", {"spec": {"replicas": 5}})
    wait_for(
        lambda: len([one for one in operator.get(f"/clusters/{cluster_id}/topology?kind=Pod").json()["objects"] if "green" in one["name"]]) == 5,
        seconds=40, what="the cluster goes on",
    )  # fmt: skip
    expect(green).to_have_count(3)

    page.get_by_role("button", name="Back to now").click()
    expect(green).to_have_count(5)
    expect(page.get_by_test_id("freshness")).to_have_attribute("data-state", "live")
    assert "at=" not in page.url and "until=" not in page.url


def test_a_moment_that_nobody_recorded_shows_no_picture_and_the_way_to_the_nearest_one(
    page: Page, dashboard: Dashboard, operator: httpx.Client, cluster_id: str
) -> None:
    wait_for(lambda: operator.get(f"/clusters/{cluster_id}/recorded").json()["spans"], seconds=40, what="something is recorded")
    page.goto(f"{dashboard.url}/c/{cluster_id}/?at=2020-01-01T00:00:00Z")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was recorded at that moment")
    expect(page.locator(".stage")).to_have_count(0)
    expect(page.get_by_text("Nothing was recorded before")).to_be_visible()
    assert not axe.serious(page)
    page.get_by_role("button", name=re.compile("^First recorded after")).click()
    expect(page.get_by_text("Nothing here is live")).to_be_visible()
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator(".stage")).to_be_visible()
