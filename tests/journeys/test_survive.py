"""Parts of the product die one after another; the page tells the truth and comes back by itself."""

from __future__ import annotations

import os
import re
import shutil
import signal
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.dashboard import Dashboard, wait_for
from tests.ports import free_port

pytestmark = [pytest.mark.lab, pytest.mark.browser]


def expect_live(page: Page, *, seconds: float) -> None:
    expect(page.get_by_test_id("freshness")).to_contain_text(re.compile("live", re.IGNORECASE), timeout=seconds * 1000)


def kill_child(dashboard: Dashboard, name: str) -> None:
    """This will kill a child of `up` and return when another runs in its place."""
    before = dashboard.children()[name]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: dashboard.children()[name] != before, seconds=15, what=f"another {name}")


@pytest.mark.parametrize("child", ["web", "observe", "traffic", "redis"])
def test_a_killed_child_comes_back_and_so_does_the_page(child: str, page: Page, dashboard: Dashboard, lab: Any, lab_shop: Any) -> None:
    expect_live(page, seconds=15)
    kill_child(dashboard, child)
    page.get_by_role("button", name="Show as table").click()
    expect_live(page, seconds=25)
    lab.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "4")
    green = page.locator('tr[data-kind="Pod"]', has_text="shop-green")
    expect(green).to_have_count(4, timeout=20_000)


def test_killing_up_itself_leaves_no_process_behind_and_the_next_up_goes_on(
    lab: Any, least_rights: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    state = tmp_path_factory.mktemp("killed") / "state"
    first = Dashboard(state=state, port=free_port(), kubeconfig=least_rights).start()
    children = first.children()
    token = first.token(name="watcher", role="viewer")
    first.stop(signal_number=signal.SIGKILL)

    def running(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    wait_for(lambda: not any(running(pid) for pid in children.values()), seconds=15, what="every child ended")
    second = Dashboard(state=state, port=free_port(), kubeconfig=least_rights).start()
    try:
        with second.rest(token=token) as rest:
            wait_for(lambda: rest.get("/clusters").json()[0]["state"] == "live", seconds=30, what="live again")
    finally:
        second.stop()


def test_an_emptied_redis_is_filled_again_and_the_page_is_live_within_five_seconds(
    page: Page, dashboard: Dashboard, operator: httpx.Client, cluster_id: str, lab_shop: Any
) -> None:
    expect_live(page, seconds=15)
    epoch = operator.get("/clusters").json()[0]["epoch"]
    for kept in (dashboard.state / "redis").rglob("appendonlydir"):
        shutil.rmtree(kept)
    kill_child(dashboard, "redis")

    def is_new() -> bool:
        seen = operator.get("/clusters").json()[0]
        return bool(seen["state"] == "live" and seen["epoch"] > epoch)

    wait_for(is_new, seconds=5, what="a picture of a new epoch, live")
    page.get_by_role("button", name="Show as table").click()
    expect_live(page, seconds=5)
    expect(page.locator('tr[data-kind="Pod"]', has_text="shop-")).to_have_count(6)
