"""Whichever COMMIT of a switch loses its answer, the traffic moves once, and every INTENT has its OUTCOME (faults F55, F57, F60)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connections

from clusterview.access import auditing
from clusterview.access.people import Person
from clusterview.models import Switch
from clusterview.traffic import engine
from clusterview.traffic.states import State
from dashboard.postgres import base
from tests.faults.commits import LoseCommit
from tests.faults.proxy import Proxy
from tests.faults.tcp import Down
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import reset_shop
from tests.postgres.wires import wire
from tests.traffic.test_engine import BLUE, GREEN, Reached, actions, ask, carry_out, no_doorbell, olga, reached, writes

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
__all__ = ["no_doorbell", "olga", "reached", "wire", "writes"]

Writes = Callable[[], list[dict[str, str]]]
MOST_COMMITS = 40
COMMITS_THAT_HANG = (1, 4, 5)  # of the claim, of the INTENT, of the OUTCOME


def survive(switch: Switch, reached: Reached) -> None:
    """This will do what an executor does whose database leaves it: it ends there, and another one goes on."""
    try:
        engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    except DatabaseError:
        connections["default"].close()
    Switch.objects.filter(pk=switch.pk, open=True).update(lease_until=None)


@pytest.mark.parametrize("is_carried_out", [True, False])
def test_whichever_commit_is_lost_the_traffic_moves_once(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Writes, wire: Proxy, is_carried_out: bool
) -> None:
    switches = 0
    for number in range(1, MOST_COMMITS):
        switch = ask(olga=olga, reached=reached)
        switches += 1
        lost = wire.add(LoseCommit(is_carried_out=is_carried_out, number=number))
        survive(switch, reached)
        wire.clear()
        switch = carry_out(Switch.objects.get(pk=switch.pk), reached)
        assert switch.state == State.SUCCEEDED, (number, switch.state, switch.reason, switch.detail)
        told = actions(switch)
        assert told.count("INTENT") == told.count("OUTCOME") >= 1, (number, told)
        assert auditing.verify() == []
        reset_shop(lab=lab_shop)
        if not lost.struck:
            break
    assert 4 < switches < MOST_COMMITS, "each COMMIT was lost once, then none"
    assert writes() == [BLUE, *[GREEN, BLUE] * switches]


@pytest.mark.parametrize("is_carried_out", [True, False])
def test_a_commit_that_hangs_is_not_waited_for_and_read_anew_f55(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Writes, wire: Proxy, monkeypatch: pytest.MonkeyPatch, is_carried_out: bool
) -> None:
    """Whatever is between here and the server takes every byte and brings none. Where the server waits too, it lets go of what it holds."""
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "options", options["options"].replace("session_timeout=10s", "session_timeout=1s"))
    switches = 0
    for number in COMMITS_THAT_HANG:
        switch = ask(olga=olga, reached=reached)
        switches += 1
        lost = wire.add(LoseCommit(is_carried_out=is_carried_out, number=number, hangs=True))
        with monkeypatch.context() as impatient:
            impatient.setattr(base, "ANSWER_SECONDS", 1.5)
            survive(switch, reached)
        wire.clear()
        assert lost.struck
        assert carry_out(Switch.objects.get(pk=switch.pk), reached).state == State.SUCCEEDED
        told = actions(switch)
        assert told.count("INTENT") == told.count("OUTCOME") >= 1, (number, told)
        assert auditing.verify() == []
        reset_shop(lab=lab_shop)
    assert writes() == [BLUE, *[GREEN, BLUE] * switches]


def test_nothing_is_sent_to_the_cluster_while_the_database_is_away(
    olga: Person, reached: Reached, writes: Writes, wire: Proxy, lab_shop: Lab
) -> None:
    switch = ask(olga=olga, reached=reached)
    before = len(lab_shop.writes())
    away = wire.add(Down())
    for _ in range(3):
        with pytest.raises(DatabaseError):
            engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    assert len(lab_shop.writes()) == before
    wire.remove(away)
    connections["default"].close()
    assert carry_out(switch, reached).state == State.SUCCEEDED
    assert writes() == [BLUE, GREEN]
