"""A process that has had a browser may run any test after it."""

from __future__ import annotations

import asyncio

import pytest
from playwright.sync_api import sync_playwright

from tests import loops


async def anything() -> str:
    await asyncio.sleep(0)
    return "done"


def test_a_test_has_a_loop_of_its_own_while_a_browser_is_open_which_goes_on_afterwards() -> None:
    with sync_playwright() as playwright:
        refused = anything()
        with pytest.raises(RuntimeError):
            asyncio.run(refused)
        refused.close()
        with loops.without_the_browsers():
            assert asyncio.run(anything()) == "done"
        context = playwright.request.new_context()
        context.dispose()
    assert asyncio.run(anything()) == "done"
