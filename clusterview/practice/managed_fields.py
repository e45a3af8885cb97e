"""Who wrote which field last (`metadata.managedFields`), for writes that are no server-side apply.

The product asks it one question above all: which manager owns a Service's selector. So the whole of it is kept as the API describes it, but
lists count as one field unless strategic merge patch knows their key.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import json
from typing import Any

from clusterview.practice import strategic
from clusterview.practice.objects import Object, stamp

Path = tuple[str, ...]
WHOLE = {"selector", "matchLabels", "nodeSelector", "clusterIPs", "ipFamilies", "limits", "requests"}
KEPT_BY_THE_SERVER = {
    "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "name", "namespace", "selfLink", "generateName",
    "deletionTimestamp", "deletionGracePeriodSeconds",
}  # fmt: skip


def updated(*, before: Object | None, after: Object, manager: str, subresource: str, now: float) -> list[Object]:
    """This will tell the managers after a write: who changed a field owns it, and who owned it before does not any more."""
    entries = list((before or after)["metadata"].get("managedFields") or ()) if before is not None else []
    old, new = leaves(before) if before is not None else {}, leaves(after)
    touched = {path for path, value in new.items() if old.get(path, _NOTHING) != value}
    gone = old.keys() - new.keys()
    if not touched and not gone:
        return entries
    kept: list[Object] = []
    mine: set[Path] = set()
    for entry in entries:
        paths = decoded(entry["fieldsV1"]) - gone
        if _is_of(entry, manager=manager, subresource=subresource):
            mine = paths
        elif left := paths - touched:
            kept.append({**entry, "fieldsV1": encoded(left)})
    if mine | touched:
        kept.append(_entry(after, manager=manager, subresource=subresource, paths=mine | touched, now=now))
    return kept


_NOTHING = object()


def _is_of(entry: Object, *, manager: str, subresource: str) -> bool:
    return bool(entry["manager"] == manager and entry["operation"] == "Update" and entry.get("subresource", "") == subresource)


def _entry(item: Object, *, manager: str, subresource: str, paths: set[Path], now: float) -> Object:
    made = {"manager": manager, "operation": "Update", "apiVersion": item["apiVersion"], "time": stamp(now), "fieldsType": "FieldsV1"}
    return made | {"fieldsV1": encoded(paths)} | ({"subresource": subresource} if subresource else {})


def leaves(item: Object) -> dict[Path, Any]:
    """Each field that can have an owner, by its path in the API's own spelling."""
    found: dict[Path, Any] = {}
    for key, value in item.items():
        if key == "metadata":
            value = {name: one for name, one in value.items() if name not in KEPT_BY_THE_SERVER}
        if key not in ("apiVersion", "kind"):
            _collect(value, (f"f:{key}",), (key,), found)
    return found


def _collect(value: Any, path: Path, names: Path, found: dict[Path, Any]) -> None:
    if isinstance(value, dict) and value and names[-1] not in WHOLE:
        for key, one in value.items():
            _collect(one, (*path, f"f:{key}"), (*names, key), found)
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value) and (by := strategic.key_of(names)):
        for one in value:
            place = "k:" + json.dumps({by: one.get(by)}, separators=(",", ":"))
            for key, inner in one.items():
                _collect(inner, (*path, place, f"f:{key}"), (*names, key), found)
    else:
        found[path] = value


def encoded(paths: set[Path]) -> Object:
    """This will write the paths as FieldsV1."""
    made: Object = {}
    for path in sorted(paths):
        inside = made
        for part in path:
            inside = inside.setdefault(part, {})
    return made


def decoded(fields: Object, before: Path = ()) -> set[Path]:
    """This will read FieldsV1."""
    found: set[Path] = set()
    for part, inner in fields.items():
        found |= decoded(inner, (*before, part)) if inner else {(*before, part)}
    return found
