"""Who may no longer look does not go on looking: open pages close when a person is disabled or signs out."""

from __future__ import annotations

import re
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
    """A live page and the sockets that it opened."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.opened: list[WebSocket] = []
        self.page.on("websocket", lambda socket: self.opened.append(socket))
        self.page.goto(address)
        expect(self.page.get_by_test_id("freshness")).to_contain_text(re.compile("live", re.IGNORECASE))
        assert len(self.opened) == 1

    def expect_closed(self) -> None:
        """Two seconds are promised of a machine that is not busy; this one may be."""
        alert = self.page.get_by_role("alert")
        expect(alert).to_contain_text("signed out", ignore_case=True)
        if not self.opened[0].is_closed():  # it is told apart from what the page says
            self.opened[0].wait_for_event("close")
        assert len(self.opened) == 1, "it tried again although it was sent away"


def test_a_disabled_persons_open_page_is_closed(
    visitor: tuple[str, BrowserContext], dashboard: Dashboard, cluster_id: str
) -> None:
    name, context = visitor
    seen = Watched(context, f"{dashboard.url}/c/{cluster_id}/")
    assert "signed out" in dashboard.manage("user", "disable", name)
    seen.expect_closed()
    seen.page.reload()
    expect(seen.page.get_by_test_id("freshness")).to_have_count(0)


def test_signing_out_closes_every_open_page_of_that_session(
    visitor: tuple[str, BrowserContext], dashboard: Dashboard, cluster_id: str
) -> None:
    _, context = visitor
    seen = Watched(context, f"{dashboard.url}/c/{cluster_id}/")
    other = Watched(context, f"{dashboard.url}/c/{cluster_id}/")
    other.page.get_by_role("button", name="Account of").click()
    other.page.get_by_role("button", name="Sign out").click()
    seen.expect_closed()
