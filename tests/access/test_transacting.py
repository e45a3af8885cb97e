"""A transaction is done again where the database asks for it, whole and not for ever; any other error is whoever called's to see."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import DatabaseError, OperationalError, connections, transaction

from clusterview.access import auditing, transacting
from clusterview.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)


class Answer(Exception):
    """What the driver says."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


class Unlucky:
    """Adds an entry, and is then refused so many times."""

    def __init__(self, *, times: int, sqlstate: str) -> None:
        self.times, self.sqlstate, self.tries = times, sqlstate, 0
        self.rung: list[int] = []

    @transacting.whole
    def write(self, *, actor: str) -> str:
        self.tries += 1
        auditing.record(actor=actor, action="ARMED")
        transaction.on_commit(lambda: self.rung.append(self.tries))
        if self.tries <= self.times:
            raise OperationalError("refused") from Answer(self.sqlstate)
        return "done"


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_what_the_database_asks_for_again_is_done_again_and_told_once(sqlstate: str) -> None:
    unlucky = Unlucky(times=2, sqlstate=sqlstate)
    assert unlucky.write(actor="ada") == "done"
    assert (unlucky.tries, unlucky.rung) == (3, [3])
    assert AuditEntry.objects.count() == 1
    assert auditing.verify() == []


def test_after_three_times_it_is_given_up() -> None:
    unlucky = Unlucky(times=3, sqlstate="40P01")
    with pytest.raises(DatabaseError):
        unlucky.write(actor="ada")
    assert (unlucky.tries, unlucky.rung) == (3, [])
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize("sqlstate", ["08006", "23505", "57P01", ""])
def test_any_other_error_is_not_tried_again(sqlstate: str) -> None:
    unlucky = Unlucky(times=1, sqlstate=sqlstate)
    with pytest.raises(DatabaseError):
        unlucky.write(actor="ada")
    assert unlucky.tries == 1


def test_inside_another_transaction_only_that_one_can_be_done_again() -> None:
    unlucky = Unlucky(times=1, sqlstate="40001")

    @transacting.whole
    def outer() -> str:
        with transaction.atomic():
            auditing.record(actor="bob", action="ARMED")
        return unlucky.write(actor="ada")

    assert outer() == "done"
    assert [entry.actor for entry in AuditEntry.objects.all()] == ["bob", "ada"]
    assert unlucky.rung == [2]


def test_a_thread_that_lives_long_keeps_its_connection_until_it_no_longer_works(monkeypatch: pytest.MonkeyPatch) -> None:
    AuditEntry.objects.count()
    connection, closed = connections["default"], list[str]()
    monkeypatch.setattr(connection, "close", lambda: closed.append("closed"))
    transacting.keep_what_works()
    assert not closed
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with transaction.atomic():
        transacting.keep_what_works()
    assert not closed, "whoever is in a transaction has to learn that it is over"
    transacting.keep_what_works()
    assert closed


def test_that_there_was_no_room_is_forgotten_after_a_minute_in_which_nothing_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(transacting, "time", SimpleNamespace(monotonic=lambda: now))
    transacting.note(OperationalError("database or disk is full"))
    now += transacting.NO_ROOM_SECONDS - 1
    assert transacting.why_not_written() == "database or disk is full"
    now += 1
    assert transacting.why_not_written() == ""
    transacting.note_written()
