"""Every page can be read by everybody: axe finds nothing serious, in light and dark, in English and Korean, once there is something to read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import axe
from tests.journeys.dashboard import Dashboard, ended, wait_for
from tests.lab.fixtures import reset_shop

pytestmark = [pytest.mark.lab, pytest.mark.browser]

LIVE = '[data-testid="freshness"][data-state="live"]'
# What has to be there before a page is looked at. The pages of a cluster have to be live too.
PAGES = {
    "/c/{cluster}/": ".pod",
    "/c/{cluster}/?view=table": 'tr[data-kind="Pod"]',
    "/c/{cluster}/?sel=Pod/store/{pod}": "aside:has-text('{pod}')",
    "/c/{cluster}/traffic": ".switching .button-primary",
    "/people": "form.card",
    "/signed-out": "h1",
    "/nowhere": "h1",
    "/login/used-long-ago": "h1",
}
SWITCHED_PAGES = {
    "/c/{cluster}/?sel=Service/store/shop": ".kept .button-back",
    "/c/{cluster}/traffic": ".kept .button-back",
    "/c/{cluster}/history": "tbody a[href*='switch=']",
    "/c/{cluster}/history?switch={switch}": "ol.steps",
    "/c/{cluster}/history?audit=everything": "tbody a[href*='switch=']",
}


class Readers:
    """One browser's page in each language, of the same person."""

    def __init__(self, *, browser: Browser, state: Any, address: str, known: dict[str, str]) -> None:
        self._contexts = [browser.new_context(storage_state=state, locale=locale) for locale in ("en-US", "ko-KR")]
        self._pages = [context.new_page() for context in self._contexts]
        self._address, self._known = address, known

    def open(self, where: str, what: str, **values: str) -> Iterator[Page]:
        """The page in each language, once what it is for stands there and axe has found nothing serious."""
        known = self._known | values
        for page in self._pages:
            page.goto("about:blank")
            page.goto(self._address + where.format_map(known))
            expect_well(page, what.format_map(known))
            yield page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def expect_well(page: Page, what: str) -> None:
    """Axe finds nothing serious, once this stands there."""
    expect(page.locator(what).first).to_be_visible()
    if "/c/" in page.url:
        expect(page.locator(LIVE)).to_be_visible()
    assert not axe.serious(page)


@pytest.fixture(scope="module")
def readers(browser: Browser, administrator_state: Any, dashboard: Dashboard, cluster_id: str, lab: Any) -> Iterator[Readers]:
    reset_shop(lab=lab)
    pod = lab.kubectl("get", "pods", "-n", "store", "-l", "slot=blue", "-o", "jsonpath={.items[0].metadata.name}")
    made = Readers(browser=browser, state=administrator_state, address=dashboard.url, known={"cluster": cluster_id, "pod": pod})
    yield made
    made.close()


@pytest.mark.parametrize("where", PAGES)
def test_axe_finds_nothing_serious(where: str, readers: Readers) -> None:
    for _ in readers.open(where, PAGES[where]):
        pass


def test_axe_finds_nothing_serious_in_an_open_preflight(readers: Readers) -> None:
    for page in readers.open("/c/{cluster}/?sel=Service/store/shop", ".switching .button-primary"):
        for folded in page.locator(".switching details").all():
            folded.evaluate("element => { element.open = true; }")
        expect_well(page, ".switching pre")


@pytest.fixture(scope="module")
def switched(operator: httpx.Client, cluster_id: str) -> str:
    """A switch to green that has succeeded; the old side is kept."""
    asked = {"namespace": "store", "service": "shop", "to": "green"}

    def begin() -> httpx.Response | None:
        told = operator.post(f"/clusters/{cluster_id}/switches", json=asked)
        return told if told.status_code == 202 else None

    begun = wait_for(begin, seconds=40, what="the switch is accepted")
    assert begun is not None
    told = ended(rest=operator, switch=begun.json()["id"])
    assert told["state"] == "succeeded"
    return str(told["id"])


@pytest.mark.parametrize("where", SWITCHED_PAGES)
def test_axe_finds_nothing_serious_after_a_switch(where: str, readers: Readers, switched: str) -> None:
    for _ in readers.open(where, SWITCHED_PAGES[where], switch=switched):
        pass


def test_axe_finds_nothing_serious_when_a_person_is_refused_added_and_about_to_sign_in(readers: Readers) -> None:
    for page in readers.open("/people", "form.card"):
        page.locator("#id_name").fill("two words")
        page.locator("form.card button").click()
        expect_well(page, ".errorlist")
        page.locator("#id_name").fill(f"axe-{uuid.uuid4().hex}")
        page.locator("form.card button").click()
        link = '[data-testid="link"]'
        expect_well(page, link)
        page.goto(page.locator(link).inner_text())
        expect_well(page, "main form .button-primary")


def test_axe_finds_nothing_serious_where_somebody_is_not_allowed(browser: Browser, viewer_state: Any, dashboard: Dashboard) -> None:
    vera = Readers(browser=browser, state=viewer_state, address=dashboard.url, known={})
    try:
        for page in vera.open("/people", "h1"):
            assert page.locator("form.card").count() == 0
    finally:
        vera.close()
