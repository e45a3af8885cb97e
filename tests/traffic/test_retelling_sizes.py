"""What History tells of changes of sizes is drawn from the audit too, also of a side that is kept, for which nobody asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from clusterview.access import auditing
from clusterview.models import AuditEntry, Cluster, Sizing
from clusterview.traffic import moving_on, reporting, retelling
from clusterview.traffic.states import State
from tests import databases
from tests.traffic import world
from tests.traffic.world import LEAST, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Where a switch to green has succeeded, and blue's autoscaler is raised for that."""
    with world.moved(monkeypatch) as made:
        made.reconcile()
        made.go_all()
        assert Sizing.objects.get().state == State.HOLDING
        yield made


@pytest.fixture
def asked(db: None) -> Sizing:
    """A warm-up that somebody asked for."""
    cluster = Cluster.objects.create(id="lab", name="lab", identity="i")
    step = {"kind": "Deployment", "name": "shop-green", "uid": "u", "now": 1, "to": 3, "back": 1, "order": 0}
    row = Sizing.objects.create(
        cluster=cluster, cluster_identity="i", namespace="store", service="shop", service_uid="s", purpose="warm_up", side="green", selector={},
        target=3, plan=[step], planned=True, actor="olga", state=State.QUEUED,
    )  # fmt: skip
    body = {"namespace": "store", "service": "shop", "side": "green", "purpose": "warm_up", "target": 3, "plan": [step]}
    with transaction.atomic():
        moving_on.record(row, ("REQUESTED", body), actor="olga")
    return row


def listed() -> dict[str, Any]:
    (line,) = reporting.newest_sizes(clusters=["lab"], limit=10)
    return line


def test_a_hold_is_told_by_its_audit_and_its_row_agrees(held: World) -> None:
    told = listed()
    about = ("cluster", "namespace", "service", "side", "purpose", "target", "actor", "state", "open", "differs")
    assert [told[name] for name in about] == ["lab", "store", "shop", "blue", "keep", 2, "olga", "holding", True, []]
    assert told["numbers"] == [{"kind": "HorizontalPodAutoscaler", "name": "shop-blue", "was": LEAST, "to": 2, "stands": True}]
    assert told == reporting.size(Sizing.objects.get())


def test_a_change_that_was_asked_for_is_told_by_its_request(asked: Sizing) -> None:
    told = listed()
    about = ("side", "purpose", "target", "actor", "state", "open", "differs")
    assert [told[name] for name in about] == ["green", "warm_up", 3, "olga", "queued", True, []]
    assert told["requested_at"] == AuditEntry.objects.get(action="REQUESTED").at


OTHER = {"kind": "Deployment", "name": "post", "uid": "x", "now": 1, "to": 9, "back": 1, "order": 0}


@pytest.mark.parametrize(
    ("edit", "differs"),
    [
        ({"actor": "eve"}, ["actor"]),
        ({"namespace": "mail", "service": "post"}, ["namespace", "service"]),
        ({"side": "red", "purpose": "scale_down"}, ["side", "purpose"]),
        ({"target": 7}, ["target"]),
        ({"plan": [OTHER]}, ["numbers"]),
        ({"plan": []}, ["numbers"]),
        ({"state": State.SUCCEEDED, "open": False}, ["state"]),
    ],
    ids=lambda one: "-".join(one),
)
def test_what_an_edited_row_says_is_named_and_not_believed(held: World, edit: dict[str, Any], differs: list[str]) -> None:
    before, row = listed(), Sizing.objects.get()
    Sizing.objects.update(**edit)
    same = {name: value for name, value in before.items() if name not in ("state", "open", "differs")}
    for told in (listed(), reporting.size(Sizing.objects.get())):
        assert told["differs"] == differs
        assert {name: told[name] for name in same} == same
    row.save()


def test_how_it_ended_is_what_the_audit_says(asked: Sizing) -> None:
    with transaction.atomic():
        moving_on.record(asked, ("CLOSED", {"state": "rolled_back", "reason": "asked"}))
    told = listed()
    assert (told["state"], told["open"], told["reason"], told["differs"]) == ("rolled_back", False, "asked", ["open", "state", "reason"])
    assert told["finished_at"] == AuditEntry.objects.get(action="CLOSED").at


def test_a_change_whose_row_was_deleted_stays_in_history(held: World) -> None:
    before, row = listed(), Sizing.objects.get()
    Sizing.objects.all().delete()
    told = listed()
    assert told["differs"] == ["row"]
    same = ("id", "cluster", "namespace", "service", "side", "purpose", "target", "actor", "requested_at", "entries")
    assert [told[name] for name in same] == [before[name] for name in same]
    assert [(one["name"], one["was"], one["to"]) for one in told["numbers"]] == [("shop-blue", LEAST, 2)]
    assert retelling.subjects([row.pk]) == {row.pk: "store/shop: blue"}
    row.save(force_insert=True)


def test_an_ended_change_whose_row_was_deleted_says_how_it_ended(asked: Sizing) -> None:
    with transaction.atomic():
        moving_on.record(asked, ("CLOSED", {"state": "succeeded", "reason": ""}))
    Sizing.objects.all().delete()
    told = listed()
    assert (told["state"], told["open"], told["finished_at"]) == ("succeeded", False, AuditEntry.objects.get(action="CLOSED").at)


def test_a_row_that_nobody_asked_for_is_not_in_history_and_its_story_says_so(asked: Sizing) -> None:
    forged = Sizing.objects.create(
        cluster_id="lab", cluster_identity="i", namespace="store", service="post", service_uid="x", purpose="warm_up", side="red", selector={},
        actor="eve", state=State.SUCCEEDED, open=False,
    )  # fmt: skip
    assert listed()["id"] == str(asked.pk)
    assert reporting.size(forged)["differs"] == ["audit"]


def test_a_hold_of_which_nothing_is_planned_yet_is_doubted_by_nobody(asked: Sizing) -> None:
    Sizing.objects.update(purpose="keep", planned=False)
    row = Sizing.objects.get()
    AuditEntry.objects.using(databases.owner()).all().delete()
    assert reporting.size(row)["differs"] == []


def test_numbers_that_another_operation_left_to_it_are_no_contradiction(asked: Sizing) -> None:
    taken = {"to": 5, "back": 2, "order": 4}
    with transaction.atomic():
        body = {"kind": "Deployment", "name": "shop-green", "uid": "u"} | taken
        auditing.record(actor="clusterview", action="TOOK_OVER", cluster="lab", switch_id=asked.pk, body=body)
    Sizing.objects.update(plan=[asked.plan[0] | taken])
    told = listed()
    assert ([(one["was"], one["to"]) for one in told["numbers"]], told["differs"]) == ([(2, 5)], [])


def test_a_change_whose_request_was_destroyed_is_told_as_its_row_is(asked: Sizing) -> None:
    databases.destroy(sequence=AuditEntry.objects.get(action="REQUESTED").sequence, rubbish="text")
    told = listed()
    assert (told["id"], told["side"], told["differs"]) == (str(asked.pk), "green", ["audit"])


@pytest.mark.parametrize("rubbish", [7, "text", [7], [{"kind": [], "to": "many"}], None, {"a": 1}])
def test_an_entry_that_holds_anything_is_told(asked: Sizing, rubbish: Any) -> None:
    entry = AuditEntry.objects.get(action="REQUESTED")
    AuditEntry.objects.using(databases.owner()).filter(pk=entry.pk).update(body=entry.body | {"plan": rubbish, "target": rubbish})
    assert "numbers" in listed()["differs"]


def test_the_list_holds_the_newest_of_the_named_clusters(asked: Sizing) -> None:
    assert len(reporting.newest_sizes(clusters=["lab"], limit=1)) == 1
    assert reporting.newest_sizes(clusters=["other"], limit=10) == []
