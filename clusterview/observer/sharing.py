"""One of each value, however many objects have it.

Pods of one controller have equal labels, owners and containers, and each was decoded by itself: sharing them halves what a pod takes, and makes
comparing two versions of one a comparison of addresses. Values are frozen or never changed by anybody. Threads may share too many times over.
"""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")

KEPT = 50_000  # beyond that, all are forgotten: those in use stay with their objects
LARGE = 200  # a map of more pairs is kept by its objects alone: Kubernetes lets one have thousands, and write others each second
_values: dict[Any, Any] = {}
_maps: dict[int, dict[str, str]] = {}  # by their hash: their own keys would be larger than they are


def one_of(value: T) -> T:
    """This will give the first value that was equal to this one. It must be hashable."""
    if len(_values) > KEPT:
        _values.clear()
    found: T = _values.setdefault(value, value)
    return found


def map_of(value: dict[str, str]) -> dict[str, str]:
    """The same for a map, which nobody may change afterwards. Of two with one hash the first is known."""
    if len(value) > LARGE:
        return value
    if len(_maps) > KEPT:
        _maps.clear()
    found = _maps.setdefault(hash(frozenset(value.items())), value)
    return found if found == value else value
