"""The line to the database breaks at the worst moment: a request that is sent again is the same switch, never a second one (faults F57, F60)."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import DatabaseError, connections, transaction

from clusterview.access import auditing
from clusterview.models import AuditEntry, Switch
from clusterview.traffic import requesting
from tests.api.test_database_away import Postgres, ask, recorded
from tests.faults.commits import LoseCommit
from tests.faults.proxy import Proxy
from tests.faults.tcp import Down, LimitData
from tests.postgres.shops import Shops
from tests.postgres.wires import wire

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["wire"]


@pytest.fixture
def database(wire: Proxy, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    monkeypatch.setattr(requesting, "carry_out", lambda *_, **__: None)
    monkeypatch.setattr(requesting, "request_switch", partial(requesting.request_switch, opened=Shops()))
    made = Postgres(monkeypatch)
    requesting.arm(cluster="lab", actor="ada", opened=Shops())  # else the first commit of a switch would be which cluster this is
    connections["default"].close()
    return made


def expect_one(database: Postgres, wire: Proxy) -> None:
    """Sent again when the line is whole, it is one switch with one REQUESTED."""
    wire.clear()
    answers = [ask(database, key="one") for _ in range(2)]
    assert [status for status, _, _ in answers] == [202, 202]
    assert len({body["id"] for _, body, _ in answers}) == 1
    assert (Switch.objects.count(), AuditEntry.objects.filter(action="REQUESTED").count()) == (1, 1)
    assert recorded(database)[2] == []


@pytest.mark.parametrize("is_carried_out", [True, False])
def test_a_commit_whose_answer_is_lost_is_found_again_by_its_key(database: Postgres, wire: Proxy, is_carried_out: bool) -> None:
    lost = wire.add(LoseCommit(is_carried_out=is_carried_out))
    status, body, _ = ask(database, key="one")
    assert (status, body["code"], lost.struck) == (503, "no_database", 1)
    assert Switch.objects.count() == int(is_carried_out)
    expect_one(database, wire)


@pytest.mark.parametrize("bytes_until_then", range(1000, 11000, 1000))
def test_wherever_the_line_breaks_there_is_one_switch_or_none_and_then_one(database: Postgres, wire: Proxy, bytes_until_then: int) -> None:
    wire.add(LimitData(limit_bytes=bytes_until_then, direction="to_server"))
    status, _, _ = ask(database, key="one")
    assert status in (202, 503)
    assert Switch.objects.count() == AuditEntry.objects.filter(action="REQUESTED").count() <= 1
    expect_one(database, wire)


def test_a_server_that_goes_away_in_the_middle_leaves_nothing_and_is_used_again_when_it_is_back(database: Postgres, wire: Proxy) -> None:
    def begin() -> None:
        with transaction.atomic():
            auditing.record(actor="eve", action="ARMED")
            away.append(wire.add(Down()))

    away: list[object] = []
    with pytest.raises(DatabaseError):
        database.elsewhere(begin)
    assert ask(database, key="one")[0] == 503
    expect_one(database, wire)
    assert not AuditEntry.objects.filter(actor="eve").exists()
