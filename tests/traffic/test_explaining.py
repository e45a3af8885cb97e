"""What the model explains is what happened: a record in which one line is missing, doubled, moved or changed is no run of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from clusterview.traffic import planning
from tests.traffic import explaining
from tests.traffic.model.labels import Claimed, Landed, Looked, Wrote
from tests.traffic.model.retracing import Entry, Record, Write, explain, text

BLUE, GREEN = {"app": "shop", "slot": "blue"}, {"app": "shop", "slot": "green"}
ONE, BACK = "9a1c", "c7fe"
MOVED = {"from": BLUE, "to": GREEN}
LINES = [
    (ONE, "REQUESTED", MOVED),
    (ONE, "CLAIMED", {"epoch": 1, "state": "marking"}),
    (ONE, "PREFLIGHT", {}),
    (ONE, "INTENT", MOVED | {"returning": False, "step": 1, "intent_rv": "453", "epoch": 1}),
    (ONE, "CLAIMED", {"epoch": 3, "state": "applying"}),
    (ONE, "UNKNOWN", {"answer": "the executor ended"}),
    (ONE, "OUTCOME", {"result": "applied", "step": 1, "rv": "454", "how": "marker seen in the history"}),
    (ONE, "VERIFYING", {}),
    (ONE, "BACK_REQUESTED", {}),
    (ONE, "TURNING_BACK", {"reason": "asked"}),
    (ONE, "PREPARING", {}),
    (ONE, "PREFLIGHT", {}),
    (ONE, "INTENT", {"from": GREEN, "to": BLUE, "returning": True, "step": 2, "intent_rv": "461", "epoch": 3}),
    (ONE, "OUTCOME", {"result": "applied", "step": 2, "rv": "462", "how": "answered"}),
    (ONE, "VERIFYING", {}),
    (ONE, "VERIFIED", {"ready": 3}),
    (ONE, "CLOSED", {"state": "rolled_back", "reason": "asked"}),
]
WRITES = [
    Write("453", "u", text(BLUE), "", is_ours=True, tests="313", epoch=1),
    Write("454", "u", text(GREEN), f"{ONE}:1", is_ours=True, tests="453", epoch=1, is_effect=True),
    Write("457", "u", text(GREEN), ""),
    Write("461", "u", text(GREEN), "", is_ours=True, tests="457", epoch=3),
    Write("462", "u", text(BLUE), f"{ONE}:2", is_ours=True, tests="461", epoch=3, is_effect=True),
]
RECORD = Record([Entry(*line) for line in LINES], WRITES, Write("313", "u", text(BLUE), ""), {ONE: "rolled_back"})


def spoiled(lines: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """The lines with one of them missing, doubled, or in the place of the next one."""
    for number in range(len(lines)):
        yield f"without {number}", [*lines[:number], *lines[number + 1 :]]
        yield f"{number} twice", [*lines[: number + 1], *lines[number:]]
        if number:
            yield f"{number} before {number - 1}", [*lines[: number - 1], lines[number], lines[number - 1], *lines[number + 1 :]]


def test_what_nobody_wrote_down_is_filled_in() -> None:
    explanation = explain(RECORD)
    assert not explanation.unexplained
    assert {type(label) for label in explanation.labels} >= {Claimed, Looked, Landed, Wrote}
    landed = [label.request.kind for label in explanation.labels if isinstance(label, Landed) and label.moved]
    assert landed == ["mark", "effect", "mark", "effect"]


@pytest.mark.parametrize("lines", [pytest.param(lines, id=what) for what, lines in spoiled(RECORD.entries) if what != "8 before 7"])
def test_a_line_of_the_audit_that_is_missing_doubled_or_moved_is_not_explained(lines: list[Entry]) -> None:
    assert explain(replace(RECORD, entries=lines)).unexplained


def test_somebody_may_ask_to_go_back_a_line_earlier() -> None:
    lines = dict(spoiled(RECORD.entries))["8 before 7"]
    assert not explain(replace(RECORD, entries=lines)).unexplained


@pytest.mark.parametrize("writes", [pytest.param(writes, id=what) for what, writes in spoiled(RECORD.writes)])
def test_a_write_that_is_missing_doubled_or_moved_is_not_explained(writes: list[Write]) -> None:
    assert explain(replace(RECORD, writes=writes)).unexplained


@pytest.mark.parametrize(
    ("number", "changed"),
    [
        (1, {"epoch": 2}), (3, {"intent_rv": "454"}), (3, {"step": 2}), (3, {"to": BLUE}), (4, {"state": "marking"}), (6, {"result": "void"}),
        (6, {"rv": "457"}), (6, {"how": "answered"}), (9, {"reason": "preflight"}), (12, {"returning": False, "epoch": 4}),
        (16, {"state": "succeeded"}),
    ],
)  # fmt: skip
def test_a_line_that_says_something_else_is_not_explained(number: int, changed: dict[str, Any]) -> None:
    entry = RECORD.entries[number]
    entries = [*RECORD.entries[:number], entry._replace(body={**entry.body, **changed}), *RECORD.entries[number + 1 :]]
    assert explain(replace(RECORD, entries=entries)).unexplained


@pytest.mark.parametrize(
    ("number", "changed"),
    [(0, {"tests": "312"}), (1, {"epoch": 3}), (1, {"marker": ""}), (1, {"selector": text(BLUE)}), (2, {"selector": text(BLUE)}), (4, {"uid": "v"})],
)
def test_a_write_that_is_another_one_is_not_explained(number: int, changed: dict[str, Any]) -> None:
    writes = [*RECORD.writes[:number], RECORD.writes[number]._replace(**changed), *RECORD.writes[number + 1 :]]
    assert explain(replace(RECORD, writes=writes)).unexplained


def test_a_row_in_another_state_than_the_audit_leaves_it_is_not_explained() -> None:
    assert explain(replace(RECORD, states={ONE: "succeeded"})).unexplained


def test_what_is_not_explained_is_said_with_where_it_stands() -> None:
    lines = [one for one in RECORD.entries if one.action != "UNKNOWN"]
    said = explain(replace(RECORD, entries=lines)).unexplained
    assert "After 5 lines" in said, "the claim is told before what an executor writes that sets a switch aside"
    assert "operation 0 is applying" in said
    assert "goes on with OUTCOME {'result': 'applied', 'step': 1, 'rv': '454'" in said


def test_two_operations_on_one_service_are_explained_one_after_the_other() -> None:
    asked = [(BACK, "REQUESTED", MOVED), (BACK, "CLAIMED", {"epoch": 1, "state": "marking"}), (BACK, "PREFLIGHT", {})]
    after = replace(RECORD, entries=[*RECORD.entries, *(Entry(*line) for line in asked)], states={ONE: "rolled_back", BACK: "marking"})
    assert not explain(after).unexplained
    both_open = replace(after, entries=[*after.entries[:-4], *after.entries[-3:]], states={BACK: "marking"})
    assert explain(both_open).unexplained


def line(*, version: str, query: str = "", verb: str = "patch", code: int = 200, patch: Any = None, annotations: dict[str, str] | None = None) -> Any:
    after = {"metadata": {"resourceVersion": version, "uid": "u", "annotations": annotations or {}}, "spec": {"selector": BLUE}}
    about = {"resource": "services", "namespace": "store", "name": "shop"}
    asked = {"objectRef": about, "requestURI": f"/x?{query}", "verb": verb, "requestObject": patch}
    return asked | {"responseStatus": {"code": code}, "responseObject": after}


def test_the_log_is_read_in_the_order_of_the_versions_and_without_what_changed_nothing() -> None:
    mark = planning.mark_patch(uid="u", resource_version="3", annotations={}, fence="vm-1-ab:7:cd")
    fenced = {planning.FENCE: "vm-1-ab:7:cd"}
    log = [
        line(version="5"), line(version="5"), line(version="9", query="dryRun=All"), line(version="9", code=409), line(version="9", verb="delete"),
        line(version="4", query="fieldManager=clusterview", patch=mark, annotations=fenced),
        line(version="4", query="fieldManager=clusterview", patch=mark, annotations=fenced),
    ]  # fmt: skip
    found = explaining.versions_in(log, namespace="store", service="shop")
    ours = Write("4", "u", text(BLUE), "", is_ours=True, tests="3", epoch=7)
    assert found == [ours, ours, Write("5", "u", text(BLUE), "")]
    assert explaining.versions_in(log, namespace="store", service="other") == []
