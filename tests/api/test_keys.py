"""A key that makes a request safe to repeat is taken as a whole, or refused: two that begin alike are two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from clusterview.api import sizes, switches
from clusterview.models import Sizing, Switch

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]
ONE: dict[str, Any] = {"namespace": "store", "service": "shop", "to": "green"}
GROUP: dict[str, Any] = {"namespace": "store", "services": ["shop", "post"], "to": "green"}
WAYS = [("switches", ONE), ("groups", GROUP), ("warm-ups", ONE)]


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The keys that were let through; nothing is begun."""
    keys: list[str | None] = []

    def begin(row: Switch | Sizing, *, idempotency_key: str | None, **_: Any) -> Switch | Sizing:
        keys.append(idempotency_key)
        return row

    monkeypatch.setattr(switches.requesting, "request_switch", lambda **asked: begin(Switch(), **asked))
    monkeypatch.setattr(switches.requesting, "request_group", lambda **asked: [begin(Switch(), **asked)])
    monkeypatch.setattr(sizes.resizing, "warm_up", lambda **asked: begin(Sizing(), **asked))
    return keys


@pytest.mark.parametrize(("path", "body"), WAYS)
def test_a_key_that_is_too_long_empty_or_holds_nul_is_refused_by_name(
    path: str, body: dict[str, Any], lab: None, bearer: Bearer, taken: list[str | None]
) -> None:
    client = bearer("operator")
    for key in ("k" * 129, "", "a\0"):
        answer = client.post(f"/api/v1/clusters/lab/{path}", body, content_type="application/json", headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request"), key
        assert answer.json()["detail"][0]["at"] == "header.Idempotency-Key"
    assert not taken


@pytest.mark.parametrize(("path", "body"), WAYS)
def test_two_keys_that_differ_in_their_last_character_are_two(
    path: str, body: dict[str, Any], lab: None, bearer: Bearer, taken: list[str | None]
) -> None:
    client, keys = bearer("operator"), ["k" * 127 + "1", "k" * 127 + "2"]
    for key in keys:
        headers = {"Idempotency-Key": key}
        assert client.post(f"/api/v1/clusters/lab/{path}", body, content_type="application/json", headers=headers).status_code == 202
    assert client.post(f"/api/v1/clusters/lab/{path}", body, content_type="application/json").status_code == 202
    assert taken == [*keys, None]


def test_how_long_a_key_may_be_is_described(lab: None, bearer: Bearer) -> None:
    described = bearer("viewer").get("/api/v1/openapi.json").json()["paths"]
    for path, _ in WAYS:
        (key,) = [one for one in described[f"/api/v1/clusters/{{cluster}}/{path}"]["post"]["parameters"] if one["in"] == "header"]
        assert (key["name"], key["required"], key["schema"]["anyOf"][0]["maxLength"]) == ("Idempotency-Key", False, 128)
