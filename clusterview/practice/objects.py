"""API objects as plain dicts, and what everybody asks of them. An object in the store is never changed: whoever writes makes another one."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]


def stamp(at: float) -> str:
    """This will write unix seconds as the API does: whole seconds, UTC."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(at: float) -> str:
    """This will write unix seconds with microseconds, as Leases do."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str | None) -> float | None:
    """This will read a timestamp of the API as unix seconds."""
    return datetime.fromisoformat(text).timestamp() if text else None


def name_of(item: Object) -> str:
    return str(item["metadata"].get("name", ""))


def namespace_of(item: Object) -> str:
    return str(item["metadata"].get("namespace", ""))


def uid_of(item: Object) -> str:
    return str(item["metadata"].get("uid", ""))


def labels_of(item: Object) -> dict[str, str]:
    return item["metadata"].get("labels") or {}


def annotations_of(item: Object) -> dict[str, str]:
    return item["metadata"].get("annotations") or {}


def is_ending(item: Object) -> bool:
    return bool(item["metadata"].get("deletionTimestamp"))


def addresses_of(item: Object) -> list[Object]:
    """Where a Service or an Ingress is answered from outside; nothing while nobody has given it an address."""
    return ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []


def controller_of(item: Object) -> Object | None:
    """The owner reference that says who controls the object."""
    return next((one for one in item["metadata"].get("ownerReferences") or () if one.get("controller")), None)


def owned_by(owner: Object) -> Object:
    """This will make the reference by which `owner` controls another object."""
    return {
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": name_of(owner), "uid": uid_of(owner),
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip


def changed(item: Object, **parts: Any) -> Object:
    """This will copy the object with some of its top-level parts replaced; the other parts are shared."""
    return {**item, **parts}


def with_metadata(item: Object, **parts: Any) -> Object:
    """This will copy the object with some of its metadata replaced; None takes a part away."""
    metadata = {key: value for key, value in {**item["metadata"], **parts}.items() if value is not None}
    return {**item, "metadata": metadata}


def whole_copy(item: Object) -> Object:
    return copy.deepcopy(item)


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """This will tell whether a LabelSelector matches. None selects nothing and an empty one everything, as the API says."""
    if selector is None:
        return False
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions: Iterable[Mapping[str, Any]] = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted.items()) and all(_holds(one, labels) for one in expressions)


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def condition(item: Object, type: str) -> Object | None:
    """The condition of that type in the object's status."""
    return next((one for one in (item.get("status") or {}).get("conditions") or () if one.get("type") == type), None)


def is_true(item: Object, type: str) -> bool:
    found = condition(item, type)
    return found is not None and found.get("status") == "True"


def with_condition(conditions: Iterable[Object], *, type: str, status: str, now: float, reason: str = "", message: str = "") -> list[Object]:
    """This will set a condition among the others; its transition time moves only when its status does."""
    listed = list(conditions)
    before = next((one for one in listed if one["type"] == type), None)
    at = before["lastTransitionTime"] if before is not None and before["status"] == status else stamp(now)
    made = (
        {"type": type, "status": status, "lastTransitionTime": at}
        | ({"reason": reason} if reason else {})
        | ({"message": message} if message else {})
    )
    if before is None:
        return [*listed, made]
    return [{**one, **made} if one is before else one for one in listed]


def digest(text: str, *, length: int = 10) -> str:
    """This will make a short name part of a text, from the letters that Kubernetes uses for its own (no vowels, nothing to misread)."""
    letters = "bcdfghjklmnpqrstvwxz2456789"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return "".join(letters[number // len(letters) ** place % len(letters)] for place in range(length))


def share(text: str) -> float:
    """This will make a number from 0 to 1 of a text, always the same: chance that a test can repeat."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
