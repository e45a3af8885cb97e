"""From a click on the page's address to what a person sees, in Chromium: a small cluster, and one of 150,000 pods."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import TimeoutError as TooLong
from playwright.sync_api import sync_playwright

from tests.bench import feeding, page
from tests.bench.table import Line
from tests.journeys import chromium
from tests.journeys.dashboard import Dashboard
from tests.ports import free_port

ROUNDS, LARGE_ROUNDS = 5, 1
WHOLE_SECONDS = 60
KILOBYTE, MEGABYTE = 1_000, 1_000_000
# Notes when something of the cluster was painted, and when its nodes were (those in sight with their pods): the next frame after they were put in.
NOTING = """
window.seen = {};
const places = {first: "[data-testid=first-paint], .stage .tile", whole: ".stage .node"};
new MutationObserver(() => {
  for (const [name, place] of Object.entries(places)) {
    if (name in window.seen || !document.querySelector(place)) continue;
    window.seen[name] = null;
    requestAnimationFrame(() => setTimeout(() => { window.seen[name] = performance.now(); }));
  }
}).observe(document, {childList: true, subtree: true});
"""
ADDED_UP = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .reduce((sum, one) => sum + one.transferSize, 0)"""


def measure() -> list[Line]:
    """A browser that has nothing of ours yet, each time."""
    with tempfile.TemporaryDirectory(prefix="clusterview-bench-") as folder:
        dashboard = Dashboard(state=Path(folder) / "state", port=free_port(), kubeconfig=None)
        try:
            dashboard.start()
            shop = opened(page.Page(dashboard=dashboard, cookie=page.signed_in(dashboard)), rounds=ROUNDS)
        finally:
            dashboard.stop()
    with feeding.feed() as fed, page.shown(fed) as shown, shown.browser():  # somebody looks on already
        large = opened(shown, rounds=LARGE_ROUNDS)
    return [
        Line("shop: its nodes are painted after", shop["whole"], "ms", goal="≤ 500 ms", met=is_within(shop["whole"], 500)),
        Line("shop: scripts, styles and page", shop["bytes"], "kB", goal="≤ 60 kB", met=is_within(shop["bytes"], 60)),
        Line("shop: the page's heap", shop["heap"], "MB", goal="≤ 15 MB", met=is_within(shop["heap"], 15)),
        Line("150,000 pods: something of it is painted after", large["first"], "ms", goal="≤ 500 ms", met=is_within(large["first"], 500)),
        Line("150,000 pods: its nodes are painted after", large["whole"], "ms"),
        Line("150,000 pods: the page's heap", large["heap"], "MB"),
    ]


def is_within(value: float | None, most: float) -> bool:
    return value is not None and value <= most


def opened(shown: page.Page, *, rounds: int) -> Mapping[str, float | None]:
    """The medians of some openings; None for what was not seen in time."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.program(), args=["--no-sandbox"])
        seen = [once(browser, shown) for _ in range(rounds)]
        browser.close()
    names = seen[0].keys()
    return {name: statistics.median(one[name] for one in seen) if all(one[name] is not None for one in seen) else None for name in names}


def once(browser: Any, shown: page.Page) -> dict[str, Any]:
    """This will open the page in a new context."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    for cookie in shown.cookie.split("; "):
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": shown.dashboard.url}])
    tab = context.new_page()
    tab.add_init_script(NOTING)
    tab.goto(shown.dashboard.url, wait_until="commit")
    try:
        tab.wait_for_function("() => window.seen.whole", timeout=WHOLE_SECONDS * 1_000)
    except TooLong:
        return {"first": None, "whole": None, "bytes": None, "heap": None}
    seen: dict[str, Any] = tab.evaluate("() => window.seen")
    heap = context.new_cdp_session(tab).send("Runtime.getHeapUsage")["usedSize"]
    transferred = tab.evaluate(ADDED_UP)
    context.close()
    return {**seen, "bytes": transferred / KILOBYTE, "heap": heap / MEGABYTE}
