"""The transaction that accepts a switch, where it holds the INTENT of the first effect as well."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import OperationalError
from django.test import Client

from clusterview.access import auditing, tokens
from clusterview.models import AuditEntry, Switch
from clusterview.traffic import moving_on, requesting
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


CLICKS = 50


def test_fifty_clicks_with_one_key_at_whatever_moment_are_one_switch_f88(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at once, again where the answer was lost, and once more from a page that the browser has gone back to."""
    world.enter(monkeypatch)
    with world.present() as here:
        monkeypatch.setattr(requesting, "request_switch", partial(requesting.request_switch, opened=lambda _: here.memory))
        headers = {"Authorization": f"Bearer {tokens.create(name='page', role='operator')}", "Idempotency-Key": "one"}
        asked, answers, stood = {"namespace": "store", "service": "shop", "to": "green"}, list[tuple[int, str]](), set[str]()

        def press() -> None:
            answer = Client(headers=headers).post("/api/v1/clusters/lab/switches", asked, content_type="application/json")
            answers.append((answer.status_code, answer.json()["id"]))

        while len(answers) < CLICKS:
            here.begin(press)
            stood.update(Switch.objects.values_list("state", flat=True))
            for run in list(here.runs):
                here.go(run)
        here.go_all()
        switch = Switch.objects.get()
        assert set(answers) == {(202, str(switch.pk))}
        assert stood >= {State.MARKING, State.APPLYING, State.VERIFYING, State.SUCCEEDED}
        assert lines(switch).count("REQUESTED") == lines(switch).count("INTENT") == 1
        assert sum(bool(one.marker) for one in here.memory.writes) == 1
        here.settle()


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


def test_the_log_says_when_a_switch_begins_is_taken_over_and_ends(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    world.enter(monkeypatch)
    with caplog.at_level("INFO", logger=moving_on.__name__), world.present() as here:
        click(here, to="green", until="patch effect")
        here.die(here.runs[-1])
        here.settle()
        switch = Switch.objects.get()
        about = f"switch {switch.pk} of store/shop in lab, asked for by olga, "
        said = [record.getMessage().removeprefix(about) for record in caplog.records if record.name == moving_on.__name__]
        assert said[0] == "begins" and said[-1] == "ended as succeeded", said
        assert [line for line in said if line.startswith("was taken over in applying from ")], said
        assert caplog.text.count(about) == len(said)
