"""Whose switch it is no more: of a person who lost the right, of an executor whose claim ran out, of code that is older than the row."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import ProtectedError
from django.utils import timezone

from clusterview.access import people
from clusterview.models import AuditEntry, Cluster, Grant, Sizing, Switch
from clusterview.traffic import engine, moving_on, requesting
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import TERMINAL, State
from tests.postgres.shops import Shops
from tests.traffic import world
from tests.traffic.interleaving import Run
from tests.traffic.making import BLUE, GREEN
from tests.traffic.memory import Order
from tests.traffic.test_engine import who_may_switch
from tests.traffic.world import World

pytestmark = pytest.mark.django_db(transaction=True)
CALLS = 8  # of a switch that nothing happens to, and more


def begun(here: World, *, calls: int) -> Run:
    """Somebody clicks, and the switch goes on for so many calls."""
    here.click(to="green")
    [run] = here.runs
    here.go(run, times=calls)
    return run


@pytest.mark.parametrize("calls", range(CALLS))
def test_after_a_right_was_taken_away_nothing_is_sent_wherever_the_switch_stands_f89(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        run = begun(here, calls=calls)
        here.permit(False)
        sent = len(here.memory.sent)
        if not run.ended:
            here.go(run, times=40)
        here.check()
        switch = Switch.objects.first()
        was_sent = sent or any(one.marker for one in here.memory.writes)
        assert switch is None or switch.state == (State.SUCCEEDED if was_sent else State.CANCELLED)


def test_a_half_done_switch_of_somebody_who_lost_the_right_is_taken_back_by_the_product_f89(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides take traffic, and nobody is left who may go on."""
    world.enter(monkeypatch)
    with world.present() as here:
        here.click(to="green", overlap_seconds=30)
        here.go(here.runs[0], times=40, until="convergence")
        assert here.memory.selector == {"app": "shop"}
        here.permit(False)
        here.go_all()
        here.clock.pass_by(31)
        here.reconcile()
        here.go_all()
        switch = Switch.objects.get()
        assert (switch.state, switch.reason, here.memory.selector) == (State.ROLLED_BACK, "not_allowed", BLUE)
        told = AuditEntry.objects.filter(switch_id=switch.pk, action__in=["TURNING_BACK", "INTENT"]).order_by("sequence")
        assert [(one.actor, one.action) for one in told] == [("clusterview", action) for action in ("INTENT", "TURNING_BACK", "INTENT")]
        here.settle()


@pytest.mark.parametrize("what", ["the person's right", "the cluster's arming"])
def test_who_takes_up_what_may_not_be_done_any_more_writes_not_even_a_mark_f89(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    taken_up = set()
    for calls in itertools.count():
        with world.present() as here:
            run = begun(here, calls=calls)
            if run.ended:
                break
            here.die(run)
            if not Switch.objects.filter(state__in=(State.PREPARING, State.MARKING)).exists():
                continue
            taken_up.add(Switch.objects.get().state)
            here.permit(what != "the person's right")
            here.arm(what != "the cluster's arming")
            written = len(here.memory.writes)
            here.take_over()
            here.go_all()
            assert (Switch.objects.get().state, len(here.memory.writes)) == (State.CANCELLED, written)
    assert State.MARKING in taken_up


def disabled(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def without_a_grant(user: User) -> None:
    Grant.objects.filter(user=user).delete()


def a_viewer(user: User) -> None:
    Grant.objects.filter(user=user).update(role="viewer")


def no_cluster(_: User) -> None:
    Cluster.objects.filter(pk="lab").update(active=False)


@pytest.mark.parametrize("end", [disabled, without_a_grant, a_viewer, no_cluster])
def test_of_somebody_who_is_gone_no_intent_is_committed_f90(end: Callable[[User], None]) -> None:
    who_may_switch()
    user = people.add(name="omar", role="operator", actor="ada")
    switch = Switch.objects.create(
        cluster_id="lab", namespace="store", service="shop", service_uid="uid-shop", key="slot", from_selector=BLUE, to_selector=GREEN,
        state=State.MARKING, requested_by=user, actor="omar", epoch=1,
    )  # fmt: skip
    assert moving_on.why_not(switch) is None
    end(user)
    assert moving_on.arm(switch, intent_rv="8", fence="f", body={}) in ("not_allowed", "not_armed")
    assert not moving_on.AuditEntry.objects.filter(action="INTENT").exists()


def test_who_has_asked_for_a_switch_is_kept_out_and_never_deleted_f90() -> None:
    """Whose switch it was is told for as long as it is."""
    who_may_switch()
    user = people.add(name="omar", role="operator", actor="ada")
    Switch.objects.create(
        cluster_id="lab", namespace="store", service="shop", service_uid="uid-shop", key="slot", from_selector=BLUE, to_selector=GREEN,
        state=State.MARKING, requested_by=user, actor="omar", epoch=1,
    )  # fmt: skip
    with pytest.raises(ProtectedError):
        user.delete()
    assert User.objects.filter(pk=user.pk).exists()


def test_a_cluster_that_is_armed_under_another_name_is_not_switched_under_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It did not say which it is when it was armed."""
    monkeypatch.setattr(requesting, "carry_out", lambda *_, **__: None)
    olga = who_may_switch()
    Cluster.objects.create(pk="inside", name="the lab from inside")
    requesting.arm(cluster="inside", actor="ada", opened=Shops())

    def ask() -> Switch:
        return requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=Shops())

    with pytest.raises(Refused) as refused:
        ask()
    assert (refused.value.status, refused.value.code, refused.value.body["context"]) == (409, "armed-elsewhere", "the lab from inside")
    assert not Switch.objects.exists()
    requesting.disarm(cluster="inside", actor="ada")
    assert ask().cluster_identity == "the-cluster"


def test_a_way_back_that_was_accepted_is_gone_wherever_the_switch_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """An acceptance is no wish: a switch that was about to succeed turns around."""
    world.enter(monkeypatch)
    turned = set()
    for calls in itertools.count():
        with world.present() as here:
            run = begun(here, calls=calls)
            if run.ended:
                break
            stood = Switch.objects.get().state if Switch.objects.exists() else ""
            here.back()
            for one in list(here.runs):
                here.go(one, times=40)
            here.settle()
            turned.add(stood)
            accepted = AuditEntry.objects.filter(action="BACK_REQUESTED").exists()
            assert not accepted or here.memory.selector == BLUE, f"asked back in {stood} (call {calls}), and the traffic is {here.memory.selector}"
            assert accepted or stood in ("", State.SUCCEEDED)
    assert State.VERIFYING in turned


@pytest.mark.parametrize("moment", ["keep", "back"])
def test_a_right_that_is_taken_away_before_the_transaction_counts(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        begun(here, calls=40 if moment == "keep" else 4)
        switch, before = Switch.objects.get(), AuditEntry.objects.count()
        must = requesting.must

        def taken_away(**asked: object) -> None:
            must(**asked)  # type: ignore[arg-type]
            here.permit(False)

        monkeypatch.setattr(requesting, "must", taken_away)
        with pytest.raises(Refused) as refused:
            if moment == "keep":
                requesting.keep(switch=switch, person=here.olga, minutes=5)
            else:
                requesting.request_back(switch=switch, person=here.olga)
        assert (refused.value.status, refused.value.code) == (403, "not_allowed")
        assert AuditEntry.objects.count() == before


def test_who_keeps_a_side_that_is_given_up_meanwhile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The switch that a person sees may be older than the row."""
    world.enter(monkeypatch)
    with world.present() as here:
        begun(here, calls=40)
        seen = Switch.objects.get()
        Switch.objects.update(keeping_old_until=timezone.now())
        with pytest.raises(Refused) as refused:
            requesting.keep(switch=seen, person=here.olga, minutes=5)
        assert refused.value.code == "keeping-ended"


def test_a_side_that_is_kept_for_longer_already_is_said_to_be_and_nothing_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        begun(here, calls=40)
        switch, kept = Switch.objects.get(), timezone.now() + timedelta(hours=2)
        Switch.objects.update(keeping_old_until=kept)
        with pytest.raises(Refused) as refused:
            requesting.keep(switch=switch, person=here.olga, minutes=5)
        assert (refused.value.status, refused.value.code, refused.value.body["until"]) == (409, "kept-longer", kept.isoformat())
        assert (Switch.objects.get().keeping_old_until, AuditEntry.objects.filter(action="KEEP").count()) == (kept, 0)
        assert requesting.keep(switch=switch, person=here.olga, minutes=180).keeping_old_until > kept
        assert AuditEntry.objects.get(action="KEEP").body["minutes"] == 180


@pytest.mark.parametrize("lost", [Order.LOSE, Order.LOSE_AFTER, Order.LATE])
@pytest.mark.parametrize("seconds", [6, 120])
def test_a_credential_that_is_taken_away_leaves_what_is_in_doubt_to_a_person_unless_it_is_back_soon_f91(
    seconds: int, lost: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What became of the effect cannot be read then, so nothing is told of it but that."""
    world.enter(monkeypatch)
    with world.present() as here:
        run = begun(here, calls=0)
        here.go(run, times=40, until="patch effect")
        here.go(run, lost, until="service")
        here.memory.is_known = False
        here.go(run, times=40)
        for _ in range(0, seconds, 6):
            here.clock.pass_by(6)
            here.reconcile()
            here.go_all()
        switch = Switch.objects.get()
        here.check()
        if seconds < engine.SHUT_OUT_SECONDS:
            assert (switch.state, here.runs) == (State.UNKNOWN, [])
        else:
            assert (switch.state, switch.reason) == (State.NEEDS_HUMAN, "no-credential-may-land")
            assert str(BLUE) in switch.detail and str(GREEN) in switch.detail and switch.intent_rv in switch.detail
            told = [entry.body for entry in AuditEntry.objects.filter(action="OUTCOME")]
            assert [one["result"] for one in told] == ["unclear"]
        here.settle()
        assert Switch.objects.get().state == (State.SUCCEEDED if seconds < engine.SHUT_OUT_SECONDS else State.NEEDS_HUMAN)
        assert sum(bool(one.marker) for one in here.memory.writes) <= 1
        here.click(to="green" if here.memory.selector == BLUE else "blue")
        here.go_all()
        assert Switch.objects.order_by("requested_at").last().state == State.SUCCEEDED, "whoever has looked may switch again"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("until", "end", "reason"),
    [("patch mark", State.CANCELLED, "no-credential-unchanged"), ("convergence", State.NEEDS_HUMAN, "no-credential")],
)
def test_a_credential_that_is_taken_away_ends_a_switch_with_what_is_known_f91(
    until: str, end: State, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        run = begun(here, calls=0)
        here.go(run, times=40, until=until)
        here.memory.is_known = False
        here.go(run, times=40)
        for _ in range(20):
            here.clock.pass_by(6)
            here.reconcile()
            here.go_all()
        switch = Switch.objects.get()
        assert (switch.state, switch.reason) == (end, reason)
        assert end is State.CANCELLED or str(GREEN) in switch.detail
        here.settle()
        here.check()


def test_a_credential_that_is_refused_now_and_then_ends_nothing_f91(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by one of several API servers."""
    world.enter(monkeypatch)
    with world.present() as here:
        here.click(to="green", overlap_seconds=90)
        for turn in range(20):
            here.memory.is_known = turn % 2 == 0
            here.go_all()
            here.clock.pass_by(6)
            here.reconcile()
        assert Switch.objects.get().state != State.NEEDS_HUMAN
        here.settle()
        assert Switch.objects.get().state == State.SUCCEEDED


def lacking(here: World, *reads: str, seconds: int = 120) -> Switch:
    """The switch after reconcilers have found for so long that the account may not read this any more."""
    here.memory.forbidden = frozenset(reads)
    for _ in range(0, seconds, 6):
        here.go_all()
        here.clock.pass_by(6)
        here.reconcile()
    here.go_all()
    return Switch.objects.get()


@pytest.mark.parametrize("reads", [("convergence",), ("service", "convergence")], ids=["the slices", "everything"])
def test_a_right_to_read_that_is_taken_away_after_the_effect_leaves_it_to_a_person_with_what_is_missing(
    reads: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        run = begun(here, calls=0)
        here.go(run, times=40, until="convergence")
        assert lacking(here, *reads, seconds=30).state == State.VERIFYING, "a right may be missing for a moment"
        switch = lacking(here, *reads)
        assert (switch.state, switch.reason) == (State.NEEDS_HUMAN, "no-right")
        assert f"may not read the {reads[0]}" in switch.detail and str(GREEN) in switch.detail
        here.settle()


def test_a_right_to_read_that_is_taken_away_before_anything_was_sent_ends_it_with_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        run = begun(here, calls=0)
        here.go(run, times=40, until="patch mark")
        here.go(run, Order.FAIL)
        switch = lacking(here, "service", seconds=90)
        assert (switch.state, switch.reason) == (State.CANCELLED, "no-right-unchanged")
        assert "may not read the service" in switch.detail
        here.settle()


def test_a_right_to_watch_that_is_missing_leaves_what_is_in_doubt_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """The versions in between cannot be read then, and whether ours is among them."""
    world.enter(monkeypatch)
    with world.present() as here:
        run = begun(here, calls=0)
        here.go(run, times=40, until="patch effect")
        here.go(run, Order.LOSE, until="service")
        here.memory.edit(lambda document: document["metadata"].setdefault("annotations", {}).update(theirs="x"))
        switch = lacking(here, "history")
        assert (switch.state, switch.reason) == (State.NEEDS_HUMAN, "no-right-may-land")
        assert "may not read the history" in switch.detail
        assert [entry.body["result"] for entry in AuditEntry.objects.filter(action="OUTCOME")] == ["unclear"]
        here.settle()


def test_a_way_back_is_gone_although_the_slices_may_not_be_read_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        run = begun(here, calls=0)
        here.go(run, times=40, until="convergence")
        lacking(here, "convergence", seconds=12)
        here.back()
        switch = lacking(here, "convergence")
        assert (switch.state, switch.reason, here.memory.selector) == (State.NEEDS_HUMAN, "no-right", BLUE)
        here.settle()


def test_two_executors_of_one_name_are_told_apart_by_their_claims_f56(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        first = begun(here, calls=0)
        here.go(first, times=40, until="patch effect")
        here.clock.pass_by(6)
        here.reconcile()
        second = here.runs[-1]
        second.name = first.name
        here.go(second, times=40, until="patch effect")
        told = AuditEntry.objects.count()
        here.go(first, times=40)
        assert (first.ended, Switch.objects.get().state, AuditEntry.objects.count()) == (True, State.APPLYING, told), "it is the second one's by now"
        here.go(second, times=40)
        assert Switch.objects.get().state == State.SUCCEEDED
        assert sum(bool(one.marker) for one in here.memory.writes) == 1
        here.settle()


def taken_up(here: World) -> Run:
    """The executor that comes once the claim of the one before has run out; a hold on the old side goes on beside it."""
    here.clock.pass_by(6)
    here.reconcile()
    run, *others = here.runs
    for one in others:
        here.go(one, times=60)
    return run


def lose(here: World, *, at: str, times: int) -> None:
    """So many executors, one after another, come to a call and never come back from it."""
    for _ in range(times):
        run = taken_up(here)
        here.go(run, times=40, until=at)
        assert run.at == at
        here.die(run)


@pytest.mark.parametrize(
    ("first", "then", "end"),
    [
        ("patch mark", "situation", State.CANCELLED), ("patch effect", "service", State.NEEDS_HUMAN), ("convergence", "service", State.NEEDS_HUMAN),
    ],
)  # fmt: skip
def test_a_switch_that_ends_each_executor_is_set_aside_f50(first: str, then: str, end: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kernel ends a process that takes too much memory: nobody is left to count that."""
    world.enter(monkeypatch)
    with world.present() as here:
        run = begun(here, calls=0)
        here.go(run, times=40, until=first)
        here.die(run)
        lose(here, at=then, times=moving_on.MOST_LOST - 1)
        here.clock.pass_by(6)
        here.reconcile()
        here.go_all()
        switch = Switch.objects.get()
        assert (switch.state, switch.reason) == (end, "defect")
        assert [entry.body["defect"] for entry in AuditEntry.objects.all() if "defect" in entry.body] == [engine.DEADLY]
        here.settle()


def lost_in_doubt(here: World, *, times: int) -> None:
    """So many executors end in a row, the first one right before its effect."""
    run = begun(here, calls=0)
    here.go(run, times=40, until="patch effect")
    here.die(run)
    lose(here, at="service", times=times - 1)


def test_what_is_to_be_set_aside_stays_so_while_the_cluster_does_not_answer_f50(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        lost_in_doubt(here, times=moving_on.MOST_LOST)
        here.go(taken_up(here), Order.FAIL)
        here.clock.pass_by(6)
        here.reconcile()
        here.go_all()
        assert (Switch.objects.get().state, Switch.objects.get().reason) == (State.NEEDS_HUMAN, "defect")


def test_what_is_to_be_set_aside_ends_where_the_cluster_turns_us_away_for_long_f50(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        lost_in_doubt(here, times=moving_on.MOST_LOST)
        here.memory.is_known = False
        for _ in range(20):
            here.clock.pass_by(6)
            here.reconcile()
            here.go_all()
        assert (Switch.objects.get().state, Switch.objects.get().reason) == (State.NEEDS_HUMAN, "no-credential-may-land")


def test_what_ends_those_who_would_set_it_aside_ends_without_them_f50(monkeypatch: pytest.MonkeyPatch) -> None:
    """To lock it out takes the very read that ends each executor."""
    world.enter(monkeypatch)
    with world.present() as here:
        lost_in_doubt(here, times=2 * moving_on.MOST_LOST)
        here.clock.pass_by(6)
        here.reconcile()
        assert not here.runs
        assert (Switch.objects.get().state, Switch.objects.get().reason) == (State.NEEDS_HUMAN, "defect-may-land")


def test_a_change_of_sizes_that_ends_each_executor_is_set_aside_f50(monkeypatch: pytest.MonkeyPatch) -> None:
    with world.moved(monkeypatch) as here:
        for _ in range(moving_on.MOST_LOST):
            here.clock.pass_by(6)
            here.reconcile()
            [run] = here.runs
            here.go(run, times=40, until="size")
            here.die(run)
        here.clock.pass_by(6)
        here.reconcile()
        assert (Sizing.objects.get().state, Sizing.objects.get().reason, here.runs) == (State.CANCELLED, "defect", [])


def test_executors_that_end_by_chance_set_nothing_aside_f50(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who came back from it was between them."""
    world.enter(monkeypatch)
    with world.present() as here:
        here.die(begun(here, calls=4))
        lose(here, at="service", times=moving_on.MOST_LOST - 2)
        here.go(taken_up(here), Order.FAIL)
        lose(here, at="service", times=moving_on.MOST_LOST - 1)
        here.settle()
        assert Switch.objects.get().state == State.SUCCEEDED


def test_what_newer_code_has_begun_is_left_to_newer_code_f54(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        run = begun(here, calls=0)
        here.go(run, times=40, until="patch mark")
        here.die(run)
        here.clock.pass_by(6)
        Switch.objects.update(schema=Switch.SCHEMA + 1)
        assert moving_on.due() == []
        assert moving_on.claim(switch_id=Switch.objects.get().pk, holder="older") is None
        Switch.objects.update(schema=Switch.SCHEMA)
        here.settle()
        assert Switch.objects.get().state in TERMINAL
