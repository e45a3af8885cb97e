"""One of each value, however many objects have it.

Pods of one controller have equal labels, owners and containers, and each was decoded by itself: sharing them halves what a pod takes, and makes
comparing two versions of one a comparison of addresses. Values are frozen or never changed by anybody. Threads may share too many times over.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

K = TypeVar("K")
T = TypeVar("T")

KEPT_BYTES = 64 * 1024 * 1024  # beyond that, all are forgotten: those in use stay with their objects
LARGE_BYTES = 64 * 1024  # a larger one is kept by its objects alone: Kubernetes lets one have it, and write others each second
LARGE = 200  # so is a map of more pairs, whose hash is not even made
BESIDE_BYTES, TIMES = 300, 8  # what a value takes beside what it says, and for each byte of that: most texts are short

_encode = msgspec.msgpack.Encoder().encode


class Kept(dict[K, T]):
    """Values by key, which says about as much as its value does."""

    def __init__(self) -> None:
        self._bytes = 0

    def keep(self, key: K, value: T) -> T:
        """This will keep a value that is new, and give it back. Two threads may count less than there is, until all are forgotten."""
        size = BESIDE_BYTES + TIMES * len(_encode(value))
        if size > LARGE_BYTES:
            return value
        if self._bytes + size > KEPT_BYTES:
            self.clear()
            self._bytes = 0
        self._bytes += size
        return self.setdefault(key, value)


_values: Kept[Any, Any] = Kept()
_maps: Kept[int, dict[str, str]] = Kept()  # by their hash: their own keys would be larger than they are


def one_of(value: T) -> T:
    """This will give the first value that was equal to this one. It must be hashable, and not None."""
    found: T | None = _values.get(value)
    return found if found is not None else _values.keep(value, value)


def map_of(value: dict[str, str]) -> dict[str, str]:
    """The same for a map, which nobody may change afterwards. Of two with one hash the first is known."""
    if len(value) > LARGE:
        return value
    key = hash(frozenset(value.items()))
    found = _maps.get(key)
    if found is None:
        return _maps.keep(key, value)
    return found if found == value else value
