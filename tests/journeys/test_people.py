"""Who may no longer look does not go on looking: open pages close when a person is disabled or signs out."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, expect

from tests.journeys.dashboard import Dashboard
from tests.journeys.installations import sign_in

pytestmark = [pytest.mark.lab, pytest.mark.browser]


@pytest.fixture
def visitor(browser: Browser, dashboard: Dashboard, request: pytest.FixtureRequest) -> Iterator[tuple[str, BrowserContext]]:
    """A new person, signed in, by name."""
    name = f"visitor-{len(request.node.name)}"
    state = sign_in(browser=browser, link=dashboard.link_for(name=name, role="viewer"))
    context = browser.new_context(locale="en-US", storage_state=state)  # type: ignore[arg-type]
    yield name, context
    context.close()


class Watched:
    """A live page and when its sockets closed."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.opened: list[WebSocket] = []
        self.closed_at: list[float] = []
        self.page.on("websocket", self._opened)
        self.page.goto(address)
        expect(self.page.get_by_test_id("freshness")).to_contain_text(re.compile("live", re.IGNORECASE), timeout=40_000)
        assert len(self.opened) == 1

    def _opened(self, socket: WebSocket) -> None:
        self.opened.append(socket)
        socket.on("close", lambda _: self.closed_at.append(time.monotonic()))

    def expect_closed(self, *, within: float) -> None:
        alert = self.page.get_by_role("alert")
        expect(alert).to_contain_text("signed out", timeout=within * 1000, ignore_case=True)
        assert self.closed_at, "the page says it is signed out, and its socket is open"
        assert len(self.opened) == 1, "it tried again although it was sent away"


def test_a_disabled_persons_open_page_is_closed_within_two_seconds(
    visitor: tuple[str, BrowserContext], dashboard: Dashboard, cluster_id: str
) -> None:
    name, context = visitor
    seen = Watched(context, f"{dashboard.url}/c/{cluster_id}/")
    assert "signed out" in dashboard.manage("user", "disable", name)
    seen.expect_closed(within=2)
    seen.page.reload()
    expect(seen.page.get_by_test_id("freshness")).to_have_count(0)


def test_signing_out_closes_every_open_page_of_that_session_within_two_seconds(
    visitor: tuple[str, BrowserContext], dashboard: Dashboard, cluster_id: str
) -> None:
    _, context = visitor
    seen = Watched(context, f"{dashboard.url}/c/{cluster_id}/")
    other = Watched(context, f"{dashboard.url}/c/{cluster_id}/")
    other.page.get_by_role("button", name="Account of").click()
    other.page.get_by_role("button", name="Sign out").click()
    seen.expect_closed(within=2)
