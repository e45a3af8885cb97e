"""The reconcilers of several workers take up what nobody holds, each in its own rhythm."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clusterview.models import Heartbeat
from clusterview.traffic import moving_on, reconciling
from clusterview.traffic.reconciling import Reconciler


class Rounds:
    """An ending that comes after so many rounds, and the seconds that were waited before each of them."""

    def __init__(self, count: int) -> None:
        self.left, self.waited = count, list[float]()

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self.left -= 1
        return self.left < 0


def test_workers_that_were_started_together_do_not_look_at_the_same_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "round_once", lambda: None)
    monkeypatch.setattr(reconciling, "beat", lambda: None)
    monkeypatch.setattr(reconciling.executing, "of_this_process", Idle)
    rhythms = []
    for _ in range(2):
        reconciler, rounds = Reconciler(), Rounds(50)
        monkeypatch.setattr(reconciler, "_ending", rounds)
        reconciler._run()
        rhythms.append(rounds.waited)
    assert rhythms[0] != rhythms[1]
    assert all(0.9 <= seconds <= 1.1 for waited in rhythms for seconds in waited)


class Idle:
    """Executors with nothing to do."""

    def __getattr__(self, _: str) -> Any:
        return lambda: None


@pytest.mark.django_db
def test_a_round_that_ended_is_written_down_and_one_that_failed_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling.executing, "of_this_process", Idle)
    for fails, known in ((True, False), (False, True)):
        monkeypatch.setattr(reconciling, "round_once", lambda fails=fails: 1 / (not fails))
        reconciler = Reconciler()
        monkeypatch.setattr(reconciler, "_ending", Rounds(1))
        reconciler._run()
        assert (reconciling.age_seconds() is not None) is known


@pytest.mark.django_db
def test_the_age_of_the_last_round_is_that_of_whichever_worker_had_it() -> None:
    Heartbeat.objects.create(worker=reconciling.WORKER, at=moving_on.now() - timedelta(seconds=60))
    assert reconciling.is_late(age := reconciling.age_seconds()) and reconciling.in_words(age) == "last round 60 s ago"
    reconciling.beat()
    assert not reconciling.is_late(reconciling.age_seconds())
    assert reconciling.is_late(None)
