"""Label and field selectors as they stand in a query: `slot in (blue,green),!legacy`, `spec.nodeName=node-1,status.phase!=Failed`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from clusterview.practice import problems
from clusterview.practice.objects import Object, labels_of
from clusterview.practice.resources import Resource

Test = Callable[[Object], bool]

FIELDS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase", "status.podIP"),
    "Event": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
        "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ),
    "Node": ("spec.unschedulable",),
    "Namespace": ("status.phase",),
    "ReplicaSet": ("status.replicas",),
    "Job": ("status.successful",),
    "Secret": ("type",),
    "Service": ("spec.clusterIP", "spec.type"),
}  # fmt: skip
TERM = re.compile(
    r"\s*(?P<not>!?)\s*(?P<key>[\w./-]+)\s*(?:(?P<sign>==|!=|=)\s*(?P<value>[\w.-]*)|(?P<word>in|notin)\s*\((?P<values>[^)]*)\))?\s*(?:,|\Z)"
)


def by_labels(text: str) -> list[Test]:
    """This will read a label selector. Raises Problem 400 for what is none."""
    tests, place = [], 0
    while place < len(text):
        found = TERM.match(text, place)
        if found is None or (found["not"] and (found["sign"] or found["word"])):
            raise problems.bad_request(f"unable to parse requirement: found '{text[place:]}'")
        tests.append(_label_test(found))
        place = found.end()
    return tests


def _label_test(found: re.Match[str]) -> Test:
    key = found["key"]
    if found["sign"]:
        value, wanted = found["value"], found["sign"] != "!="
        return lambda item: (labels_of(item).get(key) == value) is wanted
    if found["word"]:
        values = {one.strip() for one in found["values"].split(",")}
        wanted = found["word"] == "in"
        return lambda item: (labels_of(item).get(key) in values) is wanted
    there = not found["not"]
    return lambda item: (key in labels_of(item)) is there


def by_fields(resource: Resource, text: str) -> list[Test]:
    """This will read a field selector. Raises Problem 400 for a field by which this resource cannot be selected."""
    return [_field_test(resource, term) for term in text.split(",") if term]


def _field_test(resource: Resource, term: str) -> Test:
    found = re.fullmatch(r"([\w.]+)(==|!=|=)(.*)", term)
    if found is None:
        raise problems.bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    field, sign, value = found.groups()
    if field not in ("metadata.name", "metadata.namespace", *FIELDS.get(resource.kind, ())):
        raise problems.bad_request(_unknown_field(resource, field))
    wanted = sign != "!="
    return lambda item: (text_of(item, field) == value) is wanted


def _unknown_field(resource: Resource, field: str) -> str:
    """As each kind's own code words it."""
    if resource.kind == "Job":
        return f'field label "{field}" not supported for Job'
    if resource.kind in FIELDS:
        return f"field label not supported: {field}"
    return f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def text_of(item: Object, field: str) -> str:
    """A field as a selector compares it: nothing is the empty text, truth is `true`."""
    if field == "source":
        return str((item.get("source") or {}).get("component") or item.get("reportingComponent") or "")
    found: Any = item
    for part in field.split("."):
        found = (found or {}).get(part)
    if field == "spec.unschedulable":
        return "true" if found else "false"
    return "" if found is None else str(found)


def passes(item: Object, tests: Iterable[Test]) -> bool:
    return all(test(item) for test in tests)
