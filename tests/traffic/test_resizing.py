"""On a real API server: the old side is made smaller by its own click and never by itself, and the new one as large as the live one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from clusterview.access.people import Person
from clusterview.kube import errors
from clusterview.models import ApiToken, AuditEntry, Sizing, Switch
from clusterview.traffic import engine, moving_on, reporting, requesting, resizable, resizing, sizing
from clusterview.traffic.errors import Refused
from clusterview.traffic.situations import SizeNow
from clusterview.traffic.states import State
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until
from tests.traffic.explaining import explained
from tests.traffic.sized import LIVE, Sizes, actions, autoscalers, carry_sizes, ended, expire, olga, reached, switched
from tests.traffic.test_engine import ask, carry_out, no_doorbell
from tests.traffic.test_plans import ask_group

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
__all__ = ["autoscalers", "explained", "no_doorbell", "olga", "reached"]

BLUE, GREEN = "shop-blue", "shop-green"
with_autoscalers = pytest.mark.usefixtures("autoscalers")


def scale(lab: Lab, name: str, replicas: int) -> None:
    lab.kubectl("scale", "deployment", name, "-n", "store", f"--replicas={replicas}")
    wait_until(lambda: ready(lab, name) == replicas, seconds=60, what=f"{name} has {replicas} ready pods")


def deployment(lab: Lab, name: str) -> dict[str, Any]:
    return dict(lab.get(f"/apis/apps/v1/namespaces/store/deployments/{name}"))


def replicas(lab: Lab, name: str) -> int:
    return int(deployment(lab, name)["spec"]["replicas"])


def ready(lab: Lab, name: str) -> int:
    status = deployment(lab, name)["status"]
    return int(status.get("readyReplicas", 0)) if status.get("replicas", 0) == status.get("readyReplicas", 0) else -1


def least(lab: Lab, name: str) -> int:
    return int(lab.get(f"/apis/autoscaling/v2/namespaces/store/horizontalpodautoscalers/{name}")["spec"]["minReplicas"])


def refused(work: Callable[[], object]) -> tuple[int, str, set[str]]:
    """How a request was refused, and the codes of the checks that stand against it."""
    with pytest.raises(Refused) as refusal:
        work()
    found = refusal.value
    return found.status, found.code, {one["code"] for one in found.body.get("checks", ()) if one["level"] == "block"}


def warm(olga: Person, reached: Sizes, **more: Any) -> Sizing:
    return resizing.warm_up(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: reached, **more)


def carried(row: Sizing, reached: Sizes) -> Sizing:
    carry_sizes(reached)
    row.refresh_from_db()
    return row


# The old side made smaller


def test_the_old_side_is_scaled_down_by_its_own_click_and_its_keeping_ends(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    carry_sizes(reached)
    expire(switch)
    carry_sizes(reached)
    assert replicas(lab_shop, BLUE) == LIVE
    row = resizing.scale_down(switch=switch, person=olga, replicas=0, opened=lambda _: reached)
    assert carried(row, reached).state == State.SUCCEEDED
    assert replicas(lab_shop, BLUE) == 0
    switch.refresh_from_db()
    assert switch.keeping_old_until is not None and switch.keeping_old_until <= timezone.now()
    lines = AuditEntry.objects.filter(switch_id=row.pk).order_by("sequence")
    assert [(one.action, one.actor) for one in lines if one.action in ("REQUESTED", "INTENT", "OUTCOME", "CLOSED")] == [
        ("REQUESTED", "olga"), ("INTENT", "clusterview"), ("OUTCOME", "clusterview"), ("CLOSED", "clusterview"),
    ]  # fmt: skip
    intent = lines.get(action="INTENT").body
    assert (intent["kind"], intent["name"], intent["from"], intent["to"]) == ("Deployment", BLUE, LIVE, 0)


def test_a_look_changes_nothing_and_says_what_would_be_done(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    told = resizing.preview(resizing.to_scale_down(switched(olga, reached), replicas=1, opened=lambda _: reached))
    assert told["ready"] and told["numbers"] == [{"kind": "Deployment", "name": BLUE, "was": LIVE, "to": 1, "stands": False}]
    assert (replicas(lab_shop, BLUE), Sizing.objects.exclude(purpose=Sizing.Purpose.KEEP).count()) == (LIVE, 0)


def test_the_old_side_is_kept_for_half_a_minute_at_least_f86(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = ended(switched(olga, reached), seconds_ago=0)
    for number in (0, 1):
        said = refused(lambda number=number: resizing.scale_down(switch=switch, person=olga, replicas=number, opened=lambda _: reached))
        assert said == refused(lambda number=number: resizing.to_scale_down(switch, replicas=number, opened=lambda _: reached))
        assert said == (409, "just-switched", set())
    assert (replicas(lab_shop, BLUE), reporting.kept(switch)) == (LIVE, True)
    assert resizing.to_scale_down(ended(switch, seconds_ago=31), opened=lambda _: reached).is_open


@with_autoscalers
def test_a_side_under_an_autoscaler_is_never_scaled_down(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    for number in (0, 1):
        said = refused(lambda number=number: resizing.scale_down(switch=switch, person=olga, replicas=number, opened=lambda _: reached))
        assert said == (422, "preflight-size", {"autoscaled"})
    assert replicas(lab_shop, BLUE) == LIVE


def test_the_side_that_has_the_traffic_is_never_scaled_down(olga: Person, reached: Sizes) -> None:
    switch = switched(olga, reached)
    carry_out(requesting.request_back(switch=switch, person=olga, opened=lambda _: reached), reached)
    status, code, found = refused(lambda: resizing.scale_down(switch=switch, person=olga, opened=lambda _: reached))
    assert (status, code) == (422, "preflight-size") and "side-live" in found


def test_a_side_that_got_the_traffic_back_after_the_click_is_left_as_it_is(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    row = resizing.scale_down(switch=switched(olga, reached), person=olga, opened=lambda _: reached)
    selector = {"spec": {"selector": {"app": "shop", "slot": "blue"}}}
    lab_shop.kubectl("patch", "service", "shop", "-n", "store", "--type", "merge", "-p", json.dumps(selector))
    assert (carried(row, reached).state, row.reason, replicas(lab_shop, BLUE)) == (State.FAILED_NO_CHANGE, "preflight-size", LIVE)


def test_a_side_that_another_service_leads_to_alone_is_not_scaled_down(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    spec = {"selector": {"app": "shop", "slot": "blue"}, "ports": [{"port": 80}]}
    switch = switched(olga, reached)
    document = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop-inside", "namespace": "store"}, "spec": spec}
    lab_shop.kubectl("apply", "-f", "-", input=json.dumps(document))
    try:
        said = refused(lambda: resizing.scale_down(switch=switch, person=olga, opened=lambda _: reached))
        assert said == (422, "preflight-size", {"others-lead-here"})
    finally:
        lab_shop.kubectl("delete", "service", "shop-inside", "-n", "store")


def test_a_side_that_another_service_is_kept_to_go_back_to_is_not_scaled_down(
    olga: Person, reached: Sizes, inside: str, lab_shop: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = [ended(carry_out(one, reached), seconds_ago=60) for one in ask_group(olga=olga, reached=reached, services=["shop", inside])]
    said = refused(lambda: resizing.scale_down(switch=first, person=olga, opened=lambda _: reached))
    assert said == (422, "preflight-size", {"others-keep"})
    assert (reporting.kept(first), reporting.kept(second), replicas(lab_shop, BLUE)) == (True, True, LIVE)
    expire(second)
    plan = resizing.to_scale_down(first, opened=lambda _: reached)
    Switch.objects.filter(pk=second.pk).update(keeping_old_until=second.keeping_old_until)
    monkeypatch.setattr(resizing, "to_scale_down", lambda *_, **__: plan)  # as it was before the other one had succeeded
    said = refused(lambda: resizing.scale_down(switch=first, person=olga, opened=lambda _: reached))
    assert said == (422, "preflight-size", {"others-keep"})
    expire(second)
    assert carried(resizing.scale_down(switch=first, person=olga, opened=lambda _: reached), reached).state == State.SUCCEEDED


def test_while_a_side_is_scaled_down_no_switch_begins_and_the_other_way_round(olga: Person, reached: Sizes) -> None:
    switch = switched(olga, reached)
    row = resizing.scale_down(switch=switch, person=olga, opened=lambda _: reached)
    assert refused(lambda: requesting.request_back(switch=switch, person=olga, opened=lambda _: reached))[:2] == (409, "scaling-down")
    Sizing.objects.filter(pk=row.pk).update(open=False, state=State.CANCELLED)
    requesting.request_back(switch=switch, person=olga, opened=lambda _: reached)
    assert refused(lambda: resizing.scale_down(switch=switch, person=olga, opened=lambda _: reached))[:2] == (409, "switch-runs")


def test_a_size_that_somebody_changed_after_the_look_is_left_as_it_is(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    row = resizing.scale_down(switch=switched(olga, reached), person=olga, opened=lambda _: reached)
    scale(lab_shop, BLUE, LIVE + 1)
    assert (carried(row, reached).state, row.reason, replicas(lab_shop, BLUE)) == (State.CONFLICT, "resized", LIVE + 1)


def test_a_scaling_down_whose_service_is_deleted_ends_and_the_namespace_is_free_again(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    row = resizing.scale_down(switch=switch, person=olga, opened=lambda _: reached)
    made = lab_shop.get("/api/v1/namespaces/store/services/shop")
    lab_shop.kubectl("delete", "service", "shop", "-n", "store")
    try:
        ended = carried(row, reached)
    finally:
        metadata, spec = {"name": "shop", "namespace": "store"}, {key: made["spec"][key] for key in ("selector", "ports", "type")}
        lab_shop.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}))
    assert (ended.state, ended.reason, ended.detail, replicas(lab_shop, BLUE)) == (State.FAILED_NO_CHANGE, "preflight-size", "gone", LIVE)
    requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="blue", opened=lambda _: reached)


@pytest.fixture
def inside(lab_shop: Lab) -> Iterator[str]:
    """A second Service before the same pods."""
    spec = {"selector": {"app": "shop", "slot": "blue"}, "ports": [{"port": 80}]}
    document = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop-inside", "namespace": "store"}, "spec": spec}
    lab_shop.kubectl("apply", "-f", "-", input=json.dumps(document))
    yield "shop-inside"
    lab_shop.kubectl("delete", "service", "shop-inside", "-n", "store")


def both_scaled_down(olga: Person, reached: Sizes, inside: str) -> tuple[Sizing, Sizing]:
    """The side that two Services have left, and keep no more, is scaled down for each of them, before anybody has begun with either."""
    services = ["shop", inside]
    switches = requesting.request_group(person=olga, cluster="lab", namespace="store", services=services, to="green", opened=lambda _: reached)
    assert [carry_out(one, reached).state for one in switches] == [State.SUCCEEDED, State.SUCCEEDED]
    for one in switches:
        expire(one)
        one.refresh_from_db()
    first, second = (resizing.scale_down(switch=one, person=olga, opened=lambda _: reached) for one in switches)
    return first, second


def test_two_changes_of_one_workload_are_done_one_after_the_other(olga: Person, reached: Sizes, inside: str, lab_shop: Lab) -> None:
    first, second = both_scaled_down(olga, reached, inside)
    assert (carried(second, reached).state, carried(first, reached).state) == (State.SUCCEEDED, State.SUCCEEDED)
    assert replicas(lab_shop, BLUE) == 0
    assert [actions(one).count("INTENT") for one in (first, second)] == [1, 0]


def test_a_change_that_waits_for_another_is_called_off(olga: Person, reached: Sizes, inside: str, lab_shop: Lab) -> None:
    first, second = both_scaled_down(olga, reached, inside)
    resizing.cancel(sizing=second, person=olga)
    sizing.advance(sizing_id=second.pk, opened=lambda _: reached)
    second.refresh_from_db()
    assert (second.state, second.reason) == (State.CANCELLED, "asked")
    assert (carried(first, reached).state, replicas(lab_shop, BLUE)) == (State.SUCCEEDED, 0)


def test_a_process_that_ends_leaves_a_change_to_be_taken_up_at_once(
    olga: Person, reached: Sizes, lab_shop: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = resizing.scale_down(switch=switched(olga, reached), person=olga, opened=lambda _: reached)
    monkeypatch.setattr(engine, "ENDING", threading.Event())
    engine.ENDING.set()
    sizing.advance(sizing_id=row.pk, opened=lambda _: reached)
    assert row.pk in moving_on.due(Sizing)
    assert replicas(lab_shop, BLUE) == LIVE
    engine.ENDING.clear()
    assert (carried(row, reached).state, replicas(lab_shop, BLUE)) == (State.SUCCEEDED, 0)


def failing(problem: Exception) -> Callable[..., Any]:
    """A read that the API server answers so."""

    def read(*_: Any, **__: Any) -> Any:
        raise problem

    return read


@pytest.mark.parametrize(
    ("problem", "end", "reason"),
    [
        (errors.Forbidden("The account may not do this."), State.FAILED_NO_CHANGE, "missing-right-size"),
        (errors.Unauthorized("The credential is not accepted."), State.CANCELLED, "no-credential-unchanged"),
    ],
    ids=["a right", "the credential"],
)
@pytest.mark.parametrize("seconds", [engine.SHUT_OUT_SECONDS, 0.0], ids=["for a moment", "for long"])
def test_a_scaling_down_that_lacks_what_it_needs_to_read_for_long_ends_with_nothing_written(
    seconds: float, problem: errors.KubeError, end: State, reason: str, olga: Person, reached: Sizes, lab_shop: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = resizing.scale_down(switch=switched(olga, reached), person=olga, opened=lambda _: reached)
    monkeypatch.setattr(engine, "SHUT_OUT_SECONDS", seconds)
    with monkeypatch.context() as without:
        without.setattr(reached, "service_among", failing(problem))
        assert carried(row, reached).open == bool(seconds)
    if seconds:
        assert carried(row, reached).state == State.SUCCEEDED
    else:
        assert (row.state, row.reason, row.detail, replicas(lab_shop, BLUE)) == (end, reason, problem.sentence, LIVE)


def test_a_credential_that_is_refused_for_long_leaves_a_number_that_is_in_doubt_to_a_person(
    olga: Person, reached: Sizes, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = resizing.scale_down(switch=switched(olga, reached), person=olga, opened=lambda _: reached)
    monkeypatch.setattr(engine, "SHUT_OUT_SECONDS", 0.0)

    def lose(_: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        monkeypatch.setattr(reached, "size", failing(errors.Unauthorized("The cluster does not accept the credential.")))
        raise errors.LostAnswer("The answer was lost.")

    reached.around_number = lose
    assert (carried(row, reached).state, row.reason) == (State.NEEDS_HUMAN, "shut-out-size")
    [outcome] = AuditEntry.objects.filter(switch_id=row.pk, action="OUTCOME")
    assert outcome.body["result"] == "unclear"


@pytest.mark.parametrize("problem", [errors.LostAnswer("The answer was lost."), errors.TooManyRequests("Later.")], ids=["lost", "turned away"])
def test_a_scaling_down_that_the_cluster_does_not_take_ends_and_the_namespace_is_free_again(
    problem: errors.KubeError, olga: Person, reached: Sizes, lab_shop: Lab
) -> None:
    switch = switched(olga, reached)
    row = resizing.scale_down(switch=switch, person=olga, opened=lambda _: reached)

    def lose(_: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        raise problem

    reached.around_number = lose
    assert (carried(row, reached).state, row.reason, replicas(lab_shop, BLUE)) == (State.FAILED_NO_CHANGE, "not-written", LIVE)
    assert actions(row).count("INTENT") == actions(row).count("OUTCOME") == engine.LONGEST_TRIES
    requesting.request_back(switch=switch, person=olga, opened=lambda _: reached)


def test_a_scaling_down_that_has_written_nothing_is_called_off(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    switch = switched(olga, reached)
    row = resizing.scale_down(switch=switch, person=olga, opened=lambda _: reached)
    resizing.cancel(sizing=row, person=olga)
    assert (carried(row, reached).state, row.reason, replicas(lab_shop, BLUE)) == (State.CANCELLED, "asked", LIVE)
    requesting.request_back(switch=switch, person=olga, opened=lambda _: reached)


def test_a_scaling_down_that_is_called_off_leaves_the_side_kept_as_it_was(olga: Person, reached: Sizes) -> None:
    switch = switched(olga, reached)
    until = Switch.objects.get(pk=switch.pk).keeping_old_until
    row = resizing.scale_down(switch=switch, person=olga, opened=lambda _: reached)
    said = refused(lambda: requesting.keep(switch=switch, person=olga, minutes=30))
    assert said == (409, "scaling-down", set()), "it would end with the first number"
    resizing.cancel(sizing=row, person=olga)
    carried(row, reached)
    switch.refresh_from_db()
    assert (switch.keeping_old_until, reporting.can_go_back(switch)) == (until, True)


def test_a_scaling_down_is_called_off_up_to_its_intent_and_not_after_it(
    olga: Person, reached: Sizes, lab_shop: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody puts a workload's number back, so what was accepted as called off is not written."""
    first = resizing.scale_down(switch=switched(olga, reached), person=olga, replicas=1, opened=lambda _: reached)
    read, said = reached.size, list[tuple[int, str, set[str]]]()

    def meanwhile(**about: Any) -> Any:
        found = read(**about)
        if Sizing.objects.filter(pk=first.pk, state=State.PREPARING, going_back=False).exists():
            resizing.cancel(sizing=first, person=olga)
        return found

    with monkeypatch.context() as looking_on:
        looking_on.setattr(reached, "size", meanwhile)
        assert (carried(first, reached).state, first.reason, replicas(lab_shop, BLUE)) == (State.CANCELLED, "asked", LIVE)

    def too_late(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        said.append(refused(lambda: resizing.cancel(sizing=second, person=olga)))
        return send()

    second = resizing.scale_down(switch=Switch.objects.get(), person=olga, replicas=1, opened=lambda _: reached)
    reached.around_number = too_late
    assert reporting.kept(Switch.objects.get())
    assert (carried(second, reached).state, replicas(lab_shop, BLUE)) == (State.SUCCEEDED, 1)
    assert (said, reporting.kept(Switch.objects.get())) == ([(409, "finished", set())], False)


def test_a_viewer_changes_no_size(reached: Sizes, olga: Person) -> None:
    switch = switched(olga, reached)
    viewer = Person(name="victor", role="viewer", token_id=olga.token_id)
    assert refused(lambda: resizing.scale_down(switch=switch, person=viewer, opened=lambda _: reached))[:2] == (403, "not_allowed")
    assert refused(lambda: warm(viewer, reached))[:2] == (403, "not_allowed")


# The new side made as large as the live one


def test_a_side_that_is_too_small_is_warmed_up_to_the_live_size_and_then_switched_to(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    scale(lab_shop, GREEN, 1)
    assert refused(lambda: ask(olga=olga, reached=reached))[2] == {"green-smaller"}
    assert refused(lambda: warm(olga, reached, target=LIVE - 1))[:2] == (409, "larger-than-shown")
    row = warm(olga, reached, target=LIVE)
    assert [(one["kind"], one["now"], one["to"]) for one in row.plan] == [("Deployment", 1, LIVE)]
    wait_until(lambda: carried(row, reached).state == State.SUCCEEDED, seconds=60, what="green is warm")
    assert (replicas(lab_shop, GREEN), ready(lab_shop, GREEN)) == (LIVE, LIVE)
    assert ask(olga=olga, reached=reached).to_value == "green"


@with_autoscalers
def test_its_autoscaler_is_raised_first_and_put_back_when_it_is_not_needed_any_more(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    scale(lab_shop, GREEN, 1)
    row = warm(olga, reached)
    assert [(one["kind"], one["to"]) for one in row.plan] == [("HorizontalPodAutoscaler", LIVE), ("Deployment", LIVE)]
    wait_until(lambda: carried(row, reached).state == State.HOLDING, seconds=60, what="green is warm")
    assert (least(lab_shop, GREEN), ready(lab_shop, GREEN)) == (LIVE, LIVE)
    switch = switched(olga, reached)
    assert (carried(row, reached).state, least(lab_shop, GREEN)) == (State.HOLDING, LIVE)
    expire(switch)
    assert (carried(row, reached).state, least(lab_shop, GREEN), replicas(lab_shop, GREEN)) == (State.SUCCEEDED, 1, LIVE)


@with_autoscalers
def test_a_warm_up_that_nobody_switches_after_is_put_back_in_the_end(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    scale(lab_shop, GREEN, 1)
    row = warm(olga, reached)
    wait_until(lambda: carried(row, reached).state == State.HOLDING, seconds=60, what="green is warm")
    Sizing.objects.filter(pk=row.pk).update(until=timezone.now() - timedelta(seconds=1))
    assert (carried(row, reached).state, least(lab_shop, GREEN)) == (State.SUCCEEDED, 1)


@with_autoscalers
def test_a_warm_up_that_is_cancelled_puts_back_the_autoscaler_and_leaves_the_pods(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    scale(lab_shop, GREEN, 1)
    row = warm(olga, reached)
    wait_until(lambda: carried(row, reached).state == State.HOLDING, seconds=60, what="green is warm")
    resizing.cancel(sizing=row, person=olga)
    assert (carried(row, reached).state, row.reason, least(lab_shop, GREEN)) == (State.ROLLED_BACK, "asked", 1)
    assert refused(lambda: resizing.cancel(sizing=row, person=olga))[:2] == (409, "finished")


def as_planned(found: SizeNow) -> SizeNow:
    """The workload before its autoscaler has done by itself what is wanted."""
    return msgspec.structs.replace(found, number=1) if found.kind == "Deployment" else found


@with_autoscalers
@pytest.mark.parametrize("way", ["revoked", "called off"])
def test_a_warm_up_that_was_held_for_the_credential_is_put_back_where_nobody_wants_it_any_more(
    way: str, olga: Person, reached: Sizes, lab_shop: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    scale(lab_shop, GREEN, 1)
    row, size = warm(olga, reached), reached.size

    def without_deployments(*, kind: str, **about: Any) -> Any:
        if kind == "Deployment" and Sizing.objects.get().at:
            raise errors.Unauthorized("The credential is not accepted.")
        return size(kind=kind, **about)

    with monkeypatch.context() as without:
        without.setattr(engine, "SHUT_OUT_SECONDS", 0.0)
        without.setattr(reached, "size", without_deployments)
        assert (carried(row, reached).state, row.held_for, least(lab_shop, GREEN)) == (State.HELD, "no-credential-size", LIVE)
        monkeypatch.setattr(sizing, "HELD_SECONDS", 0.0)
        assert (carried(row, reached).state, actions(row).count("HELD")) == (State.HELD, 1)
    if way == "revoked":
        ApiToken.objects.update(revoked_at=timezone.now())
        monkeypatch.setattr(reached, "size", lambda *, kind, **about: as_planned(size(kind=kind, **about)))
    else:
        resizing.cancel(sizing=row, person=olga)
    wait_until(lambda: not carried(row, reached).open, seconds=20, what="it has ended")
    assert (row.state, row.reason, least(lab_shop, GREEN)) == (State.ROLLED_BACK, "not_allowed" if way == "revoked" else "asked", 1)


def test_a_quota_that_keeps_the_pods_from_coming_is_said_in_words(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    scale(lab_shop, GREEN, 1)
    pods = len(lab_shop.get("/api/v1/namespaces/store/pods")["items"])
    row = warm(olga, reached)
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight", "namespace": "store"}, "spec": {"hard": {"pods": str(pods)}}}
    lab_shop.kubectl("apply", "-f", "-", input=json.dumps(quota))
    try:
        path = "/api/v1/namespaces/store/resourcequotas/tight"
        wait_until(lambda: "used" in lab_shop.get(path).get("status", {}), seconds=30, what="the quota is counted")
        wait_until(lambda: carried(row, reached).held_for == "quota-full", seconds=30, what="the quota is told")
        assert (row.state, row.detail) == (State.WAITING, f"tight: pods {pods}/{pods}")
        assert refused(lambda: ask(olga=olga, reached=reached))[0] == 422
    finally:
        lab_shop.kubectl("delete", "resourcequota", "tight", "-n", "store")
    wait_until(lambda: carried(row, reached).state == State.SUCCEEDED, seconds=60, what="green is warm")
    assert row.held_for == ""


def test_what_refuses_the_pods_is_said_in_its_own_words(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    scale(lab_shop, GREEN, 1)
    row = warm(olga, reached)
    limits = {"limits": [{"type": "Pod", "min": {"cpu": "1"}}]}
    large = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "large", "namespace": "store"}, "spec": limits}
    lab_shop.kubectl("apply", "-f", "-", input=json.dumps(large))
    try:
        wait_until(lambda: carried(row, reached).held_for == "pods-refused", seconds=30, what="the refusal is told")
        assert row.state == State.WAITING and "minimum cpu usage per Pod is 1" in row.detail
    finally:
        lab_shop.kubectl("delete", "limitrange", "large", "-n", "store")
    wait_until(lambda: carried(row, reached).state == State.SUCCEEDED, seconds=60, what="green is warm")
    assert row.held_for == ""


@contextmanager
def held_back(lab: Lab, **hard: str) -> Iterator[None]:
    """The namespace has a quota, which is counted."""
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight", "namespace": "store"}, "spec": {"hard": hard}}
    lab.kubectl("apply", "-f", "-", input=json.dumps(quota))
    try:
        path = "/api/v1/namespaces/store/resourcequotas/tight"
        wait_until(lambda: "used" in lab.get(path).get("status", {}), seconds=30, what="the quota is counted")
        yield
    finally:
        lab.kubectl("delete", "resourcequota", "tight", "-n", "store")


def full(olga: Person, reached: Sizes) -> str:
    """What is said of the quotas that keep green from growing."""
    with pytest.raises(Refused) as refusal:
        warm(olga, reached)
    [found] = [one for one in refusal.value.body["checks"] if one["level"] == "block"]
    assert (found["code"], [(one["kind"], one["name"]) for one in found["objects"]]) == ("quota-full", [("ResourceQuota", "tight")])
    return str(found["params"]["quotas"])


def test_a_quota_without_room_for_all_that_are_missing_blocks_it_and_says_how_many(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    scale(lab_shop, GREEN, 1)
    pods = len(lab_shop.get("/api/v1/namespaces/store/pods")["items"])
    with held_back(lab_shop, pods="1"):
        assert full(olga, reached) == f"tight: pods {pods}/1 ({pods + LIVE - 2})"
    with held_back(lab_shop, pods=str(pods + LIVE - 2)):
        assert full(olga, reached) == f"tight: pods {pods}/{pods + LIVE - 2} (1)"
    with held_back(lab_shop, pods=str(pods + LIVE - 1)):
        assert resizing.to_warm_up(cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: reached).is_open


def test_a_quota_is_reckoned_with_what_the_pod_template_asks_for(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    ask_for = ("set", "resources", "deployment", GREEN, "-n", "store", "-c", "web")
    scale(lab_shop, GREEN, 1)
    lab_shop.kubectl(*ask_for, "--requests=cpu=100m,memory=64Mi")
    try:
        lab_shop.kubectl("rollout", "status", "deployment", GREEN, "-n", "store", "--timeout=60s")
        wait_until(lambda: ready(lab_shop, GREEN) == 1, seconds=60, what="the pod before has gone")
        with held_back(lab_shop, **{"requests.cpu": "250m", "requests.memory": "1Gi"}):
            assert full(olga, reached) == "tight: requests.cpu 100m/250m (50m)"
    finally:
        lab_shop.kubectl(*ask_for, "--requests=cpu=0,memory=0")
        lab_shop.kubectl("rollout", "status", "deployment", GREEN, "-n", "store", "--timeout=60s")


def test_a_side_whose_pods_the_scheduler_finds_no_node_for_is_not_warmed_up_and_its_words_are_told(
    olga: Person, reached: Sizes, lab_shop: Lab
) -> None:
    ask_for = ("set", "resources", "deployment", GREEN, "-n", "store", "-c", "web")
    scale(lab_shop, GREEN, 1)
    lab_shop.kubectl(*ask_for, "--requests=cpu=9000")
    asked = {"cluster": "lab", "namespace": "store", "service": "shop", "to": "green"}
    try:
        wait_until(lambda: not resizing.to_warm_up(**asked, opened=lambda _: reached).is_open, seconds=30, what="the scheduler has come to it")
        with pytest.raises(Refused) as refusal:
            warm(olga, reached)
        [found] = [one for one in refusal.value.body["checks"] if one["level"] == "block"]
        assert (found["code"], [one["kind"] for one in found["objects"]]) == ("no-room", ["Pod"])
        assert "Insufficient cpu" in found["sentence"]
    finally:
        lab_shop.kubectl(*ask_for, "--requests=cpu=0")
        lab_shop.kubectl("rollout", "status", "deployment", GREEN, "-n", "store", "--timeout=60s")


@with_autoscalers
def test_an_autoscaler_that_allows_too_few_blocks_it(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    scale(lab_shop, GREEN, 1)
    lab_shop.kubectl("patch", "hpa", GREEN, "-n", "store", "--type", "merge", "-p", json.dumps({"spec": {"maxReplicas": LIVE - 1}}))
    assert refused(lambda: warm(olga, reached)) == (422, "preflight-size", {"autoscaler-most"})


def test_a_side_that_is_large_enough_is_not_warmed_up(olga: Person, reached: Sizes) -> None:
    assert refused(lambda: warm(olga, reached)) == (422, "preflight-size", {"warm"})


@pytest.mark.parametrize(
    ("problem", "end", "reason"),
    [
        (errors.Forbidden("The account may not do this."), State.FAILED_NO_CHANGE, "missing-right-size"),
        (errors.Unauthorized("The credential is not accepted."), State.CANCELLED, "no-credential-unchanged"),
    ],
    ids=["a right", "the credential"],
)
def test_a_warm_up_that_is_turned_away_for_long_before_it_wrote_anything_ends(
    problem: errors.KubeError, end: State, reason: str, olga: Person, reached: Sizes, lab_shop: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    scale(lab_shop, GREEN, 1)
    row = warm(olga, reached)
    monkeypatch.setattr(engine, "SHUT_OUT_SECONDS", 0.0)
    monkeypatch.setattr(reached, "size", failing(problem))
    assert (carried(row, reached).state, row.reason, row.detail, replicas(lab_shop, GREEN)) == (end, reason, problem.sentence, 1)


def test_a_warm_up_that_cannot_see_its_pods_any_more_says_why_and_goes_on_when_it_can(
    olga: Person, reached: Sizes, lab_shop: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    scale(lab_shop, GREEN, 1)
    monkeypatch.setattr(engine, "SHUT_OUT_SECONDS", 0.0)
    with monkeypatch.context() as without:
        without.setattr(resizable, "progress", failing(errors.Unauthorized("The credential is not accepted.")))
        row = warm(olga, reached)
        assert (carried(row, reached).state, row.held_for, row.detail) == (State.WAITING, "no-credential-size", "The credential is not accepted.")
        assert actions(carried(row, reached)).count("BLOCKED") == 1
    wait_until(lambda: carried(row, reached).state == State.SUCCEEDED, seconds=60, what="green is warm")
    assert (row.held_for, row.detail) == ("", "")


def test_a_repeated_click_is_the_same_warm_up_and_another_one_is_refused(olga: Person, reached: Sizes, lab_shop: Lab) -> None:
    scale(lab_shop, GREEN, 1)
    first = warm(olga, reached, idempotency_key="one")
    assert warm(olga, reached, idempotency_key="one").pk == first.pk
    assert refused(lambda: warm(olga, reached))[:2] == (409, "open-size")
    assert Switch.objects.count() == 0
