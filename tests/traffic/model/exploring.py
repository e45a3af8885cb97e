"""Visits every state of the model once, nearest first, so that the first broken promise comes with a shortest trace.

A state is kept as the numbers of its six parts, each part once: about 150 bytes. Whether everything that was begun can end is decided afterwards,
backwards over the moves that need neither a fault nor a wish.
"""

from __future__ import annotations

import contextlib
import gc
import struct
from array import array
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from clusterview.traffic.states import TERMINAL, State
from tests.traffic.model import happening, invariants
from tests.traffic.model.labels import Committed, Label
from tests.traffic.model.worlds import Bounds, Guards, World, first_world

PARTS = len(World._fields)
PACKED = struct.Struct(f"<{PARTS}I")
TELL_EVERY = 1 << 14


@dataclass(frozen=True)
class Broken:
    """One promise that does not hold, and a shortest way to where it breaks."""

    promise: str
    trace: tuple[Label, ...]

    def __str__(self) -> str:
        steps = "\n".join(f"  {number}. {label}" for number, label in enumerate(self.trace, start=1))
        return f"{self.promise}: {invariants.PROMISES[self.promise]}\n{steps}"


@dataclass
class Explored:
    """What an exploration saw. `went` are the transitions of rows that were committed."""

    states: int = 0
    edges: int = 0
    is_whole: bool = False
    broken: Broken | None = None
    went: set[tuple[State, State]] = field(default_factory=set)


def explore(
    *, bounds: Bounds, guards: Guards | None = None, promises: Collection[str] = invariants.PROMISES, most: int = 1 << 40,
    tell: Callable[[Explored], None] | None = None,
) -> Explored:  # fmt: skip
    """This will visit every state, at most `most`, and stop at the first broken one of these promises. `tell` is called now and then."""
    with without_collecting():
        return _Exploration(guards or Guards(), bounds, promises).run(most=most, tell=tell)


@contextlib.contextmanager
def without_collecting() -> Iterator[None]:
    """Nothing in an exploration is cyclic, and looking through millions of tuples for cycles takes twice as long as the work."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()


class _Exploration:
    def __init__(self, guards: Guards, bounds: Bounds, promises: Collection[str]) -> None:
        self.guards, self.bounds, self.promises = guards, bounds, promises
        self.numbers: list[dict[tuple[Any, ...], int]] = [{} for _ in range(PARTS)]
        self.parts: list[list[tuple[Any, ...]]] = [[] for _ in range(PARTS)]
        self.index: dict[bytes, int] = {}
        self.keys: list[bytes] = []
        self.came_from = array("I")
        self.free_from, self.free_to = array("I"), array("I")
        self.seen = Explored()

    def run(self, *, most: int, tell: Callable[[Explored], None] | None) -> Explored:
        seen, at = self.seen, 0
        self._add(self._key(first_world(self.bounds)), 0)
        while at < len(self.keys) < most and seen.broken is None:
            self._expand(at)
            at += 1
            if tell and not at % TELL_EVERY:
                tell(seen)
        seen.is_whole = at == len(self.keys) and seen.broken is None
        if seen.is_whole and "END" in self.promises and (stuck := self._stuck()) is not None:
            seen.broken = Broken("END", self._trace(stuck))
        return seen

    def _expand(self, at: int) -> None:
        before, seen = self._world(self.keys[at]), self.seen
        for move in happening.moves(before, guards=self.guards, bounds=self.bounds):
            seen.edges += 1
            label = move.label
            if isinstance(label, Committed):
                seen.went.add((label.was, label.commit.to))
            promise = invariants.broken(before, move, self.bounds)
            if promise and promise in self.promises:
                seen.broken = Broken(promise, (*self._trace(at), label))
                return
            key = self._key(move.world)
            to = self.index.get(key)
            if to is None:
                to = self._add(key, at)
            if move.free:
                self.free_from.append(at)
                self.free_to.append(to)

    def _add(self, key: bytes, came_from: int) -> int:
        self.index[key] = number = len(self.keys)
        self.keys.append(key)
        self.came_from.append(came_from)
        self.seen.states = number + 1
        return number

    def _key(self, world: World) -> bytes:
        numbers = []
        for known, parts, part in zip(self.numbers, self.parts, world, strict=True):
            number = known.get(part)
            if number is None:
                known[part] = number = len(parts)
                parts.append(part)
            numbers.append(number)
        return PACKED.pack(*numbers)

    def _world(self, key: bytes) -> World:
        return World(*(parts[number] for parts, number in zip(self.parts, PACKED.unpack(key), strict=True)))

    def _trace(self, at: int) -> tuple[Label, ...]:
        """The labels on the way from the first world; they are found again rather than kept."""
        labels: list[Label] = []
        while at:
            before = self._world(self.keys[self.came_from[at]])
            onward = happening.moves(before, guards=self.guards, bounds=self.bounds)
            labels.append(next(move.label for move in onward if self._key(move.world) == self.keys[at]))
            at = self.came_from[at]
        return tuple(reversed(labels))

    def _stuck(self) -> int | None:
        """The nearest state from which no fault-free way leads to the end of every operation."""
        rows = [all(row.state in TERMINAL for row in part) for part in self.parts[World._fields.index("rows")]]
        place = World._fields.index("rows")
        ends = bytearray(rows[PACKED.unpack(key)[place]] for key in self.keys)
        changed = True
        while changed:
            changed = False
            for edge in range(len(self.free_from) - 1, -1, -1):
                if ends[self.free_to[edge]] and not ends[self.free_from[edge]]:
                    ends[self.free_from[edge]] = changed = True
        nearest = ends.find(0)
        return None if nearest < 0 else nearest
