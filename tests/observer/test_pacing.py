"""How much is taken in: a cluster that floods is read at a rate, and one that does not never waits."""

from __future__ import annotations

import contextlib
import threading

from clusterview.observer.pacing import Budget


def test_a_seconds_worth_may_come_at_once_and_the_rest_at_the_rate() -> None:
    budget = Budget(per_second=100)
    assert [budget.spend(now=50.0) for _ in range(100)] == [0.0] * 100
    now = 50.0
    for _ in range(500):
        now += budget.spend(now=now)
    assert 4.9 < now - 50.0 < 5.1


def test_who_stays_below_the_rate_never_waits() -> None:
    budget = Budget(per_second=100)
    assert {budget.spend(now=number / 90) for number in range(1000)} == {0.0}


def test_a_pause_saves_no_more_than_a_seconds_worth() -> None:
    budget = Budget(per_second=100)
    budget.spend(now=0.0)
    waits = [budget.spend(now=1000.0) for _ in range(150)]
    assert waits[99] == 0.0 and waits[-1] > 0.4


class Halting(float):
    """Added by one thread, it waits a moment for another one that adds it too."""

    together: threading.Barrier

    def __radd__(self, other: float) -> float:
        with contextlib.suppress(threading.BrokenBarrierError):
            self.together.wait(0.2)
        return other + float(self)


def test_what_two_readers_spend_at_once_is_counted_twice() -> None:
    budget = Budget(per_second=1)
    budget._each = each = Halting(1.0)
    each.together = threading.Barrier(2)
    readers = [threading.Thread(target=lambda: budget.spend(now=50.0)) for _ in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert budget._spent_until == 51.0
