"""What came last is remembered within its bounds, and a place is never answered with steps missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.stream import remembering
from clusterview.stream.messages import Position
from clusterview.stream.remembering import Remembered

SIZES = st.lists(st.integers(0, 40), max_size=30)


@given(sizes=SIZES, back=st.integers(-2, 35), epoch=st.sampled_from([1, 2]))
def test_whoever_comes_back_gets_every_step_after_its_place_or_none_at_all(sizes: list[int], back: int, epoch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembering, "STEPS", 12)
        patch.setattr(remembering, "MOST_BYTES", 200)
        kept = Remembered[int]()
        for number, size in enumerate(sizes, start=1):
            kept.append(number, size=size)
        newest = Position(epoch=1, sequence=len(sizes))
        found = kept.after(Position(epoch=epoch, sequence=len(sizes) - back), newest=newest)
    fits = epoch == 1 and 0 <= back <= min(12, len(sizes)) and sum(sizes[len(sizes) - back :] if back else []) <= 200
    assert found == (list(range(len(sizes) - back + 1, len(sizes) + 1)) if fits else None)


def test_after_clearing_nothing_is_left_and_nothing_is_owed() -> None:
    kept = Remembered[int]()
    for number in range(5):
        kept.append(number, size=remembering.MOST_BYTES // 5)
    kept.clear()
    kept.append(5, size=remembering.MOST_BYTES)
    newest = Position(epoch=1, sequence=6)
    assert kept.after(Position(epoch=1, sequence=5), newest=newest) == [5]
    assert kept.after(Position(epoch=1, sequence=4), newest=newest) is None
    assert kept.after(newest, newest=None) is None
