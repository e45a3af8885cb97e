"""A page whose line to the server can be broken, which no browser lets a test do from outside."""

from __future__ import annotations

from playwright.sync_api import Page

WATCHED = """
  window.lines = [];
  window.WebSocket = class extends WebSocket {
    constructor(address) {
      super(address);
      window.lines.push(this);
    }
  };
"""


def watch(page: Page) -> None:
    """This will make the lines of what is opened next known."""
    page.add_init_script(WATCHED)


def break_last(page: Page) -> None:
    page.evaluate("window.lines.at(-1).close()")
