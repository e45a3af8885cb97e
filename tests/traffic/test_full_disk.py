"""What a database does not take, or takes otherwise, while a switch is under way (faults F58, F61, F62)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from clusterview.access import transacting
from clusterview.models import Switch
from clusterview.traffic import engine, moving_on
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import GREEN

pytestmark = pytest.mark.django_db(transaction=True)


FAULTS = {"F58 locked": "database is locked", "F61 full": "database or disk is full", "F62 migrated": "database table is locked: clusterview_switch"}


def refusing(*beginnings: str, said: str) -> Callable[..., Any]:
    """A database that does not take what begins so."""

    def refuse(execute: Callable[..., Any], sql: str, *given: Any) -> Any:
        if sql.startswith(beginnings):
            raise OperationalError(said)
        return execute(sql, *given)

    return refuse


@pytest.mark.parametrize("said", FAULTS.values(), ids=FAULTS)
def test_what_the_database_does_not_take_is_not_sent_and_the_switch_goes_on_when_it_takes_it(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else has it locked for longer than is waited for, the file cannot grow, or a migration alters the table."""
    world.enter(monkeypatch)
    with world.present() as here:
        here.click(to="green")
        [run] = here.runs
        here.go(run, times=12, until="patch mark")
        with connection.execute_wrapper(refusing("INSERT", "UPDATE", said=said)):
            here.go(run, times=12)
        assert run.ended
        assert here.memory.sent == []
        assert bool(transacting.why_not_written()) == (said == FAULTS["F61 full"])
        here.settle()
        assert not transacting.why_not_written()
        assert here.memory.selector == GREEN
        assert Switch.objects.get().state == State.SUCCEEDED


def test_a_database_that_takes_no_line_of_the_audit_for_long_sets_no_switch_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL on a full disk may take a claim, which needs no new page."""
    world.enter(monkeypatch)
    with world.present() as here:
        here.click(to="green")
        [run] = here.runs
        here.go(run, times=12, until="patch mark")
        with connection.execute_wrapper(refusing('INSERT INTO "clusterview_auditentry"', said="could not extend file")):
            here.go(run, times=12)
            for _ in range(moving_on.MOST_LOST + 1):
                here.clock.pass_by(6)
                here.reconcile()
                here.go_all()
        here.settle()
        assert Switch.objects.get().state == State.SUCCEEDED


def test_between_any_two_calls_of_a_switch_the_tables_may_be_migrated_f62(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back behind one that alters the table and forward again, while the executor's connection stays open."""
    world.enter(monkeypatch)
    with world.present() as here:
        here.click(to="green")
        [run] = here.runs
        calls = 0
        while not run.ended:
            here.go(run, times=1)
            for target in (["0010"], []):
                call_command("migrate", "clusterview", *target, verbosity=0)
            calls += 1
        assert calls > 5
        assert Switch.objects.get().state == State.SUCCEEDED
        here.settle()


def test_what_an_api_server_says_is_kept_without_what_no_database_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        here.click(to="green")
        [run] = here.runs
        here.go(run, times=12, until="patch mark")
        here.die(run)
        here.clock.pass_by(6)
        switch = moving_on.claim(switch_id=Switch.objects.get().pk, holder=engine.HOLDER)
        assert switch is not None
        moving_on.step(switch, State.FAILED_NO_CHANGE, action="ENDED", reason="refused", detail="it said \0 and no more")
        switch.refresh_from_db()
        assert switch.detail == "it said \N{REPLACEMENT CHARACTER} and no more"
