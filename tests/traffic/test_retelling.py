"""History is drawn from the audit: a row that says anything else is contradicted by name, and nobody loses a switch by deleting its row."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from clusterview.models import AuditEntry, Sizing, Switch
from clusterview.traffic import reporting
from clusterview.traffic.errors import NotListed
from clusterview.traffic.states import State
from tests import databases
from tests.traffic import world
from tests.traffic.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Where a switch to green has succeeded."""
    with world.moved(monkeypatch) as made:
        yield made


def listed() -> dict[str, Any]:
    (line,) = reporting.newest_first(clusters=["lab"], limit=10)
    return line


def test_a_switch_is_told_by_its_audit_and_its_row_agrees(here: World) -> None:
    told, asked = listed(), AuditEntry.objects.get(action="REQUESTED")
    assert (told["namespace"], told["service"], told["key"], told["from"], told["to"]) == ("store", "shop", "slot", "blue", "green")
    assert (told["actor"], told["requested_at"]) == (asked.actor, asked.at)
    assert told["finished_at"] == AuditEntry.objects.get(action="CLOSED", switch_id=asked.switch_id).at
    assert (told["state"], told["open"], told["reason"], told["differs"]) == ("succeeded", False, "", [])
    assert told == reporting.summary(Switch.objects.get())


@pytest.mark.parametrize(
    ("edit", "differs"),
    [
        ({"actor": "eve"}, ["actor"]),
        ({"namespace": "mail", "service": "post"}, ["namespace", "service"]),
        ({"from_value": "green", "to_value": "blue"}, ["from", "to"]),
        ({"state": State.ROLLED_BACK, "reason": "asked"}, ["state", "reason"]),
        ({"state": State.HELD, "open": True}, ["open", "state"]),
    ],
    ids=lambda one: "-".join(one),
)
def test_what_an_edited_row_says_is_named_and_not_believed(here: World, edit: dict[str, Any], differs: list[str]) -> None:
    before, row = listed(), Switch.objects.get()
    Switch.objects.update(**edit)
    assert listed() == before | {"differs": differs}
    story = reporting.as_dict(Switch.objects.get())
    assert {name: story[name] for name in before} == before | {"differs": differs}
    assert {step["state"] for step in story["steps"]} == {"done"}
    row.save()


def test_an_end_that_the_audit_does_not_tell_is_named(here: World) -> None:
    end = AuditEntry.objects.using(databases.owner()).filter(switch_id=Switch.objects.get().pk)
    end.filter(action="CLOSED").update(action="KEEP")
    assert listed()["differs"] == ["state"]
    end.filter(action="KEEP").update(action="CLOSED")


def test_a_switch_whose_row_was_deleted_stays_in_history(here: World) -> None:
    before = listed()
    Sizing.objects.all().delete()
    Switch.objects.all().delete()
    told = listed()
    assert told["differs"] == ["row"]
    who = ("id", "cluster", "namespace", "service", "key", "from", "to", "actor")
    same = (*who, "state", "open", "requested_at", "moved_seconds", "finished_at", "reason")
    assert [told[name] for name in same] == [before[name] for name in same]


def test_a_row_that_nobody_asked_for_is_not_in_history_and_its_story_says_so(here: World) -> None:
    row = Switch.objects.get()
    Switch.objects.create(
        cluster_id="lab", namespace="store", service="shop", service_uid="x", actor="eve", key="slot", from_value="blue", to_value="red",
        from_selector={}, to_selector={}, state=State.SUCCEEDED, open=False,
    )  # fmt: skip
    assert listed()["id"] == str(row.pk)
    forged = Switch.objects.get(actor="eve")
    assert reporting.summary(forged)["differs"] == ["audit"]
    forged.delete()


def test_the_list_holds_the_newest_of_the_named_clusters_first_and_which_one_is_the_way_back(here: World) -> None:
    here.back()
    here.go(here.runs[-1], times=40)
    back, first = reporting.newest_first(clusters=["lab"], limit=10)
    assert (back["to"], back["reverses"], back["differs"]) == ("blue", first["id"], [])
    assert (first["to"], first["reverses"], first["differs"]) == ("green", None, [])
    assert reporting.newest_first(clusters=["lab"], limit=10, before=uuid.UUID(back["id"])) == [first]
    assert reporting.newest_first(clusters=["lab"], limit=10, before=uuid.UUID(first["id"])) == []
    with pytest.raises(NotListed):
        reporting.newest_first(clusters=["lab"], limit=10, before=uuid.uuid4())
    Switch.objects.update(reverses=None)
    assert reporting.newest_first(clusters=["lab"], limit=1) == [back | {"differs": ["reverses"]}]
    assert reporting.newest_first(clusters=["other"], limit=10) == []
