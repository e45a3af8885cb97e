"""A switch on a real API server: it moves traffic once, says what became of it, and never fights anybody."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from clusterview.access import clusters
from clusterview.access.people import Person
from clusterview.kube import errors
from clusterview.models import ApiToken, AuditEntry, Switch
from clusterview.models import Cluster as ClusterRow
from clusterview.traffic import convergence, doubts, engine, looking, moving_on, planning, requesting, selectors
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import State
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until
from tests.observer.reading import access_of
from tests.traffic.explaining import explained

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
__all__ = ["explained"]

BLUE, GREEN = {"app": "shop", "slot": "blue"}, {"app": "shop", "slot": "green"}


class Reached(looking.Cluster):
    """The API server, with something that happens around the patch which changes the selector."""

    around: Callable[[Callable[[], dict[str, Any]]], dict[str, Any]] | None = None

    def patch(self, *, namespace: str, name: str, operations: planning.Patch, dry_run: bool = False) -> dict[str, Any]:
        def send() -> dict[str, Any]:
            return super(Reached, self).patch(namespace=namespace, name=name, operations=operations, dry_run=dry_run)

        effect = not dry_run and any(one["path"] == "/spec/selector" and one["op"] != "test" for one in operations)
        return self.around(send) if effect and self.around else send()


@pytest.fixture
def reached(lab_shop: Lab) -> Reached:
    return Reached(access=access_of(lab_shop.kubeconfig))


@pytest.fixture
def olga(reached: Reached) -> Person:
    return who_may_switch()


def who_may_switch() -> Person:
    """Somebody who may switch, on a cluster that is armed."""
    clusters.register(opened=[("lab", "lab")])
    ClusterRow.objects.filter(pk="lab").update(armed_at=timezone.now())
    token = ApiToken.objects.create(name="olga", role="operator", token_hash="x")
    return Person(name="olga", role="operator", token_id=token.pk)


@pytest.fixture(autouse=True)
def no_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests carry switches out themselves, as executors that find them; whoever accepted one had not sent anything."""

    def let_go(switch: Switch, **_: Any) -> None:
        Switch.objects.filter(pk=switch.pk).update(lease_until=None, holder="")

    monkeypatch.setattr(requesting, "carry_out", let_go)
    monkeypatch.setattr(engine, "needs_mark", lambda _: True)


@pytest.fixture
def writes(lab_shop: Lab) -> Callable[[], list[dict[str, str]]]:
    """The selectors that the shop's Service went through since the test began, by the API server's own audit log."""
    before = len(lab_shop.writes())

    def read() -> list[dict[str, str]]:
        went: list[dict[str, str]] = [BLUE]
        for entry in lab_shop.writes()[before:]:
            about = entry.get("objectRef", {})
            done = entry.get("responseStatus", {}).get("code") == 200 and "dryRun" not in entry.get("requestURI", "")
            if about.get("resource") != "services" or about.get("name") != "shop" or not done:
                continue
            selector = entry["responseObject"]["spec"]["selector"]
            if selector != went[-1]:
                went.append(selector)
        return went

    return read


def ask(*, olga: Person, reached: Reached) -> Switch:
    return requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: reached)


def carry_out(switch: Switch, reached: looking.Cluster) -> Switch:
    """This will do what the reconciler does, until the switch has ended or waits for somebody."""
    for _ in range(20):
        engine.advance(switch_id=switch.pk, opened=lambda _: reached)
        switch.refresh_from_db()
        if not switch.open:
            break
        Switch.objects.filter(pk=switch.pk).update(lease_until=None)
    return switch


def selector(lab: Lab) -> dict[str, str]:
    return dict(lab.get("/api/v1/namespaces/store/services/shop")["spec"]["selector"])


def set_selector(lab: Lab, value: dict[str, str]) -> None:
    lab.kubectl("patch", "service", "shop", "-n", "store", "--type", "merge", "-p", json.dumps({"spec": {"selector": value}}))


def broken(*_: object) -> None:
    """A step with a defect of ours."""
    raise RuntimeError("a defect")


def lose(_: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The line between us and the cluster, when nothing of what is sent arrives."""
    raise errors.LostAnswer("the connection ended before the answer")


def actions(switch: Switch) -> list[str]:
    return list(AuditEntry.objects.filter(switch_id=switch.pk).order_by("sequence").values_list("action", flat=True))


def test_a_switch_moves_the_selector_once_and_ends_when_the_endpoints_followed(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert switch.state == State.SUCCEEDED, switch.detail
    assert writes() == [BLUE, GREEN]
    assert actions(switch).count("INTENT") == actions(switch).count("OUTCOME") == 1
    assert reached.convergence(service=reached.service(namespace="store", name="shop")).converged
    assert switch.keeping_old_until is not None


def test_back_after_success_is_a_switch_of_its_own(olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]]) -> None:
    first = carry_out(ask(olga=olga, reached=reached), reached)
    second = carry_out(requesting.request_back(switch=first, person=olga, opened=lambda _: reached), reached)
    assert (second.state, second.reverses_id) == (State.SUCCEEDED, first.pk)
    assert writes() == [BLUE, GREEN, BLUE]


@pytest.fixture
def without_green(lab_shop: Lab, reached: Reached) -> Iterator[Callable[[], None]]:
    """Somebody deletes the Deployment of the green side, and nobody knows it any more. Afterwards it is there again, for other tests."""
    green = "/apis/apps/v1/namespaces/store/deployments/shop-green"
    made = lab_shop.get(green)

    def delete() -> None:
        lab_shop.kubectl("delete", "deployment", "shop-green", "-n", "store")
        pods = "/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen"
        wait_until(lambda: not lab_shop.get(pods)["items"], seconds=20, what="no green pod is left")
        reached._known.clear()

    yield delete
    made["metadata"] = {"name": "shop-green", "namespace": "store", "labels": made["metadata"].get("labels")}
    lab_shop.kubectl("apply", "-f", "-", input=json.dumps(made))


def test_the_way_back_depends_on_the_old_side_alone_where_the_new_sides_workload_is_gone(
    without_green: Callable[[], None], olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]]
) -> None:
    first = carry_out(ask(olga=olga, reached=reached), reached)
    without_green()
    second = carry_out(requesting.request_back(switch=first, person=olga, opened=lambda _: reached), reached)
    assert (second.state, second.to_value) == (State.SUCCEEDED, "blue"), (second.reason, second.detail)
    assert writes() == [BLUE, GREEN, BLUE]


def test_the_way_back_writes_nothing_over_what_somebody_else_has_changed_where_the_new_sides_workload_is_gone(
    without_green: Callable[[], None], olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    first, theirs = carry_out(ask(olga=olga, reached=reached), reached), {"app": "shop", "slot": "red"}
    without_green()
    set_selector(lab_shop, theirs)
    with pytest.raises(Refused) as refused:
        requesting.request_back(switch=first, person=olga, opened=lambda _: reached)
    assert (refused.value.status, refused.value.code, refused.value.body["fresh"]["live"]) == (409, "changed", "red")
    assert writes() == [BLUE, GREEN, theirs]


def test_a_new_side_whose_workload_is_deleted_after_the_last_look_is_left_again_at_once_f75(
    without_green: Callable[[], None], olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]]
) -> None:
    def delete(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        reached.around = None
        without_green()
        return send()

    reached.around = delete
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert (switch.state, switch.reason) == (State.ROLLED_BACK, "emptied"), switch.detail
    assert writes() == [BLUE, GREEN, BLUE]


def test_where_a_mark_of_ours_stands_a_switch_begins_with_its_effect(
    olga: Person, reached: Reached, monkeypatch: pytest.MonkeyPatch, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    """The transaction that accepts it holds the INTENT, and nothing is written to the Service before."""

    def sent() -> int:
        return len([one for one in lab_shop.writes()[before:] if one.get("verb") == "patch" and "dryRun" not in one["requestURI"]])

    carry_out(ask(olga=olga, reached=reached), reached)
    monkeypatch.undo()
    monkeypatch.setattr(requesting, "carry_out", lambda switch, *, look, opened: engine.begin(switch, look=look, opened=opened))
    first, before = Switch.objects.get(), len(lab_shop.writes())
    second = requesting.request_back(switch=first, person=olga, opened=lambda _: reached)
    second.refresh_from_db()
    assert carry_out(second, reached).state == State.SUCCEEDED, (second.reason, second.detail)
    assert actions(second)[:5] == ["REQUESTED", "CLAIMED", "PREFLIGHT", "INTENT", "OUTCOME"]
    assert writes() == [BLUE, GREEN, BLUE]
    wait_until(lambda: sent() == 1, seconds=5, what="the API server has written down one patch")


def test_a_lost_answer_after_the_effect_is_recognised_and_nothing_is_sent_twice(
    olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]]
) -> None:
    sent = []

    def lose(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        sent.append(send())
        raise errors.LostAnswer("the connection ended before the answer")

    reached.around = lose
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert switch.state == State.SUCCEEDED, (switch.reason, switch.detail)
    assert len(sent) == 1
    assert writes() == [BLUE, GREEN]


def test_an_effect_that_never_arrived_is_sealed_so_that_it_cannot_arrive_later(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    delayed: list[Callable[[], dict[str, Any]]] = []

    def delay(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if delayed:
            return send()
        delayed.append(send)
        raise errors.LostAnswer("the connection ended before the answer")

    reached.around = delay
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert switch.state == State.SUCCEEDED, (switch.reason, switch.detail)
    assert writes() == [BLUE, GREEN]
    back = carry_out(requesting.request_back(switch=switch, person=olga, opened=lambda _: reached), reached)
    assert back.state == State.SUCCEEDED
    with pytest.raises((errors.Conflict, errors.Invalid)):
        delayed[0]()
    assert selector(lab_shop) == BLUE


@pytest.mark.parametrize(("can_be_sealed", "reason"), [(True, "defect"), (False, "defect-may-land")], ids=["sealed", "not sealed"])
def test_a_switch_in_doubt_that_is_set_aside_is_locked_out_or_says_that_it_may_still_land(
    can_be_sealed: bool, reason: str, olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    delayed: list[Callable[[], dict[str, Any]]] = []

    def delay(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        delayed.append(send)
        raise errors.LostAnswer("the connection ended before the answer")

    def broken(*_: object, **__: object) -> bool:
        raise KeyError("a defect")

    reached.around = delay
    monkeypatch.setitem(engine.STEPS, State.UNKNOWN, broken)
    if not can_be_sealed:
        monkeypatch.setattr(doubts, "_send_seal", broken)
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert (switch.state, switch.reason, switch.failures) == (State.NEEDS_HUMAN, reason, engine.MOST_FAILURES)
    assert writes() == [BLUE]
    if can_be_sealed:
        with pytest.raises((errors.Conflict, errors.Invalid)):
            delayed[0]()
    else:
        delayed[0]()
    assert writes() == ([BLUE] if can_be_sealed else [BLUE, GREEN])


@pytest.mark.parametrize("problem", [InterfaceError("the connection is closed"), OperationalError("the database is gone")], ids=["closed", "gone"])
def test_a_database_that_goes_while_a_switch_in_doubt_is_set_aside_decides_nothing(
    problem: Exception, olga: Person, reached: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Switch) -> None:
        raise problem

    reached.around = lose
    switch = ask(olga=olga, reached=reached)
    monkeypatch.setitem(engine.STEPS, State.UNKNOWN, broken)
    with monkeypatch.context() as now:
        now.setattr(moving_on, "record_claim", gone)
        with pytest.raises(type(problem)):
            carry_out(switch, reached)
        switch.refresh_from_db()
        assert (switch.state, actions(switch).count("OUTCOME")) == (State.UNKNOWN, 0)
    assert (carry_out(switch, reached).state, switch.reason) == (State.NEEDS_HUMAN, "defect")
    claims = [one.sequence for one in AuditEntry.objects.filter(switch_id=switch.pk, action="CLAIMED")]
    assert claims[-1] < AuditEntry.objects.get(switch_id=switch.pk, action="OUTCOME").sequence


def test_a_cluster_that_does_not_let_it_be_locked_out_now_is_asked_again(
    olga: Person, reached: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise errors.TooManyRequests("The cluster is busy.")

    reached.around = lose
    switch = ask(olga=olga, reached=reached)
    monkeypatch.setitem(engine.STEPS, State.UNKNOWN, broken)
    with monkeypatch.context() as now:
        now.setattr(doubts, "_send_seal", busy)
        assert carry_out(switch, reached).state == State.UNKNOWN
    assert (carry_out(switch, reached).state, switch.reason) == (State.NEEDS_HUMAN, "defect")


def test_our_selector_without_our_marker_in_the_history_is_left_to_a_person(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    """A webhook may take the marker off; whose write it is nobody can tell then."""

    def somebody(_: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        set_selector(lab_shop, GREEN)
        raise errors.LostAnswer("the connection ended before the answer")

    reached.around = somebody
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert (switch.state, switch.reason) == (State.NEEDS_HUMAN, "lost-answer")
    assert writes() == [BLUE, GREEN]


def test_an_executor_that_dies_after_sending_is_followed_by_one_that_finds_the_effect(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    class Died(BaseException):
        pass

    def die(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        send()
        raise Died

    reached.around = die
    switch = ask(olga=olga, reached=reached)
    with pytest.raises(Died):
        engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    switch.refresh_from_db()
    assert switch.state == State.APPLYING, "taken over while the first one's claim still held"
    Switch.objects.filter(pk=switch.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    reached.around = None
    assert carry_out(switch, reached).state == State.SUCCEEDED
    assert writes() == [BLUE, GREEN]


def test_a_process_that_ends_leaves_the_switch_at_the_next_step_to_be_taken_up_at_once_f54(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]], ending: threading.Event
) -> None:
    def end(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        ending.set()
        return send()

    reached.around = end
    switch = ask(olga=olga, reached=reached)
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    switch.refresh_from_db()
    assert (switch.state, switch.holder, moving_on.due()) == (State.APPLIED, "", [switch.pk])
    ending.clear()
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    switch.refresh_from_db()
    assert switch.state == State.SUCCEEDED
    assert writes() == [BLUE, GREEN]


def test_a_process_that_ends_does_not_wait_for_endpoints(
    olga: Person, reached: Reached, lab_shop: Lab, monkeypatch: pytest.MonkeyPatch, settings: Any, ending: threading.Event
) -> None:
    settings.FOLLOW_SECONDS = 60

    def look(itself: Reached, **asked: Any) -> convergence.Convergence:
        ending.set()
        return looking.Cluster.convergence(itself, **asked)

    monkeypatch.setattr(Reached, "convergence", look)
    switch = ask(olga=olga, reached=reached)
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    switch.refresh_from_db()
    assert (switch.state, moving_on.due()) == (State.VERIFYING, [switch.pk])


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """What says that this process ends."""
    monkeypatch.setattr(engine, "ENDING", threading.Event())
    return engine.ENDING


def test_a_change_by_somebody_else_before_ours_is_a_conflict_and_stays_f77(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    theirs = BLUE | {"track": "theirs"}

    def first(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        set_selector(lab_shop, theirs)
        return send()

    reached.around = first
    try:
        switch = carry_out(ask(olga=olga, reached=reached), reached)
        assert (switch.state, switch.reason) == (State.CONFLICT, "selector-changed")
        assert writes() == [BLUE, theirs]
        assert "kubectl" in switch.detail and selectors.text(theirs) in switch.detail
        asked, told = (AuditEntry.objects.get(switch_id=switch.pk, action=action).body for action in ("REQUESTED", "CONFLICT"))
        assert (asked["from"], told["selector"]) == (BLUE, theirs)
    finally:
        lab_shop.kubectl("patch", "service", "shop", "-n", "store", "--type", "json", "-p", '[{"op":"remove","path":"/spec/selector/track"}]')


def test_a_change_by_somebody_else_after_ours_is_told_and_not_fought_f78(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    def then(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        answer = send()
        set_selector(lab_shop, BLUE)
        return answer

    reached.around = then
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert (switch.state, switch.reason) == (State.REVERTED_EXTERNALLY, "reverted")
    assert "kubectl" in switch.detail
    assert writes() == [BLUE, GREEN, BLUE]


def test_endpoints_that_do_not_follow_bring_the_traffic_back(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CONVERGE_SECONDS", 1.0)
    switch = ask(olga=olga, reached=reached)
    lab_shop.stop("kube-controller-manager", signal.SIGSTOP)
    try:
        carry_out(switch, reached)
    finally:
        lab_shop.stop("kube-controller-manager", signal.SIGCONT)
    assert (switch.state, switch.reason) == (State.ROLLED_BACK, "not-converged")
    assert writes() == [BLUE, GREEN, BLUE]
    assert actions(switch).count("INTENT") == actions(switch).count("OUTCOME") == 2


def test_going_back_before_anything_was_sent_changes_nothing_f52(olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]]) -> None:
    switch = ask(olga=olga, reached=reached)
    requesting.request_back(switch=switch, person=olga, opened=lambda _: reached)
    assert carry_out(switch, reached).state == State.CANCELLED
    assert writes() == [BLUE]


def test_a_side_without_ready_pods_is_refused_at_the_click_and_again_before_the_effect_f83(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    switch = ask(olga=olga, reached=reached)
    lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "0")
    gone = "/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen"
    wait_until(lambda: not lab_shop.get(gone)["items"], seconds=20, what="no green pod is left")
    assert carry_out(switch, reached).state == State.FAILED_NO_CHANGE
    with pytest.raises(Refused) as refused:
        ask(olga=olga, reached=reached)
    assert refused.value.status == 422
    blocked = {one["code"] for one in refused.value.body["checks"] if one["level"] == "block"}
    assert "no-ready" in blocked
    assert writes() == [BLUE]


def test_a_cluster_that_is_disarmed_after_the_click_is_left_alone(olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]]) -> None:
    switch = ask(olga=olga, reached=reached)
    ClusterRow.objects.filter(pk="lab").update(armed_at=None)
    assert (carry_out(switch, reached).state, switch.reason) == (State.CANCELLED, "not_armed")
    assert writes() == [BLUE]


def test_one_service_has_one_open_switch_and_a_repeated_request_is_the_same_one_f88(olga: Person, reached: Reached) -> None:
    def request(key: str) -> Switch:
        return requesting.request_switch(
            person=olga, cluster="lab", namespace="store", service="shop", to="green", idempotency_key=key, opened=lambda _: reached
        )

    assert request("a").pk == request("a").pk
    with pytest.raises(Refused) as refused:
        request("b")
    assert (refused.value.status, refused.value.code) == (409, "open-switch")
    assert Switch.objects.count() == 1


def test_what_was_seen_otherwise_is_refused_with_the_fresh_state(olga: Person, reached: Reached, lab_shop: Lab) -> None:
    set_selector(lab_shop, GREEN)
    with pytest.raises(Refused) as refused:
        requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="blue", expected=BLUE, opened=lambda _: reached)
    assert (refused.value.status, refused.value.code) == (409, "changed")
    assert refused.value.body["fresh"]["live"] == "green"


def test_a_frozen_api_server_delays_the_switch_and_does_not_double_it(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    switch = ask(olga=olga, reached=reached)
    lab_shop.stop("kube-apiserver", signal.SIGSTOP)
    try:
        engine.advance(switch_id=switch.pk, opened=lambda _: reached)
        switch.refresh_from_db()
        assert switch.open
        assert "INTENT" not in actions(switch)
    finally:
        lab_shop.stop("kube-apiserver", signal.SIGCONT)
    Switch.objects.filter(pk=switch.pk).update(lease_until=None)
    assert carry_out(switch, reached).state == State.SUCCEEDED
    assert writes() == [BLUE, GREEN]


def test_an_effect_whose_answer_is_late_is_not_doubted_f33(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for as long as a busy machine may need to thaw it."""
    monkeypatch.setattr(looking, "PATCH_SECONDS", 60.0)

    def late(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        reached.around = None
        lab_shop.stop("kube-apiserver", signal.SIGSTOP)
        threading.Timer(1, lab_shop.stop, ["kube-apiserver", signal.SIGCONT]).start()
        return send()

    switch = ask(olga=olga, reached=reached)
    reached.around = late
    assert carry_out(switch, reached).state == State.SUCCEEDED, (switch.reason, switch.detail)
    assert writes() == [BLUE, GREEN]
    assert [entry.body["how"] for entry in AuditEntry.objects.filter(switch_id=switch.pk, action="OUTCOME")] == ["answered"]
    assert actions(switch).count("INTENT") == 1
