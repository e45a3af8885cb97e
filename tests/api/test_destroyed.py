"""Whatever somebody leaves in an entry of the audit, whoever reads the audit is told so, and everything else as before."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client

from clusterview.access import auditing, clusters, exporting
from clusterview.models import AuditEntry, Sizing, Switch
from clusterview.traffic import moving_on
from tests import databases

pytestmark = pytest.mark.django_db(transaction=True)

SWITCH, OTHER = (uuid.UUID(f"018f0000-0000-4000-8000-00000000000{number}") for number in (1, 2))
ASKED = {"namespace": "store", "service": "shop", "from": {"slot": "blue"}, "to": {"slot": "green"}}
SIZES_ASKED = {"namespace": "store", "service": "shop", "side": "blue", "purpose": "scale_down", "target": 0, "plan": []}
CLOSED = {"state": "succeeded", "reason": ""}
REQUEST, VERIFY, END, SIZES_REQUEST, SIZES_END, LAST = 1, 2, 3, 6, 7, 8
KINDS = ["text", "bytes", "number", "a fraction", "nothing", "no UTF-8"]


@pytest.fixture
def admin(lab: None, bearer: Callable[[str], Client]) -> Client:
    """An administrator's client, where of two switches and a change of sizes the audit holds eight entries; the first switch has its row."""
    clusters.register(opened=[("lab", "the lab")])
    row = Switch(pk=SWITCH, cluster_id="lab", namespace="store", service="shop", service_uid="s", key="slot", from_value="blue", to_value="green")
    row.from_selector, row.to_selector, row.actor, row.state, row.open = {"slot": "blue"}, {"slot": "green"}, "olga", "succeeded", False
    row.save(force_insert=True)
    size = Sizing.objects.create(cluster_id="lab", namespace="store", service="shop", service_uid="s", side="blue", selector={}, open=False)
    lines = [("REQUESTED", SWITCH, ASKED), ("VERIFIED", SWITCH, {"since_request": 40}), ("CLOSED", SWITCH, CLOSED), ("REQUESTED", OTHER, ASKED)]
    lines += [("CLOSED", OTHER, CLOSED), ("REQUESTED", size.pk, SIZES_ASKED), ("CLOSED", size.pk, CLOSED), ("ARMED", None, {})]
    with transaction.atomic():
        for action, operation, body in lines:
            auditing.record(actor="olga", action=action, cluster="lab", switch_id=operation, body=body)
    return bearer("admin")


def held(write: Callable[[], None]) -> bool:
    """False where the database does not take it."""
    try:
        write()
    except DatabaseError:
        return False
    return True


def read(client: Client, path: str) -> Any:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content, parse_constant=pytest.fail)


def written(*line: str) -> str:
    out = io.StringIO()
    call_command("audit", *line, stdout=out)
    return out.getvalue()


def everything(client: Client) -> dict[int, dict[str, Any]]:
    """Each entry of the audit by its number, after everything else that is drawn from it was read too."""
    assert str(OTHER) in [one["id"] for one in read(client, "switches")]
    assert read(client, f"switches/{SWITCH}")["id"] == str(SWITCH)
    assert len(read(client, "sizes")) == 1
    found = written("export").encode().splitlines()
    assert len(found) == len(written("export", "--format", "csv").splitlines()) - 1 == LAST
    return {one["sequence"]: one for one in read(client, "audit")}


def verified() -> str:
    with pytest.raises(CommandError) as refused:
        call_command("audit", "verify")
    return str(refused.value)


@pytest.mark.parametrize("column", exporting.FIELDS)
@pytest.mark.parametrize("rubbish", KINDS)
def test_a_destroyed_entry_is_named_and_hides_no_other(column: str, rubbish: str, admin: Client) -> None:
    destroyed = [one for one in (REQUEST, END, SIZES_END) if held(lambda one=one: databases.destroy(sequence=one, column=column, rubbish=rubbish))]
    AuditEntry.objects.using(databases.owner()).filter(sequence=LAST).update(actor="eve")
    entries, said = everything(admin), verified()
    for sequence in destroyed:
        names = [f"Entry {sequence} ", f"Entries {sequence} to {sequence} are missing."]
        assert any(name in said for name in names), said
        problems = " ".join(" ".join(one["problems"]) for one in entries.values())
        assert f"Entry {sequence} " in problems
    assert f"Entry {LAST} was changed." in said
    assert {4, 5, LAST} <= set(entries)
    assert entries[4]["body"] == ASKED


def test_a_text_in_other_clothes_is_none(admin: Client) -> None:
    if held(lambda: databases.write(sequence=REQUEST, column="actor", literal="CAST('olga' AS BLOB)")):
        assert everything(admin)[REQUEST]["problems"] == ["Entry 1 cannot be read: what it holds was destroyed."]
        assert verified() == "Entry 1 cannot be read: what it holds was destroyed."


@pytest.mark.parametrize("at", ["infinity", "-infinity", "20000-01-01"])
def test_a_time_that_no_calendar_here_has_hides_no_other(at: str, admin: Client) -> None:
    for sequence in (REQUEST, END):
        databases.write(sequence=sequence, column="at", literal=f"'{at}'")
    entries = everything(admin)
    assert [entries[one]["at"] for one in (REQUEST, END)] == [None, None]
    assert [entries[one]["problems"] for one in (REQUEST, END)] == [[f"Entry {one} cannot be read: what it holds was destroyed."] for one in (1, 3)]


def test_a_switch_whose_request_has_no_time_is_told_as_its_row_is(admin: Client) -> None:
    databases.write(sequence=REQUEST, column="at", literal="'infinity'")
    told = {one["id"]: one for one in read(admin, "switches")}
    assert (told[str(SWITCH)]["service"], told[str(SWITCH)]["differs"]) == ("shop", ["audit"])
    assert read(admin, f"switches/{SWITCH}")["entries"][0]["at"] is None


def test_an_operation_whose_last_entry_has_no_time_tries_again_what_it_waits_for(admin: Client) -> None:
    switch = Switch.objects.get()
    assert not moving_on.has_waited(switch, seconds=60)
    databases.write(sequence=END, column="at", literal="'infinity'")
    assert moving_on.has_waited(switch, seconds=60)


@pytest.mark.parametrize(
    ("sequence", "fact", "value"),
    [
        (REQUEST, "namespace", "5"),
        (REQUEST, "service", "null"),
        (REQUEST, "from", '{"slot": 1}'),
        (REQUEST, "to", '{"slot": ["green"]}'),
        (REQUEST, "reverses", "{}"),
        (VERIFY, "since_request", "9" * 400),
        (VERIFY, "since_request", "true"),
        (END, "state", "null"),
        (END, "reason", "{}"),
        (END, "detail", "[" * 300 + "]" * 300),
        (SIZES_REQUEST, "purpose", "[1]"),
        (SIZES_REQUEST, "target", '"many"'),
        (SIZES_REQUEST, "plan", '[5, {"to": {}}]'),
        (SIZES_END, "state", "7"),
        (SIZES_END, "reason", "[{}]"),
    ],
)
def test_a_fact_of_another_kind_hides_nothing(sequence: int, fact: str, value: str, admin: Client) -> None:
    body = AuditEntry.objects.get(sequence=sequence).body | {fact: json.loads(value)}
    databases.write(sequence=sequence, column="body", literal=f"'{json.dumps(body)}'")
    assert everything(admin)[sequence]["problems"] == [f"Entry {sequence} was changed."]


@pytest.mark.parametrize("body", ['{"state": 1e999}', '{"state": NaN}', r'{"state": "\ud800"}', r'{"\ud800": 1}'])
@pytest.mark.parametrize("sequence", [REQUEST, END, SIZES_REQUEST, SIZES_END])
def test_what_cannot_be_told_on_in_json_hides_nothing(body: str, sequence: int, admin: Client) -> None:
    if held(lambda: databases.write(sequence=sequence, column="body", literal=f"'{body}'")):
        problem = "cannot be read: what it holds was destroyed." if databases.is_sqlite() else "was changed."
        assert everything(admin)[sequence]["problems"] == [f"Entry {sequence} {problem}"]


@pytest.mark.parametrize("marks", ["5", '"x"', '{"a": {}}', "[1]", "null"])
def test_marks_of_another_kind_hide_nothing(marks: str, admin: Client) -> None:
    databases.write(sequence=END, column="action", literal="'AUDIT_GAP'")
    databases.write(sequence=END, column="body", literal=f"'{{\"marks\": {marks}}}'")
    assert everything(admin)[END]["problems"][0] == "Entry 3 was changed."
