"""The transaction that accepts a switch, where it holds the INTENT of the first effect as well."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from clusterview.access import auditing
from clusterview.models import AuditEntry, Switch
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import BLUE
from tests.traffic.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def lines(switch: Switch) -> list[str]:
    return list(AuditEntry.objects.filter(switch_id=switch.pk).order_by("sequence").values_list("action", flat=True))


def click(here: World, *, to: str, until: str = "") -> None:
    here.click(to=to)
    here.go(here.runs[-1], times=40, until=until)


def test_a_service_without_a_mark_of_ours_is_marked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        click(here, to="green", until="patch mark")
        assert lines(Switch.objects.get()) == ["REQUESTED", "CLAIMED", "PREFLIGHT"]
        here.settle()


def test_a_transaction_that_the_database_asks_for_again_names_the_same_step(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        click(here, to="green")
        record_all, failures = auditing.record_all, [1]

        def record_once_in_vain(given: list[auditing.Line]) -> list[AuditEntry]:
            entries = record_all(given)
            if entries[-1].action == "INTENT" and failures:
                failures.pop()
                problem = OperationalError("deadlock detected")
                problem.sqlstate = "40P01"  # type: ignore[attr-defined]
                raise problem
            return entries

        monkeypatch.setattr(auditing, "record_all", record_once_in_vain)
        click(here, to="blue")
        here.check()
        second = Switch.objects.first()
        assert second is not None
        assert (second.state, second.step, here.memory.selector, failures) == (State.SUCCEEDED, 1, BLUE, [])
        assert lines(second)[:5] == ["REQUESTED", "CLAIMED", "PREFLIGHT", "INTENT", "OUTCOME"]
        here.settle()


def test_whoever_ends_after_the_commit_leaves_an_effect_that_is_locked_out_before_it_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        click(here, to="green")
        click(here, to="blue", until="patch effect")
        here.die(here.runs[-1])
        here.settle()
        second = Switch.objects.first()
        assert second is not None
        assert (second.state, second.step, here.memory.selector) == (State.SUCCEEDED, 2, BLUE)
        assert lines(second)[3:8] == ["INTENT", "CLAIMED", "UNKNOWN", "SEALING", "OUTCOME"]
