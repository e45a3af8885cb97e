"""A text that PostgreSQL does not hold is refused at the door, by name, whichever database there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from clusterview.models import Switch

pytestmark = pytest.mark.django_db(transaction=True)
Bearer = Callable[[str], Client]
SWITCH: dict[str, Any] = {"namespace": "store", "service": "shop", "to": "green"}
GROUP: dict[str, Any] = {"namespace": "store", "services": ["shop", "post"], "to": "green"}
HOLDS_ANY = ("format", "enum", "const")


@pytest.mark.parametrize("name", ["cluster", "person", "action"])
def test_nul_in_a_query_is_refused_and_named(name: str, lab: None, bearer: Bearer) -> None:
    answer = bearer("viewer").get(f"/api/v1/audit?{name}=a%00")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"][0]["at"].startswith(f"query.{name}")


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("switches", SWITCH | {"namespace": "\0"}, "namespace"),
        ("switches", SWITCH | {"service": "shop\0"}, "service"),
        ("switches", SWITCH | {"to": "\0"}, "to"),
        ("switches", SWITCH | {"accept": ["headless", "\0"]}, "accept.1"),
        ("switches", SWITCH | {"expected": {"slot": "\0"}}, "expected.slot"),
        ("switches", SWITCH | {"service": "\ud800"}, "service"),
        ("groups", GROUP | {"services": ["shop", "\0"]}, "services.1"),
        ("groups", GROUP | {"accept": ["\0"]}, "accept.0"),
        ("warm-ups", SWITCH | {"service": "\0"}, "service"),
    ],
)
def test_nul_in_a_body_is_refused_and_named(path: str, body: dict[str, Any], place: str, lab: None, bearer: Bearer) -> None:
    answer = bearer("operator").post(f"/api/v1/clusters/lab/{path}", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"][0]["at"] == f"body.asked.{place}"
    assert not Switch.objects.exists()


@pytest.mark.parametrize(("length", "at"), [(317, ""), (318, "expected")])
def test_a_label_s_key_may_be_as_long_as_kubernetes_has_them(length: int, at: str, lab: None, bearer: Bearer) -> None:
    body = SWITCH | {"expected": {"k" * length: "blue"}}
    answer = bearer("operator").post("/api/v1/clusters/lab/switches", body, content_type="application/json").json()
    assert answer["code"] == ("bad_request" if at else "not_armed")


def test_every_text_that_is_taken_is_guarded(lab: None, bearer: Bearer) -> None:
    described = bearer("viewer").get("/api/v1/openapi.json").json()
    taken = [one for path in described["paths"].values() for operation in path.values() for one in places(operation, described)]
    assert {"query person", "SwitchRequest.service", "SwitchRequest.accept"} <= {name for name, _ in taken}
    assert [name for name, text in taken if not any(one in text for one in ("pattern", *HOLDS_ANY))] == []


@pytest.mark.parametrize("path", ["/", "/api/v1/me", "/api/v1/audit"])
def test_a_cookie_with_nul_is_of_no_session(path: str, lab: None, client: Client) -> None:
    quoted = f'"\\000{"a" * 31}"'
    answer = client.get(path, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={quoted}"})
    assert answer.status_code == client.get(path).status_code < 500


def places(operation: dict[str, Any], described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every text that an operation takes in its query or its body, with its schema."""
    for one in operation.get("parameters", []):
        if one["in"] == "query":
            yield from texts(f"query {one['name']}", one["schema"])
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content["schema"]["$ref"].rpartition("/")[2]
        for field, schema in described["components"]["schemas"][name]["properties"].items():
            yield from texts(f"{name}.{field}", schema)


def texts(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if schema.get("type") == "string":
        yield name, schema
    inner = [schema.get("items"), schema.get("additionalProperties"), *schema.get("patternProperties", {}).values(), *schema.get("anyOf", [])]
    for one in inner:
        if isinstance(one, dict):
            yield from texts(name, one)
