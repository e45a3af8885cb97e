"""Changes of sizes as REST lists them: the newest first, each with its own story, and none of a cluster that is not open."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from clusterview.access import auditing, clusters
from clusterview.models import Sizing
from clusterview.traffic.states import State

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
