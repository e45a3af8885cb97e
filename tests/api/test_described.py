"""The description says what each operation may answer, how, and which values it takes: a client that was made of it meets no surprise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from clusterview.api import refusing
from clusterview.api.rest import api
from clusterview.models import Sizing
from clusterview.models.people import Role
from clusterview.topology import objects
from clusterview.traffic import holding, requesting, resizing, states, words
from dashboard import answering
from tests.api.test_queries import operations

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]
DESCRIBED: dict[str, Any] = api.get_openapi_schema()
SCHEMAS: dict[str, Any] = DESCRIBED["components"]["schemas"]
SHAPE = {"application/json": {"schema": {"$ref": "#/components/schemas/Refused"}}}


def described() -> list[Any]:
    """Each operation of the description, by method and address."""
    found = [pytest.param(method, path, one, id=f"{method} {path}") for path, ways in DESCRIBED["paths"].items() for method, one in ways.items()]
    assert len(found) > 20
    return found


def test_each_operation_that_the_router_has_is_described() -> None:
    there = {(method.lower(), "/api/v1" + re.sub(r"{\w+:", "{", path)) for method, path, _ in operations(api)}
    assert there == {(method, path) for path, ways in DESCRIBED["paths"].items() for method in ways}


@pytest.mark.parametrize(("method", "path", "operation"), described())
def test_each_operation_names_the_refusals_that_it_can_answer_in_their_one_shape(method: str, path: str, operation: dict[str, Any]) -> None:
    refusals = {status: told for status, told in operation["responses"].items() if status >= 400}
    needed = {400, 401, 413, 500, 503}
    needed |= {404} if "{" in path or any(one["name"] == "before" and "uuid" in str(one) for one in operation["parameters"]) else set()
    needed |= {403} if method != "get" else set()  # of a session without its CSRF token, if of nothing else
    needed |= {409} if any(one["name"] == "Idempotency-Key" for one in operation["parameters"]) else set()
    needed |= {422} if "requestBody" in operation or "preflight" in path else set()
    assert needed <= set(refusals)
    assert [told["content"] for told in refusals.values()] == [SHAPE] * len(refusals)


@pytest.mark.parametrize(("method", "path", "operation"), described())
def test_each_operation_says_what_it_answers_where_it_does_what_it_was_asked_for(method: str, path: str, operation: dict[str, Any]) -> None:
    ((status, told),) = [one for one in operation["responses"].items() if one[0] < 400]
    assert status in (200, 202) and told["content"] and operation["description"]


@pytest.mark.parametrize(("method", "path", "operation"), described())
def test_each_value_that_an_operation_takes_has_bounds(method: str, path: str, operation: dict[str, Any]) -> None:
    asked = [(one["name"], one["schema"]) for one in operation["parameters"] if one["in"] in ("query", "header")]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        asked += SCHEMAS[content["schema"]["$ref"].rpartition("/")[2]]["properties"].items()
    assert [name for name, schema in asked if not all(map(is_bounded, plain(schema)))] == []


def plain(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas of single values that it is made of, and of the lists and maps that hold them."""
    if "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from plain(one)
        return
    if schema.get("type") != "null":
        yield schema
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from plain(inner)


def is_bounded(schema: dict[str, Any]) -> bool:
    match schema["type"]:
        case "boolean":
            return True
        case "integer":
            return bool({"minimum", "exclusiveMinimum"} & schema.keys()) and bool({"maximum", "exclusiveMaximum"} & schema.keys())
        case "array":
            return "maxItems" in schema
        case "object":
            return "maxProperties" in schema
        case _:
            return bool({"maxLength", "format", "enum"} & schema.keys())


@pytest.mark.parametrize(
    ("schema", "name", "bounds"),
    [
        ("Keep", "minutes", {"minimum": 1, "maximum": requesting.LONGEST_KEEP_MINUTES}),
        ("ScaleDown", "replicas", {"minimum": 0, "maximum": resizing.MOST_REPLICAS}),
        ("SwitchRequest", "overlap_seconds", {"minimum": 0, "maximum": requesting.LONGEST_OVERLAP_SECONDS}),
        ("SwitchRequest", "keep_seconds", {"minimum": holding.SHORTEST_KEEP_SECONDS, "maximum": holding.LONGEST_KEEP_SECONDS}),
        ("GroupRequest", "services", {"minItems": 2, "maxItems": requesting.LARGEST_GROUP}),
    ],
)
def test_the_bounds_that_are_described_are_those_that_are_kept(schema: str, name: str, bounds: dict[str, int]) -> None:
    told = SCHEMAS[schema]["properties"][name]
    told = told.get("anyOf", [told])[0]
    assert told | bounds == told


def test_so_are_the_bounds_of_a_group_in_a_query() -> None:
    parameters = DESCRIBED["paths"]["/api/v1/clusters/{cluster}/groups/preflight"]["get"]["parameters"]
    (told,) = [one["schema"] for one in parameters if one["name"] == "services"]
    assert (told["minItems"], told["maxItems"]) == (2, requesting.LARGEST_GROUP)


@pytest.mark.parametrize(
    ("schema", "name", "values"),
    [
        ("Refused", "code", {*refusing.SENTENCES, *words.REFUSALS, json.loads(answering.TOO_LARGE)["code"]}),
        ("Switch", "state", {"", *states.State}),
        ("Begun", "state", set(states.State)),
        ("Switch", "reason", {"", *words.REASONS}),
        ("Size", "purpose", set(Sizing.Purpose.values)),
        ("Check", "code", {code for code, _ in words.CHECKS}),
        ("Me", "role", set(Role.values)),
        ("Named", "kind", set(objects.Kind)),
        ("ClusterFacts", "state", {"live", "stale", "lost"}),
    ],
)
def test_what_is_one_of_a_few_words_says_which(schema: str, name: str, values: set[str]) -> None:
    assert set(SCHEMAS[schema]["properties"][name]["enum"]) == values


def test_the_examples_are_taken_as_they_are(lab: None, bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def note(**values: Any) -> None:
        asked.append(values)
        raise refusing.Refusal(409, "not_found")

    for name in ("request_switch", "request_group"):
        monkeypatch.setattr(requesting, name, note)
    operator = bearer("operator")
    for path, schema in (("switches", "SwitchRequest"), ("groups", "GroupRequest")):
        (example,) = SCHEMAS[schema]["examples"]
        operator.post(f"/api/v1/clusters/lab/{path}", example, content_type="application/json")
        assert example.items() <= asked.pop().items()


def test_the_stream_of_changes_is_described_as_one_with_the_place_to_go_on_from() -> None:
    operation = DESCRIBED["paths"]["/api/v1/clusters/{cluster}/changes"]["get"]
    assert list(operation["responses"][200]["content"]) == ["text/event-stream"]
    assert [one["name"] for one in operation["parameters"] if one["in"] == "header"] == ["Last-Event-ID"]
    assert 429 in operation["responses"]


def test_how_fresh_applications_are_is_described(lab: None, bearer: Bearer) -> None:
    said = DESCRIBED["paths"]["/api/v1/clusters/{cluster}/applications"]["get"]["responses"][200]["headers"]
    answer = bearer("viewer").get("/api/v1/clusters/lab/applications")
    assert {name for name in answer.headers if name.startswith("Clusterview-")} == set(said)
