"""A body says each thing once and in its own type: `false` is no number and 7 is no text, and of two values none is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from clusterview.api import sizes, switches
from clusterview.models import Sizing, Switch

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]
LAB = "/api/v1/clusters/lab"
OLD = f"/api/v1/switches/{UUID(int=7)}"
ONE: dict[str, Any] = {"namespace": "store", "service": "shop", "to": "green"}
GROUP: dict[str, Any] = {"namespace": "store", "services": ["shop", "post"], "to": "green"}


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was asked of those who act."""
    asked: list[dict[str, Any]] = []

    def note(row: Switch | Sizing, **values: Any) -> Any:
        asked.append(values)
        return row

    monkeypatch.setattr(switches, "found", lambda _: Switch())
    monkeypatch.setattr(switches.reporting, "summary", lambda _: {})
    monkeypatch.setattr(switches.requesting, "request_switch", lambda **values: note(Switch(), **values))
    monkeypatch.setattr(switches.requesting, "request_group", lambda **values: [note(Switch(), **values)])
    monkeypatch.setattr(switches.requesting, "keep", lambda **values: note(Switch(), **values))
    monkeypatch.setattr(sizes.resizing, "scale_down", lambda switch, **values: note(Sizing(), **values))
    monkeypatch.setattr(sizes.resizing, "warm_up", lambda **values: note(Sizing(), **values))
    return asked


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        (f"{OLD}/scale-down", {"replicas": False}, "replicas"),
        (f"{OLD}/scale-down", {"replicas": "0"}, "replicas"),
        (f"{OLD}/scale-down", {"replicas": 1.0}, "replicas"),
        (f"{OLD}/scale-down", {"replicas": None}, "replicas"),
        (f"{OLD}/keep", {"minutes": True}, "minutes"),
        (f"{LAB}/switches", ONE | {"overlap_seconds": False}, "overlap_seconds"),
        (f"{LAB}/switches", ONE | {"keep_seconds": "600"}, "keep_seconds"),
        (f"{LAB}/switches", ONE | {"to": 7}, "to"),
        (f"{LAB}/switches", ONE | {"to": True}, "to"),
        (f"{LAB}/switches", ONE | {"accept": "headless"}, "accept"),
        (f"{LAB}/switches", ONE | {"accept": [1]}, "accept.0"),
        (f"{LAB}/switches", ONE | {"expected": {"slot": 1}}, "expected.slot"),
        (f"{LAB}/groups", GROUP | {"services": ["shop", 1]}, "services.1"),
        (f"{LAB}/groups", GROUP | {"keep_seconds": "600"}, "keep_seconds"),
        (f"{LAB}/warm-ups", ONE | {"service": 1}, "service"),
        (f"{LAB}/warm-ups", ONE | {"target": "3"}, "target"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(
    path: str, body: dict[str, Any], place: str, lab: None, bearer: Bearer, done: list[dict[str, Any]]
) -> None:
    answer = bearer("operator").post(path, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"][0]["at"] == f"body.asked.{place}"
    assert not done


NOT_THEIRS = ("actor", "epoch", "group", "is_superuser", "open", "requested_by", "reverses", "role", "state", "team")


@pytest.mark.parametrize("name", NOT_THEIRS)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{LAB}/switches", ONE), (f"{LAB}/groups", GROUP), (f"{LAB}/warm-ups", ONE), (f"{OLD}/scale-down", {"replicas": 0}),
        (f"{OLD}/keep", {"minutes": 5}),
    ],
)  # fmt: skip
def test_what_is_not_asked_for_is_refused_by_name_t53(
    path: str, body: dict[str, Any], name: str, lab: None, bearer: Bearer, done: list[dict[str, Any]]
) -> None:
    answer = bearer("operator").post(path, body | {name: "1"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert [one["at"] for one in answer.json()["detail"]] == [f"body.asked.{name}"]
    assert not done


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        (f"{OLD}/scale-down", b'{"replicas": 3, "replicas": 0}', "replicas"),
        (f"{LAB}/switches", b'{"namespace": "store", "service": "shop", "to": "blue", "to": "green"}', "to"),
        (f"{LAB}/switches", b'{"namespace": "store", "service": "shop", "to": "green", "expected": {"slot": "a", "slot": "a"}}', "slot"),
    ],
)
def test_a_key_that_is_there_twice_is_refused_by_name(
    path: str, body: bytes, key: str, lab: None, bearer: Bearer, done: list[dict[str, Any]]
) -> None:
    answer = bearer("operator").post(path, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"] == [{"at": "body", "problem": f"the key '{key}' is there more than once"}]
    assert not done


@pytest.mark.parametrize("body", [b"{", b"replicas=0", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused_and_said_so(body: bytes, lab: None, bearer: Bearer, done: list[dict[str, Any]]) -> None:
    answer = bearer("operator").post(f"{OLD}/scale-down", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"][0]["at"]) == (400, "bad_request", "body")
    assert answer.json()["detail"][0]["problem"]
    assert not done


@pytest.mark.parametrize(
    ("path", "body", "taken"),
    [
        (f"{OLD}/scale-down", {"replicas": 2}, {"replicas": 2}),
        (f"{OLD}/scale-down", {}, {"replicas": 0}),
        (f"{OLD}/keep", {"minutes": 60}, {"minutes": 60}),
        (f"{LAB}/switches", ONE | {"overlap_seconds": 5, "keep_seconds": None}, {"overlap_seconds": 5, "keep_seconds": None}),
        (f"{LAB}/switches", ONE | {"accept": ["headless"]}, {"accept": ["headless"]}),
        (f"{LAB}/groups", GROUP | {"expected": {"shop": {"slot": "blue"}}}, {"expected": {"shop": {"slot": "blue"}}}),
        (f"{LAB}/groups", GROUP | {"keep_seconds": 3600}, {"keep_seconds": 3600}),
        (f"{LAB}/warm-ups", ONE, {"to": "green", "target": None}),
        (f"{LAB}/warm-ups", ONE | {"target": 3}, {"to": "green", "target": 3}),
    ],
)
def test_what_is_as_described_is_taken_as_it_was_said(
    path: str, body: dict[str, Any], taken: dict[str, Any], lab: None, bearer: Bearer, done: list[dict[str, Any]]
) -> None:
    client = bearer("operator")
    client.raise_request_exception = False
    client.post(path, body, content_type="application/json")
    assert [{name: one[name] for name in taken} for one in done] == [taken]
