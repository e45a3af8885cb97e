"""What selects pods: a Service's plain map, what it becomes when one value is exchanged, and the LabelSelector of every other kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

POD_TEMPLATE_HASH = "pod-template-hash"
REVISION_HASH = "controller-revision-hash"
HASHES = frozenset({POD_TEMPLATE_HASH, "rollouts-pod-template-hash", REVISION_HASH})  # the next rollout changes each of them


def matches(*, selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """This will tell whether the labels carry every pair of the selector. An empty selector matches nothing here, as in a Service."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def without(*, selector: Mapping[str, str], key: str) -> dict[str, str]:
    return {name: value for name, value in selector.items() if name != key}


def exchanged(*, selector: Mapping[str, str], key: str, value: str) -> dict[str, str]:
    """This will return the selector with another value for `key`, all other pairs kept."""
    return {**selector, key: value}


def text(selector: Mapping[str, str] | None) -> str:
    """This will write the selector as kubectl does: `app=shop,slot=blue`, `<none>` where there is none."""
    return ",".join(f"{key}={value}" for key, value in sorted((selector or {}).items())) or "<none>"


class Selection(msgspec.Struct, frozen=True):
    """A LabelSelector: everything in it must hold, and an empty one selects every pod (a Service's empty selector selects none).

    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements
    """

    match_labels: dict[str, str] = {}
    match_expressions: tuple[dict[str, Any], ...] = ()

    def selects(self, labels: Mapping[str, str]) -> bool:
        pairs = all(labels.get(key) == value for key, value in self.match_labels.items())
        return pairs and all(_holds(one, labels) for one in self.match_expressions)


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """An operator that is not known selects nothing, so nothing is said of it that may be wrong."""
    value, values = labels.get(str(expression.get("key"))), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return value is not None and value in values
        case "NotIn":
            return value is None or value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False
