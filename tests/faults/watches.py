"""What can go wrong with the lines of a watch, each of which is one event. Faults are applied one after the other, to watches already open too.

`event` says which event a fault strikes, counted from when fault and watch met; 0 is the moment when the watch opens, before any event.
Without it every event is struck, each by `chance`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.faults.requests import Match, status
from tests.faults.timeline import Fault, Grip

VERSION = re.compile(rb'"resourceVersion":"[^"]*"')  # that of the object's metadata comes first


class Ended(Exception):
    """The answer ends here, in good order as far as HTTP knows."""


class Stalled(Exception):
    """Nothing comes any more, and the connection stays open."""


@dataclass(frozen=True, kw_only=True)
class WatchFault(Fault):
    """A fault of the watches that match."""

    match: Match = field(default_factory=Match)
    event: int | None = None
    chance: float = 1.0

    def lines(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        """This will give what the fault makes of a line. An empty one is the opening of the watch. Raises Ended and Stalled."""
        grip.seen += bool(line)
        is_meant = bool(line) if self.event is None else self.event == grip.seen
        if is_meant and (self.chance == 1 or grip.random.random() < self.chance):
            yield from self.strike(line, grip=grip)
        else:
            yield line

    def strike(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        """This will give what stands in the place of the line."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Duplicate(WatchFault):
    """The event comes twice."""

    def strike(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        grip.note(event=grip.seen)
        yield line
        yield line


@dataclass(frozen=True, kw_only=True)
class Drop(WatchFault):
    """The event does not come."""

    def strike(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        grip.note(event=grip.seen)
        yield from ()


@dataclass(frozen=True, kw_only=True)
class Swap(WatchFault):
    """The event comes after its next neighbour. Where none follows, it does not come."""

    def lines(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        if line and grip.kept:
            grip.seen += 1
            yield line
            yield grip.kept
            grip.kept = b""
        else:
            yield from super().lines(line, grip=grip)

    def strike(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        grip.note(event=grip.seen)
        grip.kept = line
        yield from ()


@dataclass(frozen=True, kw_only=True)
class Truncate(WatchFault):
    """The answer ends in the middle of the event."""

    def strike(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        grip.note(event=grip.seen, bytes=len(line) // 2)
        yield line[: len(line) // 2]
        raise Ended


@dataclass(frozen=True, kw_only=True)
class Corrupt(WatchFault):
    """The event is not what the API server sent: no JSON, or the line that is given here (without its newline)."""

    into: bytes | None = None

    def strike(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        grip.note(event=grip.seen, bytes=len(line))
        middle = len(line) // 2
        yield (line[:middle] + b'\xff"}{' + line[middle:-1] if self.into is None else self.into) + b"\n"


@dataclass(frozen=True, kw_only=True)
class InjectError(WatchFault):
    """An ERROR event comes before the event."""

    code: int = 410

    def strike(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        grip.note(event=grip.seen, code=self.code)
        yield json.dumps({"type": "ERROR", "object": status(code=self.code)}).encode() + b"\n"
        yield line


@dataclass(frozen=True, kw_only=True)
class SwallowBookmarks(WatchFault):
    """A bookmark does not come."""

    def strike(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        if line.startswith(b'{"type":"BOOKMARK"'):
            grip.note(event=grip.seen)
        else:
            yield line


@dataclass(frozen=True, kw_only=True)
class Stall(WatchFault):
    """Nothing comes after so many events, and the connection stays open."""

    after: int

    def lines(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        grip.seen += bool(line)
        yield line
        if grip.seen >= self.after:
            grip.note(event=grip.seen)
            raise Stalled


@dataclass(frozen=True, kw_only=True)
class RewriteVersion(WatchFault):
    """The object's resourceVersion is another one."""

    version: str

    def strike(self, line: bytes, *, grip: Grip) -> Iterator[bytes]:
        changed, count = VERSION.subn(b'"resourceVersion":"%b"' % self.version.encode(), line, count=1)
        if count:
            grip.note(event=grip.seen, version=self.version)
        yield changed


class Lines:
    """One watch. `holding` is asked for each line, because faults come and go while it is open."""

    def __init__(self, *, holding: Callable[[], Sequence[tuple[WatchFault, Grip]]]) -> None:
        self._holding, self._rest = holding, b""

    def opened(self) -> Iterator[bytes]:
        """What comes before any event. Raises as `coming` does."""
        return self._through(b"", self._holding())

    def coming(self, data: bytes) -> Iterator[bytes]:
        """What comes of these bytes: whole lines, each as soon as it is complete. Raises Ended and Stalled behind what came before."""
        *complete, self._rest = (self._rest + data).split(b"\n")
        for line in complete:
            yield from self._through(line + b"\n", self._holding())

    def rest(self) -> bytes:
        """The end of an answer that did not end with a newline."""
        return self._rest

    def _through(self, line: bytes, holding: Sequence[tuple[WatchFault, Grip]]) -> Iterator[bytes]:
        if holding:
            (fault, grip), *rest = holding
            for one in fault.lines(line, grip=grip):
                yield from self._through(one, rest)
        elif line:
            yield line
