"""The network between the browser and the server does its worst; the page says so within seconds and comes back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.faults.proxy import Proxy
from tests.faults.tcp import Blackhole, Latency, LimitData, Reset
from tests.faults.timeline import Fault
from tests.journeys.dashboard import Dashboard, chip, wait_for
from tests.journeys.installations import sign_in
from tests.ports import free_port

pytestmark = [pytest.mark.lab, pytest.mark.browser]

SILENT_SECONDS = 5  # promised; the page believes in the server's last word for four (static/src/state/freshness.ts)
BROKEN_SECONDS, BACK_SECONDS = 5, 20


class Behind(Dashboard):
    """A `manage.py up` that people reach under another address than its own."""

    public_url = ""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"PUBLIC_URL": self.public_url}


@pytest.fixture(scope="module")
def wire(least_rights: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, Behind]]:
    """The product with the fault proxy in front of it."""
    product = Behind(state=tmp_path_factory.mktemp("wire") / "state", port=free_port(), kubeconfig=least_rights)
    with ExitStack() as stack:
        proxy = stack.enter_context(Proxy(target_port=product.port))
        product.public_url = f"http://127.0.0.1:{proxy.port}"
        stack.callback(product.stop)
        product.start()
        with product.rest(token=product.token(name="wire", role="viewer")) as rest:
            wait_for(lambda: rest.get("/clusters").json()[0]["state"] == "live", seconds=30, what="cluster live")
        yield proxy, product


@pytest.fixture(scope="module")
def signed_in(wire: tuple[Proxy, Behind], browser: Browser) -> dict[str, Any]:
    """What the browser keeps of signing in through the proxy."""
    _, product = wire
    assert product.login_link.startswith(product.public_url)
    return sign_in(browser=browser, link=product.login_link)


@pytest.fixture
def far(wire: tuple[Proxy, Behind], signed_in: dict[str, Any], browser: Browser) -> Iterator[Page]:
    """The live map, looked at through the proxy."""
    proxy, product = wire
    context = browser.new_context(locale="en-US", storage_state=signed_in)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{product.public_url}/")
    chip(page, "live", seconds=BACK_SECONDS)
    yield page
    proxy.clear()
    context.close()


def test_a_line_that_is_silent_makes_the_page_stale_and_it_comes_back_by_itself(far: Page, wire: tuple[Proxy, Behind]) -> None:
    hole = wire[0].add(Blackhole(direction="to_client"))
    chip(far, "stale", seconds=SILENT_SECONDS)
    assert hole.struck
    wire[0].remove(hole)
    chip(far, "live", seconds=BACK_SECONDS)


@pytest.mark.parametrize("fault", [Reset(), LimitData(limit_bytes=1, direction="to_client")], ids=["reset", "cut"])
def test_a_line_that_breaks_is_made_anew_by_the_page_itself(far: Page, wire: tuple[Proxy, Behind], lab_shop: Any, fault: Fault) -> None:
    broken = wire[0].add(fault)
    wait_for(lambda: broken.struck, seconds=BROKEN_SECONDS, what="the line broke")
    wire[0].remove(broken)
    chip(far, "live", seconds=BACK_SECONDS)
    far.get_by_role("button", name="Show as table").click()
    lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "4")
    expect(far.locator('tr[data-kind="Pod"]', has_text="shop-green")).to_have_count(4)


def test_on_a_slow_line_the_page_stays_live_and_true(far: Page, wire: tuple[Proxy, Behind], lab_shop: Any) -> None:
    late = wire[0].add(Latency(seconds=0.3, jitter_seconds=0.1))
    far.get_by_role("button", name="Show as table").click()
    lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "4")
    expect(far.locator('tr[data-kind="Pod"]', has_text="shop-green")).to_have_count(4)
    assert late.struck
    chip(far, "live", seconds=BROKEN_SECONDS)


def test_on_a_line_that_is_seconds_late_nothing_is_called_live(far: Page, wire: tuple[Proxy, Behind]) -> None:
    late = wire[0].add(Latency(seconds=6, direction="to_client"))
    expect(far.get_by_text("comes late").first).to_be_visible()
    chip(far, "stale", seconds=SILENT_SECONDS)
    wire[0].remove(late)
    chip(far, "live", seconds=BACK_SECONDS)
