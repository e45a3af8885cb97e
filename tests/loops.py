"""Event loops of tests beside the one that Playwright keeps running for as long as a browser is open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_the_browsers() -> Iterator[None]:
    """Inside, a loop can be run in this thread. Playwright runs its own one in a greenlet, which stands still until a browser is asked for something,
    and marks it as this thread's running loop meanwhile.
    """
    browsers = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(browsers)
