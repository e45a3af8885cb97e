"""Changes of sizes as REST lists them: the newest first, each with its own story, and none of a cluster that is not open."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from clusterview.access import auditing, clusters
from clusterview.models import Cluster, Sizing
from clusterview.traffic import resizing
from clusterview.traffic.states import State
from tests.traffic import making

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]
SIZES = "/api/v1/sizes"


def begin(cluster: str, purpose: str) -> uuid.UUID:
    row = Sizing.objects.create(
        cluster_id=cluster, namespace="store", service="shop", service_uid=f"{cluster} {purpose}", purpose=purpose, side="green", selector={},
        actor="olga", state=State.WAITING, target=3,
    )  # fmt: skip
    body = {"namespace": "store", "service": "shop", "side": "green", "purpose": purpose, "target": 3, "plan": []}
    with transaction.atomic():
        auditing.record(actor="olga", action="REQUESTED", cluster=cluster, switch_id=row.pk, body=body)
    return row.pk


def test_they_are_listed_with_their_entries_and_each_has_a_story(lab: None, bearer: Bearer) -> None:
    clusters.register(opened=[("lab", "the lab"), ("gone", "the old one")])
    warm, hidden, keep = begin("lab", "warm_up"), begin("gone", "warm_up"), begin("lab", "keep")
    clusters.register(opened=[("lab", "the lab")])
    client = bearer("viewer")
    told = client.get(SIZES).json()
    assert [(one["id"], one["purpose"], [entry["action"] for entry in one["entries"]]) for one in told] == [
        (str(keep), "keep", ["REQUESTED"]), (str(warm), "warm_up", ["REQUESTED"]),
    ]  # fmt: skip
    assert client.get(f"{SIZES}?cluster=lab&limit=1").json() == told[:1]
    assert client.get(f"{SIZES}?cluster=gone").json() == []
    assert client.get(f"{SIZES}/{warm}").json() == told[1]
    assert client.get(f"{SIZES}/{hidden}").status_code == 404


def test_how_one_ended_is_what_the_audit_says(lab: None, bearer: Bearer) -> None:
    warm = begin("lab", "warm_up")
    with transaction.atomic():
        auditing.record(actor="clusterview", action="CLOSED", cluster="lab", switch_id=warm, body={"state": "succeeded", "reason": ""})
    (told,) = bearer("viewer").get(SIZES).json()
    assert (told["state"], told["open"]) == ("succeeded", False)


def test_what_is_older_than_one_of_them_comes_as_a_list_of_its_own(lab: None, bearer: Bearer) -> None:
    made = [begin("lab", purpose) for purpose in ("keep", "warm_up", "scale_down")]
    Sizing.objects.update(requested_at=timezone.now())
    client, seen = bearer("viewer"), []
    while told := client.get(SIZES, {"limit": 1} | ({"before": seen[-1]} if seen else {})).json():
        seen += [one["id"] for one in told]
    assert sorted(seen) == sorted(str(one) for one in made)
    assert client.get(SIZES, {"before": "yesterday"}).status_code == 400


def test_a_side_is_not_made_larger_than_was_shown(lab: None, bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resizing.requesting, "allowed", lambda **_: Cluster.objects.get(pk="lab"))
    monkeypatch.setattr(resizing, "to_warm_up", lambda **_: resizing.Plan(making.situation(), [], 30, []))
    monkeypatch.setattr(resizing, "_save", lambda row, **_: row)
    client, asked = bearer("operator"), {"namespace": "store", "service": "shop", "to": "green"}

    def answer(**more: int) -> tuple[int, str]:
        found = client.post("/api/v1/clusters/lab/warm-ups", asked | more, content_type="application/json")
        return found.status_code, found.json().get("code", "")

    assert answer(target=3) == (409, "larger-than-shown")
    assert [answer(target=30), answer(target=31), answer()] == [(202, "")] * 3
