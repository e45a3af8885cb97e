"""A cluster that takes no writes now is waited for: the Service has not moved away under the switch, and nobody is told that it had."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clusterview.models import Switch
from clusterview.traffic import engine, reporting
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import BLUE, GREEN, Order
from tests.traffic.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world.enter(monkeypatch)
    with world.present() as made:
        made.click(to="green")
        yield made
        made.settle()


def on_the_way_back(here: World) -> None:
    """Somebody asks to go back from where the endpoints are watched."""
    here.go(here.runs[0], times=40, until="convergence")
    here.back()
    assert here.memory.selector == GREEN


def turn_away(here: World, *, at: str, order: Order, times: int, seconds: float = 1.1) -> None:
    """So many writes in a row are turned away, each as soon as it is tried."""
    for _ in range(times):
        if not here.runs:
            here.clock.pass_by(seconds)
            here.reconcile()
        for run in list(here.runs):
            here.go(run, times=40, until=at)
            if not run.ended:
                here.go(run, order)
    here.go_all()


def touch(here: World) -> None:
    """Somebody else writes another part of the Service."""
    here.memory.edit(lambda document: document["metadata"].update(labels={"touched": str(len(here.memory.writes))}))


NO_WRITES = "The cluster takes no writes now. It is tried again each second."
LOST = "The cluster's answer to the patch was lost. What might still be late is locked out, and it is tried again each second."


@pytest.mark.parametrize(
    ("at", "order", "said"),
    [
        ("patch mark", Order.LOSE, NO_WRITES), ("patch mark", Order.BUSY, NO_WRITES), ("patch mark", Order.FAIL, NO_WRITES),
        ("patch effect", Order.BUSY, NO_WRITES), ("patch effect", Order.FAIL, NO_WRITES), ("patch effect", Order.LOSE, LOST),
    ],
)  # fmt: skip
def test_a_way_back_is_tried_each_second_until_the_cluster_takes_it(here: World, at: str, order: Order, said: str) -> None:
    on_the_way_back(here)
    turn_away(here, at=at, order=order, times=3 * engine.LONGEST_TRIES)
    switch = Switch.objects.get()
    assert (switch.state, switch.returning, here.runs) == (State.PREPARING, True, [])
    assert reporting.summary(switch)["sentence"] == said
    here.clock.pass_by(1.1)
    here.reconcile()
    here.go_all()
    switch = Switch.objects.get()
    assert (switch.state, switch.reason, switch.held_for, here.memory.selector) == (State.ROLLED_BACK, "asked", "", BLUE)


@pytest.mark.parametrize("order", [Order.LOSE, Order.BUSY])
def test_a_switch_that_the_cluster_does_not_take_in_time_is_given_up_as_too_late(here: World, order: Order) -> None:
    turn_away(here, at="patch mark", order=order, times=30, seconds=6)
    switch = Switch.objects.get()
    assert (switch.state, switch.reason, here.memory.selector) == (State.EXPIRED, "too-late", BLUE)


@pytest.mark.parametrize("is_back", [False, True], ids=["forward", "back"])
def test_a_service_that_is_changed_again_and_again_ends_it_and_is_said_to_be(here: World, is_back: bool) -> None:
    if is_back:
        on_the_way_back(here)
    for _ in range(engine.LONGEST_TRIES):
        here.go(here.runs[0], times=40, until="patch mark")
        touch(here)
        here.go(here.runs[0])
    here.go_all()
    switch = Switch.objects.get()
    assert (switch.state, switch.reason) == (State.NEEDS_HUMAN if is_back else State.CONFLICT, "kept-moving")
    assert "changed by others again and again" in reporting.summary(switch)["sentence"]
    assert "nothing was changed" not in reporting.summary(switch)["sentence"]
