"""What one transaction decides while another one runs: no right is used after it was taken away, and two who wait for each other get an answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connections, transaction

from clusterview.access import auditing, clusters, people, tokens
from clusterview.access.people import Person
from clusterview.models import AuditEntry, Cluster, Sizing, Switch
from clusterview.traffic import moving_on, requesting, sizing
from clusterview.traffic.states import State
from tests.lab.fixtures import wait_until
from tests.postgres.shops import Shops
from tests.postgres.together import together
from tests.traffic.making import BLUE, GREEN
from tests.traffic.test_engine import who_may_switch

pytestmark = pytest.mark.django_db(transaction=True)


def disarmed() -> None:
    clusters.disarm(cluster="lab", actor="ada")


def revoked() -> None:
    with transaction.atomic():
        tokens.revoke(name="olga")
        auditing.record(actor="ada", action="TOKEN_REVOKED")


@contextmanager
def beginning_at_an_update(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """This will have another thread begin the work where this one is about to update a row; this one waits for it, but not for long."""
    done = threading.Event()

    def take_away() -> None:
        try:
            work()
        finally:
            done.set()
            connections.close_all()

    taking = threading.Thread(target=take_away)

    def meanwhile(execute: Callable[..., Any], statement: str, *arguments: Any) -> Any:
        if statement.startswith("UPDATE") and not taking.ident:
            taking.start()
            done.wait(1)
        return execute(statement, *arguments)

    with connections["default"].execute_wrapper(meanwhile):
        yield taking


@pytest.mark.parametrize("taken_away", [disarmed, revoked])
def test_an_intent_is_never_committed_after_the_right_was_taken_away_f89(taken_away: Callable[[], None]) -> None:
    olga = who_may_switch()
    switch = Switch.objects.create(
        cluster_id="lab", namespace="store", service="shop", service_uid="uid-shop", key="slot", from_selector=BLUE, to_selector=GREEN,
        state=State.MARKING, requested_by_token_id=olga.token_id, actor=olga.name, epoch=1,
    )  # fmt: skip
    with beginning_at_an_update(taken_away) as taking:
        reason = moving_on.arm(switch, intent_rv="8", fence="f", body={})
    taking.join(20)
    told = list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))
    gone = next(number for number, action in enumerate(told) if action in ("DISARMED", "TOKEN_REVOKED"))
    assert "INTENT" not in told[gone:], (reason, told)


@pytest.mark.parametrize("commit", ["step", "arm"])
def test_an_executor_that_waits_crosswise_for_another_transaction_goes_on_at_once_f59(commit: str) -> None:
    """The other one has the audit and wants what the executor has; PostgreSQL ends the executor's, which waited first."""
    olga = who_may_switch()
    switch = Switch.objects.create(
        cluster_id="lab", namespace="store", service="shop", service_uid="uid-shop", key="slot", from_selector=BLUE, to_selector=GREEN,
        state=State.MARKING, requested_by_token_id=olga.token_id, actor=olga.name, epoch=1,
    )  # fmt: skip
    both, tries = threading.Barrier(2), []

    def meanwhile() -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            both.wait(20)

    def act(number: int) -> None:
        if number == 0 and commit == "step":
            moving_on.step(switch, State.PREPARING, action="TAKEN_OVER", also=meanwhile)
        elif number == 0:
            moving_on.arm(switch, intent_rv="8", fence="f", body={}, unless=meanwhile)
        else:
            with transaction.atomic(), connections["default"].cursor() as cursor:
                auditing.record(actor="ada", action="ARMED")
                both.wait(20)
                cursor.execute("SELECT pg_sleep(0.3)")
                (Switch if commit == "step" else Cluster)._default_manager.select_for_update(no_key=True).get()

    assert together(2, act) == [None, None]
    told = list(AuditEntry.objects.filter(switch_id=switch.pk).order_by("sequence").values_list("action", flat=True))
    assert (len(tries), told) == (2, ["CLAIMED", "TAKEN_OVER" if commit == "step" else "INTENT"])
    assert auditing.verify() == []


def raised(state: State, *, order: int, **more: Any) -> Sizing:
    """Somebody's hold, which has raised the one autoscaler."""
    step = sizing.Step(kind=sizing.AUTOSCALER, name="shop-blue", uid="uid-hpa", now=1, to=3, back=1, order=order)
    return Sizing.objects.create(
        cluster_id="lab", namespace="store", service="shop", service_uid=f"uid-{order}", purpose="keep", side="blue", selector=BLUE, plan=[step],
        planned=True, at=1, state=state, actor="olga", epoch=1, **more,
    )  # fmt: skip


def test_whoever_hands_over_what_was_raised_while_the_other_one_goes_on_waits_for_nobody_who_waits_for_them_f59() -> None:
    """The other one has its row and wants the audit."""
    who_may_switch()
    stays, leaves = raised(State.HOLDING, order=1), raised(State.PREPARING, order=2, returning=True)
    has_its_row = threading.Event()

    def until_they_wait() -> None:
        has_its_row.set()
        with connections["default"].cursor() as cursor:
            wait_until(lambda: bool(cursor.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall()), seconds=20, what="the first one waits")

    def act(number: int) -> object:
        if number:
            return moving_on.step(stays, State.HOLDING, action="LOWERED", also=until_they_wait)
        has_its_row.wait(20)
        return sizing._hand_over(leaves, sizing.steps_of(leaves)[0])

    assert together(2, act) == [True, None]
    told = AuditEntry.objects.exclude(action="CLAIMED").order_by("sequence").values_list("switch_id", "action")
    assert list(told) == [(stays.pk, "LOWERED"), (stays.pk, "TOOK_OVER"), (leaves.pk, "HANDED_OVER")]
    stays.refresh_from_db()
    assert (stays.plan[0]["order"], stays.epoch) == (2, 2)
    assert auditing.verify() == []


def test_nothing_is_armed_after_the_right_was_taken_away() -> None:
    clusters.register(opened=[("lab", "lab")])
    ada, _ = [people.add(name=name, role="admin", actor="command line") for name in ("ada", "bob")]
    with beginning_at_an_update(partial(people.set_role, user_id=ada.pk, role="operator", actor="bob")) as taking:
        clusters.arm(cluster="lab", actor=Person(name="ada", role="admin", user_id=ada.pk))
    taking.join(20)
    told = list(AuditEntry.objects.exclude(actor="command line").order_by("sequence").values_list("action", flat=True))
    assert told == ["ARMED", "ROLE_CHANGED"]


def test_two_administrators_who_take_the_right_from_each_other_do_not_both_succeed() -> None:
    for turn in range(3):
        both = [people.add(name=f"{name} {turn}", role="admin", actor="command line") for name in ("ada", "bob")]
        by = [Person(name=one.username, role="admin", user_id=one.pk) for one in both]
        answers = together(2, lambda number, both=both, by=by: people.set_active(user_id=both[number].pk, active=False, actor=by[1 - number]))  # type: ignore[misc]
        assert sorted(type(answer).__name__ for answer in answers) == ["PermissionDenied", "User"]
    assert auditing.verify() == []


def test_whoever_arms_and_switches_at_once_waits_for_nobody_who_waits_for_them() -> None:
    clusters.register(opened=[("lab", "lab")])
    user = people.add(name="ada", role="admin", actor="command line")
    ada = Person(name="ada", role="admin", user_id=user.pk)
    clusters.arm(cluster="lab", actor=ada)

    def act(number: int) -> None:
        for _ in range(20):
            with transaction.atomic():
                if number % 2:
                    clusters.arm(cluster="lab", actor=ada)
                else:
                    moving_on.why_not_by(ada, cluster="lab")

    assert together(4, act) == [None] * 4


def test_of_two_names_of_one_cluster_that_are_armed_at_once_one_is() -> None:
    both = ("lab", "inside")
    clusters.register(opened=[(one, one) for one in both])
    for _ in range(5):
        answers = together(2, lambda number: clusters.arm(cluster=both[number], actor="ada", identity="u-1", identity_is_weak=False))
        assert sorted(type(answer).__name__ for answer in answers) == ["ArmedElsewhere", "Cluster"], answers
        armed = Cluster.objects.filter(armed_at__isnull=False)
        clusters.disarm(cluster=armed.get().pk, actor="ada")
    assert auditing.verify() == []


def test_two_groups_that_name_the_same_services_in_another_order_are_one_yes_and_one_no(monkeypatch: pytest.MonkeyPatch) -> None:
    olga = who_may_switch()
    monkeypatch.setattr(requesting, "carry_out", lambda *_, **__: None)

    def ask(number: int) -> list[Switch]:
        names = [f"shop-{place}" for place in range(6)]
        services = names if number else names[::-1]
        return requesting.request_group(person=olga, cluster="lab", namespace="store", services=services, to="green", opened=Shops())

    for _ in range(8):
        answers = together(2, ask)
        assert sorted(type(answer).__name__ for answer in answers) == ["Refused", "list"], answers
        Switch.objects.update(open=False)
    assert auditing.verify() == []
