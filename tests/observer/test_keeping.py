"""Whoever keeps a cluster observed keeps one picture of it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import cast

import pytest

from clusterview.observer.claiming import Claim
from clusterview.observer.keeping import Keeper
from tests.observer.test_observing import NOWHERE


class Granted:
    """A lease that nobody else wants."""

    def take(self) -> int:
        return 1

    def extend(self) -> bool:
        return True

    def release(self) -> None:
        return


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nobody looks for garbage but those who say so."""
    gc.disable()
    yield
    gc.enable()


def test_the_picture_of_an_observer_that_is_replaced_is_forgotten_before_the_next_one(uncollected: None) -> None:
    keeper = Keeper(access=NOWHERE, redis_url="redis://127.0.0.1:1", claim=cast("Claim", Granted()))
    keeper.round()
    assert keeper._observer is not None
    first = weakref.ref(keeper._observer.following)
    keeper._observer.following.is_void = True
    keeper.round()
    assert first() is None
    assert keeper._observer is not None
    keeper._end_observer()
