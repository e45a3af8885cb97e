"""How late a change came to the last of many is read from when they read: it is late until every one of them has."""

from __future__ import annotations

from tests.bench import feed
from tests.bench.page import Crowd

STAMP = 5_000_000


def crowd(*groups: tuple[int, int]) -> Crowd:
    """One that read so long after the stamp (ms), so often."""
    return Crowd(groups=[(STAMP + 1_000 * after, reads) for after, reads in groups])


def test_a_change_is_as_late_as_the_last_read_of_its_group() -> None:
    assert crowd((-300, 10), (14, 10), (214, 10)).lateness(STAMP, reads=10) == 14


def test_a_group_that_silence_set_apart_is_waited_for_until_all_have_read() -> None:
    assert crowd((14, 6), (31, 4), (214, 10)).lateness(STAMP, reads=10) == 31


def test_a_change_that_not_all_read_within_a_second_was_never_told() -> None:
    assert crowd((14, 9), (1_200, 10)).lateness(STAMP, reads=10) is None
    assert crowd((14, 9)).latenesses([STAMP], reads=10) == []


def test_a_moment_is_told_across_the_end_of_what_a_stamp_can_hold() -> None:
    late = Crowd(groups=[(2**31 + 4_000, 1)])
    assert late.lateness((2**31 - 1_000) & feed.STAMP_MASK) == 5
