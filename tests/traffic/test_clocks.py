"""A host's clock that jumps only delays or hastens who tries: nothing stands for as long as it went back, and no time is over before it has passed
(fault F103).
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from clusterview.models import Switch
from clusterview.traffic import engine, moving_on
from clusterview.traffic.states import State
from tests.traffic.memory import GREEN
from tests.traffic.world import World

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = 3600.0
BOTH = {"app": "shop"}


@pytest.fixture
def let_go(here: World) -> Switch:
    """A switch whose endpoints are late, and that nobody holds for the moment."""
    here.memory.follows_at_once = False
    here.click(to="green")
    here.go_all()
    switch = Switch.objects.get()
    assert (switch.state, switch.holder) == (State.VERIFYING, "")
    return switch


@pytest.mark.parametrize("field", ["look_again_at", "lease_until"])
def test_what_was_written_before_the_clock_went_back_keeps_nobody_from_a_switch_f103(here: World, let_go: Switch, field: str) -> None:
    """That what is written lies an hour ahead is all that can be seen of a clock that went back an hour."""
    Switch.objects.update(look_again_at=None, lease_until=None)
    for seconds, is_due in ((moving_on.LEASE.total_seconds(), False), (HOUR, True)):
        Switch.objects.update(**{field: here.clock.now() + timedelta(seconds=seconds)})
        assert (moving_on.due() == [let_go.pk]) == is_due
    assert moving_on.claim(switch_id=let_go.pk, holder="somebody") is not None
    Switch.objects.update(look_again_at=None, lease_until=None)


def test_a_way_back_is_not_waited_with_f103(here: World, let_go: Switch) -> None:
    assert moving_on.due() == []
    here.back()
    here.go_all()
    assert moving_on.due() == [let_go.pk]


def test_what_waits_for_a_while_does_not_wait_longer_for_a_clock_that_went_back_f103(here: World, let_go: Switch) -> None:
    for seconds, has_waited in ((0, False), (-10, False), (-HOUR, True)):
        here.clock.jump(seconds)
        assert moving_on.has_waited(let_go, seconds=60) == has_waited, "a host's clock may be ahead a little"
        here.clock.jump(-seconds)


def test_an_overlap_lasts_as_long_as_was_asked_however_far_the_clock_is_set_forward_f103(here: World) -> None:
    here.click(to="green", overlap_seconds=30)
    here.go_all()
    here.clock.jump(HOUR)
    for _ in range(5):
        here.clock.pass_by(1)
        here.reconcile()
        here.go_all()
    assert here.memory.selector == BOTH
    here.clock.pass_by(30)
    for _ in range(3):
        here.clock.pass_by(1)
        here.reconcile()
        here.go_all()
    assert here.memory.selector == GREEN


def test_an_overlap_lasts_no_longer_for_a_clock_that_went_back_f103(here: World, let_go: Switch) -> None:
    here.clock.pass_by(10)
    before = engine._since_effect(let_go)
    here.clock.jump(-HOUR)
    here.clock.pass_by(20)
    assert engine._since_effect(let_go) - before == pytest.approx(20, abs=0.1)
    here.clock.jump(HOUR)


def test_how_old_an_effect_is_that_another_process_has_sent_is_told_by_the_clocks(here: World, let_go: Switch) -> None:
    here.clock.pass_by(10)
    engine._effects.clear()
    assert let_go.applied_at is not None
    assert engine._since_effect(let_go) == pytest.approx((here.clock.now() - let_go.applied_at).total_seconds(), abs=0.1)
    engine._effects.clear()
    let_go.applied_at += timedelta(seconds=HOUR)
    assert engine._since_effect(let_go) == 0.0
    engine._effects.clear()
