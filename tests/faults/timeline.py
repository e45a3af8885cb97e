"""Which faults there are, whom they hold, and one line of JSON for everything that they did.

Each decision has dice of its own, thrown from the seed, the fault's number and the identity of whom it may strike: dice that were shared
would make every decision depend on which of two connections happened to be served first.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong on purpose. A record; what it has done so far stands in its Handle."""


@dataclass(eq=False)
class Handle:
    """A fault that was added to a proxy. `struck` is how many lines of the timeline are its own, `met` how many requests it took."""

    number: int
    fault: Fault
    struck: int = 0
    met: int = 0
    orphans: list[asyncio.Task[int]] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)


class Timeline:
    """A file of one JSON line for each thing that a fault did; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._begun = time.monotonic()
        self._file = path.open("a", encoding="utf-8") if path else None

    def write(self, *, connection: int, fault: str, where: str, did: dict[str, object]) -> None:
        """This will append one line, readable at once by whoever reads the file."""
        if self._file:
            line = {"at_seconds": round(time.monotonic() - self._begun, 4), "connection": connection, "fault": fault, "where": where, "did": did}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        """This will close the file."""
        if self._file:
            self._file.close()


@dataclass(eq=False)
class Grip:
    """A fault's hold on one connection, one direction of it, or one request: its dice, and what it has seen of it."""

    handle: Handle
    timeline: Timeline
    connection: int
    where: str
    random: random.Random
    seen: int = 0
    kept: bytes = b""

    def note(self, **did: object) -> None:
        """This will write what was done into the timeline."""
        self.handle.struck += 1
        self.timeline.write(connection=self.connection, fault=type(self.handle.fault).__name__, where=self.where, did=did)


class Faults:
    """The faults of one proxy, in the order in which they were added. Belongs to the proxy's loop."""

    def __init__(self, *, seed: int, timeline: Timeline) -> None:
        self._seed, self._timeline, self._added = seed, timeline, 0
        self.handles: list[Handle] = []

    def add(self, fault: Fault) -> Handle:
        """This will put the fault behind those that are there."""
        self._added += 1
        self.handles.append(Handle(self._added, fault))
        return self.handles[-1]

    def remove(self, handle: Handle) -> None:
        """This will end the fault; one that ended before is no mistake."""
        if handle in self.handles:
            self.handles.remove(handle)

    def grip(self, handle: Handle, *, probability: float, connection: int, where: str, identity: str = "") -> Grip | None:
        """The fault's hold on this connection, or on what `identity` says apart from it, or None where the dice spare it. The same answer every
        time. Nothing that differs between two runs, as a resourceVersion does, may be in the identity.
        """
        key = f"{self._seed}/{handle.number}/{identity or connection}"
        if random.Random(key).random() >= probability:
            return None
        return Grip(handle, self._timeline, connection, where, random.Random(f"{key}/{'' if identity else where}/inside"))
