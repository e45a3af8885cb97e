"""Nodes follow the endpoints, and no API tells when: a switch has not succeeded before they had time for it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.test import Client

from clusterview.access import tokens
from clusterview.models import AuditEntry, Switch
from clusterview.traffic import engine, moving_on, reporting, requesting
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.interleaving import Run
from tests.traffic.memory import BLUE, GREEN
from tests.traffic.world import World

pytestmark = pytest.mark.django_db(transaction=True)

FOLLOW_SECONDS = 1.5
LONG_ENOUGH = 60


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[World]:
    settings.FOLLOW_SECONDS = FOLLOW_SECONDS
    world.enter(monkeypatch)
    with world.present() as made:
        yield made
        made.settle()


@pytest.fixture
def run(here: World) -> Run:
    """An executor that has seen the EndpointSlices hold the new side alone, and looks on."""
    here.click(to="green")
    [run] = here.runs
    here.go(run, times=LONG_ENOUGH, until="convergence")
    here.go(run, times=3, until="service")
    switch = Switch.objects.get()
    assert (switch.state, here.memory.selector, run.ended) == (State.VERIFYING, GREEN, False)
    return run


def test_a_switch_succeeds_when_the_nodes_had_time_to_follow_and_tells_when_the_endpoints_did(here: World, run: Run) -> None:
    began = here.clock.seconds
    here.go(run, times=LONG_ENOUGH)
    assert (Switch.objects.get().state, here.clock.seconds - began) == (State.SUCCEEDED, pytest.approx(FOLLOW_SECONDS, abs=0.4))
    body = AuditEntry.objects.get(action="VERIFIED").body
    assert body["milliseconds"] < 100
    assert body["milliseconds"] <= body["since_request"] < 1000 * FOLLOW_SECONDS
    assert reporting.summary(Switch.objects.get())["moved_seconds"] == body["since_request"] / 1000


@pytest.mark.parametrize("is_slow", [False, True], ids=["followed", "not followed"])
def test_after_an_api_server_that_was_away_the_endpoints_have_a_moment_to_follow(here: World, is_slow: bool) -> None:
    here.memory.follows_at_once = False
    here.click(to="green")
    here.go_all()
    here.clock.pass_by(engine.CONVERGE_SECONDS + 10)
    here.reconcile()
    here.go(here.runs[0], times=6)
    assert Switch.objects.get().state == State.VERIFYING
    if not is_slow:
        here.memory.follow()
    here.go_all()
    switch = Switch.objects.get()
    if is_slow:
        assert (switch.returning, switch.reason) == (True, "not-converged")
    else:
        assert (switch.state, switch.reason) == (State.SUCCEEDED, "")


def asked_back(here: World) -> Switch:
    """The way back of a switch that has succeeded, asked for while nobody writes the endpoints."""
    here.click(to="green")
    here.go_all()
    here.memory.follows_at_once = False
    here.back()
    here.go_all()
    back = Switch.objects.get(reverses__isnull=False)
    assert (back.state, here.memory.selector) == (State.VERIFYING, BLUE)
    return back


@pytest.mark.parametrize("is_empty", [False, True], ids=["nobody writes the endpoints", "the old side is gone"])
def test_a_way_back_that_does_not_converge_is_left_where_it_was_asked_to_go(here: World, is_empty: bool) -> None:
    back = asked_back(here)
    if is_empty:
        here.memory.scale("blue", 0)
    watch_for(here, seconds=engine.CONVERGE_SECONDS + 5)
    back.refresh_from_db()
    assert (back.state, back.reason, here.memory.selector) == (State.NEEDS_HUMAN, "back-not-converged", BLUE)
    assert [one.selector for one in here.memory.writes if one.marker] == [GREEN, BLUE]
    assert reporting.summary(back)["sentence"].startswith("The endpoints did not follow the way back")
    here.memory.follows_at_once = True
    here.memory.follow()
    here.click(to="green")
    here.go_all()
    assert [one.state for one in Switch.objects.all()] == [State.SUCCEEDED, State.NEEDS_HUMAN, State.SUCCEEDED]


def after_it(back: Switch) -> Switch:
    """The next one of its group, which has waited for its end."""
    beside = Switch.objects.get(pk=back.pk)
    assert (beside.state, beside.reason) == (State.NEEDS_HUMAN, "back-not-converged")
    beside.pk, beside.service_uid, beside.position = uuid.uuid4(), "uid-beside", 1
    beside.state, beside.open, beside.reason, beside.epoch, beside.step = State.QUEUED, True, "", 0, 0
    beside.returning = beside.going_back = False
    beside.save(force_insert=True)
    return beside


def test_the_rest_of_a_group_goes_back_although_the_endpoints_of_one_of_it_are_late(here: World) -> None:
    back = asked_back(here)
    Switch.objects.filter(pk=back.pk).update(group=uuid.uuid4())
    watch_for(here, seconds=engine.CONVERGE_SECONDS + 5)
    beside = after_it(back)
    engine._begin(beside, here.memory)
    assert beside.state == State.PREPARING
    moving_on.step(beside, State.CANCELLED, action="ENDED", reason="asked")


def test_the_rest_of_a_group_stays_where_it_is_when_somebody_turns_one_of_its_ways_back_around(here: World) -> None:
    back = asked_back(here)
    Switch.objects.filter(pk=back.pk).update(group=uuid.uuid4())
    here.memory.follow()
    here.back()
    watch_for(here, seconds=engine.CONVERGE_SECONDS + 5)
    assert here.memory.selector == GREEN
    beside = after_it(back)
    engine._begin(beside, here.memory)
    assert (beside.state, beside.reason) == (State.CANCELLED, "group-stopped")


def test_who_changes_it_back_meanwhile_is_named_and_nothing_was_called_a_success(here: World, run: Run) -> None:
    here.memory.edit(lambda document: document["spec"].update(selector=dict(BLUE)), by="argocd-controller")
    here.go(run, times=LONG_ENOUGH)
    switch = Switch.objects.get()
    assert (switch.state, switch.reason) == (State.REVERTED_EXTERNALLY, "reverted")
    assert "argocd-controller" in switch.detail


def test_a_story_that_is_read_while_somebody_else_ends_the_switch_has_the_recipe_of_the_end_that_it_tells(
    here: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = reporting.as_dict

    def tell_after_the_end(switch: Switch) -> dict[str, Any]:
        here.go(run, times=LONG_ENOUGH)
        return tell(switch)

    here.memory.edit(lambda document: document["spec"].update(selector=dict(BLUE)), by="argocd-controller")
    monkeypatch.setattr(reporting, "as_dict", tell_after_the_end)
    monkeypatch.setattr(requesting, "recipes_for", partial(requesting.recipes_for, opened=lambda _: here.memory))
    reader = Client(headers={"Authorization": f"Bearer {tokens.create(name='reader', role='viewer')}"})
    told = reader.get(f"/api/v1/switches/{Switch.objects.get().pk}").json()
    assert (told["state"], [one["code"] for one in told["recipes"]]) == ("reverted_externally", ["argo-cd"])


def test_who_asks_for_the_way_back_meanwhile_turns_the_same_switch_around(here: World, run: Run) -> None:
    here.back()
    here.go(run, times=LONG_ENOUGH)
    assert (Switch.objects.get().state, here.memory.selector) == (State.ROLLED_BACK, BLUE)


def test_a_pod_that_comes_meanwhile_does_not_begin_their_time_anew(here: World, run: Run) -> None:
    began, here.memory.follows_at_once = here.clock.seconds, False
    here.memory.scale("green", 3)
    here.clock.pass_by(FOLLOW_SECONDS)
    here.go(run, times=2)
    here.go(run, times=3, until="service")
    assert Switch.objects.get().state == State.VERIFYING, "its endpoint is missing"
    here.memory.follow()
    here.go(run, times=LONG_ENOUGH)
    assert (Switch.objects.get().state, here.clock.seconds - began) == (State.SUCCEEDED, pytest.approx(FOLLOW_SECONDS, abs=0.4))


def watch_for(here: World, *, seconds: float) -> None:
    """This will let executors look on for so long, one after the other."""
    until = here.clock.seconds + seconds
    while here.clock.seconds < until:
        for run in list(here.runs):
            here.go(run)
        if not here.runs:
            here.clock.pass_by(0.05)
            here.reconcile()


def test_where_the_whole_new_side_was_away_meanwhile_their_time_begins_anew_f85(here: World, run: Run) -> None:
    watch_for(here, seconds=FOLLOW_SECONDS / 2)
    here.memory.scale("green", 0)
    watch_for(here, seconds=engine.EMPTY_SECONDS / 2)
    here.memory.scale("green", 2)
    began = here.clock.seconds
    here.go(run, times=LONG_ENOUGH)
    assert (Switch.objects.get().state, here.clock.seconds - began) == (State.SUCCEEDED, pytest.approx(FOLLOW_SECONDS, abs=0.4))


def test_a_new_side_that_flaps_as_a_whole_does_not_become_a_success_and_is_left_once_f85(here: World, run: Run) -> None:
    """A second without a ready pod, and a second with all of them."""
    began = here.clock.seconds
    for size in (0, 2) * 5:
        here.memory.scale("green", size)
        watch_for(here, seconds=1.0)
    assert (Switch.objects.get().state, Switch.objects.get().reason) == (State.ROLLED_BACK, "emptied")
    assert sum(bool(one.marker) for one in here.memory.writes) == 2
    turned = AuditEntry.objects.get(action="TURNING_BACK")
    assert (turned.at - world.BEGAN).total_seconds() - began <= 5
