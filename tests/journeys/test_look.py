"""The page is made for eyes: nothing heavy, nothing cut off, and as much of the map as a window has room for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from clusterview.topology.changes import Put
from clusterview.topology.objects import ControlPlanePart, CronJob, Namespace, Pod, Uid
from tests.faults.web import CLUSTER, Web, running

pytestmark = pytest.mark.browser

PHONE, TABLET, DESK = {"width": 390, "height": 844}, {"width": 1024, "height": 768}, {"width": 1500, "height": 950}
LONG = "long-" * 50 + "pod"  # Kubernetes allows 253
PARTS = ("kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler")
POD = "?sel=Pod/store/shop-0"
PLACES = ("", "?view=table", POD, "?problems=1", "traffic", "history", "history?audit=everything")
ROWS = """(selector) => {
  const boxes = [...document.querySelectorAll(selector)].map((one) => one.getBoundingClientRect()).filter((one) => one.height > 0);
  return boxes.reduce((ends, one) => (ends.some((end) => one.top < end) ? ends : [...ends, one.bottom]), []).length;
}"""
PROBLEMS = {"en-US": "Problems only", "ko-KR": "문제만"}
LINES = """all => all.map((one) => {
  const words = new Range();
  words.selectNodeContents(one);
  return words.getClientRects().length;
})"""
READABLE = 4.5
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The web process, told of a control plane and of a node with two pods and a failing one whose name is as long as names may be."""
    with running(tmp_path_factory) as web:
        web.publish([Put(ControlPlanePart(uid=Uid(f"control-plane/{name}"), name=name, state="ok")) for name in PARTS])
        failing = Pod(uid=Uid("long"), name=LONG, namespace=Namespace("store"), node="node-1", phase="Running", status="CrashLoopBackOff")
        job = CronJob(uid=Uid("job"), name="job", namespace=Namespace("store"), schedule="* * * * *", last_succeeded_at=1_700_000_000)
        web.publish([Put(failing), Put(job)])
        yield web


@pytest.fixture
def open_map(web: Web, browser: Browser) -> Iterator[Open]:
    """Opens the map in a window of this size and language."""
    contexts = []

    def opened(*, size: dict[str, int], locale: str = "en-US", where: str = "") -> Page:
        context = browser.new_context(locale=locale, viewport=size)  # type: ignore[arg-type]
        contexts.append(context)
        web.sign_in(context)
        page = context.new_page()
        page.goto(f"{web.url}/c/{CLUSTER}/{where}")
        expect(page.get_by_role("button", name="node-1").first).to_be_visible()
        expect(page.get_by_role("button", name=PARTS[2])).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()


def outline(page: Page) -> Any:
    return page.evaluate("getComputedStyle(document.activeElement).outlineStyle")


def test_no_frame_stands_around_the_heading_of_a_panel_and_one_around_what_the_keyboard_is_at(open_map: Open) -> None:
    page = open_map(size=DESK, where=POD)
    expect(page.get_by_role("heading", name="shop-0")).to_be_focused()
    assert outline(page) == "none"
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    assert outline(page) == "solid"


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_on_a_phone_two_rows_say_where_one_is_and_two_hold_the_tools(locale: str, open_map: Open) -> None:
    page = open_map(size=PHONE, locale=locale)
    assert page.evaluate(ROWS, ".top > *") == 2
    assert page.evaluate(ROWS, ".tools > *") == 2
    assert page.get_by_role("searchbox").evaluate("field => field.clientWidth") >= 120


def test_no_name_of_a_field_is_broken(open_map: Open) -> None:
    page = open_map(size=DESK, locale="ko-KR", where="?sel=CronJob/store/job")
    fields = page.locator(".panel .facts dt")
    expect(fields.get_by_text("lastSuccessfulTime")).to_be_visible()
    told = dict(zip(fields.all_inner_texts(), fields.evaluate_all(LINES), strict=True))
    assert {name: lines for name, lines in told.items() if lines != 1} == {}


@pytest.mark.parametrize(("size", "locale"), [(PHONE, "en-US"), (PHONE, "ko-KR"), (TABLET, "en-US")])
def test_nothing_has_to_be_scrolled_sideways(size: dict[str, int], locale: str, open_map: Open, web: Web) -> None:
    page = open_map(size=size, locale=locale)
    for where in PLACES:
        page.goto(f"{web.url}/c/{CLUSTER}/{where}")
        expect(page.locator("main > *").first).to_be_attached()
        if "problems" in where:
            expect(page.get_by_role("region", name=PROBLEMS[locale]).get_by_role("button")).to_contain_text(LONG)
        assert page.evaluate(OVERFLOW) == 0, where


def test_the_control_plane_fills_its_row_and_none_of_its_names_is_broken(open_map: Open) -> None:
    page = open_map(size=DESK)
    plane = page.get_by_role("region", name="Control plane")
    right = "one => Math.round(one.getBoundingClientRect().right)"
    assert plane.locator("button").last.evaluate(right) == plane.evaluate(right)
    assert len(set(plane.locator("strong").evaluate_all("all => all.map((one) => Math.round(one.getBoundingClientRect().height))"))) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_stale_picture_is_pale_and_can_still_be_read(scheme: Literal["light", "dark"], open_map: Open) -> None:
    page = open_map(size=DESK)
    page.emulate_media(color_scheme=scheme)
    page.locator("main").evaluate("main => { main.dataset.state = 'stale'; }")
    text, card, paper = (colour(page, *of) for of in ((".tile small", "color"), (".tile", "backgroundColor"), ("html", "backgroundColor")))
    opacity = float(page.locator(".stage").evaluate("one => getComputedStyle(one).opacity"))
    assert 0.5 < opacity < 1
    seen = [tuple(opacity * a + (1 - opacity) * b for a, b in zip(one, paper, strict=True)) for one in (text, card)]
    dark, light = sorted(map(luminance, seen))
    assert (light + 0.05) / (dark + 0.05) >= READABLE


def colour(page: Page, selector: str, name: str) -> tuple[float, ...]:
    told = page.locator(selector).first.evaluate(f"one => getComputedStyle(one).{name}")
    return tuple(int(one) / 255 for one in re.findall(r"\d+", told)[:3])


def luminance(colour: tuple[float, ...]) -> float:
    """How light a colour is, as WCAG 2 has it."""
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
