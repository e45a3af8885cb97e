"""On a real API server: after a success the old side keeps its size, its autoscaler included, and everything is put back afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from clusterview.access.people import Person
from clusterview.kube import errors
from clusterview.models import AuditEntry, Sizing, Switch
from clusterview.traffic import engine, holding, keeping, planning, reporting, requesting, sizing
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import State
from tests.lab.cluster import Cluster as Lab
from tests.traffic.explaining import explained
from tests.traffic.sized import LEAST, LIVE, Sizes, actions, autoscalers, carry_sizes, expire, least, olga, reached, set_least, switched
from tests.traffic.test_engine import BLUE, GREEN, ask, carry_out, no_doorbell, writes
from tests.traffic.test_plans import ask_group, inside

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("autoscalers")]
__all__ = ["autoscalers", "explained", "inside", "no_doorbell", "olga", "reached", "writes"]

def test_the_old_sides_autoscaler_may_not_shrink_it_until_the_time_is_over(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, least(lab_shop)) == (State.HOLDING, LIVE)
    told = reporting.of_service(cluster="lab", service_uid=switch.service_uid)["keeping"]
    assert told["hold"]["numbers"] == [{"kind": "HorizontalPodAutoscaler", "name": "shop-blue", "was": LEAST, "to": LIVE, "stands": True}]
    expire(switch)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, least(lab_shop)) == (State.SUCCEEDED, LEAST)
    intents = [one.body for one in AuditEntry.objects.filter(switch_id=hold.pk, action="INTENT").order_by("sequence")]
    assert [(one["from"], one["to"], one["returning"]) for one in intents] == [(LEAST, LIVE, False), (LIVE, LEAST, True)]
    assert actions(hold).count("OUTCOME") == 2


def test_keeping_it_longer_holds_it_longer(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    carry_sizes(reached)
    Switch.objects.filter(pk=switch.pk).update(keeping_old_until=timezone.now() + timedelta(seconds=5))
    switch.refresh_from_db()
    requesting.keep(switch=switch, person=olga, minutes=5)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, least(lab_shop)) == (State.HOLDING, LIVE)


def test_going_back_keeps_it_until_its_autoscaler_has_learned_of_the_traffic_and_then_puts_it_back(
    olga: Person, reached: Sizes, lab_shop: Lab
) -> None:
    switch = switched(olga, reached)
    carry_sizes(reached)
    back = requesting.request_back(switch=switch, person=olga, opened=lambda _: reached)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, least(lab_shop)) == (State.HOLDING, LIVE)
    assert carry_out(back, reached).state == State.SUCCEEDED
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, least(lab_shop)) == (State.HOLDING, LIVE)
    expire(back)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, least(lab_shop), Sizing.objects.count()) == (State.SUCCEEDED, LEAST, 1)


def test_a_switch_that_goes_back_by_itself_leaves_nothing_raised(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    def turn_back(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        requesting.request_back(switch=Switch.objects.get(), person=olga, opened=lambda _: reached)
        return send()

    reached.around = turn_back
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert switch.state == State.ROLLED_BACK
    carry_sizes(reached)
    assert least(lab_shop) == LIVE, "its autoscaler has to learn of the traffic first"
    expire(switch)
    carry_sizes(reached)
    assert (least(lab_shop), Sizing.objects.filter(open=True).count()) == (LEAST, 0)


@pytest.mark.parametrize("number", [2, LIVE], ids=["another number", "the same number after another"])
def test_a_number_that_somebody_else_wrote_meanwhile_is_left_as_it_is(number: int, olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    carry_sizes(reached)
    set_least(lab_shop, 2)
    set_least(lab_shop, number)
    expire(switch)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, hold.reason, least(lab_shop)) == (State.REVERTED_EXTERNALLY, "resized", number)
    assert hold.detail == f"kubectl-patch wrote {number}"


def test_the_number_of_another_installation_is_left_as_it_is_although_it_is_the_same(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    carry_sizes(reached)
    for number in (2, LIVE):
        mark = {"annotations": {planning.OP: f"00000000-0000-4000-8000-000000000000:{number}"}}
        theirs = json.dumps({"metadata": mark, "spec": {"minReplicas": number}})
        lab_shop.kubectl("patch", "hpa", "shop-blue", "-n", "store", "--field-manager=clusterview", "--type=merge", "-p", theirs)
    expire(switch)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, hold.detail, least(lab_shop)) == (State.REVERTED_EXTERNALLY, f"another Clusterview wrote {LIVE}", LIVE)


def test_a_least_that_somebody_lowers_while_it_is_held_is_told_at_once_and_not_fought_over(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    carry_sizes(reached)
    set_least(lab_shop, LEAST)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, hold.detail, least(lab_shop)) == (State.HOLDING, f"kubectl-patch wrote {LEAST}", LEAST)
    assert actions(hold).count("LOWERED") == 1
    told = reporting.of_service(cluster="lab", service_uid=switch.service_uid)["keeping"]
    assert [one["stands"] for one in told["hold"]["numbers"]] == [False]
    expire(switch)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, hold.reason, hold.detail) == (State.REVERTED_EXTERNALLY, "resized", f"kubectl-patch wrote {LEAST}")


def test_holds_on_a_cluster_that_does_not_answer_take_one_thread_of_those_that_switches_need(
    olga: Person, reached: Sizes, lab_shop: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched(olga, reached)
    hold = carry_sizes(reached)
    assert hold is not None
    looks = list[str]()

    def frozen(*, name: str, **_: Any) -> Any:
        looks.append(name)
        Sizing.objects.update(lease_until=None)
        sizing.advance(sizing_id=hold.pk, opened=lambda _: reached)  # another thread meanwhile
        raise errors.TimedOut("The cluster does not answer.")

    monkeypatch.setattr(reached, "size", frozen)
    Sizing.objects.update(lease_until=None, look_again_at=None)
    sizing.advance(sizing_id=hold.pk, opened=lambda _: reached)
    assert looks == ["shop-blue"]


def test_an_autoscaler_that_two_services_need_is_left_to_the_other_one_which_says_so(
    olga: Person, reached: Sizes, lab_shop: Lab, inside: str
) -> None:
    switches = {one.pk: carry_out(one, reached) for one in ask_group(olga=olga, reached=reached)}
    carry_sizes(reached)
    stays, leaves = sorted(Sizing.objects.all(), key=lambda one: one.plan[0]["order"])
    expire(switches[leaves.switch_id])
    carry_sizes(reached)
    assert list(Sizing.objects.filter(open=True)) == [stays] and least(lab_shop) == LIVE
    assert ("HANDED_OVER" in actions(leaves), "TOOK_OVER" in actions(stays)) == (True, True)
    assert [one["differs"] for one in reporting.newest_sizes(clusters=["lab"], limit=10)] == [[], []]
    expire(switches[stays.switch_id])
    carry_sizes(reached)
    assert (Sizing.objects.filter(open=True).count(), least(lab_shop)) == (0, LEAST)


def test_an_autoscaler_that_is_gone_is_not_missed(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    carry_sizes(reached)
    lab_shop.kubectl("delete", "hpa", "shop-blue", "-n", "store")
    expire(switch)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, hold.reason) == (State.REVERTED_EXTERNALLY, "resized")


@pytest.mark.parametrize("arrives", [True, False], ids=["answer lost", "patch lost"])
def test_a_lost_answer_is_found_out_and_the_number_is_written_once(arrives: bool, olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    def lose(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        reached.around_number = None
        if arrives:
            send()
        raise errors.LostAnswer("the connection ended before the answer")

    switched(olga, reached)
    reached.around_number = lose
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, least(lab_shop)) == (State.HOLDING, LIVE)
    assert "UNKNOWN" in actions(hold)
    results = [one.body["result"] for one in AuditEntry.objects.filter(switch_id=hold.pk, action="OUTCOME").order_by("sequence")]
    assert results == (["applied"] if arrives else ["void", "applied"])


def test_a_patch_that_is_late_finds_itself_locked_out(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    late: list[Callable[[], dict[str, Any]]] = []

    def delay(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        reached.around_number = None
        late.append(send)
        raise errors.LostAnswer("the connection ended before the answer")

    switch = switched(olga, reached)
    reached.around_number = delay
    carry_sizes(reached)
    expire(switch)
    carry_sizes(reached)
    with pytest.raises((errors.Conflict, errors.Invalid)):
        late[0]()
    assert least(lab_shop) == LEAST


def test_a_hold_that_the_cluster_does_not_take_is_tried_until_the_time_is_over(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    def lose(_: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        raise errors.LostAnswer("the connection ended before the answer")

    switch = switched(olga, reached)
    reached.around_number = lose
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, hold.held_for) == (State.PREPARING, "lost-answers")
    assert actions(hold).count("OUTCOME") > engine.LONGEST_TRIES
    expire(switch)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, hold.reason, least(lab_shop)) == (State.CANCELLED, "not-needed", LEAST)


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (errors.Forbidden("The account may not do this."), "missing-right-size"),
        (errors.Unauthorized("The credential is not accepted."), "no-credential-size"),
    ],
    ids=["a right", "the credential"],
)
def test_what_cannot_be_put_back_says_why_and_is_put_back_when_it_can(
    problem: errors.KubeError, reason: str, olga: Person, reached: Sizes, lab_shop: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> Any:
        raise problem

    switch = switched(olga, reached)
    carry_sizes(reached)
    expire(switch)
    with monkeypatch.context() as without:
        without.setattr(engine, "SHUT_OUT_SECONDS", 0.0)
        without.setattr(reached, "size", refuse)
        hold = carry_sizes(reached)
    assert hold is not None and (hold.state, hold.held_for, hold.detail, least(lab_shop)) == (State.HELD, reason, problem.sentence, LIVE)
    monkeypatch.setattr(sizing, "HELD_SECONDS", 0.0)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, hold.detail, least(lab_shop)) == (State.SUCCEEDED, "", LEAST)


def test_a_side_without_an_autoscaler_leaves_no_trace(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    lab_shop.kubectl("delete", "hpa", "shop-blue", "shop-green", "-n", "store")
    switch = switched(olga, reached)
    assert carry_sizes(reached) is None
    assert set(AuditEntry.objects.values_list("switch_id", flat=True)) == {switch.pk}


def test_a_side_that_is_not_larger_than_its_least_is_left_as_it_is(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    set_least(lab_shop, LIVE)
    switched(olga, reached)
    assert (carry_sizes(reached), least(lab_shop)) == (None, LIVE)


def test_a_cluster_that_is_disarmed_is_put_back_when_it_is_armed_again(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    carry_sizes(reached)
    armed_at = switch.cluster.armed_at
    type(switch.cluster).objects.update(armed_at=None)
    expire(switch)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, hold.held_for, least(lab_shop)) == (State.HELD, "not_armed", LIVE)
    type(switch.cluster).objects.update(armed_at=armed_at)
    hold = carry_sizes(reached)
    assert hold is not None and (hold.state, least(lab_shop)) == (State.SUCCEEDED, LEAST)


@pytest.mark.parametrize("seconds", [29, 86_401, -1])
def test_a_hold_is_half_a_minute_at_least_and_a_day_at_most(seconds: int, olga: Person, reached: Sizes) -> None:
    with pytest.raises(Refused) as refused:
        requesting.request_switch(
            person=olga, cluster="lab", namespace="store", service="shop", to="green", keep_seconds=seconds, opened=lambda _: reached
        )
    assert (refused.value.status, refused.value.code) == (422, "bad-keep")


def test_the_old_side_is_kept_for_as_long_as_was_asked(olga: Person, reached: Sizes) -> None:
    switch = requesting.request_switch(
        person=olga, cluster="lab", namespace="store", service="shop", to="green", keep_seconds=30, opened=lambda _: reached
    )
    carry_out(switch, reached)
    assert switch.keeping_old_until is not None and switch.finished_at is not None
    assert abs((switch.keeping_old_until - switch.finished_at).total_seconds() - 30) < 1


@pytest.fixture
def heal(lab_shop: Lab) -> Iterator[Callable[[], None]]:
    """Argo CD writes the old selector back. Afterwards the selector is not its own any more, for other tests."""

    def patch(manager: str, selector: dict[str, str]) -> None:
        text = json.dumps({"spec": {"selector": selector}})
        lab_shop.kubectl("patch", "service", "shop", "-n", "store", f"--field-manager={manager}", "--type=merge", "-p", text)

    yield partial(patch, "argocd-controller", BLUE)
    patch("kubectl", GREEN)


def test_a_bot_that_heals_itself_after_the_success_is_named_with_its_recipe_f78(
    heal: Callable[[], None], olga: Person, reached: Sizes, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch = switched(olga, reached)
    carry_sizes(reached)
    keeping.watch(opened=lambda _: reached)
    switch.refresh_from_db()
    assert (least(lab_shop), switch.reason, reporting.kept(switch)) == (LIVE, "", True)
    heal()
    keeping.watch(opened=lambda _: reached)
    carry_sizes(reached)
    assert least(lab_shop) == LIVE
    monkeypatch.setattr(holding, "LEARNING", timedelta(0))
    carry_sizes(reached)
    told = AuditEntry.objects.get(switch_id=switch.pk, action="REVERTED_AFTERWARDS").body
    assert told == {"reason": reporting.REVERTED_AFTERWARDS, "selector": BLUE, "manager": "argocd-controller"}
    switch.refresh_from_db()
    assert (switch.state, reporting.kept(switch), least(lab_shop)) == (State.SUCCEEDED, False, LEAST)
    assert [one["tool"] for one in requesting.recipes_for(switch, opened=lambda _: reached)] == ["Argo CD"]
    assert writes() == [BLUE, GREEN, BLUE]
