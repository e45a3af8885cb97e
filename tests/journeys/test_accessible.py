"""Every page can be read by everybody: axe finds nothing serious, in light and dark, in English and Korean."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.journeys.dashboard import Dashboard

pytestmark = [pytest.mark.lab, pytest.mark.browser]

PAGES = [
    "/c/{cluster}/", "/c/{cluster}/?view=table", "/c/{cluster}/?sel=Service/store/shop", "/c/{cluster}/traffic", "/c/{cluster}/history",
    "/people", "/signed-out", "/nowhere", "/login/used-long-ago",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("where", PAGES)
def test_axe_finds_nothing_serious(
    where: str, scheme: Any, browser: Browser, administrator_state: Any, dashboard: Dashboard, cluster_id: str
) -> None:
    context = browser.new_context(storage_state=administrator_state, color_scheme=scheme, locale="ko-KR" if scheme == "dark" else "en-US")
    try:
        page = context.new_page()
        page.goto(dashboard.url + where.format(cluster=cluster_id))
        page.get_by_role("main").wait_for()
        page.wait_for_load_state("load")
        found = Axe().run(page).response["violations"]
        serious = [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found if rule["impact"] in ("serious", "critical")]
        assert not serious
    finally:
        context.close()
