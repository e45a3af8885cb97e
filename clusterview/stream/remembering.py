"""What came last, so that somebody who comes back to a place need not be told everything again: bounded in number and in bytes, for a step may be
a pod's change or a deployment of thousands.
"""

from __future__ import annotations

import collections
from typing import Generic, TypeVar

from clusterview.stream.messages import Position

STEPS = 1_000
MOST_BYTES = 4 * 1024 * 1024

T = TypeVar("T")


class Remembered(Generic[T]):
    """The last steps of one epoch, one for each sequence number."""

    def __init__(self) -> None:
        self._steps: collections.deque[tuple[T, int]] = collections.deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._steps)

    def append(self, step: T, *, size: int) -> None:
        """This will keep a step that holds about so many bytes, and forget the oldest ones where they are too many."""
        self._steps.append((step, size))
        self._bytes += size
        while len(self._steps) > STEPS or self._bytes > MOST_BYTES:
            self._bytes -= self._steps.popleft()[1]

    def clear(self) -> None:
        """This will forget all of them."""
        self._steps.clear()
        self._bytes = 0

    def after(self, place: Position, *, newest: Position | None) -> list[T] | None:
        """The steps that came after a place, `newest` being that of the last one; None where not all of them are remembered."""
        if newest is None or place.epoch != newest.epoch:
            return None
        missed = newest.sequence - place.sequence
        if not 0 <= missed <= len(self._steps):
            return None
        return [step for step, _ in list(self._steps)[len(self._steps) - missed :]]
