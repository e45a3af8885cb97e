"""REST tells what can be switched, and when asked what cannot and why, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.test import Client
from django.utils import timezone

from clusterview.models import Sizing, Switch
from clusterview.topology import objects
from clusterview.topology.pictures import Picture
from clusterview.traffic.states import State
from tests.api.seen import Hub
from tests.traffic.making import BLUE, GREEN, deployment, service

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]


@pytest.fixture
def shop(lab: None, seen: Hub) -> None:
    """A pair behind two Services, and an alias beside them."""
    pair = (deployment("shop-blue", labels=BLUE), deployment("shop-green", labels=GREEN))
    inside = service(uid=objects.Uid("uid-inside"), name="inside", selector=GREEN)
    alias = service(uid=objects.Uid("uid-billing"), name="billing", type="ExternalName", selector=None)
    hidden = service(uid=objects.Uid("uid-hidden"), name="hidden", annotations={"clusterview.io/ignore": "true"})
    seen.picture = Picture(objects=[*pair, service(), inside, alias, hidden])


def told(bearer: Bearer, query: str = "") -> dict[str, Any]:
    return {one["service"]: one for one in bearer("viewer").get(f"/api/v1/clusters/lab/applications{query}").json()}


def test_what_can_be_switched_is_told_with_its_sides_and_its_group(shop: None, bearer: Bearer) -> None:
    found = told(bearer)
    assert {name: one["live"] for name, one in found.items()} == {"inside": "green", "shop": "blue"}
    assert found["shop"]["group"] == found["inside"]["group"] == {"id": found["shop"]["group"]["id"], "services": ["inside", "shop"]}
    assert [(side["value"], side["workload"]) for side in found["shop"]["sides"]] == [("blue", "shop-blue"), ("green", "shop-green")]
    said = {name: found["shop"][name] for name in ("strategy", "why_not", "why_not_sentence", "why_not_remedy", "open_switch", "keeping")}
    assert said == {
        "strategy": "selector", "why_not": None, "why_not_sentence": "", "why_not_remedy": "", "open_switch": None, "keeping": None,
    }  # fmt: skip


def test_how_fresh_that_is_stands_in_the_headers(shop: None, seen: Hub, bearer: Bearer) -> None:
    seen.said = msgspec.structs.replace(seen.said, state="stale", contact_age_seconds=7.5)
    headers = bearer("viewer").get("/api/v1/clusters/lab/applications").headers
    assert {name: headers[f"Clusterview-{name}"] for name in ("State", "Contact-Age", "Missing")} == {
        "State": "stale", "Contact-Age": "7.5", "Missing": "Ingress",
    }  # fmt: skip


def test_the_rest_is_told_when_asked_for_with_a_sentence_and_a_remedy_and_what_is_hidden_never(shop: None, bearer: Bearer) -> None:
    found = told(bearer, "?all=true")
    assert set(found) == {"billing", "inside", "shop"}
    billing = found["billing"]
    assert (billing["strategy"], billing["why_not"], billing["sides"], billing["group"]) == ("none", "external-name", [], None)
    assert "DNS alias" in billing["why_not_sentence"] and "spec.externalName" in billing["why_not_remedy"]


def test_of_a_cluster_that_was_not_seen_yet_nothing_is_claimed(lab: None, seen: Hub, bearer: Bearer) -> None:
    seen.picture = None
    answer = bearer("viewer").get("/api/v1/clusters/lab/applications?all=true")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_seen_yet")


MOVED: dict[str, Any] = {
    "cluster_id": "lab", "cluster_identity": "x", "namespace": "store", "service": "shop", "service_uid": str(service().uid), "actor": "olga",
    "key": "slot", "from_value": "blue", "to_value": "green", "from_selector": BLUE, "to_selector": GREEN,
}  # fmt: skip


@pytest.mark.parametrize("selector", [GREEN, {"app": "shop"}], ids=["new side", "overlap"])
@pytest.mark.parametrize("is_open", [False, True], ids=["kept", "running"])
def test_a_service_that_can_be_taken_back_is_told_with_the_side_that_is_left(
    lab: None, seen: Hub, bearer: Bearer, is_open: bool, selector: dict[str, str]
) -> None:
    seen.picture = Picture(objects=[deployment("shop-blue", labels=BLUE), service(selector=selector)])
    viewer = bearer("viewer")
    assert told(lambda _: viewer) == {}
    now = timezone.now()
    state = {"state": State.VERIFYING} if is_open else {"state": State.SUCCEEDED, "keeping_old_until": now + timedelta(minutes=10)}
    switch = Switch.objects.create(**MOVED, **state, open=is_open, applied_at=now)
    found = told(lambda _: viewer)["shop"]
    assert (found["strategy"], found["key"], found["live"]) == ("selector", "slot", selector.get("slot", ""))
    assert [side["workload"] for side in found["sides"]] == ["shop-blue"]
    assert found["why_not"] is not None and found["why_not_sentence"]
    if is_open:
        assert found["open_switch"] == str(switch.pk)
    else:
        assert (found["keeping"]["switch"], found["keeping"]["key"], found["keeping"]["from"]) == (str(switch.pk), "slot", "blue")
    Switch.objects.update(open=False, keeping_old_until=now)
    assert told(lambda _: viewer) == {}


def test_a_switch_that_was_left_half_done_is_told_with_its_way_back_for_as_long_as_nothing_else_leads_out(
    lab: None, seen: Hub, bearer: Bearer
) -> None:
    seen.picture = Picture(objects=[deployment("shop-blue", labels=BLUE), service(selector={"app": "shop"})])
    viewer, long_ago = bearer("viewer"), timezone.now() - timedelta(hours=2)
    half_done = {"state": State.NEEDS_HUMAN, "at": 1, "applied_at": long_ago, "finished_at": long_ago, "open": False}
    switch = Switch.objects.create(**MOVED, **half_done, between=[{"app": "shop"}])
    found = told(lambda _: viewer)["shop"]
    assert (found["strategy"], found["key"], found["half_done"], found["failed"]) == ("selector", "slot", str(switch.pk), None)
    Switch.objects.update(between=[])
    assert told(lambda _: viewer) == {}, "its old side is not kept any more"
    Switch.objects.update(finished_at=timezone.now())
    assert told(lambda _: viewer)["shop"]["half_done"] == str(switch.pk)
    Switch.objects.create(**MOVED, state=State.SUCCEEDED, open=False, applied_at=timezone.now())
    assert told(lambda _: viewer) == {}, "another switch has moved traffic since"


@pytest.mark.parametrize(
    ("ended", "is_told"),
    [
        ({"state": State.REJECTED, "reason": "preflight"}, True),
        ({"state": State.ROLLED_BACK, "reason": "not-converged"}, True),
        ({"state": State.NEEDS_HUMAN, "reason": "lost-answer"}, True),
        ({"state": State.ROLLED_BACK, "reason": "asked"}, False),
        ({"state": State.CANCELLED, "reason": "turned-back"}, False),
        ({"state": State.SUCCEEDED}, False),
        ({"state": State.CONFLICT, "reason": "selector-changed", "finished_at": timedelta(hours=-1)}, False),
    ],
    ids=lambda case: str(case.get("reason", case["state"])) if isinstance(case, dict) else "",
)
def test_a_switch_that_failed_is_told_for_an_hour_where_it_was_asked_for(shop: None, bearer: Bearer, ended: dict[str, Any], is_told: bool) -> None:
    finished = timezone.now() + ended.get("finished_at", timedelta(minutes=-59))
    switch = Switch.objects.create(**MOVED | ended | {"finished_at": finished}, open=False)
    viewer = bearer("viewer")
    failed = told(lambda _: viewer)["shop"]["failed"]
    assert failed is None if not is_told else (failed["id"], failed["from"], failed["state"]) == (str(switch.pk), "blue", ended["state"])
    assert not is_told or failed["sentence"]
    Switch.objects.create(**MOVED, state=State.QUEUED)
    found = told(lambda _: viewer)["shop"]
    assert (found["failed"], bool(found["open_switch"])) == (None, True)


def test_a_warm_up_that_has_ended_says_why_until_traffic_moves(shop: None, bearer: Bearer) -> None:
    what = {name: MOVED[name] for name in ("cluster_id", "cluster_identity", "namespace", "service", "service_uid", "actor")} | {"open": False}
    ended = {"purpose": Sizing.Purpose.WARM_UP, "side": "green", "selector": GREEN, "state": State.NEEDS_HUMAN, "reason": "not-ready-in-time"}
    Sizing.objects.create(**what, **ended, detail="green: 0 of 2")
    viewer = bearer("viewer")
    found = told(lambda _: viewer)["shop"]
    assert found["sizing"] is None
    said = {name: found["warm_up"][name] for name in ("state", "side", "detail", "open")}
    assert said == {"state": "needs_human", "side": "green", "detail": "green: 0 of 2", "open": False}
    assert "half an hour" in found["warm_up"]["sentence"]
    Switch.objects.create(**MOVED, state=State.SUCCEEDED, open=False, applied_at=timezone.now())
    assert told(lambda _: viewer)["shop"]["warm_up"] is None
