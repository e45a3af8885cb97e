"""What axe finds serious on a page, in light and in dark."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
AXE = Axe()


def serious(page: Page) -> list[tuple[str, str, list[str]]]:
    """The scheme, the rule and the elements of everything serious or worse. Nothing may be moving: half a fade has no contrast."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        rules = AXE.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        bad = [rule for rule in rules if rule["impact"] in ("serious", "critical")]
        found += [(scheme, rule["id"], [node["html"] for node in rule["nodes"]]) for rule in bad]
    return found
