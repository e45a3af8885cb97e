"""A switch that is held waits for a right that may never come; somebody who may switch can end it, and its Service is free again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from clusterview.access import tokens
from clusterview.models import AuditEntry, Switch
from clusterview.traffic import reporting, requesting
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import GREEN
from tests.traffic.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Where a way back is held, for the cluster was disarmed."""
    world.enter(monkeypatch)
    with world.present() as made:
        made.click(to="green")
        made.go(made.runs[-1], times=40, until="convergence")
        made.back()
        made.arm(False)
        for run in list(made.runs):
            made.go(run, times=40)
        assert Switch.objects.get().state == State.HELD
        yield made
        made.settle()


def bearer(role: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {tokens.create(name=f'{role}-token', role=role)}"})


def leave(role: str) -> tuple[int, dict[str, str]]:
    answer = bearer(role).post(f"/api/v1/switches/{Switch.objects.get().pk}/leave")
    return answer.status_code, answer.json()


def test_what_it_waits_for_is_said_in_words(here: World) -> None:
    told = reporting.summary(Switch.objects.get())
    assert (told["held_for"], told["sentence"]) == ("not_armed", "Switching was turned off for the cluster.")


def test_its_steps_end_where_it_is_and_tell_of_no_success_that_never_was(here: World) -> None:
    was_done = ["requested", "queued", "preparing", "marking", "applying", "applied"]
    for state, go_on in (("held", lambda: leave("admin")), ("needs_human", lambda: None)):
        *done, last = reporting.steps(Switch.objects.get())
        assert ([one["name"] for one in done if one["state"] == "done"], last) == (was_done, {"name": state, "state": "now"})
        go_on()


@pytest.mark.parametrize("role", ["operator", "admin"])
def test_who_may_switch_ends_it_where_it_stands_and_the_service_is_free_again(here: World, role: str) -> None:
    status, told = leave(role)
    assert (status, told["state"], told["reason"], told["held_for"]) == (200, "needs_human", "left", "")
    assert here.memory.selector == GREEN
    [line] = AuditEntry.objects.filter(action="LEFT")
    assert (line.actor, line.told) == (f"{role}-token", {"held_for": "not_armed"})
    here.arm(True)
    here.click(to="blue")
    here.go(here.runs[-1], times=40)
    assert Switch.objects.filter(state=State.SUCCEEDED).count() == 1


def test_who_may_only_look_leaves_it_as_it_is(here: World) -> None:
    assert leave("viewer")[0] == 403
    assert Switch.objects.get().state == State.HELD


def test_a_right_that_was_taken_away_meanwhile_counts_in_the_transaction(here: World) -> None:
    here.permit(False)
    with pytest.raises(Refused) as refused:
        requesting.leave(switch=Switch.objects.get(), person=here.olga)
    assert (refused.value.status, refused.value.code, Switch.objects.get().state) == (403, "not_allowed", State.HELD)


def test_an_executor_that_has_it_meanwhile_changes_nothing_any_more(here: World) -> None:
    """Each claim is a new epoch; the state as it is now decides, not as the person saw it."""
    seen = Switch.objects.get()
    here.clock.pass_by(60)
    here.reconcile()
    requesting.leave(switch=seen, person=here.olga)
    here.arm(True)
    here.take_over()
    assert (Switch.objects.get().state, here.memory.selector) == (State.NEEDS_HUMAN, GREEN)


def test_a_switch_that_is_not_held_cannot_be_left(here: World) -> None:
    assert leave("operator")[0] == 200
    status, told = leave("admin")
    assert (status, told["code"]) == (409, "not-held")
