"""Switches of several steps and of several Services: both sides overlap for a while, a group is done in order, and every half-done one goes back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.utils import timezone

from clusterview.access.people import Person
from clusterview.models import Cluster as ClusterRow
from clusterview.models import Switch
from clusterview.traffic import engine, keeping, looking, moving_on, reporting, requesting, returning
from clusterview.traffic.errors import Refused
from clusterview.traffic.situations import Right
from clusterview.traffic.states import State
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until
from tests.traffic.explaining import explained
from tests.traffic.test_engine import BLUE, GREEN, Reached, actions, carry_out, no_doorbell, olga, reached, selector, set_selector, writes

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
__all__ = ["explained", "no_doorbell", "olga", "reached", "writes"]

WIDE = {"app": "shop"}
SECOND = "shop-inside"


@pytest.fixture
def inside(lab_shop: Lab) -> Iterator[str]:
    """A second Service over the same two sides."""
    made = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": SECOND, "namespace": "store"}}
    made |= {"spec": {"selector": BLUE, "ports": [{"port": 80, "targetPort": 8080}]}}
    lab_shop.kubectl("apply", "-f", "-", input=json.dumps(made))
    yield SECOND
    lab_shop.kubectl("delete", "service", SECOND, "-n", "store", "--ignore-not-found")


def ask(*, olga: Person, reached: Reached, seconds: int | None) -> Switch:
    return requesting.request_switch(
        person=olga, cluster="lab", namespace="store", service="shop", to="green", overlap_seconds=seconds, opened=lambda _: reached
    )


def ask_group(*, olga: Person, reached: Reached, services: Sequence[str] = ("shop", SECOND), accept: Sequence[str] = (), **more: Any) -> list[Switch]:
    return requesting.request_group(
        person=olga, cluster="lab", namespace="store", services=services, to="green", accept=accept, opened=lambda _: reached, **more
    )


def take_back(switch: Switch, *, olga: Person, reached: Reached) -> returning.Returned:
    return returning.request_group_back(group=switch.group or pytest.fail("no group"), person=olga, opened=lambda _: reached)


def test_an_overlap_lets_both_sides_take_traffic_before_the_old_one_is_left(
    olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]]
) -> None:
    switch = ask(olga=olga, reached=reached, seconds=4)
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    assert writes() == [BLUE, WIDE]
    assert reached.convergence(service=reached.service(namespace="store", name="shop")).converged
    wait_until(lambda: carry_out(switch, reached).state == State.SUCCEEDED, seconds=10, what="it has succeeded")
    assert writes() == [BLUE, WIDE, GREEN]
    assert actions(switch).count("INTENT") == actions(switch).count("OUTCOME") == 2
    entries = {one.action: one.body for one in switch_entries(switch)}
    assert entries["OVERLAPPED"]["seconds"] >= 4


def switch_entries(switch: Switch) -> list[moving_on.AuditEntry]:
    return list(moving_on.AuditEntry.objects.filter(switch_id=switch.pk).order_by("sequence"))


def test_an_overlap_that_is_turned_back_leads_straight_to_the_old_side(
    olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]]
) -> None:
    switch = ask(olga=olga, reached=reached, seconds=60)
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    requesting.request_back(switch=switch, person=olga, opened=lambda _: reached)
    assert carry_out(switch, reached).state == State.ROLLED_BACK
    assert writes() == [BLUE, WIDE, BLUE]


def test_an_overlap_whose_new_side_fails_goes_back_by_itself(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    switch = ask(olga=olga, reached=reached, seconds=8)
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "0")
    gone = "/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen"
    wait_until(lambda: not lab_shop.get(gone)["items"], seconds=20, what="no green pod is left")
    wait_until(lambda: not carry_out(switch, reached).open, seconds=20, what="it has ended")
    assert (switch.state, switch.reason) == (State.ROLLED_BACK, "preflight")
    assert writes() == [BLUE, WIDE, BLUE]


@contextmanager
def stranger(lab: Lab) -> Iterator[None]:
    """A pod of neither side that the wide selector matches."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stranger", "namespace": "store", "labels": WIDE}}
    lab.kubectl("apply", "-f", "-", input=json.dumps(pod | {"spec": {"containers": [{"name": "main", "image": "registry.example/shop:1"}]}}))
    try:
        yield
    finally:
        lab.kubectl("delete", "pod", "stranger", "-n", "store", "--now")


def test_an_overlap_over_other_peoples_pods_is_refused(olga: Person, reached: Reached, lab_shop: Lab) -> None:
    with stranger(lab_shop):
        with pytest.raises(Refused) as refused:
            ask(olga=olga, reached=reached, seconds=5)
        assert refused.value.code == "no-overlap"
        with pytest.raises(Refused) as refused:
            ask(olga=olga, reached=reached, seconds=-1)
        assert refused.value.code == "bad-overlap"


def test_an_overlap_into_which_a_pod_of_neither_side_comes_ends_at_once(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    switch = ask(olga=olga, reached=reached, seconds=300)
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    with stranger(lab_shop):
        wait_until(lambda: carry_out(switch, reached).state == State.SUCCEEDED, seconds=20, what="it has succeeded")
    assert writes() == [BLUE, WIDE, GREEN]
    assert {one.action: one.body for one in switch_entries(switch)}["OVERLAPPED"]["others"] == 1


def test_an_overlap_before_which_a_pod_of_neither_side_has_come_changes_nothing(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Callable[[], list[dict[str, str]]]
) -> None:
    switch = ask(olga=olga, reached=reached, seconds=5)
    with stranger(lab_shop):
        assert carry_out(switch, reached).state == State.FAILED_NO_CHANGE
    assert (switch.reason, writes()) == ("overlap-over-others", [BLUE])


def test_a_group_is_switched_in_order_and_taken_back_in_reverse(olga: Person, reached: Reached, lab_shop: Lab, inside: str) -> None:
    first, second = ask_group(olga=olga, reached=reached)
    assert carry_out(second, reached).state == State.QUEUED, "it waits for the first one"
    assert carry_out(first, reached).state == State.SUCCEEDED
    second.refresh_from_db()
    assert second.state == State.SUCCEEDED, "it follows at once"
    assert selector(lab_shop) == reached.service(namespace="store", name=inside).selector == GREEN
    back = take_back(first, olga=olga, reached=reached).begun
    assert [one.service for one in back] == [inside, "shop"]
    assert [one.reverses_id for one in back] == [second.pk, first.pk]
    assert carry_out(back[0], reached).state == State.SUCCEEDED
    assert selector(lab_shop) == reached.service(namespace="store", name=inside).selector == BLUE


def test_a_group_that_is_half_done_goes_back_as_a_whole(
    olga: Person, reached: Reached, lab_shop: Lab, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ask_group(olga=olga, reached=reached)
    monkeypatch.setattr(moving_on, "next_in_group", lambda _: None)
    assert carry_out(first, reached).state == State.SUCCEEDED
    turned, back = take_back(first, olga=olga, reached=reached).begun
    assert (turned.pk, back.reverses_id) == (second.pk, first.pk)
    assert carry_out(turned, reached).state == State.CANCELLED
    assert carry_out(back, reached).state == State.SUCCEEDED
    assert selector(lab_shop) == reached.service(namespace="store", name=inside).selector == BLUE


def test_a_group_stops_at_the_first_failure_and_leaves_the_rest_alone(olga: Person, reached: Reached, lab_shop: Lab, inside: str) -> None:
    first, second = ask_group(olga=olga, reached=reached)
    requesting.request_back(switch=first, person=olga, opened=lambda _: reached)
    assert carry_out(first, reached).state == State.CANCELLED
    assert (carry_out(second, reached).state, second.reason) == (State.CANCELLED, "group-stopped")
    assert selector(lab_shop) == reached.service(namespace="store", name=inside).selector == BLUE


def by_us(switch: Switch, olga: Person, reached: Reached, _: Lab) -> None:
    back = requesting.request_back(switch=switch, person=olga, opened=lambda _: reached)
    assert carry_out(back, reached).state == State.SUCCEEDED


def by_somebody(_: Switch, __: Person, ___: Reached, lab: Lab) -> None:
    set_selector(lab, BLUE)


def by_somebody_who_was_noticed(_: Switch, __: Person, reached: Reached, lab: Lab) -> None:
    """And who has changed it once more since."""
    set_selector(lab, BLUE)
    keeping.watch(opened=lambda _: reached)
    set_selector(lab, GREEN)


@pytest.mark.parametrize("undo", [by_us, by_somebody, by_somebody_who_was_noticed])
def test_a_group_goes_no_further_where_one_before_was_undone_after_its_success(
    undo: Callable[[Switch, Person, Reached, Lab], None], olga: Person, reached: Reached, lab_shop: Lab, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_on, "next_in_group", lambda _: None)
    first, second = ask_group(olga=olga, reached=reached)
    assert carry_out(first, reached).state == State.SUCCEEDED
    undo(first, olga, reached, lab_shop)
    carry_out(second, reached)
    assert (second.state, second.reason, second.detail) == (State.CANCELLED, "group-undone", "shop")
    assert reached.service(namespace="store", name=inside).selector == BLUE
    told = reporting.summary(second)
    assert ("was taken back or changed" in told["sentence"], told["differs"]) == (True, [])


POLICY = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "blue-only", "namespace": "store"}}
POLICY |= {"spec": {"podSelector": {"matchLabels": BLUE}, "ingress": [{}]}}
BY_HAND = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "endpoints": [{"addresses": ["10.9.9.9"]}]}
BY_HAND |= {"metadata": {"name": "by-hand", "namespace": "store", "labels": {"kubernetes.io/service-name": SECOND}}, "ports": [{"port": 80}]}


@contextmanager
def there(lab: Lab, document: dict[str, Any]) -> Iterator[None]:
    lab.kubectl("apply", "-f", "-", input=json.dumps(document))
    try:
        yield
    finally:
        lab.kubectl("delete", "-f", "-", input=json.dumps(document))


@pytest.mark.parametrize(("document", "code"), [(POLICY, "old-side-only"), (BY_HAND, "kept-endpoints")], ids=["to be ticked", "blocks"])
def test_what_has_come_since_the_click_stops_a_group_before_the_member_that_waited(
    document: dict[str, Any], code: str, olga: Person, reached: Reached, lab_shop: Lab, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_on, "next_in_group", lambda _: None)
    first, second = ask_group(olga=olga, reached=reached)
    assert carry_out(first, reached).state == State.SUCCEEDED
    monkeypatch.setattr(looking, "AROUND_SECONDS", 0.0)
    with there(lab_shop, document):
        assert (carry_out(second, reached).state, second.reason, second.detail) == (State.FAILED_NO_CHANGE, "preflight", code)
    assert reached.service(namespace="store", name=inside).selector == BLUE


@pytest.mark.parametrize("is_shown", [True, False], ids=["what was shown", "whatever warns so"])
def test_a_tick_is_for_what_the_warning_was_about_also_when_the_members_turn_comes(
    is_shown: bool, olga: Person, reached: Reached, lab_shop: Lab, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_on, "next_in_group", lambda _: None)
    monkeypatch.setattr(looking, "AROUND_SECONDS", 0.0)
    asked: dict[str, Any] = {"person": olga, "cluster": "lab", "namespace": "store", "to": "green", "opened": lambda _: reached}
    with there(lab_shop, POLICY):
        confirm = requesting.preview_group(services=["shop", inside], **asked)["confirm"]
        first, second = ask_group(olga=olga, reached=reached, accept=["old-side-only"], confirm=confirm if is_shown else None)
        assert carry_out(first, reached).state == State.SUCCEEDED
    with there(lab_shop, POLICY | {"metadata": {"name": "another", "namespace": "store"}}):
        carry_out(second, reached)
    assert (second.state, second.detail) == ((State.FAILED_NO_CHANGE, "old-side-only") if is_shown else (State.SUCCEEDED, ""))


def test_a_tick_holds_where_the_warning_is_about_fewer_when_the_members_turn_comes(
    olga: Person, reached: Reached, lab_shop: Lab, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one's pods are those of the first, which has left them by then, and of a third."""
    monkeypatch.setattr(looking, "AROUND_SECONDS", 0.0)
    asked: dict[str, Any] = {"person": olga, "cluster": "lab", "namespace": "store", "to": "green", "opened": lambda _: reached}
    third = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop-metrics", "namespace": "store"}}
    with there(lab_shop, third | {"spec": {"selector": BLUE, "ports": [{"port": 80, "targetPort": 8080}]}}):
        confirm = requesting.preview_group(services=["shop", inside], **asked)["confirm"]
        first, second = ask_group(olga=olga, reached=reached, accept=["same-pods"], confirm=confirm)
        assert carry_out(first, reached).state == State.SUCCEEDED
        carry_out(second, reached)
    assert (second.state, second.detail) == (State.SUCCEEDED, "")


def test_a_member_of_a_group_that_another_installation_has_switched_meanwhile_stops_it(
    olga: Person, reached: Reached, lab_shop: Lab, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_on, "next_in_group", lambda _: None)
    first, second = ask_group(olga=olga, reached=reached)
    assert carry_out(first, reached).state == State.SUCCEEDED
    lab_shop.kubectl("annotate", "service", inside, "-n", "store", "clusterview.io/op=00000000-0000-4000-8000-000000000000:2")
    assert (carry_out(second, reached).state, second.detail) == (State.FAILED_NO_CHANGE, "other-installation")


def test_what_was_ticked_at_the_click_and_what_takes_long_to_read_stop_no_group(
    olga: Person, reached: Reached, lab_shop: Lab, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey, slow = looking.surveying.survey, [engine.OLDEST_LOOK_SECONDS + 0.1]

    def slowly(*asked: Any, **more: Any) -> Any:
        time.sleep(slow.pop() if slow else 0)
        return survey(*asked, **more)

    third = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop-outside", "namespace": "store"}}
    with there(lab_shop, POLICY), there(lab_shop, third | {"spec": {"selector": BLUE, "ports": [{"port": 80, "targetPort": 8080}]}}):
        members = ask_group(olga=olga, reached=reached, services=["shop", inside, "shop-outside"], accept=["old-side-only"])
        reached._around.clear()
        monkeypatch.setattr(looking.surveying, "survey", slowly)
        assert [carry_out(one, reached).state for one in members] == [State.SUCCEEDED] * 3
    assert not slow


def test_a_group_with_one_bad_member_is_refused_as_a_whole(olga: Person, reached: Reached, lab_shop: Lab, inside: str) -> None:
    lab_shop.patch(f"/api/v1/namespaces/store/services/{inside}", {"spec": {"publishNotReadyAddresses": True}})
    with pytest.raises(Refused) as refused:
        ask_group(olga=olga, reached=reached)
    assert [(one["service"], one["code"]) for one in refused.value.body["checks"]] == [(inside, "publish-not-ready")]
    with pytest.raises(Refused) as refused:
        requesting.request_group(person=olga, cluster="lab", namespace="store", services=["shop"], to="green", opened=lambda _: reached)
    assert refused.value.code == "bad-group"
    assert not Switch.objects.exists()


def test_a_way_back_that_lost_its_right_is_held_and_goes_on_when_it_is_there_again(
    olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]]
) -> None:
    switch = ask(olga=olga, reached=reached, seconds=60)
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    requesting.request_back(switch=switch, person=olga, opened=lambda _: reached)
    ClusterRow.objects.filter(pk="lab").update(armed_at=None)
    assert (carry_out(switch, reached).state, switch.held_for) == (State.HELD, "not_armed")
    assert writes() == [BLUE, WIDE]
    ClusterRow.objects.filter(pk="lab").update(armed_at=timezone.now())
    assert (carry_out(switch, reached).state, switch.reason) == (State.ROLLED_BACK, "asked")
    assert writes() == [BLUE, WIDE, BLUE]


def test_a_way_back_whose_right_in_the_cluster_is_missing_is_held_until_it_is_there(
    olga: Person, reached: Reached, monkeypatch: pytest.MonkeyPatch, writes: Callable[[], list[dict[str, str]]]
) -> None:
    switch = ask(olga=olga, reached=reached, seconds=60)
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    requesting.request_back(switch=switch, person=olga, opened=lambda _: reached)
    with monkeypatch.context() as without:
        without.setattr(reached, "_missing_rights", lambda *_, **__: (Right("patch", "services"),))
        assert (carry_out(switch, reached).state, switch.held_for, switch.detail) == (State.HELD, "missing-right", "patch services")
        assert reporting.summary(switch)["sentence"] == "Clusterview may not do what the switch needs: `manage.py rbac --switch` prints the rights."
    assert writes() == [BLUE, WIDE]
    monkeypatch.setattr(engine, "HELD_SECONDS", 0.0)
    assert (carry_out(switch, reached).state, switch.reason) == (State.ROLLED_BACK, "asked")
    assert writes() == [BLUE, WIDE, BLUE]


def test_what_could_not_begin_in_time_is_given_up_f53(olga: Person, reached: Reached, writes: Callable[[], list[dict[str, str]]]) -> None:
    switch = ask(olga=olga, reached=reached, seconds=None)
    Switch.objects.filter(pk=switch.pk).update(requested_at=timezone.now() - engine.BEGIN_WITHIN - engine.BEGIN_WITHIN)
    assert (carry_out(switch, reached).state, switch.reason) == (State.EXPIRED, "too-late")
    assert writes() == [BLUE]


@pytest.mark.parametrize("defect", [RuntimeError("a defect"), MemoryError("a defect")], ids=["a defect", "no memory"])
def test_a_switch_that_always_meets_a_defect_is_set_aside_f50_f51(
    defect: Exception, olga: Person, reached: Reached, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: object) -> None:
        raise defect

    switch = ask(olga=olga, reached=reached, seconds=None)
    with monkeypatch.context() as here:
        here.setattr(reached, "situation", broken)
        assert (carry_out(switch, reached).state, switch.reason) == (State.CANCELLED, "defect")
    assert switch.failures == engine.MOST_FAILURES
    assert "a defect" in caplog.text
    assert carry_out(ask(olga=olga, reached=reached, seconds=None), reached).state == State.SUCCEEDED, "it is in nobody's way"
