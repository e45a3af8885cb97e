"""Bodies in Kubernetes' protobuf, for the few kinds that kubectl sends in no other form: evictions (drain), reviews (auth), namespaces.

Each message is a table of field numbers, as the API's own `generated.proto` files give them; a kind without a table is refused (415).
https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from clusterview.practice import problems
from clusterview.practice.objects import Object

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
Scalar = Literal["text", "number", "flag"]


@dataclass(frozen=True)
class Field:
    """`inner` is the message's name for a field that is one; `many` for lists, `mapped` for maps of text."""

    name: str
    type: Scalar = "text"
    inner: str = ""
    many: bool = False
    mapped: bool = False


MESSAGES: dict[str, dict[int, Field]] = {
    "Unknown": {1: Field("typeMeta", inner="TypeMeta"), 2: Field("raw")},
    "TypeMeta": {1: Field("apiVersion"), 2: Field("kind")},
    "ObjectMeta": {
        1: Field("name"), 2: Field("generateName"), 3: Field("namespace"), 5: Field("uid"), 6: Field("resourceVersion"),
        11: Field("labels", mapped=True), 12: Field("annotations", mapped=True), 14: Field("finalizers", many=True),
    },
    "Preconditions": {1: Field("uid"), 2: Field("resourceVersion")},
    "DeleteOptions": {
        1: Field("gracePeriodSeconds", "number"), 2: Field("preconditions", inner="Preconditions"), 3: Field("orphanDependents", "flag"),
        4: Field("propagationPolicy"), 5: Field("dryRun", many=True),
    },
    "Eviction": {1: Field("metadata", inner="ObjectMeta"), 2: Field("deleteOptions", inner="DeleteOptions")},
    "NamespaceSpec": {1: Field("finalizers", many=True)},
    "Namespace": {1: Field("metadata", inner="ObjectMeta"), 2: Field("spec", inner="NamespaceSpec")},
    "ResourceAttributes": {
        1: Field("namespace"), 2: Field("verb"), 3: Field("group"), 4: Field("version"), 5: Field("resource"), 6: Field("subresource"),
        7: Field("name"),
    },
    "NonResourceAttributes": {1: Field("path"), 2: Field("verb")},
    "AccessSpec": {1: Field("resourceAttributes", inner="ResourceAttributes"), 2: Field("nonResourceAttributes", inner="NonResourceAttributes")},
    "SelfSubjectAccessReview": {1: Field("metadata", inner="ObjectMeta"), 2: Field("spec", inner="AccessSpec")},
    "RulesSpec": {1: Field("namespace")},
    "SelfSubjectRulesReview": {1: Field("metadata", inner="ObjectMeta"), 2: Field("spec", inner="RulesSpec")},
    "SelfSubjectReview": {1: Field("metadata", inner="ObjectMeta")},
}  # fmt: skip
KINDS = ("DeleteOptions", "Eviction", "Namespace", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SelfSubjectReview")


def read(body: bytes) -> Object:
    """This will read an object with its kind. Raises Problem 400 for what is no such body, 415 for a kind that has no table here."""
    if not body.startswith(MAGIC):
        raise problems.bad_request("the object provided is unrecognized: it does not begin with the protobuf magic number")
    try:
        envelope = dict(_fields(body[len(MAGIC) :]))
        kind = message(envelope[1], "TypeMeta")
        if kind.get("kind") not in KINDS:
            raise problems.wrong_media(("application/json",))
        return {"apiVersion": kind.get("apiVersion", ""), "kind": kind["kind"], **message(envelope.get(2, b""), kind["kind"])}
    except (IndexError, KeyError, UnicodeDecodeError, TypeError) as error:
        raise problems.bad_request("the object provided is unrecognized: the protobuf is broken") from error


def message(data: bytes, name: str) -> dict[str, Any]:
    """This will read one message by its table; fields that are not in it are left out."""
    found: dict[str, Any] = {}
    for number, value in _fields(data):
        field = MESSAGES[name].get(number)
        if field is None:
            continue
        if field.mapped:
            pair = {one: raw.decode() for one, raw in _fields(value)}
            found.setdefault(field.name, {})[pair.get(1, "")] = pair.get(2, "")
        elif field.many:
            found.setdefault(field.name, []).append(_value(value, field))
        elif value != b"" or field.inner:  # a text that was not said is sent as an empty one
            found[field.name] = _value(value, field)
    return found


def _value(value: Any, field: Field) -> Any:
    if field.inner:
        return message(value, field.inner)
    match field.type:
        case "text":
            return value.decode()
        case "number":
            return value - 2**64 if value >= 2**63 else value
        case "flag":
            return bool(value)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Each field's number and its value: a number, or bytes."""
    place = 0
    while place < len(data):
        tag, place = _number(data, place)
        match tag & 7:
            case 0:
                value, place = _number(data, place)
                yield tag >> 3, value
            case 2:
                size, place = _number(data, place)
                if place + size > len(data):
                    raise IndexError
                yield tag >> 3, data[place : place + size]
                place += size
            case _:
                raise IndexError


def _number(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 127) << shift
        shift, place = shift + 7, place + 1
        if byte < 128:
            return value, place
