"""Every row is looked at each 30 s, and a look that is dear is rare."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from clusterview.kube import errors
from clusterview.observer import words
from clusterview.observer.digesting import EVERY_SECONDS, GIVES_WAY, REST, Digesting
from tests.kube.making import PODS, failure, page, pod
from tests.kube.scripted import Script, playing, say

TWO = (say(200, page(pod("a", version=3), version=10, token="t")), say(200, page(pod("b", version=4), version=10)))
COUNTED = say(200, {"metadata": {"resourceVersion": "10", "continue": "t", "remainingItemCount": 41}, "items": [pod("a", version=3)]})


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def digesting(script: Script, told: list[Any], clock: Clock, *, followed: bool = True, stopwatch: Clock | None = None) -> Digesting:
    rows = [PODS] if followed else []
    return Digesting(connection=script.connection(), followed=lambda: rows, tell=told.append, clock=clock, stopwatch=stopwatch or clock)


def test_every_object_is_told_by_its_identity_in_pages() -> None:
    told: list[Any] = []
    clock = Clock()
    with playing(*TWO) as script:
        look = digesting(script, told, clock)
        assert 0 < look.round() <= EVERY_SECONDS
        assert told == []
        clock.now = EVERY_SECONDS
        look.round()
        assert "PartialObjectMetadataList" in script.asked[0].headers["Accept"]
        assert [one.query.get("continue") for one in script.asked] == [None, "t"]
    assert told == [
        words.DigestBegun(key="Pod", at=30.0),
        words.DigestPage(key="Pod", version="10", objects=(("uid-a", "3"),)),  # type: ignore[arg-type]
        words.DigestPage(key="Pod", version="10", objects=(("uid-b", "4"),)),  # type: ignore[arg-type]
        words.DigestEnded(key="Pod", at=30.0),
    ]


def test_after_a_dear_look_there_are_counts_until_a_hundred_times_as_long_has_passed() -> None:
    told: list[Any] = []
    clock = Clock()

    def slowly(handler: Any) -> None:
        clock.now += 4.0
        say(200, page(pod("a", version=3), version=10))(handler)

    with playing(slowly, last=COUNTED) as script:
        look = digesting(script, told, clock)
        look.round()
        clock.now = EVERY_SECONDS
        look.round()
        while clock.now < EVERY_SECONDS + 4.0 + 4.0 * REST - EVERY_SECONDS:
            clock.now += EVERY_SECONDS
            look.round()
        counts = [one for one in told if isinstance(one, words.Counted)]
        assert len(counts) > 5 and {one.count for one in counts} == {42}
        clock.now += 2 * EVERY_SECONDS
        look.round()
        assert isinstance(told[-1], words.DigestBegun | words.DigestPage | words.DigestEnded)
        assert {one.query["limit"] for one in script.asked[1 : len(counts) + 1]} == {"1"}


def test_a_look_in_which_the_computer_slept_is_no_dear_one(monkeypatch: pytest.MonkeyPatch) -> None:
    told, pauses = list[Any](), list[float]()
    clock = Clock()

    def asleep(handler: Any) -> None:
        clock.now += 8 * 3600.0
        TWO[0](handler)

    with playing(asleep, TWO[1], last=TWO[1]) as script:
        look = digesting(script, told, clock, stopwatch=Clock())
        monkeypatch.setattr(look, "_closed", SimpleNamespace(wait=pauses.append))
        look.round()
        clock.now = EVERY_SECONDS
        look.round()
        clock.now += EVERY_SECONDS
        look.round()
    assert [type(one) for one in told[-3:]] == [words.DigestBegun, words.DigestPage, words.DigestEnded]
    assert pauses == [0.0]


def test_between_pages_whoever_reads_a_watch_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, pauses, told = Clock(), list[float](), list[Any]()

    def slowly(answer: Any) -> Any:
        def play(handler: Any) -> None:
            clock.now += 0.25
            answer(handler)

        return play

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        clock.now += seconds

    with playing(*map(slowly, TWO), last=COUNTED) as script:
        look = digesting(script, told, clock)
        monkeypatch.setattr(look, "_closed", SimpleNamespace(wait=wait))
        look.round()
        clock.now = EVERY_SECONDS
        look.round()
        assert pauses == [GIVES_WAY * 0.25], "and after the last page there is nobody to wait for"
        clock.now = EVERY_SECONDS + 0.5 * REST - 1
        look.round()
        assert isinstance(told[-1], words.Counted)
        clock.now = 2 * EVERY_SECONDS + pauses[0] + 0.5 * REST + 1
        look.round()
        assert not isinstance(told[-1], words.Counted), "a pause is no work, so it does not make the look a dear one"


@pytest.mark.parametrize("error", [errors.Unreachable, errors.TimedOut])
def test_a_look_that_an_outage_ended_is_done_again_at_its_usual_time_however_long_it_waited(
    monkeypatch: pytest.MonkeyPatch, error: type[errors.KubeError]
) -> None:
    told: list[Any] = []
    clock = Clock()

    def silence(*_: Any) -> Iterator[Any]:
        clock.now += 10.0
        raise error("it took too long")

    monkeypatch.setattr("clusterview.kube.digesting.pages", silence)
    with playing(last=COUNTED) as script:
        look = digesting(script, told, clock)
        for clock.now in (0.0, EVERY_SECONDS, 3 * EVERY_SECONDS):
            look.round()
    assert told == [words.DigestBegun(key="Pod", at=at) for at in (EVERY_SECONDS, 3 * EVERY_SECONDS)]


def test_a_count_that_is_not_said_is_not_guessed() -> None:
    told: list[Any] = []
    clock = Clock()
    with playing(say(200, page(pod("a", version=3), version=10, token="t"))) as script:
        look = digesting(script, told, clock)
        look.round()
        look._rested["Pod"] = 100.0
        clock.now = EVERY_SECONDS
        look.round()
    assert told == []


def test_a_row_that_is_not_followed_is_not_asked_for() -> None:
    clock = Clock()
    with playing() as script:
        look = digesting(script, [], clock, followed=False)
        look.round()
        clock.now = EVERY_SECONDS
        look.round()
        assert script.asked == []


def test_a_busy_server_is_left_alone_for_the_time_it_asks_for() -> None:
    clock = Clock()
    with playing(say(429, failure(429, "TooManyRequests"), Retry_After="17")) as script:
        look = digesting(script, [], clock)
        look.round()
        clock.now = EVERY_SECONDS
        assert look.round() == 17.0


@pytest.mark.parametrize("answer", [say(500), say(200, b"{"), say(410, failure(410, "Expired")), say(403, failure(403, "Forbidden"))])
def test_a_look_that_fails_tells_no_end(answer: Any) -> None:
    told: list[Any] = []
    clock = Clock()
    with playing(answer) as script:
        look = digesting(script, told, clock)
        look.round()
        clock.now = EVERY_SECONDS
        look.round()
    assert told == [words.DigestBegun(key="Pod", at=30.0)]
