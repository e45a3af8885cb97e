"""The audit as REST gives it: each reads what they may, page by page, and an entry that somebody touched says so."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from clusterview.access import auditing, clusters, exporting, links, people
from clusterview.models import ApiToken, AuditEntry, AuditHead, Switch
from tests import databases

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]
SWITCH = uuid.UUID("018f0000-0000-4000-8000-000000000001")
AUDIT = "/api/v1/audit"


@pytest.fixture
def told(lab: None) -> None:
    """Six entries: a link and a sign-in, then of the lab that it was armed, a switch with two entries, and of a cluster that is not open any more."""
    clusters.register(opened=[("lab", "the lab"), ("gone", "the old one")])
    links.use(token=links.create(user=User.objects.create_user("vera"), actor="ada"))
    clusters.arm(cluster="lab", actor="ada")
    asked = {"namespace": "store", "service": "shop", "from": {"slot": "blue"}, "to": {"slot": "green"}}
    with transaction.atomic():
        auditing.record(actor="olga", action="REQUESTED", cluster="lab", switch_id=SWITCH, body=asked)
        auditing.record(actor="clusterview", action="CLOSED", cluster="lab", switch_id=SWITCH, body={"state": "succeeded", "reason": ""})
    clusters.arm(cluster="gone", actor="ada")
    clusters.register(opened=[("lab", "the lab")])


def read(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"{AUDIT}{query}")
    assert answer.status_code == 200, answer.content
    entries: list[dict[str, Any]] = answer.json()
    return entries


def actions(entries: Iterable[dict[str, Any]]) -> list[str]:
    return [one["action"] for one in entries]


def test_an_administrator_reads_every_entry_the_newest_first(told: None, bearer: Bearer) -> None:
    entries = read(bearer("admin"))
    assert actions(entries) == ["ARMED", "CLOSED", "REQUESTED", "ARMED", "SIGNED_IN", "LINK_MADE"]
    assert [one["sequence"] for one in entries] == [6, 5, 4, 3, 2, 1]
    closed, made = entries[1], entries[-1]
    assert (closed["cluster"], closed["operation"], closed["subject"]) == ("lab", str(SWITCH), "store/shop: blue → green")
    assert (made["actor"], made["body"], made["cluster"], made["operation"], made["subject"]) == ("ada", {"name": "vera"}, "", None, "")
    assert not any(one["problems"] for one in entries)


@pytest.mark.parametrize("role", ["viewer", "operator"])
@pytest.mark.parametrize("query", ["", "?action=SIGNED_IN&action=LINK_MADE&action=CLOSED", "?person=ada", "?cluster=gone", "?before=3"])
def test_who_signed_in_and_clusters_that_are_not_open_are_for_administrators(told: None, bearer: Bearer, role: str, query: str) -> None:
    every, theirs = read(bearer("admin"), query), read(bearer(role), query)
    assert theirs == [one for one in every if one["cluster"] == "lab"] != every


def test_a_stranger_reads_nothing(told: None, client: Client) -> None:
    answer = client.get(AUDIT)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize(
    ("query", "sequences"),
    [
        ("?cluster=lab", [5, 4, 3]),
        ("?person=ada", [6, 3, 1]),
        ("?action=ARMED", [6, 3]),
        ("?action=ARMED&action=CLOSED", [6, 5, 3]),
        (f"?operation={SWITCH}", [5, 4]),
        ("?person=ada&action=ARMED&cluster=lab", [3]),
        ("?cluster=nowhere", []),
        ("?person=nobody", []),
        ("?action=NOTHING", []),
        (f"?operation={uuid.UUID(int=0)}", []),
    ],
)
def test_the_filters_are_taken_together(told: None, bearer: Bearer, query: str, sequences: list[int]) -> None:
    assert [one["sequence"] for one in read(bearer("admin"), query)] == sequences


def test_page_after_page_holds_every_entry_once_also_while_new_ones_come(told: None, bearer: Bearer) -> None:
    client, seen, before = bearer("admin"), list[int](), ""
    for _ in range(3):
        seen += [one["sequence"] for one in read(client, f"?limit=2{before}")]
        before = f"&before={seen[-1]}"
        clusters.disarm(cluster="lab", actor="ada")
    assert seen == [6, 5, 4, 3, 2, 1]
    assert read(client, f"?limit=2{before}") == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=many", "before=0", "before=-1", "before=soon", f"before={2**63}", "operation=42", "operation="]
)
def test_a_parameter_that_makes_no_sense_is_refused_and_named(told: None, bearer: Bearer, query: str) -> None:
    answer = bearer("admin").get(f"{AUDIT}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"][0]["at"] == f"query.{query.partition('=')[0]}"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nobody_writes_to_it(told: None, bearer: Bearer, method: str) -> None:
    assert getattr(bearer("admin"), method)(AUDIT).status_code == 405
    assert AuditEntry.objects.count() == 6


def test_the_list_of_switches_is_drawn_from_it_whatever_became_of_the_rows(told: None, bearer: Bearer) -> None:
    def listed() -> dict[str, Any]:
        (line,) = bearer("viewer").get("/api/v1/switches").json()
        ApiToken.objects.all().delete()
        return {name: line[name] for name in ("id", "actor", "from", "to", "state", "open", "differs")}

    same = {"id": str(SWITCH), "actor": "olga", "from": "blue", "to": "green", "state": "succeeded", "open": False}
    assert listed() == same | {"differs": ["row"]}
    row = Switch(pk=SWITCH, cluster_id="lab", namespace="store", service="shop", service_uid="s", key="slot", from_value="blue", to_value="green")
    row.from_selector, row.to_selector, row.actor, row.state, row.open = {"slot": "blue"}, {"slot": "green"}, "olga", "succeeded", False
    row.save(force_insert=True)
    assert listed() == same | {"differs": []}
    Switch.objects.update(actor="eve", state="held", open=True)
    assert listed() == same | {"differs": ["actor", "open", "state"]}


def test_an_entry_says_to_administrators_which_session_or_token_asked_and_from_where_t66(lab: None, client: Client, bearer: Bearer) -> None:
    client.post(f"/login/{links.create(user=people.add(name='ada', role='admin', actor='command line'), actor='command line')}")
    session = people.session_hash(str(client.session.session_key))[:12]
    client.post("/api/v1/clusters/lab/arm", headers={"X-Request-ID": "req-7"})
    client.post("/people", {"name": "vera", "role": "viewer"})
    admin = bearer("admin")
    admin.post("/api/v1/clusters/lab/disarm", headers={"X-Forwarded-For": "198.51.100.7", "X-Request-ID": "no id\n"})
    told = {one["action"]: one for one in read(admin) if one["actor"] != "command line"}
    here = {"address": "127.0.0.1"}
    assert {action: one["asked_from"] for action, one in told.items()} == {
        "SIGNED_IN": here | {"session": session},
        "ARMED": here | {"session": session, "request": "req-7"},
        "PERSON_ADDED": here | {"session": session},
        "LINK_MADE": here | {"session": session},
        "DISARMED": here | {"token": str(ApiToken.objects.get(name="admin-token").pk)},
    }
    assert told["PERSON_ADDED"]["body"] == {"name": "vera", "role": "viewer"}
    assert [(one["asked_from"], one["body"]) for one in read(bearer("viewer"))] == [({}, {}), ({}, {"identity": ""})]
    assert auditing.verify() == []
    assert json.loads(next(exporting.as_json(AuditEntry.objects.filter(action="ARMED"))))["body"]["asked_from"]["session"] == session


def problems(client: Client, query: str = "") -> dict[int, list[str]]:
    return {one["sequence"]: one["problems"] for one in read(client, query) if one["problems"]}


@pytest.fixture
def admin(transactional_db: None, told: None, bearer: Bearer) -> Client:
    """An administrator's client, in a database that somebody else can touch too."""
    return bearer("admin")


def test_an_entry_that_was_changed_says_so_on_every_page_that_shows_it(admin: Client, bearer: Bearer) -> None:
    AuditEntry.objects.using(databases.owner()).filter(sequence=3).update(actor="eve")
    assert problems(bearer("viewer")) == problems(admin, "?person=eve") == {3: ["Entry 3 was changed."]}


def test_a_fresh_hash_is_given_away_by_the_next_entry_even_where_that_is_not_shown(admin: Client) -> None:
    entry = AuditEntry.objects.get(sequence=3)
    entry.actor = "eve"
    entry.hash = auditing.hash_of(entry=entry)
    entry.save(using=databases.owner())
    assert problems(admin, "?person=eve") == {3: ["Entry 4 does not follow the one before it."]}
    assert problems(admin, f"?operation={SWITCH}") == {4: ["Entry 4 does not follow the one before it."]}


def test_what_is_missing_is_told_by_its_neighbours(admin: Client) -> None:
    owned = AuditEntry.objects.using(databases.owner())
    owned.filter(sequence=4).delete()
    assert problems(admin) == {5: ["Entry 4 is missing."], 3: ["Entry 4 is missing."]}
    owned.filter(sequence__gte=4).delete()
    assert problems(admin) == {3: ["Entry 4 is missing."]}
    AuditHead.objects.using(databases.owner()).update(sequence=3)
    assert problems(admin) == {3: ["The end of the audit was cut off or replaced."]}


@pytest.mark.parametrize("rubbish", ["text", "bytes"])
def test_an_entry_that_cannot_be_read_says_so_and_hides_no_other(admin: Client, rubbish: str) -> None:
    for sequence in (2, 4, 5):
        databases.destroy(sequence=sequence, rubbish=rubbish)
    entries = read(admin)
    assert [one["sequence"] for one in entries] == [6, 5, 4, 3, 2, 1]
    assert problems(admin) == {sequence: [f"Entry {sequence} cannot be read: what it holds was destroyed."] for sequence in (2, 4, 5)}
    assert {one["sequence"] for one in entries if "unreadable" in one["body"]} == {2, 4, 5}
    assert admin.get("/api/v1/switches").json() == []


def test_a_switch_of_which_no_entry_can_be_read_is_told_as_its_row_is(admin: Client) -> None:
    row = Switch(pk=SWITCH, cluster_id="lab", namespace="store", service="shop", service_uid="s", key="slot", from_value="blue", to_value="green")
    row.from_selector, row.to_selector, row.actor, row.state, row.open = {"slot": "blue"}, {"slot": "green"}, "olga", "succeeded", False
    row.save(force_insert=True)
    for sequence in (4, 5):
        databases.destroy(sequence=sequence, rubbish="text")
    (line,) = admin.get("/api/v1/switches").json()
    assert (line["service"], line["state"], line["differs"]) == ("shop", "succeeded", ["audit"])
    story = admin.get(f"/api/v1/switches/{SWITCH}").json()
    assert [list(one["body"]) for one in story["entries"]] == [["unreadable"], ["unreadable"]]
