"""Each invariant that is looked at after every step of the state machine can fail: the product is broken in one place, and the world says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from clusterview.models import AuditHead, Switch
from clusterview.traffic import convergence, doubts, engine, moving_on, planning, preflight, requesting, sizing
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import BLUE, Memory, Order
from tests.traffic.world import World
from tests.worlds import Mutants, Patch

pytestmark = pytest.mark.django_db(transaction=True)

MUTANTS: Mutants[World] = Mutants()
breaks = MUTANTS.breaks


def click(here: World, *, until: str = "", to: str = "green") -> None:
    """This will have somebody click, and the switch go on to a call, or to its end."""
    here.click(to=to)
    here.go(here.runs[-1], times=40, until=until)


def try_again(here: World) -> None:
    """What became of a lost effect is found out, and it is sent once more; a number a second later."""
    here.go(here.runs[-1], times=40)
    here.clock.pass_by(1.1)
    here.reconcile()
    here.go_all()


def without(patch: Patch, action: str) -> None:
    """Lines of the audit with this action are not written."""
    record = moving_on.record
    patch.setattr(moving_on, "record", lambda switch, *lines, **more: record(switch, *[one for one in lines if one[0] != action], **more))


def sent_twice(patch: Patch, name: str, undo: Callable[[], None]) -> None:
    """Without its tests an effect is sent, undone by somebody else who takes our annotations off as well, and sent again by a client that repeats."""
    send = getattr(Memory, name)
    patch.setattr(planning, "_tests", lambda **_: [])

    def again(memory: Memory, **given: Any) -> dict[str, Any]:
        answer: dict[str, Any] = send(memory, **given)
        if any(one["op"] == "replace" for one in given["operations"]):
            undo()
            send(memory, **given)
        return answer

    patch.setattr(Memory, name, again)


@breaks("I1")
def a_client_repeats_an_effect(patch: Patch, here: World) -> None:
    def undo() -> None:
        here.memory.edit(lambda document: (document["spec"].update(selector=dict(BLUE)), document["metadata"].update(annotations={})))

    sent_twice(patch, "patch", undo)
    click(here)


@breaks("I2")
def an_intent_says_something_else_than_the_effect(patch: Patch, here: World) -> None:
    patch.setattr(engine, "intention_of", lambda switch: {"from": engine.source_of(switch), "to": {"app": "other"}, "returning": False})
    click(here)


@breaks("I3")
def an_outcome_is_not_written(patch: Patch, here: World) -> None:
    without(patch, "OUTCOME")
    click(here)


@breaks("I4")
def a_second_click_takes_the_place_of_the_first(patch: Patch, here: World) -> None:
    click(here)
    click(here, to="blue", until="patch effect")
    Switch.objects.filter(open=True).update(open=False)
    click(here, to="blue", until="patch effect")


@breaks("I5")
def a_late_effect_is_not_locked_out(patch: Patch, here: World) -> None:
    patch.setattr(planning, "_tests", lambda **_: [])
    click(here, until="patch effect")
    here.go(here.runs[-1], Order.LATE)
    try_again(here)
    click(here, to="blue")


@breaks("I6")
def an_effect_does_not_test_the_version(patch: Patch, here: World) -> None:
    patch.setattr(planning, "_tests", lambda **_: [])
    click(here, until="patch effect")
    here.memory.edit(lambda document: document["metadata"].update(labels={"touched": "yes"}))
    here.go(here.runs[-1], times=40)


@breaks("I7")
def every_fence_is_the_same(patch: Patch, here: World) -> None:
    patch.setattr(planning, "fresh_fence", lambda *, holder, epoch: f"{holder}:{epoch}:always")
    click(here, until="patch effect")
    here.memory.edit(lambda document: document["metadata"].pop("annotations"))
    here.go(here.runs[-1], times=40)


@breaks("I8")
def a_look_never_grows_old(patch: Patch, here: World) -> None:
    patch.setattr(engine, "OLDEST_LOOK_SECONDS", 1e9)
    click(here, until="patch mark")
    here.memory.scale("green", 0)
    here.clock.pass_by(5)
    here.go(here.runs[-1], times=40)


@breaks("I8")
def a_side_that_is_smaller_is_not_refused(patch: Patch, here: World) -> None:
    blocks = preflight.blocks
    patch.setattr(preflight, "blocks", lambda checks: [one for one in blocks(checks) if one.code != "green-smaller"])
    here.memory.scale("green", 1)
    here.clock.pass_by(5)
    click(here)


@breaks("I9")
def a_selector_that_matches_nobody_is_sent(patch: Patch, here: World) -> None:
    patch.setattr(engine, "target_of", lambda _: {"app": "nobody"})
    patch.setattr(planning, "selectors", SimpleNamespace(matches=lambda **_: True))
    click(here)


@breaks("I10")
def a_way_back_is_told_and_not_gone(patch: Patch, here: World) -> None:
    turn_back = partial(moving_on.step, to=State.ROLLED_BACK, action="VERIFIED")
    patch.setattr(engine, "_turn_back", lambda switch, *, reason, **_: turn_back(switch, reason=reason))
    here.memory.follows_at_once = False
    click(here, until="convergence")
    here.back()
    here.go(here.runs[0], times=40)


@breaks("I11")
def the_permission_is_not_read_again(patch: Patch, here: World) -> None:
    patch.setattr(moving_on, "why_not", lambda *_, **__: None)
    click(here, until="patch mark")
    here.permit(False)
    here.go(here.runs[-1], times=40)


@breaks("I12")
def an_end_is_not_told(patch: Patch, here: World) -> None:
    without(patch, "CLOSED")
    click(here)


@breaks("I13")
def the_key_of_a_request_is_forgotten(patch: Patch, here: World) -> None:
    request = requesting.request_switch
    patch.setattr(requesting, "request_switch", lambda **given: request(**{**given, "idempotency_key": None}))
    for to in ("green", "blue"):
        here.click(to=to, key="one")
        here.go(here.runs[-1], times=40)


@breaks("I14")
def endpoints_are_not_waited_for(patch: Patch, here: World) -> None:
    patch.setattr(convergence.Convergence, "converged", True)
    here.memory.follows_at_once = False
    click(here)


@breaks("I15")
def the_audit_begins_anew(patch: Patch, here: World) -> None:
    click(here, until="patch mark")
    AuditHead.objects.update(hash="1" * 64)
    here.go(here.runs[-1], times=40)


@breaks("I16")
def pages_are_told_before_the_commit(patch: Patch, here: World) -> None:
    step = moving_on.step

    def tell_first(switch: Any, to: State, **more: Any) -> None:
        moving_on.tell(switch, state=to)
        step(switch, to, **more)

    patch.setattr(moving_on, "step", tell_first)
    click(here)


@breaks("I17")
def somebody_elses_change_is_answered_with_a_write(patch: Patch, here: World) -> None:
    step = moving_on.step

    def answered(switch: Any, to: State, **more: Any) -> None:
        step(switch, to, **more)
        if to is State.REVERTED_EXTERNALLY:
            mark_again(here, epoch=switch.epoch)

    patch.setattr(moving_on, "step", answered)
    click(here, until="convergence")
    here.memory.edit(lambda document: document["spec"].update(selector={"app": "theirs"}))
    here.go(here.runs[-1], times=40)


def mark_again(here: World, *, epoch: int) -> None:
    now = here.memory.service(namespace="store", name="shop")
    fence = planning.fresh_fence(holder=engine.HOLDER, epoch=epoch)
    operations = planning.mark_patch(uid=now.uid, resource_version=now.resource_version, annotations=now.annotations, fence=fence)
    here.memory.patch(namespace="store", name="shop", operations=operations)


@breaks("I19")
def nobody_takes_up_what_was_left(patch: Patch, here: World) -> None:
    patch.setattr(moving_on, "due", lambda *_: [])
    click(here, until="patch mark")


@breaks("I19")
def what_was_left_is_taken_up_late(patch: Patch, here: World) -> None:
    patch.setattr(moving_on, "LEASE", timedelta(seconds=20))
    click(here, until="patch mark")


def hold(here: World, *, until: str = "") -> None:
    """This will have blue left and held, as far as before a call, or until it is held."""
    click(here)
    here.reconcile()
    here.go(here.runs[-1], times=40, until=until)


def expire(here: World, *, until: str = "") -> None:
    here.clock.pass_by(world.HOLD_SECONDS)
    here.reconcile()
    here.go(here.runs[-1], times=40, until=until)


@breaks("S1")
def a_client_repeats_a_number(patch: Patch, here: World) -> None:
    sent_twice(patch, "resize", lambda: (here.autoscaler.write(world.LEAST), here.autoscaler.strip()))
    hold(here)


@breaks("S2")
def a_numbers_intent_is_not_written(patch: Patch, here: World) -> None:
    click(here)
    without(patch, "INTENT")
    here.reconcile()
    here.go(here.runs[-1], times=40)


@breaks("S3")
def a_numbers_outcome_is_not_written(patch: Patch, here: World) -> None:
    click(here)
    without(patch, "OUTCOME")
    here.reconcile()
    here.go(here.runs[-1], times=40)
    expire(here)


@breaks("S5")
def a_late_number_is_not_locked_out(patch: Patch, here: World) -> None:
    patch.setattr(doubts, "_send_seal", lambda *_: True)
    patch.setattr(planning, "_tests", lambda **_: [])
    hold(here, until="resize effect")
    here.go(here.runs[-1], Order.LATE)
    try_again(here)
    expire(here)
    here.memory.deliver()


@breaks("S6")
def a_number_does_not_test_the_version(patch: Patch, here: World) -> None:
    patch.setattr(planning, "_tests", lambda **_: [])
    hold(here, until="resize effect")
    here.autoscaler.touch()
    here.go(here.runs[-1], times=40)


@breaks("S10")
def who_wrote_the_number_is_not_asked(patch: Patch, here: World) -> None:
    patch.setattr(sizing, "OURS", ("clusterview", "kubectl"))
    hold(here)
    for number in (3, 2):
        here.autoscaler.write(number)
    expire(here)


@breaks("S12")
def the_end_of_a_hold_is_not_told(patch: Patch, here: World) -> None:
    hold(here)
    without(patch, "CLOSED")
    expire(here)


@breaks("S19")
def what_was_raised_is_never_put_back(patch: Patch, here: World) -> None:
    hold(here)
    patch.setitem(sizing.STEPS, State.ROLLING_BACK, lambda row, _: moving_on.step(row, State.PREPARING, action="X", returning=True, at=0))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_product_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    MUTANTS.expect_noticed(name, monkeypatch, world.present())


def test_a_hold_that_nothing_happens_to_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        hold(here)
        assert here.autoscaler.number == 2
        expire(here)
        assert here.autoscaler.number == world.LEAST
        here.settle()


def test_nothing_is_noticed_where_nothing_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        for to in ("green", "blue"):
            click(here, to=to)
        here.check()
        here.settle()


def test_every_invariant_has_been_seen_to_fail() -> None:
    """I18 and I20 are the stream's: tests/stream/test_world.py."""
    broken = {name.partition(":")[0] for name in MUTANTS}
    assert broken >= {f"I{number}" for number in range(1, 20) if number != 18}
