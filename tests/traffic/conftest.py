"""What several tests of traffic begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.traffic import world
from tests.traffic.world import World


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The product in a world of its own, which comes to rest after the test."""
    world.enter(monkeypatch)
    with world.present() as made:
        yield made
        made.settle()
