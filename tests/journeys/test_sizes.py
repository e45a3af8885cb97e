"""Somebody warms green up, switches to it, keeps blue for a while and scales it down, each by a click, and the cluster is asked what happened."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.dashboard import Dashboard, wait_for
from tests.journeys.test_see import scale
from tests.journeys.test_switch import expect_kept, open_shop, press_switch, selector

pytestmark = pytest.mark.browser

SIDES = ("shop-blue", "shop-green")
KEPT_SECONDS = 30  # at least, before the side that was left may be scaled down
LEARNED_SECONDS = 360  # until an autoscaler has learned of the traffic that came back
AUTOSCALERS = "/apis/autoscaling/v2/namespaces/store/horizontalpodautoscalers"


@pytest.fixture
def autoscalers(cluster_shop: Any) -> Iterator[Any]:
    """Both sides have one, which leaves them as large as they are: there are no metrics."""
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    for name in SIDES:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 6, "metrics": [metric]}
        cluster_shop.post(AUTOSCALERS, {"metadata": {"name": name}, "spec": spec})
    yield cluster_shop
    for name in SIDES:
        cluster_shop.delete(f"{AUTOSCALERS}/{name}")


def replicas(cluster: Any, name: str) -> int:
    return int(cluster.get(f"/apis/apps/v1/namespaces/store/deployments/{name}")["spec"]["replicas"])


def least(cluster: Any, name: str) -> int:
    return int(cluster.get(f"{AUTOSCALERS}/{name}")["spec"]["minReplicas"])


def time_passes(dashboard: Dashboard, *, seconds: int) -> None:
    """All switches that have ended did so as much longer ago."""
    with closing(sqlite3.connect(dashboard.state / "clusterview.sqlite3", timeout=20)) as database, database:
        database.execute("UPDATE clusterview_switch SET finished_at = datetime(finished_at, ?)", (f"-{seconds} seconds",))


def test_a_side_that_is_too_small_is_warmed_up_and_the_one_that_was_left_is_scaled_down(
    page: Page, cluster_shop: Any, dashboard: Dashboard, cluster_id: str, operator: httpx.Client
) -> None:
    cluster = operator.get("/clusters").json()[0]["name"]
    scale(cluster_shop, "shop-green", 1)
    open_shop(page, dashboard, cluster_id)
    page.get_by_role("button", name=f"Warm up green of shop to 3 pods on {cluster}").click()
    wait_for(lambda: replicas(cluster_shop, "shop-green") == 3, seconds=40, what="green is as large as blue")
    expect(page.get_by_role("button", name=re.compile("^Switch shop to green"))).to_be_enabled()
    press_switch(page, "green")
    expect_kept(page)
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^\d+:\d\d left$"))

    time_passes(dashboard, seconds=KEPT_SECONDS)
    page.get_by_text("Scale blue down").click()
    page.get_by_role("button", name=f"Scale blue of shop down to 0 pods on {cluster}").click()
    wait_for(lambda: replicas(cluster_shop, "shop-blue") == 0, seconds=40, what="blue has no pods")
    assert selector(cluster_shop) == {"app": "shop", "slot": "green"}
    expect(page.get_by_role("button", name=re.compile("^Go back"))).to_have_count(0)


def test_the_old_sides_autoscaler_is_held_and_said_and_put_back_after_going_back(
    page: Page, autoscalers: Any, dashboard: Dashboard, cluster_id: str
) -> None:
    open_shop(page, dashboard, cluster_id)
    press_switch(page, "green")
    expect_kept(page)
    wait_for(lambda: least(autoscalers, "shop-blue") == 3, seconds=40, what="blue may not shrink")
    expect(page.get_by_text("Meanwhile HorizontalPodAutoscaler shop-blue keeps at least 3 pods (1 before).")).to_be_visible()
    time_passes(dashboard, seconds=KEPT_SECONDS)
    page.get_by_text("Scale blue down").click()
    expect(page.get_by_text("The autoscaler shop-blue sets the size of blue").first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Scale blue of shop down to 0"))).to_be_disabled()
    page.get_by_role("button", name=re.compile("^Go back to blue")).click()
    expect(page.get_by_role("button", name=re.compile("^Switch shop to green"))).to_be_visible()
    assert selector(autoscalers) == {"app": "shop", "slot": "blue"}
    assert least(autoscalers, "shop-blue") == 3, "its autoscaler has not seen yet what blue has to bear"
    time_passes(dashboard, seconds=LEARNED_SECONDS)
    wait_for(lambda: least(autoscalers, "shop-blue") == 1, seconds=30, what="the autoscaler is as before")
