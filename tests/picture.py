"""Draws the README's picture from the running product: `python -m tests.picture LINK FILE.svg`.

LINK is what `up` or `login-link` prints. The page is opened in Chromium as a new administrator sees it, the shop's panel open, and what
Chromium laid out is written down as SVG: boxes, drawings and lines of text, so that the picture is text, small and sharp.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SIZE = {"width": 1180, "height": 860}

DRAW = Path(__file__).with_suffix(".js").read_text()


def draw(*, link: str, file: Path) -> None:
    """This will sign in with the link and write the picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, locale="en-US", color_scheme="light")  # type: ignore[arg-type]
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/c/**")
        page.goto(f"{page.url.split('?')[0]}?sel=Service/store/shop")
        page.get_by_role("button", name="Switch shop to").wait_for()
        file.write_text(page.evaluate(DRAW, [SIZE["width"], SIZE["height"]]))
        browser.close()


if __name__ == "__main__":
    draw(link=sys.argv[1], file=Path(sys.argv[2]))
