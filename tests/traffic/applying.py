"""JSON Patch as far as the product sends it."""

from __future__ import annotations

import copy
from typing import Any


def apply(document: dict[str, Any], operation: dict[str, Any]) -> None:
    """One operation of a JSON Patch (RFC 6902): test, replace or add of a member. Raises ValueError for a failed test, KeyError for no such place."""
    *path, last = [token.replace("~1", "/").replace("~0", "~") for token in operation["path"].split("/")[1:]]
    place = document
    for token in path:
        place = place[token]
    if operation["op"] == "test":
        if place.get(last) != operation["value"]:
            raise ValueError(f"{operation['path']} is {place.get(last)!r}")
        return
    if operation["op"] == "replace" and last not in place:
        raise KeyError(operation["path"])
    place[last] = copy.deepcopy(operation["value"])
