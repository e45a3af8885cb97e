"""What a click means: this object or these several, these selectors, these warnings, as they were shown to this person a moment ago."""

from __future__ import annotations

import time
import uuid
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from django.core import signing
from django.utils import timezone

from clusterview.access import clusters
from clusterview.access.people import Person
from clusterview.models import AuditEntry, Cluster, Switch
from clusterview.topology.objects import Uid
from clusterview.traffic import confirming, planning, preflight, requesting
from clusterview.traffic.checks import Check, Level, Ref
from clusterview.traffic.errors import Refused
from clusterview.traffic.looking import Residents
from clusterview.traffic.situations import ServiceNow, Situation, Surroundings
from clusterview.traffic.states import State
from tests.postgres.shops import Shops
from tests.traffic import making
from tests.traffic.test_engine import who_may_switch

pytestmark = pytest.mark.django_db

GROUP = ["shop", "shop-inside"]


class Shop(Shops):
    """Services, each of which may be another one by the time of the click."""

    def __init__(self) -> None:
        self.services = {name: making.service_now(name=name, uid=f"uid-{name}") for name in GROUP}

    def change(self, name: str, **change: Any) -> None:
        self.services[name] = msgspec.structs.replace(self.services[name], **change)

    def service_among(self, *, name: str, **_: Any) -> tuple[ServiceNow, Residents]:
        return self.services[name], Residents(list(making.situation().workloads), [])

    def situation(self, *, service: ServiceNow, source: dict[str, str], target: dict[str, str], returning: bool = False, **_: Any) -> Situation:
        return msgspec.structs.replace(making.situation(), service=service, from_selector=source, to_selector=target, returning=returning)


@pytest.fixture(autouse=True)
def nothing_is_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesting, "carry_out", lambda *_, **__: None)


@pytest.fixture
def olga() -> Person:
    return who_may_switch()


def shown(person: Person, shop: Shop) -> str:
    found: str = requesting.preview(person=person, cluster="lab", namespace="store", service="shop", to="green", opened=shop)["confirm"]
    return found


def click(person: Person, shop: Shop, *, confirm: str, **more: Any) -> Switch:
    return requesting.request_switch(
        person=person, cluster="lab", namespace="store", service="shop", to="green", confirm=confirm, opened=shop, **more
    )


def refusal(person: Person, shop: Shop, *, confirm: str, **more: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        click(person, shop, confirm=confirm, **more)
    assert not Switch.objects.exists()
    return refused.value.status, refused.value.code


@pytest.fixture
def shop(olga: Person) -> Shop:
    return Shop()


def test_what_was_shown_is_switched(olga: Person, shop: Shop) -> None:
    assert click(olga, shop, confirm=shown(olga, shop)).service_uid == "uid-shop"


def test_both_sides_take_traffic_for_as_long_as_was_shown_where_pods_are_a_load_balancers_targets(
    olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    alb = msgspec.structs.replace(making.ingress("front", to="shop"), annotations={"alb.ingress.kubernetes.io/target-type": "ip"})
    around = Surroundings(ingresses=(alb,))
    monkeypatch.setattr(shop, "surrounded", lambda seen, **_: msgspec.structs.replace(seen, around=around))
    found = requesting.preview(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=shop)
    assert [one["code"] for one in found["checks"] if one["level"] == "warn"] == ["ip-targets"]
    switch = click(olga, shop, confirm=found["confirm"], accept=["ip-targets"])
    assert (found["overlap_seconds"], switch.overlap_seconds, switch.between) == (30, 30, [{"app": "shop"}])


STRAY = making.pod("stray", labels={"app": "shop"})


def stray(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    """A pod of neither side comes, so that both cannot take traffic together."""
    seen = shop.situation
    monkeypatch.setattr(shop, "situation", lambda **asked: msgspec.structs.replace(now := seen(**asked), pods=(*now.pods, STRAY)))


def test_an_overlap_that_was_shown_and_cannot_be_done_any_more_is_told_and_nothing_is_switched(
    olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.change("shop", type="LoadBalancer")
    alone, together = shown(olga, shop), group(olga, shop)["confirm"]
    stray(monkeypatch, shop)
    assert refusal(olga, shop, confirm=alone, accept=["no-overlap"]) == (409, "changed")
    assert refusal_of_group(olga, shop, confirm=together, accept=["no-overlap"]) == (409, "changed", "shop")


def test_a_balanced_service_whose_sides_cannot_overlap_is_switched_by_a_tick_or_by_who_asks_for_no_overlap(
    olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.change("shop", type="LoadBalancer")
    stray(monkeypatch, shop)
    assert refusal(olga, shop, confirm=shown(olga, shop)) == (422, "preflight")
    switch = click(olga, shop, confirm=shown(olga, shop), accept=["no-overlap"])
    assert (switch.overlap_seconds, switch.between, switch.accepted) == (0, [], ["no-overlap"])
    Switch.objects.update(open=False)
    assert click(olga, shop, confirm=shown(olga, shop), overlap_seconds=0).overlap_seconds == 0


def test_a_way_back_leaves_the_new_side_at_once_where_the_switch_overlapped(olga: Person, shop: Shop) -> None:
    shop.change("shop", type="LoadBalancer")
    switch = click(olga, shop, confirm=shown(olga, shop))
    assert switch.overlap_seconds == 30
    Switch.objects.update(open=False, state=State.SUCCEEDED, applied_at=timezone.now())
    shop.change("shop", selector=dict(switch.to_selector))
    back = requesting.request_back(switch=switch, person=olga, opened=shop)
    assert (back.reverses, back.overlap_seconds, back.between) == (switch, 0, [])


def test_an_overlap_of_ones_own_is_shown_before_it_is_confirmed(olga: Person, shop: Shop) -> None:
    asked: dict[str, Any] = {"person": olga, "cluster": "lab", "namespace": "store", "service": "shop", "to": "green", "opened": shop}
    assert refusal(olga, shop, confirm=shown(olga, shop), overlap_seconds=90) == (409, "changed")
    found = requesting.preview(**asked, overlap_seconds=90)
    assert (found["overlap_seconds"], click(olga, shop, confirm=found["confirm"], overlap_seconds=90).overlap_seconds) == (90, 90)


@pytest.mark.parametrize("change", [{"uid": Uid("uid-made-anew")}, {"selector": {"slot": "blue"}}], ids=["made anew", "other selector"])
def test_a_service_that_is_another_one_by_now_is_told_and_left_alone(change: dict[str, Any], olga: Person, shop: Shop) -> None:
    confirm = shown(olga, shop)
    shop.change("shop", **change)
    assert refusal(olga, shop, confirm=confirm) == (409, "changed")


def test_it_holds_for_who_was_shown_it_and_for_two_minutes(olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(olga, shop, confirm=shown(making.SOMEBODY, shop)) == (409, "changed")
    assert refusal(olga, shop, confirm=shown(olga, shop)[:-1]) == (422, "bad-confirm")
    confirm, now = shown(olga, shop), time.time
    monkeypatch.setattr(signing, "time", SimpleNamespace(time=lambda: now() + confirming.HOLDS_SECONDS + 1))
    assert refusal(olga, shop, confirm=confirm) == (409, "confirm-old")


def warn(monkeypatch: pytest.MonkeyPatch, *, of: str, code: str = "same-pods", only: str = "") -> None:
    def check(situation: Situation) -> list[Check]:
        one = Check(code=code, level=Level.WARN, objects=(Ref("Service", "store", of),))
        return [one] if only in ("", situation.service.name) else []

    monkeypatch.setattr(preflight, "check", check)


def test_a_tick_is_for_the_objects_that_were_shown(olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    warn(monkeypatch, of="first")
    confirm = shown(olga, shop)
    warn(monkeypatch, of="second")
    assert refusal(olga, shop, confirm=confirm, accept=["same-pods"]) == (422, "preflight")
    warn(monkeypatch, of="first")
    assert click(olga, shop, confirm=confirm, accept=["same-pods"]).accepted == ["same-pods"]


def local(shared: int) -> list[Check]:
    """What is said of a Service with `Local` where so many of the three nodes that answer have a pod of the new side."""
    seen = making.situation()
    [blue, *_], [green, *_] = seen.ready_of(seen.from_selector), seen.ready_of(seen.to_selector)
    before = [msgspec.structs.replace(blue, name=f"blue-{one}", uid=Uid(f"b{one}"), node=str(one)) for one in range(3)]
    after = [msgspec.structs.replace(green, name=f"green-{one}", uid=Uid(f"g{one}"), node=str(one)) for one in range(3 - shared, 6 - shared)]
    service = msgspec.structs.replace(seen.service, external_traffic_policy="Local")
    said = preflight.check(msgspec.structs.replace(seen, service=service, pods=(*before, *after)))
    return [one for one in said if one.code == "external-traffic-policy"]


def owned(owner: str) -> Check:
    return Check(code="owner", level=Level.WARN, params={"owner": owner, "sign": "a label"}, objects=(Ref("Service", "store", "shop"),))


@pytest.mark.parametrize(
    ("shown_then", "now"),
    [(local(2), local(0)), ([owned("Helm")], [owned("Helm"), owned("Argo CD")])],
    ids=["no node any more", "one more owner"],
)
def test_a_tick_is_for_what_was_said(shown_then: list[Check], now: list[Check], olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    accept = [shown_then[0].code]
    monkeypatch.setattr(preflight, "check", lambda _: shown_then)
    confirm = shown(olga, shop)
    monkeypatch.setattr(preflight, "check", lambda _: now)
    assert refusal(olga, shop, confirm=confirm, accept=accept) == (422, "preflight")
    monkeypatch.setattr(preflight, "check", lambda _: shown_then)
    assert click(olga, shop, confirm=confirm, accept=accept).accepted == accept


@pytest.mark.parametrize("now", [1, 3], ids=["fewer", "more"])
def test_a_tick_for_a_local_policy_holds_where_a_pod_has_moved_since(now: int, olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    then, later = local(2), local(now)
    monkeypatch.setattr(preflight, "check", lambda _: then)
    confirm = shown(olga, shop)
    monkeypatch.setattr(preflight, "check", lambda _: later)
    assert click(olga, shop, confirm=confirm, accept=["external-traffic-policy"]).accepted == ["external-traffic-policy"]


def test_a_tick_holds_where_the_same_is_said_of_fewer(olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def behind(*names: str) -> list[Check]:
        about = tuple(Ref("Service", "store", name) for name in names)
        return [Check(code="same-pods", level=Level.WARN, params={"from": "blue", "services": ", ".join(names), "group": "g"}, objects=about)]

    monkeypatch.setattr(preflight, "check", lambda _: behind("first", "second"))
    confirm = shown(olga, shop)
    monkeypatch.setattr(preflight, "check", lambda _: behind("second"))
    assert click(olga, shop, confirm=confirm, accept=["same-pods"]).accepted == ["same-pods"]


def group(person: Person, shop: Shop, services: list[str] = GROUP) -> dict[str, Any]:
    return requesting.preview_group(person=person, cluster="lab", namespace="store", services=services, to="green", opened=shop)


def click_group(person: Person, shop: Shop, *, confirm: str, services: list[str] = GROUP, **more: Any) -> list[Switch]:
    return requesting.request_group(
        person=person, cluster="lab", namespace="store", services=services, to="green", confirm=confirm, opened=shop, **more
    )


def refusal_of_group(person: Person, shop: Shop, *, confirm: str, **more: Any) -> tuple[int, str, str]:
    with pytest.raises(Refused) as refused:
        click_group(person, shop, confirm=confirm, **more)
    assert not Switch.objects.exists()
    return refused.value.status, refused.value.code, refused.value.body.get("service", "")


def test_a_group_is_shown_whole_before_the_click_and_switched_as_it_was_shown(olga: Person, shop: Shop) -> None:
    found = group(olga, shop)
    assert [one["service"] for one in found["members"]] == GROUP
    assert [one["kubectl"].split()[6:8] for one in found["members"]] == [["service", name] for name in GROUP]
    assert [one["new_selector"]["slot"] for one in found["members"]] == ["green", "green"]
    assert found["ready"] and all(one["patch"] and one["checks"] for one in found["members"])
    assert [one.service for one in click_group(olga, shop, confirm=found["confirm"])] == GROUP


@pytest.mark.parametrize("name", GROUP)
def test_a_group_of_which_one_service_is_another_one_by_now_is_left_alone(name: str, olga: Person, shop: Shop) -> None:
    confirm = group(olga, shop)["confirm"]
    shop.change(name, uid=Uid("uid-made-anew"))
    assert refusal_of_group(olga, shop, confirm=confirm) == (409, "changed", name)


def test_what_was_confirmed_of_a_group_is_for_all_of_it_in_its_order(olga: Person, shop: Shop) -> None:
    confirm = group(olga, shop)["confirm"]
    assert refusal(olga, shop, confirm=confirm) == (422, "bad-confirm")
    assert refusal_of_group(olga, shop, confirm=shown(olga, shop)) == (422, "bad-confirm", "")
    assert refusal_of_group(olga, shop, confirm=confirm, services=GROUP[::-1]) == (409, "changed", GROUP[1])


def test_a_tick_is_for_the_member_of_a_group_that_was_shown_with_it(olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    warn(monkeypatch, of="beside", code="owner", only="shop")
    confirm = group(olga, shop)["confirm"]
    warn(monkeypatch, of="beside", code="owner")
    assert refusal_of_group(olga, shop, confirm=confirm, accept=["owner"]) == (422, "preflight", "")
    warn(monkeypatch, of="beside", code="owner", only="shop")
    assert [one.accepted for one in click_group(olga, shop, confirm=confirm, accept=["owner"])] == [["owner"], []]


ELSEWHERE = uuid.UUID("00000000-0000-4000-8000-000000000000")


def test_a_service_that_another_installation_has_switched_needs_a_tick_until_this_one_has(olga: Person, shop: Shop) -> None:
    shop.change("shop", annotations={planning.OP: planning.marker(operation=ELSEWHERE, step=1)})
    asked: dict[str, Any] = {"person": olga, "cluster": "lab", "namespace": "store", "service": "shop", "to": "green", "opened": shop}
    [warned] = [one for one in requesting.preview(**asked)["checks"] if one["level"] == "warn"]
    assert warned["code"] == "other-installation" and str(ELSEWHERE) in warned["sentence"]
    assert "kubectl annotate service shop -n store clusterview.io/op- clusterview.io/fence-" in warned["remedy"]
    assert refusal(olga, shop, confirm=shown(olga, shop)) == (422, "preflight")
    switch = click(olga, shop, confirm=shown(olga, shop), accept=["other-installation"])
    Switch.objects.update(open=False, step=1)
    shop.change("shop", annotations={planning.OP: planning.marker(operation=switch.pk, step=1)})
    assert requesting.request_switch(**asked).accepted == []


@pytest.mark.parametrize("mark", ["by another name of its cluster", "before it had a mark", "by hand"])
def test_what_this_installation_has_switched_or_nobody_needs_no_tick(mark: str, olga: Person, shop: Shop) -> None:
    clusters.register(opened=[("lab", "lab"), ("also-lab", "lab")])
    asked: dict[str, Any] = {"person": olga, "cluster": "lab", "namespace": "store", "service": "shop", "to": "green", "opened": shop}
    if mark == "by another name of its cluster":
        mark = planning.marker(operation=Cluster.objects.get(pk="also-lab").fresh_operation(), step=1)
    elif mark == "before it had a mark":
        requesting.request_switch(**asked)
        Switch.objects.update(id=ELSEWHERE, open=False, step=1)
        mark = planning.marker(operation=ELSEWHERE, step=1)
    shop.change("shop", annotations={planning.OP: mark})
    assert requesting.request_switch(**asked).accepted == []


def test_what_may_be_ticked_is_written_down_where_it_was_and_only_of_what_was_shown(
    olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both_use(name: str) -> None:
        uses = frozenset({("Secret", name)})
        references = {"uid-shop-blue": uses, "uid-shop-green": uses}
        monkeypatch.setattr(shop, "surrounded", lambda seen, **_: msgspec.structs.replace(seen, references=references))

    def accepted(*, confirm: str, accept: list[str]) -> list[str]:
        switch = click(olga, shop, confirm=confirm, accept=accept)
        Switch.objects.update(open=False)
        told = AuditEntry.objects.get(switch_id=switch.pk, action="REQUESTED").body["accepted"]
        assert told == switch.accepted
        return switch.accepted

    both_use("shop")
    confirm = shown(olga, shop)
    assert accepted(confirm=confirm, accept=[]) == []
    assert accepted(confirm=confirm, accept=["shared-config"]) == ["shared-config"]
    both_use("another")
    assert accepted(confirm=confirm, accept=["shared-config"]) == []


def refusing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on an admission refuses each patch; returns the Services of which it was asked."""
    asked: list[str] = []

    def tried(seen: Situation) -> Situation:
        asked.append(seen.service.name)
        return msgspec.structs.replace(seen, dry_run="frozen until Monday")

    monkeypatch.setattr(shop, "tried", tried)
    return asked


def test_at_a_click_without_a_preflight_admissions_speak_before_anything_is_accepted(
    olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = refusing(shop, monkeypatch)
    about: dict[str, Any] = {"person": olga, "cluster": "lab", "namespace": "store", "to": "green", "opened": shop}
    with pytest.raises(Refused) as refused:
        requesting.request_switch(service="shop", **about)
    [said] = [one for one in refused.value.body["checks"] if one["level"] == "block"]
    assert (refused.value.status, said["code"]) == (422, "dry-run") and "frozen until Monday" in said["sentence"]
    with pytest.raises(Refused) as refused:
        requesting.request_group(services=GROUP, **about)
    assert [(one["service"], one["code"]) for one in refused.value.body["checks"]] == [(name, "dry-run") for name in GROUP]
    assert (asked, Switch.objects.count()) == (["shop", *GROUP], 0)


def test_a_click_after_its_preflight_and_a_way_back_ask_no_admission_once_more(olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    confirm, both = shown(olga, shop), group(olga, shop)["confirm"]
    asked = refusing(shop, monkeypatch)
    switch = click(olga, shop, confirm=confirm)
    Switch.objects.update(open=False, state=State.SUCCEEDED, finished_at=timezone.now())
    shop.change("shop", selector=making.GREEN)
    assert requesting.request_back(switch=switch, person=olga, opened=shop).reverses_id == switch.pk
    Switch.objects.update(open=False)
    shop.change("shop", selector=making.BLUE)
    assert (len(click_group(olga, shop, confirm=both)), asked) == (2, [])


def test_that_its_own_members_would_be_left_behind_is_not_said_of_a_group(olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    warn(monkeypatch, of="shop-inside", only="shop")
    found = group(olga, shop)
    assert [one["checks"] for one in found["members"]] == [[], []]
    assert len(click_group(olga, shop, confirm=found["confirm"])) == 2


def test_a_group_in_which_one_is_blocked_is_not_ready(olga: Person, shop: Shop) -> None:
    shop.change("shop-inside", publish_not_ready=True)
    found = group(olga, shop)
    assert (found["ready"], [one["ready"] for one in found["members"]]) == (False, [True, False])
