"""A side that got the traffic back is held until its autoscaler has learned of that: before, it looks as if one pod were enough."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clusterview.models import Sizing, Switch
from clusterview.traffic import holding, keeping, sizing
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import BLUE, GREEN
from tests.traffic.world import World

pytestmark = pytest.mark.django_db(transaction=True)

LIVE = 2
LEARNING_SECONDS = holding.LEARNING.total_seconds()


def go_on(here: World, *, seconds: float) -> None:
    """So much time passes, and what is due then is done."""
    here.clock.pass_by(seconds)
    for _ in range(3):
        here.reconcile()
        here.go_all()
        here.clock.pass_by(sizing.LOOK_SECONDS + 0.1)


def switched(here: World) -> None:
    here.click(to="green")
    here.go_all()
    go_on(here, seconds=30)
    assert (here.memory.selector, here.autoscaler.number) == (GREEN, LIVE)


def by_way_back(here: World) -> None:
    switched(here)
    here.back()
    here.go_all()


def by_another_switch(here: World) -> None:
    switched(here)
    here.click(to="blue")
    here.go_all()


def by_somebody_else(here: World) -> None:
    switched(here)
    here.memory.edit(lambda document: document["spec"].update(selector=dict(BLUE)), by="argocd-controller")
    keeping.watch(opened=lambda _: here.memory)


def by_a_switch_that_goes_back(here: World) -> None:
    here.click(to="green")
    here.go(here.runs[-1], times=40, until="convergence")
    here.back()
    here.go_all()


@pytest.mark.parametrize("comes_back", [by_way_back, by_another_switch, by_somebody_else, by_a_switch_that_goes_back])
def test_the_side_that_traffic_came_back_to_is_held_until_its_autoscaler_has_learned_of_it(here: World, comes_back: Callable[[World], None]) -> None:
    comes_back(here)
    go_on(here, seconds=0)
    assert (here.memory.selector, here.autoscaler.number) == (BLUE, LIVE)
    go_on(here, seconds=LEARNING_SECONDS - 60)
    assert here.autoscaler.number == LIVE
    go_on(here, seconds=60)
    assert (here.autoscaler.number, Sizing.objects.get(side="blue").state) == (world.LEAST, State.SUCCEEDED)


def test_a_switch_that_went_back_leaves_the_hold_of_the_one_before_it_as_it_was(here: World) -> None:
    switched(here)
    first = Switch.objects.get()
    here.back()
    here.go(here.runs[-1], times=40, until="convergence")
    here.back()
    here.go_all()
    assert here.memory.selector == GREEN
    go_on(here, seconds=LEARNING_SECONDS)
    assert first.keeping_old_until is not None and first.keeping_old_until > here.clock.now()
    assert here.autoscaler.number == LIVE, "the first one's old side is kept still"
    go_on(here, seconds=first.keep_seconds - LEARNING_SECONDS)
    assert here.autoscaler.number == world.LEAST


def test_a_side_that_was_warmed_up_is_held_until_its_autoscaler_has_learned_of_the_traffic_however_short_the_other_is_kept(here: World) -> None:
    warm = Sizing.objects.create(
        cluster_id="lab", namespace="store", service="shop", service_uid="uid-1", purpose=Sizing.Purpose.WARM_UP, side="green", selector=GREEN,
        state=State.HOLDING, open=False, actor="olga",
    )  # fmt: skip
    here.click(to="green")
    here.go_all()
    Switch.objects.update(keeping_old_until=here.clock.now())
    here.clock.pass_by(LEARNING_SECONDS - 5)
    assert not holding.is_over(warm)
    here.clock.pass_by(10)
    assert holding.is_over(warm)
    warm.delete()
