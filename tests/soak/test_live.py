"""The short form of `manage.py soak live`: each of its faults once. And what it takes for growth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.soak import live

ROUND_SECONDS, FAULT_SECONDS = 4.0, 3.0


@pytest.mark.slow
def test_the_product_shows_the_truth_after_each_fault_loses_no_browser_and_holds_no_more_than_before() -> None:
    lines = live.run(minutes=0, least=live.FAULTS, round_seconds=ROUND_SECONDS, fault_seconds=FAULT_SECONDS)
    assert [line.what for line in lines if line.met is False] == []


def looks(held: Callable[[int], float]) -> list[live.Look]:
    """Sixty, one each twenty seconds, at so many MiB."""
    return [live.Look(at=20.0 * number, bytes=int(held(number) * live.MEBIBYTE), files=1, sockets=1, threads=1) for number in range(60)]


@pytest.mark.parametrize("early", [True, False])
def test_what_is_taken_for_a_moment_neither_is_growth_nor_hides_it(early: bool) -> None:
    busy = range(0, 30, 5) if early else range(30, 60, 5)
    assert live.slope(looks(lambda number: 110.0 + 3.0 * (number in busy))) == pytest.approx(0.0, abs=0.01)
    assert live.slope(looks(lambda number: 110.0 + 2.0 * number / 180 + 3.0 * (number in busy))) == pytest.approx(2.0, abs=0.1)


def test_what_stays_is_growth_also_where_it_comes_at_once() -> None:
    assert live.slope(looks(lambda number: 110.0 + (number >= 30))) > live.MOST_GROWTH
