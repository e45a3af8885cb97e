"""What PostgreSQL really says when two transactions wait for each other, or have seen what another one has changed since."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connections, transaction

from clusterview.access import auditing, clusters, transacting
from clusterview.models import AuditEntry, Cluster
from tests.postgres.together import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def two_clusters() -> None:
    clusters.register(opened=[("one", "one"), ("two", "two")])


def rename(first: str, second: str, *, actor: str) -> None:
    """Locks one row after the other, with a look at both in between."""
    for identifier in (first, second):
        Cluster.objects.select_for_update().get(pk=identifier)
        Cluster.objects.filter(pk=identifier).update(name=actor)
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.2)")
    auditing.record(actor=actor, action="ARMED")


def crosswise(number: int) -> None:
    order = ("one", "two") if number else ("two", "one")
    transacting.whole(rename)(*order, actor=f"writer {number}")


def crosswise_once(number: int) -> None:
    order = ("one", "two") if number else ("two", "one")
    transaction.atomic(rename)(*order, actor=f"writer {number}")


def test_two_that_wait_for_each_other_both_get_done_f59() -> None:
    assert together(2, crosswise) == [None, None]
    assert {entry.actor for entry in AuditEntry.objects.all()} == {"writer 0", "writer 1"}
    assert len({one.name for one in Cluster.objects.all()}) == 1, "one after the other, not half and half"
    assert auditing.verify() == []


def test_otherwise_one_of_them_would_be_refused() -> None:
    answers = together(2, crosswise_once)
    (problem,) = [answer for answer in answers if answer is not None]
    assert isinstance(problem, OperationalError)
    assert transacting.DO_AGAIN.intersection(transacting.sqlstates(problem)) == {"40P01"}


def test_what_was_read_before_somebody_else_changed_it_is_read_again() -> None:
    def change(number: int) -> None:
        @transacting.whole
        def add() -> None:
            with connections["default"].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
                one = Cluster.objects.get(pk="one")
                cursor.execute("SELECT pg_sleep(0.2)")
            Cluster.objects.filter(pk="one").update(name=one.name + "+")

        add()

    assert together(2, change) == [None, None]
    assert Cluster.objects.get(pk="one").name == "one++"


def test_the_isolation_is_the_one_that_the_product_was_written_for_whatever_the_server_prefers() -> None:
    def execute(statement: str) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute(statement)

    name = connections["owner"].settings_dict["NAME"]
    execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    try:
        connections["default"].close()
        with connections["default"].cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            assert cursor.fetchone() == ("read committed",)
    finally:
        execute(f"ALTER DATABASE {name} RESET default_transaction_isolation")
