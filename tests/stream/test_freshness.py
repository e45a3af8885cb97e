"""Nothing looks fresher than it is: not without word, not without a picture, not while Redis is away."""

from __future__ import annotations

import pytest

from clusterview.stream import freshness
from clusterview.stream.messages import Contact

EPOCH = 7


def judge(
    *, silence: float = 0.5, picture_epoch: int | None = EPOCH, redis: str = "", state: str = "live", age: float | None = 0.2
) -> Contact:
    word = freshness.Word(contact=Contact(state=state, contact_age_seconds=age), epoch=EPOCH, heard_at=100.0)
    return freshness.judge(word=word, picture_epoch=picture_epoch, now=100.0 + silence, redis=redis)


def test_live_is_word_of_a_recent_contact_and_that_observers_picture() -> None:
    assert (judge().state, judge().reason) == ("live", "")
    assert judge().contact_age_seconds == pytest.approx(0.7)


@pytest.mark.parametrize("picture_epoch", [None, EPOCH - 1, EPOCH + 1])
def test_it_is_not_live_before_the_observer_that_says_so_has_published_its_picture(picture_epoch: int | None) -> None:
    assert (judge(picture_epoch=picture_epoch).state, judge(picture_epoch=picture_epoch).reason) == ("stale", "no_picture")


@pytest.mark.parametrize(("silence", "state", "reason"), [(3.5, "live", ""), (4.5, "stale", "no_observer"), (61, "lost", "no_observer")])
def test_a_silent_observer_ages(silence: float, state: str, reason: str) -> None:
    assert (judge(silence=silence).state, judge(silence=silence).reason) == (state, reason)


def test_while_redis_is_away_nothing_is_live() -> None:
    assert (judge(redis="redis").state, judge(redis="redis").reason) == ("stale", "redis")
    assert freshness.judge(word=None, picture_epoch=None, now=0, redis="redis").state == "lost"


@pytest.mark.parametrize(("silence", "state", "reason"), [(3.5, "live", ""), (4.5, "stale", "redis_full"), (61, "lost", "redis_full")])
def test_where_redis_takes_nothing_that_is_why_no_observer_is_heard_f34(silence: float, state: str, reason: str) -> None:
    assert (judge(silence=silence, redis="redis_full").state, judge(silence=silence, redis="redis_full").reason) == (state, reason)


def test_a_password_that_is_refused_is_said_f40() -> None:
    assert (judge(redis="redis_refused").state, judge(redis="redis_refused").reason) == ("stale", "redis_refused")


def test_an_old_contact_is_not_live_even_when_the_word_of_it_is_new() -> None:
    assert (judge(age=3.8).state, judge(age=3.8).reason) == ("stale", "unreachable")


def test_lost_stays_lost_whatever_is_missing_besides() -> None:
    for said in (judge(state="lost", redis="redis"), judge(state="lost", picture_epoch=None), judge(state="lost", silence=5)):
        assert said.state == "lost"
