"""A group of Services asked for over and over, and by somebody who saw them otherwise: what is accepted is accepted once, and taken back as far as it
still is where it was brought.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from clusterview.access.people import Person
from clusterview.kube import errors
from clusterview.models import ApiToken, AuditEntry, Cluster, Switch
from clusterview.topology.objects import Uid
from clusterview.traffic import planning, requesting, returning
from clusterview.traffic.errors import Refused
from clusterview.traffic.looking import Residents
from clusterview.traffic.situations import FieldOwner, ServiceNow, Situation
from clusterview.traffic.states import State
from tests.postgres.shops import Shops
from tests.traffic import making
from tests.traffic.test_engine import BLUE, GREEN, no_doorbell, who_may_switch

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["no_doorbell"]

SERVICES = ["shop", "shop-inside"]


def ask(
    olga: Person, *, key: str | None = "once", services: list[str] = SERVICES, expected: dict[str, dict[str, str]] | None = None, **more: Any
) -> list[Switch]:
    return requesting.request_group(
        person=olga, cluster="lab", namespace="store", services=services, to="green", expected=expected, idempotency_key=key, opened=Shops(), **more
    )


def test_the_same_request_sent_again_is_the_same_group() -> None:
    olga = who_may_switch()
    first = ask(olga)
    assert [one.service for one in first] == SERVICES
    assert [one.pk for one in ask(olga)] == [one.pk for one in first]
    assert Switch.objects.count() == 2


def test_the_same_key_for_another_group_is_refused() -> None:
    olga = who_may_switch()
    ask(olga)
    with pytest.raises(Refused) as refused:
        ask(olga, services=["shop", "shop-outside"])
    assert (refused.value.status, refused.value.code) == (409, "idempotency-key")


def test_a_key_is_for_whoever_sent_it_and_nobody_else_gets_what_it_began_t48() -> None:
    olga = who_may_switch()
    token = ApiToken.objects.create(name="omar", role="operator", token_hash="y")
    omar = Person(name="omar", role="operator", token_id=token.pk)
    first = ask(olga)
    with pytest.raises(Refused) as refused:
        ask(omar)
    assert (refused.value.status, refused.value.code, refused.value.body["switch"]) == (409, "open-switch", str(first[0].pk))
    Switch.objects.update(open=False)
    assert [one.actor for one in ask(omar)] == ["omar"] * 2


def test_the_old_sides_of_a_group_are_all_kept_for_as_long_as_was_asked() -> None:
    olga = who_may_switch()
    assert [one.keep_seconds for one in ask(olga, keep_seconds=3600)] == [3600, 3600]
    with pytest.raises(Refused) as refused:
        ask(olga, keep_seconds=30)
    assert (refused.value.status, refused.value.code) == (409, "idempotency-key")
    with pytest.raises(Refused) as refused:
        ask(olga, key=None, services=["cart", "cart-inside"], keep_seconds=29)
    assert (refused.value.status, refused.value.code) == (422, "bad-keep")
    assert [one.keep_seconds for one in ask(olga, key=None, services=["cart", "cart-inside"])] == [600, 600]


def test_a_group_of_which_one_service_is_not_as_it_was_seen_is_refused_with_what_it_is_now() -> None:
    olga = who_may_switch()
    with pytest.raises(Refused) as refused:
        ask(olga, expected={"shop": BLUE, "shop-inside": GREEN})
    assert (refused.value.status, refused.value.code, refused.value.body["service"]) == (409, "changed", "shop-inside")
    assert refused.value.body["fresh"]["selector"] == BLUE
    assert not Switch.objects.exists()
    assert len(ask(olga, expected={"shop": BLUE, "shop-inside": BLUE})) == 2


class WithoutOne(Shops):
    """Of which the second Service is gone by now, carries a mark that the database does not know, or has no other side."""

    def __init__(self, trouble: str) -> None:
        self.trouble = trouble

    def service_among(self, *, name: str, **_: Any) -> tuple[ServiceNow, Residents]:
        found, residents = super().service_among(name=name)
        if name != SERVICES[1]:
            return found, residents
        if self.trouble == "no-service":
            raise errors.NotFound("not found")
        if self.trouble == "no-pair":
            return msgspec.structs.replace(found, selector={"app": "other"}), Residents([], [])
        return msgspec.structs.replace(found, annotations={planning.OP: f"{Cluster.objects.get().fresh_operation()}:1"}), residents


@pytest.mark.parametrize("trouble", ["no-service", "frozen", "no-pair"])
def test_what_is_refused_of_one_member_names_it_before_any_check_does(trouble: str) -> None:
    olga, shops = who_may_switch(), WithoutOne(trouble)
    with pytest.raises(Refused) as refused:
        requesting.request_group(person=olga, cluster="lab", namespace="store", services=SERVICES, to="green", opened=shops)
    assert (refused.value.code, refused.value.body["service"]) == (trouble, "shop-inside")
    if trouble != "frozen":
        with pytest.raises(Refused) as refused:
            requesting.preview_group(person=olga, cluster="lab", namespace="store", services=SERVICES, to="green", opened=shops)
        assert (refused.value.code, refused.value.body["service"]) == (trouble, "shop-inside")


RED = BLUE | {"slot": "red"}
THREE = ["shop", "shop-inside", "shop-outside"]


class Moved(Shops):
    """A group that has moved to green, of which each may have been changed since."""

    def __init__(self, olga: Person) -> None:
        self.olga = olga
        self.services = {name: making.service_now(name=name, uid=f"uid-{name}", selector=GREEN) for name in THREE}
        self.members = ask(olga, services=THREE)
        done = {"state": State.SUCCEEDED, "open": False, "applied_at": timezone.now(), "keeping_old_until": timezone.now() + timedelta(minutes=10)}
        Switch.objects.update(**done)

    def take_back(self) -> tuple[list[str], list[tuple[str, str, str]]]:
        """The Services that go back, and those that are left, with why and by whom."""
        begun, left = returning.request_group_back(group=self.members[0].group or pytest.fail("no group"), person=self.olga, opened=self)
        return [one.service for one in begun], [(one.service, why, by) for one, why, by in left]

    def lead(self, name: str, selector: dict[str, str], *, by: str) -> None:
        self.services[name] = msgspec.structs.replace(self.services[name], selector=selector, selector_owners=(FieldOwner(by, "Update"),))

    def service(self, *, namespace: str, name: str) -> ServiceNow:
        if name not in self.services:
            raise errors.NotFound("not found")
        return self.services[name]

    def service_among(self, *, name: str, **_: Any) -> tuple[ServiceNow, Residents]:
        return self.services[name], Residents(list(making.situation().workloads), [])

    def situation(self, *, service: ServiceNow, source: dict[str, str], target: dict[str, str], returning: bool = False, **_: object) -> Situation:
        sides = making.situation()
        pods = (*sides.pods, making.pod("red-0", labels=RED, of="shop-red"))
        return msgspec.structs.replace(sides, service=service, from_selector=source, to_selector=target, pods=pods, returning=returning)


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Moved:
    monkeypatch.setattr(requesting, "carry_out", lambda *_, **__: None)
    return Moved(who_may_switch())


@pytest.mark.parametrize(("selector", "why"), [(BLUE, "already-back"), (RED, "led-elsewhere")])
def test_whom_somebody_has_led_elsewhere_since_is_told_and_left_alone_while_the_others_go_back(
    moved: Moved, selector: dict[str, str], why: str
) -> None:
    moved.lead("shop-inside", selector, by="argocd-controller")
    assert moved.take_back() == (["shop-outside", "shop"], [("shop-inside", why, "argocd-controller")])
    assert [one.body["selector"] for one in AuditEntry.objects.filter(action="REVERTED_AFTERWARDS")] == [selector]
    assert Switch.objects.filter(service="shop-inside").count() == 1


def test_a_service_that_is_gone_or_another_one_by_now_is_no_obstacle_either(moved: Moved) -> None:
    del moved.services["shop"]
    moved.services["shop-inside"] = msgspec.structs.replace(moved.services["shop-inside"], uid=Uid("uid-made-anew"))
    assert moved.take_back() == (["shop-outside"], [("shop-inside", "service-gone", ""), ("shop", "service-gone", "")])


def test_what_runs_is_turned_around_although_the_cluster_does_not_answer(moved: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    Switch.objects.filter(service="shop-outside").update(state=State.VERIFYING, open=True)

    def silent(**_: object) -> ServiceNow:
        raise errors.TimedOut("The cluster does not answer.")

    monkeypatch.setattr(moved, "service", silent)
    begun, left = moved.take_back()
    assert (begun, sorted(left)) == (["shop-outside"], [("shop", "not-begun", ""), ("shop-inside", "not-begun", "")])
    assert Switch.objects.get(service="shop-outside").going_back


@pytest.mark.parametrize(
    ("selector", "why"), [(GREEN, "needs-human"), ({"app": "shop"}, "needs-human"), (BLUE, "already-back"), (RED, "led-elsewhere")]
)
def test_whose_switch_ended_for_a_person_to_look_is_told_and_left_alone(moved: Moved, selector: dict[str, str], why: str) -> None:
    switches = Switch.objects.filter(service="shop-inside")
    switches.update(state=State.NEEDS_HUMAN, reason="left", keeping_old_until=None, between=[{"app": "shop"}])
    Switch.objects.filter(service="shop-outside").update(state=State.CANCELLED, applied_at=None, keeping_old_until=None)
    moved.lead("shop-inside", selector, by="clusterview")
    assert moved.take_back() == (["shop"], [("shop-inside", why, "clusterview")])
    assert switches.count() == 1


def test_where_only_one_has_moved_and_a_person_is_to_look_that_is_the_answer(moved: Moved) -> None:
    Switch.objects.update(state=State.CANCELLED, applied_at=None, keeping_old_until=None)
    Switch.objects.filter(service="shop").update(state=State.NEEDS_HUMAN, applied_at=timezone.now(), reason="left")
    moved.lead("shop", GREEN, by="clusterview")
    assert moved.take_back() == ([], [("shop", "needs-human", "clusterview")])


def test_whom_somebody_took_back_alone_is_told_with_their_name(moved: Moved) -> None:
    back = requesting.request_back(switch=moved.members[1], person=moved.olga, opened=moved)
    assert moved.take_back() == (["shop-outside", "shop"], [("shop-inside", "newer-runs", back.actor)])
    Switch.objects.filter(open=True).update(state=State.SUCCEEDED, open=False, applied_at=timezone.now())
    for name in THREE:
        moved.lead(name, BLUE, by="clusterview")
    assert moved.take_back() == ([], [(name, "already-back", back.actor) for name in THREE[::-1]])


def test_who_is_changed_while_the_group_is_taken_back_is_not_written_over(moved: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_was = dict(moved.services)
    monkeypatch.setattr(moved, "service", lambda *, namespace, name: as_it_was[name])
    moved.lead("shop-inside", RED, by="somebody")
    with pytest.raises(Refused) as refused:
        moved.take_back()
    assert (refused.value.code, refused.value.body["service"]) == ("changed", "shop-inside")
    assert Switch.objects.count() == 3


def test_who_cannot_be_taken_back_while_another_is_turned_around_is_told_and_not_said_to_be_unchanged_with_it(
    moved: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    Switch.objects.filter(service="shop-inside").update(state=State.VERIFYING, open=True)
    as_it_was = dict(moved.services)
    monkeypatch.setattr(moved, "service", lambda *, namespace, name: as_it_was[name])
    moved.lead("shop", RED, by="somebody")
    assert moved.take_back() == (["shop-inside"], [("shop-outside", "not-begun", ""), ("shop", "not-begun", "")])


def test_a_service_that_was_made_anew_since_is_not_taken_back(moved: Moved) -> None:
    switch = Switch.objects.get(service="shop")
    moved.services["shop"] = msgspec.structs.replace(moved.services["shop"], uid="uid-made-anew")
    with pytest.raises(Refused) as refused:
        requesting.request_back(switch=switch, person=moved.olga, opened=moved)
    assert (refused.value.status, refused.value.code) == (409, "service-replaced")
    assert Switch.objects.count() == 3


def test_each_is_led_back_to_where_its_own_switch_came_from(moved: Moved) -> None:
    Switch.objects.filter(service="shop").update(from_selector=RED, from_value="red")
    assert moved.take_back() == (["shop-outside", "shop-inside", "shop"], [])
    backs = Switch.objects.exclude(reverses=None).order_by("position")
    assert [(one.service, one.to_value, one.to_selector) for one in backs] == [
        ("shop-outside", "blue", BLUE), ("shop-inside", "blue", BLUE), ("shop", "red", RED),
    ]  # fmt: skip


@pytest.mark.parametrize("service", [{"selector": GREEN}, {"annotations": {"clusterview.io/blue-green": "key=app"}}], ids=["one side", "another key"])
def test_a_group_goes_back_by_the_key_of_its_switches_whatever_became_of_the_side_it_leaves(
    moved: Moved, service: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    moved.services = {name: msgspec.structs.replace(one, **service) for name, one in moved.services.items()}
    left = Residents([one for one in making.situation().workloads if one.name == "shop-blue"], [])
    monkeypatch.setattr(moved, "service_among", lambda *, name, **_: (moved.services[name], left))
    assert moved.take_back() == (["shop-outside", "shop-inside", "shop"], [])
    assert {(one.key, one.from_value, one.to_value) for one in Switch.objects.exclude(reverses=None)} == {("slot", "green", "blue")}
