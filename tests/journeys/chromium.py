"""The browser of the journeys: Debian's Chromium, never one that Playwright brings."""

from __future__ import annotations

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser")
REASON = "Chromium is not installed (Debian: apt-get install chromium)"


def program() -> str:
    """Where Chromium is. Without one this will leave the test out, by name and with the reason; with CI=true that is a failure."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(REASON)
        pytest.skip(REASON)
    return found
