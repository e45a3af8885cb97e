"""A cluster that takes no writes now is waited for: the Service has not moved away under the switch, and nobody is told that it had."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clusterview.models import AuditEntry, Sizing, Switch
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


STRANGER = "The cluster does not accept Clusterview's credential now. It is tried again each second, for a minute."


@pytest.mark.parametrize(
    ("at", "order", "said"),
    [
        ("patch mark", Order.LOSE, NO_WRITES), ("patch mark", Order.BUSY, NO_WRITES), ("patch mark", Order.FAIL, NO_WRITES),
        ("patch mark", Order.STRANGER, STRANGER),
        ("patch effect", Order.BUSY, NO_WRITES), ("patch effect", Order.FAIL, NO_WRITES), ("patch effect", Order.LOSE, LOST),
        ("patch effect", Order.STRANGER, STRANGER),
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


def test_a_refusal_of_an_effect_of_which_nothing_can_be_read_is_a_doubt(here: World) -> None:
    here.go(here.runs[0], times=40, until="patch effect")
    here.go(here.runs[0], Order.TWICE_BUSY, times=1)
    here.go(here.runs[0], Order.FAIL)
    assert (Switch.objects.get().state, here.memory.selector) == (State.UNKNOWN, GREEN)
    here.go_all()
    here.clock.pass_by(1.1)
    here.reconcile()
    here.go_all()
    assert Switch.objects.get().state == State.SUCCEEDED


@pytest.mark.parametrize("is_empty", [False, True], ids=["ready", "empty"])
def test_a_cluster_that_answers_slowly_is_said_to_and_does_not_keep_traffic_on_a_side_that_is_to_be_left(here: World, is_empty: bool) -> None:
    """On a way back only the side that it leads to is looked at once more."""

    def mark_slowly() -> Switch:
        here.go(here.runs[0], times=40, until="patch mark")
        here.clock.pass_by(engine.OLDEST_LOOK_SECONDS + 0.1)
        if here.memory.selector == GREEN and is_empty:
            here.memory.scale("blue", 0)
        here.go(here.runs[0])
        here.go_all()
        return Switch.objects.get()

    first = mark_slowly()
    assert (first.state, first.held_for, first.tries, here.memory.selector) == (State.PREPARING, "slow-cluster", 0, BLUE)
    here.clock.pass_by(1.1)
    here.reconcile()
    on_the_way_back(here)
    assert Switch.objects.get().held_for == ""
    back = mark_slowly()
    assert (back.state, here.memory.selector) == ((State.PREPARING, GREEN) if is_empty else (State.ROLLED_BACK, BLUE))


@pytest.mark.parametrize("order", [Order.LOSE, Order.BUSY])
def test_a_switch_that_the_cluster_does_not_take_in_time_is_given_up_as_too_late(here: World, order: Order) -> None:
    turn_away(here, at="patch mark", order=order, times=30, seconds=6)
    switch = Switch.objects.get()
    assert (switch.state, switch.reason, here.memory.selector) == (State.EXPIRED, "too-late", BLUE)


def keep_moving(here: World, *, times: int) -> None:
    """Somebody else writes to the Service before each of so many marks."""
    for _ in range(times):
        if here.runs:
            here.go(here.runs[0], times=40, until="patch mark")
        if not here.runs:  # it rests
            here.clock.pass_by(engine.AGAIN_SECONDS + 0.1)
            here.reconcile()
            here.go(here.runs[0], times=40, until="patch mark")
        touch(here)
        here.go(here.runs[0])
    here.go_all()


def test_a_way_back_on_a_service_that_is_changed_again_and_again_is_tried_further_after_a_while(here: World) -> None:
    on_the_way_back(here)
    keep_moving(here, times=2 * engine.LONGEST_TRIES)
    switch = Switch.objects.get()
    assert (switch.state, switch.tries, here.memory.selector) == (State.PREPARING, 2 * engine.LONGEST_TRIES, GREEN)
    assert reporting.summary(switch)["sentence"].startswith("Others change the Service again and again.")
    here.clock.pass_by(engine.AGAIN_SECONDS - 1)
    here.reconcile()
    here.go_all()
    assert here.memory.selector == GREEN
    here.clock.pass_by(1.1)
    here.reconcile()
    here.go_all()
    assert (Switch.objects.get().state, here.memory.selector) == (State.ROLLED_BACK, BLUE)


def test_that_the_cluster_takes_no_writes_is_not_said_to_be_others_who_change_the_service(here: World) -> None:
    on_the_way_back(here)
    keep_moving(here, times=engine.LONGEST_TRIES)
    here.clock.pass_by(engine.AGAIN_SECONDS)
    turn_away(here, at="patch mark", order=Order.BUSY, times=3)
    switch = Switch.objects.get()
    assert (switch.tries, reporting.summary(switch)["sentence"]) == (engine.LONGEST_TRIES, NO_WRITES)
    here.clock.pass_by(1.1)
    here.reconcile()
    keep_moving(here, times=engine.LONGEST_TRIES)
    assert reporting.summary(Switch.objects.get())["sentence"].startswith("Others change the Service again and again.")


@pytest.mark.parametrize("is_back", [False, True], ids=["forward", "back"])
def test_a_service_that_is_changed_again_and_again_ends_it_and_is_said_to_be(here: World, is_back: bool) -> None:
    if is_back:
        on_the_way_back(here)
    keep_moving(here, times=engine.LONGEST_TRIES_BACK if is_back else engine.LONGEST_TRIES)
    switch = Switch.objects.get()
    assert (switch.state, switch.reason) == (State.NEEDS_HUMAN if is_back else State.CONFLICT, "kept-moving")
    assert "changed by others again and again" in reporting.summary(switch)["sentence"]
    assert "nothing was changed" not in reporting.summary(switch)["sentence"]


@pytest.mark.parametrize("order", [Order.TWICE, Order.TWICE_BUSY])
@pytest.mark.parametrize("is_back", [False, True], ids=["forward", "back"])
def test_an_effect_that_comes_twice_is_found_although_the_answer_is_to_the_second_one(here: World, order: Order, is_back: bool) -> None:
    """That the object moved on, or that the cluster takes nothing now."""
    if is_back:
        on_the_way_back(here)
    here.go(here.runs[0], times=40, until="patch effect")
    here.go(here.runs[0], order)
    here.go_all()
    switch = Switch.objects.get()
    assert (switch.state, here.memory.selector) == ((State.ROLLED_BACK, BLUE) if is_back else (State.SUCCEEDED, GREEN))
    assert [one.body["result"] for one in AuditEntry.objects.filter(action="OUTCOME")] == ["applied"] * (1 + is_back)


@pytest.mark.parametrize(
    ("at", "is_back", "end", "reason"),
    [
        ("patch mark", False, State.FAILED_NO_CHANGE, "refused"), ("patch effect", False, State.FAILED_NO_CHANGE, "refused"),
        ("patch mark", True, State.NEEDS_HUMAN, "refused"), ("patch effect", True, State.NEEDS_HUMAN, "refused"),
    ],
)  # fmt: skip
def test_what_a_webhook_denies_without_a_code_ends_it_with_what_the_webhook_says(
    here: World, at: str, is_back: bool, end: State, reason: str
) -> None:
    if is_back:
        on_the_way_back(here)
    here.go(here.runs[0], times=40, until=at)
    here.go(here.runs[0], Order.DENY)
    here.go_all()
    switch = Switch.objects.get()
    assert (switch.state, switch.reason, here.memory.selector) == (end, reason, GREEN if is_back else BLUE)
    assert "no changes on Fridays" in switch.detail


def test_a_doubt_that_a_policy_does_not_let_be_settled_goes_to_a_person_after_a_minute(here: World) -> None:
    here.go(here.runs[0], times=40, until="patch effect")
    here.go(here.runs[0], Order.LOSE)
    turn_away(here, at="patch mark", order=Order.DENY, times=20, seconds=5.1)
    switch = Switch.objects.get()
    assert (switch.state, switch.reason) == (State.NEEDS_HUMAN, "turned-away-may-land")
    assert "no changes on Fridays" in switch.detail
    assert AuditEntry.objects.filter(action="SEAL_MISSED").count() <= 13


def test_a_cluster_that_asks_for_time_gets_it_f09(here: World) -> None:
    here.go(here.runs[0], times=40, until="patch effect")
    here.memory.retry_after_seconds = 8
    here.go(here.runs[0], Order.BUSY)
    here.go_all()
    for seconds, came in ((6, 0), (2.1, 1)):
        here.clock.pass_by(seconds)
        here.reconcile()
        assert len(here.runs) == came
    here.go_all()
    assert Switch.objects.get().state == State.SUCCEEDED


def test_a_hold_that_lost_its_cluster_after_its_last_number_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no number left then that could be tried."""
    with world.moved(monkeypatch) as here:
        here.reconcile()
        here.go_all()
        hold = Sizing.objects.get()
        assert (hold.state, hold.at) == (State.HOLDING, len(hold.plan))
        Sizing.objects.update(state=State.HELD, held_for="no-credential-size", look_again_at=None)
        here.clock.pass_by(60)
        here.reconcile()
        here.go_all()
        assert (Sizing.objects.get().state, Sizing.objects.get().failures) == (State.HOLDING, 0)


def test_a_number_that_an_autoscaler_writes_at_the_same_moment_is_not_taken_for_a_lost_one_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with world.moved(monkeypatch) as here:
        here.reconcile()
        [run] = here.runs
        here.go(run, times=40, until="resize effect")
        wanted = Sizing.objects.get().plan[0]["to"]
        here.autoscaler.write(wanted)
        here.go_all()
        assert (Sizing.objects.get().state, here.autoscaler.now().number) == (State.HOLDING, wanted)
