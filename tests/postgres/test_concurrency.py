"""Whoever writes at the same moment: the audit has no gap and no fork, and of several that want the same thing one gets it."""

from __future__ import annotations

import itertools
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import DatabaseError, connections, transaction

from clusterview.access import auditing, clusters, people
from clusterview.access.people import Person
from clusterview.models import AuditEntry, Grant, Switch
from clusterview.traffic import moving_on, requesting
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import State
from tests.patience import Patience
from tests.postgres.shops import Shops
from tests.postgres.together import together
from tests.traffic.making import BLUE, GREEN
from tests.traffic.test_engine import who_may_switch

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 8


@pytest.fixture(autouse=True)
def nothing_is_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesting, "carry_out", lambda *_, **__: None)


@pytest.fixture
def olga() -> Person:
    return who_may_switch()


def ask(person: Person, *, service: str = "shop", key: str | None = None, live: dict[str, str] = BLUE) -> Switch:
    """For the side that is not live."""
    to = "green" if live == BLUE else "blue"
    return requesting.request_switch(
        person=person, cluster="lab", namespace="store", service=service, to=to, idempotency_key=key, expected=live, opened=Shops(live=live)
    )


def test_entries_that_are_written_at_once_are_one_chain_without_a_gap() -> None:
    def write(number: int) -> None:
        for _ in range(25):
            with transaction.atomic():
                auditing.record(actor=f"writer {number}", action="ARMED")

    assert together(WRITERS, write) == [None] * WRITERS
    assert [entry.sequence for entry in AuditEntry.objects.all()] == list(range(1, WRITERS * 25 + 1))
    assert auditing.verify() == []


def test_entries_whose_transactions_fail_leave_no_gap() -> None:
    def write(number: int) -> None:
        for turn in range(20):
            with transaction.atomic():
                auditing.record(actor=f"writer {number}", action="ARMED")
                transaction.set_rollback((number + turn) % 3 == 0)

    assert together(WRITERS, write) == [None] * WRITERS
    assert 0 < AuditEntry.objects.count() < WRITERS * 20
    assert auditing.verify() == []


def test_one_of_those_who_claim_a_switch_at_once_holds_it(olga: Person) -> None:
    for _ in range(10):
        switch = Switch.objects.create(
            cluster_id="lab", namespace="store", service="shop", service_uid=str(uuid.uuid4()), key="slot", from_selector=BLUE, to_selector=GREEN,
            state=State.QUEUED, requested_by_token_id=olga.token_id, actor=olga.name,
        )  # fmt: skip
        claims = together(WRITERS, lambda number, pk=switch.pk: moving_on.claim(switch_id=pk, holder=f"executor {number}"))  # type: ignore[misc]
        (held,) = [claim for claim in claims if claim is not None]
        assert isinstance(held, Switch)
        switch.refresh_from_db()
        assert (switch.epoch, switch.holder) == (1, held.holder)


def test_one_of_those_who_ask_for_a_service_at_once_gets_it_and_the_others_are_told_which_it_is_f87(olga: Person) -> None:
    answers = together(WRITERS, lambda _: ask(olga))
    (begun,) = [answer for answer in answers if isinstance(answer, Switch)]
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert [(one.status, one.code, one.body["switch"]) for one in refused] == [(409, "open-switch", str(begun.pk))] * (WRITERS - 1)
    assert Switch.objects.count() == 1
    assert AuditEntry.objects.filter(action="REQUESTED").count() == 1
    assert auditing.verify() == []


def test_one_of_those_who_ask_for_opposite_sides_at_once_gets_it_f87(olga: Person) -> None:
    """Each asks for what was not live when they looked, and somebody else has changed that in between."""
    for turn in range(5):
        answers = together(WRITERS, lambda number, turn=turn: ask(olga, service=f"shop-{turn}", live=(BLUE, GREEN)[number % 2]))  # type: ignore[misc]
        (begun,) = [answer for answer in answers if isinstance(answer, Switch)]
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        assert [(one.status, one.code, one.body["switch"]) for one in refused] == [(409, "open-switch", str(begun.pk))] * (WRITERS - 1)
    assert Switch.objects.count() == 5
    assert auditing.verify() == []


def test_the_same_request_that_is_sent_at_once_is_one_switch(olga: Person) -> None:
    answers = together(WRITERS, lambda _: ask(olga, key="the same"))
    assert len({answer.pk for answer in answers if isinstance(answer, Switch)}) == 1
    assert [answer for answer in answers if not isinstance(answer, Switch)] == []
    assert AuditEntry.objects.filter(action="REQUESTED").count() == 1


def test_services_do_not_wait_for_each_other(olga: Person) -> None:
    answers = together(WRITERS, lambda number: ask(olga, service=f"shop-{number}"))
    assert [answer for answer in answers if not isinstance(answer, Switch)] == []
    assert Switch.objects.count() == WRITERS
    assert auditing.verify() == []


def test_a_person_who_is_changed_from_two_sides_at_once_is_told_of_in_one_chain() -> None:
    people.add(name="ada", role="admin", actor="ada")
    vera = people.add(name="vera", role="viewer", actor="ada")

    def change(number: int) -> None:
        for turn in range(6):
            if number % 2:
                people.set_role(user_id=vera.pk, role=("viewer", "operator")[turn % 2], actor="ada")
            else:
                people.set_active(user_id=vera.pk, active=bool(turn % 2), actor="ada")

    assert together(4, change) == [None] * 4
    assert auditing.verify() == []


def test_two_administrators_who_disable_each_other_do_not_both_succeed() -> None:
    for turn in range(5):
        both = [people.add(name=f"{name} {turn}", role="admin", actor="ada") for name in ("ada", "bob")]
        answers = together(2, lambda number, both=both: people.set_active(user_id=both[number].pk, active=False, actor=both[1 - number].username))  # type: ignore[misc]
        assert sorted(type(answer).__name__ for answer in answers) == ["User", "ValueError"]
        Grant.objects.all().delete()


def test_whoever_freezes_in_the_middle_of_an_entry_holds_the_others_up_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connections["default"]
    connection.close()
    options = connection.settings_dict["OPTIONS"]
    assert "idle_in_transaction_session_timeout=10s" in options["options"]
    monkeypatch.setitem(options, "options", options["options"].replace("session_timeout=10s", "session_timeout=1s"))
    holding, thawed = Event(), Event()
    begun = list[float]()

    def freeze() -> None:
        try:
            with transaction.atomic():
                auditing.record(actor="frozen", action="ARMED")
                begun.append(time.monotonic())
                holding.set()
                thawed.wait(20)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as pool:
        frozen = pool.submit(freeze)
        assert holding.wait(20)
        patience = Patience(seconds=9)
        with transaction.atomic():
            auditing.record(actor="ada", action="ARMED")
        assert time.monotonic() - begun[0] > 0.5
        assert not patience.is_over
        thawed.set()
        with pytest.raises(DatabaseError):
            frozen.result(20)
    connection.close()
    assert [entry.actor for entry in AuditEntry.objects.all()] == ["ada"]
    assert auditing.verify() == []


def test_arming_and_disarming_at_once_is_told_in_the_order_in_which_it_happened() -> None:
    clusters.register(opened=[("lab", "lab")])

    def change(number: int) -> None:
        for _ in range(5):
            (clusters.arm if number % 2 else clusters.disarm)(cluster="lab", actor="ada")

    assert together(4, change) == [None] * 4
    actions = list(AuditEntry.objects.values_list("action", flat=True))
    assert all(before != after for before, after in itertools.pairwise(actions))
    assert auditing.verify() == []


def test_a_switch_that_nobody_has_looked_at_yet_comes_before_those_that_wait(olga: Person) -> None:
    waiting = [ask(olga, service=name) for name in ("shop", "shop-inside")]
    Switch.objects.update(lease_until=None, holder="", look_again_at=moving_on.now())
    left = ask(olga, service="shop-outside")
    Switch.objects.filter(pk=left.pk).update(lease_until=None, holder="", look_again_at=None)
    assert moving_on.due() == [left.pk, *(one.pk for one in waiting)]
