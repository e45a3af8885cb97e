"""What a database does not take, or takes otherwise, while a switch is under way (faults F58, F61, F62)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection

from clusterview.models import Switch
from clusterview.traffic import engine, moving_on
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import GREEN

pytestmark = pytest.mark.django_db(transaction=True)


FAULTS = {"F58 locked": "database is locked", "F61 full": "database or disk is full", "F62 migrated": "database table is locked: clusterview_switch"}


@pytest.mark.parametrize("said", FAULTS.values(), ids=FAULTS)
def test_what_the_database_does_not_take_is_not_sent_and_the_switch_goes_on_when_it_takes_it(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else has it locked for longer than is waited for, the file cannot grow, or a migration alters the table."""

    def refuse(execute: Callable[..., Any], sql: str, *given: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")):
            raise OperationalError(said)
        return execute(sql, *given)

    world.enter(monkeypatch)
    with world.present() as here:
        here.click(to="green")
        [run] = here.runs
        here.go(run, times=12, until="patch mark")
        with connection.execute_wrapper(refuse):
            here.go(run, times=12)
        assert run.ended
        assert here.memory.sent == []
        here.settle()
        assert here.memory.selector == GREEN
        assert Switch.objects.get().state == State.SUCCEEDED


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
