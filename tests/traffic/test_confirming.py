"""What a click means: this object, these selectors, these warnings, as they were shown to this person a moment ago."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from clusterview.access.people import Person
from clusterview.models import Switch
from clusterview.topology.objects import Uid
from clusterview.traffic import confirming, preflight, requesting
from clusterview.traffic.checks import Check, Level, Ref
from clusterview.traffic.errors import Refused
from clusterview.traffic.looking import Residents
from clusterview.traffic.situations import ServiceNow, Situation
from tests.postgres.shops import Shops
from tests.traffic import making
from tests.traffic.test_engine import who_may_switch

pytestmark = pytest.mark.django_db


class Shop(Shops):
    """One Service, which may be another one by the time of the click."""

    def __init__(self) -> None:
        self.service = making.service_now()

    def service_among(self, *, namespace: str, name: str) -> tuple[ServiceNow, Residents]:
        return self.service, Residents(list(making.situation().workloads), [])

    def situation(self, *, service: ServiceNow, source: dict[str, str], target: dict[str, str], **_: Any) -> Situation:
        return msgspec.structs.replace(making.situation(), service=service, from_selector=source, to_selector=target)

    def tried(self, seen: Situation) -> Situation:
        return seen


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
    assert click(olga, shop, confirm=shown(olga, shop)).service_uid == shop.service.uid


@pytest.mark.parametrize("change", [{"uid": Uid("uid-made-anew")}, {"selector": {"slot": "blue"}}], ids=["made anew", "other selector"])
def test_a_service_that_is_another_one_by_now_is_told_and_left_alone(change: dict[str, Any], olga: Person, shop: Shop) -> None:
    confirm = shown(olga, shop)
    shop.service = msgspec.structs.replace(shop.service, **change)
    assert refusal(olga, shop, confirm=confirm) == (409, "changed")


def test_it_holds_for_who_was_shown_it_and_for_two_minutes(olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(olga, shop, confirm=shown(making.SOMEBODY, shop)) == (409, "changed")
    assert refusal(olga, shop, confirm=shown(olga, shop)[:-1]) == (422, "bad-confirm")
    confirm, now = shown(olga, shop), time.time
    monkeypatch.setattr(time, "time", lambda: now() + confirming.HOLDS_SECONDS + 1)
    assert refusal(olga, shop, confirm=confirm) == (409, "confirm-old")


def test_a_tick_is_for_the_objects_that_were_shown(olga: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(of: str) -> None:
        one = Check(code="same-pods", level=Level.WARN, objects=(Ref("Service", "store", of),))
        monkeypatch.setattr(preflight, "check", lambda _: [one])

    warn("first")
    confirm = shown(olga, shop)
    warn("second")
    assert refusal(olga, shop, confirm=confirm, accept=["same-pods"]) == (422, "preflight")
    warn("first")
    assert click(olga, shop, confirm=confirm, accept=["same-pods"]).accepted == ["same-pods"]
