"""When a cluster's observer begins and ends in a worker: by its lease, and after each failure later."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from clusterview.observer import keeping
from clusterview.observer.keeping import ROUND_SECONDS, Keeper


class Lease:
    """Who has it: nobody, `ours`, or another one."""

    def __init__(self) -> None:
        self.holder, self.epoch = "", 0

    def take(self) -> int | None:
        if self.holder not in ("", "ours"):
            return None
        self.holder, self.epoch = "ours", self.epoch + 1
        return self.epoch

    def extend(self) -> bool:
        return self.take() is not None

    def release(self) -> None:
        self.holder = "" if self.holder == "ours" else self.holder


class Desk:
    """A keeper with its time, its lease and the observers that it began."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.lease, self.begun = 0.0, Lease(), list[float]()
        self.observer: Any = None
        self._problem: Exception | None = None
        monkeypatch.setattr(keeping, "Observer", self._begin)
        monkeypatch.setattr(keeping.random, "random", lambda: 1.0)
        self._keeper = Keeper(
            access=SimpleNamespace(id="lab"),  # type: ignore[arg-type]
            redis_url="redis://nowhere", claim=self.lease, clock=lambda: self.now,  # type: ignore[arg-type]
        )  # fmt: skip

    def begin_badly(self) -> None:
        """This will let the next observer have no thread."""
        self._problem = RuntimeError("can't start new thread")
        with pytest.raises(RuntimeError):
            self._keeper.round()
        self._problem = None

    def rounds(self, *, seconds: float, fails: bool = False) -> None:
        """This will go on for so long; with `fails` each observer fails as soon as it has begun."""
        until = self.now + seconds
        while self.now < until:
            self._keeper.round()
            if fails and self.observer is not None:
                self.observer.is_over = self.observer.has_failed = True
            self.now += ROUND_SECONDS

    def _begin(self, **_: Any) -> Any:
        self.begun.append(self.now)
        self.observer = SimpleNamespace(
            is_over=False, has_failed=False, wants_epoch=False, start=self._start, stop=self._end, grant=lambda epoch: None, go_on=lambda: None
        )
        return self.observer

    def _start(self) -> None:
        if self._problem is not None:
            self.observer.is_over = self.observer.has_failed = True
            raise self._problem

    def _end(self) -> None:
        self.observer = None


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def test_an_observer_that_fails_again_and_again_begins_after_pauses_that_double_up_to_half_a_minute(desk: Desk) -> None:
    desk.rounds(seconds=300, fails=True)
    pauses = [after - before for before, after in zip(desk.begun, desk.begun[1:], strict=False)]
    assert pauses[:6] == [2.5, 4.0, 7.0, 13.5, 26.5, 30.5]
    assert set(pauses[5:]) == {30.5}


def test_an_observer_that_failed_after_it_had_lived_for_a_while_is_followed_by_another_one_soon(desk: Desk) -> None:
    desk.rounds(seconds=100, fails=True)
    desk.rounds(seconds=200)
    desk.rounds(seconds=ROUND_SECONDS, fails=True)
    failed_at = desk.now
    desk.rounds(seconds=5)
    assert desk.begun[-1] - failed_at == 2.0


def test_while_a_worker_rests_after_a_failure_another_one_may_observe_and_is_followed_when_it_gives_up(desk: Desk) -> None:
    desk.rounds(seconds=ROUND_SECONDS, fails=True)
    desk.rounds(seconds=ROUND_SECONDS)
    assert (desk.lease.holder, desk.observer) == ("", None)
    desk.lease.holder = "another"
    desk.rounds(seconds=60)
    assert (desk.begun, desk.observer) == ([0.0], None)
    desk.lease.holder = ""
    desk.rounds(seconds=ROUND_SECONDS)
    assert desk.lease.holder == "ours" and desk.observer is not None


def test_an_observer_that_was_superseded_has_not_failed_and_the_lease_is_asked_for_at_once(desk: Desk) -> None:
    desk.rounds(seconds=ROUND_SECONDS)
    desk.observer.is_over = True
    desk.rounds(seconds=ROUND_SECONDS)
    assert desk.begun == [0.0, 0.5]


def test_an_observer_that_could_not_begin_is_ended_and_another_worker_may_observe_meanwhile(desk: Desk) -> None:
    desk.begin_badly()
    assert desk.observer is not None
    desk.rounds(seconds=ROUND_SECONDS)
    assert (desk.lease.holder, desk.observer) == ("", None)
    desk.rounds(seconds=5)
    assert desk.begun == [0.0, 2.0] and desk.lease.holder == "ours"
