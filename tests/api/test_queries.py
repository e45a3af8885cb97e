"""A query says what is described and nothing else: what is misspelt, twice there or beyond its bounds is refused by name, never passed over."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.params import models

from clusterview.access import auditing, clusters
from clusterview.api.rest import api

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]
SOME = {"cluster": "lab", "act": "fill"} | dict.fromkeys(("switch", "group", "size"), str(uuid.UUID(int=7)))
SERVICE = {"namespace": "store", "service": "shop", "to": "green"}
ASKED = SERVICE | {"services": ["shop", "post"], "since": "2026-01-01T00:00Z"}
BODIES: dict[str, dict[str, Any]] = {
    "switches": SERVICE, "groups": {"namespace": "store", "services": ["shop", "post"], "to": "green"}, "warm-ups": SERVICE, "keep": {"minutes": 5},
}  # fmt: skip
LISTS = ("/api/v1/switches", "/api/v1/sizes")


def operations(api: NinjaAPI) -> list[tuple[str, str, Operation]]:
    """Each method of each address, as the router has it."""
    found = [
        (method, f"{bound.prefix}{path}", operation)
        for bound in api._get_bound_routers()
        for path, view in bound.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    ]
    assert len(found) > 20
    return found


def asked_for(path: str, operation: Operation) -> str:
    """An address with something in each of its places, and all that has to be asked for."""
    needed = {one.alias: ASKED[one.alias] for one in operation.signature.params if isinstance(one.source, models.Query) and one.source.is_required()}
    return f"/api/v1{re.sub(r'{(?:.+?:)?(.+?)}', lambda place: SOME[place[1]], path)}?{urlencode(needed, doseq=True)}"


@pytest.mark.parametrize(("method", "path", "operation"), operations(api), ids=lambda value: value if isinstance(value, str) else "")
def test_a_parameter_that_nobody_described_is_refused_and_named_at_every_address(
    method: str, path: str, operation: Operation, lab: None, bearer: Bearer
) -> None:
    body = BODIES.get(path.rpartition("/")[2], {})
    answer = bearer("admin").generic(method, f"{asked_for(path, operation)}&limti=5", json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"] == [{"at": "query.limti", "problem": "is not known here"}]


def test_a_stranger_learns_of_no_parameter(lab: None, client: Client) -> None:
    assert client.get("/api/v1/audit?limti=5").json()["code"] == "not_signed_in"


def test_a_misspelt_filter_returns_nothing_else(lab: None, bearer: Bearer) -> None:
    answer = bearer("admin").get(f"/api/v1/audit?operatoin={uuid.uuid4()}&limit=2")
    assert (answer.status_code, answer.json()["detail"]) == (400, [{"at": "query.operatoin", "problem": "is not known here"}])


def test_of_two_values_none_is_chosen(lab: None, bearer: Bearer) -> None:
    answer = bearer("admin").get("/api/v1/audit?limit=5&limit=2&action=ARMED&action=CLOSED")
    assert (answer.status_code, answer.json()["detail"]) == (400, [{"at": "query.limit", "problem": "is there more than once"}])


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "-5", "501", "100000", "many", ""])
def test_a_limit_beyond_its_bounds_is_refused_where_it_was_cut_silently(path: str, limit: str, lab: None, bearer: Bearer) -> None:
    answer = bearer("viewer").get(path, {"limit": limit})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"][0]["at"] == "query.limit"
    assert bearer("operator").get(path, {"limit": "500"}).json() == []


@pytest.mark.parametrize(("path", "about"), [(LISTS[0], {"to": {"slot": "green"}}), (LISTS[1], {"purpose": "warm_up", "side": "green"})])
def test_before_names_a_line_of_the_list_or_is_not_found(path: str, about: dict[str, Any], lab: None, bearer: Bearer) -> None:
    clusters.register(opened=[("lab", "the lab"), ("gone", "the old one")])
    seen, closed = uuid.uuid4(), uuid.uuid4()
    with transaction.atomic():
        for cluster, operation in (("lab", seen), ("gone", closed)):
            body = {"namespace": "store", "service": "shop", "from": {"slot": "blue"}} | about
            auditing.record(actor="olga", action="REQUESTED", cluster=cluster, switch_id=operation, body=body)
    clusters.register(opened=[("lab", "the lab")])
    client = bearer("viewer")
    assert [one["id"] for one in client.get(path).json()] == [str(seen)]
    assert client.get(path, {"before": str(seen)}).json() == []
    for unknown in (uuid.uuid4(), closed):
        answer = client.get(path, {"before": str(unknown)})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.json()["detail"] == [{"at": "query.before", "problem": "is not in this list"}]
