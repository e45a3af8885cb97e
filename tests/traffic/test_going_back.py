"""What stands in the way of a way back for a moment does not end it, and one that was left to a person can be asked for again."""

from __future__ import annotations

import pytest

from clusterview.models import Sizing, Switch
from clusterview.traffic import engine, holding, keeping, preflight, reporting, requesting, resizing
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import BLUE, GREEN
from tests.traffic.world import World

pytestmark = pytest.mark.django_db(transaction=True)

BOTH = {"app": "shop"}


def go_on(here: World, *, seconds: float) -> None:
    """So much time passes, in which the reconcilers look each second."""
    until = here.clock.seconds + seconds
    while here.clock.seconds < until:
        here.clock.pass_by(1.0)
        here.reconcile()
        here.go_all()


def back(here: World, switch: Switch) -> Switch:
    """Olga asks for its way back."""
    return requesting.request_back(switch=switch, person=here.olga, opened=lambda _: here.memory)


def gone_back(here: World) -> Switch:
    """A way back that has succeeded."""
    here.click(to="green")
    here.go_all()
    here.back()
    here.go_all()
    return Switch.objects.get(reverses__isnull=False)


def test_from_a_way_back_nobody_goes_back_and_nothing_is_said_to_be_kept(here: World) -> None:
    returned = gone_back(here)
    told = reporting.as_dict(returned)
    assert (told["state"], told["keeping_old_until"], told["can_go_back"], here.memory.selector) == ("succeeded", None, False, BLUE)
    here.memory.scale("green", 1)
    for refused in (lambda: back(here, returned), lambda: requesting.keep(switch=returned, person=here.olga, minutes=5)):
        with pytest.raises(Refused) as refusal:
            refused()
        assert (refusal.value.status, refusal.value.code) in [(409, "finished"), (409, "keeping-ended")]
    here.click(to="green")
    here.go_all()
    assert (Switch.objects.count(), here.memory.selector) == (2, BLUE), "a new switch is checked, and green is smaller"


def test_who_changes_the_selector_after_a_way_back_is_told_of_f78(here: World) -> None:
    returned = gone_back(here)
    here.memory.edit(lambda document: document["spec"].update(selector=dict(GREEN)), by="argocd-controller")
    keeping.watch(opened=lambda _: here.memory)
    returned.refresh_from_db()
    assert returned.reason == reporting.REVERTED_AFTERWARDS


@pytest.fixture
def overlapping(here: World) -> Switch:
    """Both sides have the traffic, and nobody of the old one is ready when the way back is asked for."""
    here.click(to="green", overlap_seconds=30)
    here.go_all()
    go_on(here, seconds=2)
    assert here.memory.selector == BOTH
    here.memory.scale("blue", 0)
    switch = back(here, Switch.objects.get())
    go_on(here, seconds=5)
    return switch


def test_a_way_back_waits_for_a_side_that_is_not_ready_for_a_moment_and_says_so(here: World, overlapping: Switch) -> None:
    overlapping.refresh_from_db()
    assert (overlapping.state, overlapping.held_for, overlapping.tries) == (State.PREPARING, "old-side-not-ready", 0)
    assert reporting.summary(overlapping)["sentence"].startswith("The old side has no ready pod now.")
    here.memory.scale("blue", 2)
    go_on(here, seconds=3)
    overlapping.refresh_from_db()
    assert (overlapping.state, overlapping.held_for, here.memory.selector) == (State.ROLLED_BACK, "", BLUE)


def test_a_way_back_that_was_left_to_a_person_half_way_can_be_asked_for_again(here: World, overlapping: Switch) -> None:
    go_on(here, seconds=engine.OLD_SIDE_SECONDS)
    overlapping.refresh_from_db()
    assert (overlapping.state, overlapping.reason, here.memory.selector) == (State.NEEDS_HUMAN, "old-side-gone", BOTH)
    assert reporting.can_go_back(overlapping)
    here.memory.scale("blue", 2)
    here.memory.scale("green", 0)
    here.begin(lambda: back(here, overlapping))
    here.go_all()
    assert (Switch.objects.get(reverses=overlapping).state, here.memory.selector) == (State.SUCCEEDED, BLUE)
    assert not reporting.can_go_back(overlapping)


def test_a_way_back_from_both_sides_names_the_side_that_it_leaves_which_alone_may_be_made_smaller(
    here: World, overlapping: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here.memory, "missing", lambda _rights, **_: [])
    go_on(here, seconds=engine.OLD_SIDE_SECONDS)
    overlapping.refresh_from_db()
    here.memory.scale("blue", 2)
    here.begin(lambda: back(here, overlapping))
    here.go_all()
    returned = Switch.objects.get(reverses=overlapping)
    told = reporting.summary(returned)
    assert (told["from"], told["to"], told["differs"], returned.plan) == ("green", "blue", [], [BOTH, BLUE])
    assert reporting.of_service(cluster="lab", service_uid=returned.service_uid)["left"] == {"switch": str(returned.pk), "side": "green"}
    plan = resizing.to_scale_down(returned, opened=lambda _: here.memory)
    assert ([one["name"] for one in plan.steps], preflight.blocks(plan.checks)) == (["shop-green"], [])


def test_a_half_done_switch_that_somebody_has_led_elsewhere_since_is_not_gone_back_from(here: World, overlapping: Switch) -> None:
    go_on(here, seconds=engine.OLD_SIDE_SECONDS)
    overlapping.refresh_from_db()
    here.memory.edit(lambda document: document["spec"].update(selector=BLUE | {"track": "theirs"}))
    with pytest.raises(Refused) as refused:
        back(here, overlapping)
    assert (refused.value.status, refused.value.code) == (409, "changed")


def test_the_old_side_is_held_for_whoever_has_to_look(here: World, overlapping: Switch) -> None:
    go_on(here, seconds=engine.OLD_SIDE_SECONDS + 10)
    overlapping.refresh_from_db()
    assert overlapping.state == State.NEEDS_HUMAN
    here.clock.pass_by(holding.LEARNING.total_seconds())
    go_on(here, seconds=10)
    assert (here.autoscaler.number, Sizing.objects.get().state) == (2, State.HOLDING)
    here.clock.pass_by(overlapping.keep_seconds - holding.LEARNING.total_seconds())
    go_on(here, seconds=10)
    assert here.autoscaler.number == world.LEAST


def left_on_the_new_side(here: World, overlapping: Switch) -> Switch:
    """As one whose way back could not leave the new side, which has all of the traffic."""
    go_on(here, seconds=engine.OLD_SIDE_SECONDS)
    here.memory.edit(lambda document: document["spec"].update(selector=dict(GREEN)))
    here.memory.scale("blue", 1)
    Switch.objects.filter(pk=overlapping.pk).update(at=2)
    overlapping.refresh_from_db()
    assert reporting.can_go_back(overlapping)
    return overlapping


def test_from_the_new_side_nobody_goes_back_unchecked_when_the_old_one_is_not_kept_any_more(here: World, overlapping: Switch) -> None:
    switch = left_on_the_new_side(here, overlapping)
    here.clock.pass_by(switch.keep_seconds)
    assert not reporting.can_go_back(switch)
    with pytest.raises(Refused) as refused:
        back(here, switch)
    assert (refused.value.status, refused.value.code) == (409, "keeping-ended")


def test_from_both_sides_the_way_back_stays_open(here: World, overlapping: Switch) -> None:
    go_on(here, seconds=engine.OLD_SIDE_SECONDS)
    overlapping.refresh_from_db()
    here.memory.scale("blue", 2)
    here.clock.pass_by(overlapping.keep_seconds)
    assert reporting.can_go_back(overlapping)
    here.begin(lambda: back(here, overlapping))
    here.go_all()
    assert here.memory.selector == BLUE


def test_what_a_half_done_switch_is_to_go_back_to_is_kept_from_other_services(here: World, overlapping: Switch) -> None:
    switch = left_on_the_new_side(here, overlapping)
    beside = Switch(cluster_id="lab", namespace="store", service="beside", service_uid="uid-beside")
    assert keeping.elsewhere(beside, labels=[BLUE]) == ["shop"]
    assert keeping.elsewhere(beside, labels=[GREEN]) == keeping.elsewhere(switch, labels=[BLUE]) == []
    here.clock.pass_by(switch.keep_seconds)
    assert keeping.elsewhere(beside, labels=[BLUE]) == []
