"""What can go wrong with bytes, as in Toxiproxy (https://github.com/Shopify/toxiproxy#toxics): each fault is a record and one small method.

A FlowFault works on the bytes of one direction: it is given each piece (an empty one is the end, the FIN) and hands on what it leaves of it.
A ConnectionFault waits beside a connection and ends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.faults.timeline import Fault, Grip

if TYPE_CHECKING:
    from tests.faults.flows import Connection, Flow

Direction = Literal["to_server", "to_client"]
Onward = Callable[[bytes], Awaitable[None]]

PIECES_A_SECOND = 20


@dataclass(frozen=True, kw_only=True)
class FlowFault(Fault):
    """A fault of one direction, or of both where none is named. `probability` is that of each connection."""

    direction: Direction | None = None
    probability: float = 1.0

    async def carry(self, data: bytes, *, grip: Grip, flow: Flow, onward: Onward) -> None:
        """This will hand on what the fault leaves of the piece."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class ConnectionFault(Fault):
    """A fault of whole connections. `probability` is that of each connection."""

    probability: float = 1.0

    async def haunt(self, *, grip: Grip, connection: Connection) -> None:
        """This will wait beside an open connection until its time has come. Cancelled when the fault is removed."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Latency(FlowFault):
    """Every piece comes later by `seconds`, give or take `jitter_seconds`; in order, and without making the line narrower."""

    seconds: float
    jitter_seconds: float = 0.0

    async def carry(self, data: bytes, *, grip: Grip, flow: Flow, onward: Onward) -> None:
        later = max(0.0, self.seconds + grip.random.uniform(-self.jitter_seconds, self.jitter_seconds))
        grip.note(bytes=len(data), seconds=round(later, 4))
        await asyncio.sleep(flow.arrived_at + later - asyncio.get_running_loop().time())
        await onward(data)


@dataclass(frozen=True, kw_only=True)
class Bandwidth(FlowFault):
    """No more than so many bytes a second, for each connection and direction by itself."""

    bytes_per_second: int

    async def carry(self, data: bytes, *, grip: Grip, flow: Flow, onward: Onward) -> None:
        size = max(1, self.bytes_per_second // PIECES_A_SECOND)
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            await asyncio.sleep(len(piece) / self.bytes_per_second)
            await onward(piece)
        if data:
            grip.note(bytes=len(data))
        else:
            await onward(data)


@dataclass(frozen=True, kw_only=True)
class Slicer(FlowFault):
    """Pieces of at most so many bytes, with a pause after each."""

    piece_bytes: int = 1
    pause_seconds: float = 0.0

    async def carry(self, data: bytes, *, grip: Grip, flow: Flow, onward: Onward) -> None:
        pieces = [data[start : start + self.piece_bytes] for start in range(0, len(data), self.piece_bytes)]
        for piece in pieces or [data]:
            await onward(piece)
            await asyncio.sleep(self.pause_seconds)
        grip.note(bytes=len(data), pieces=len(pieces))


@dataclass(frozen=True, kw_only=True)
class Blackhole(FlowFault):
    """Bytes vanish, and so do FIN and RST: the connection stays open and silent.

    A connection that lost bytes stays dead when the fault is removed, as one whose NAT entry was lost: with a hole in its middle it would be
    another fault. Connections that lost none, and new ones, work again.
    """

    async def carry(self, data: bytes, *, grip: Grip, flow: Flow, onward: Onward) -> None:
        flow.is_dead = True
        grip.note(bytes=len(data))


@dataclass(frozen=True, kw_only=True)
class LimitData(FlowFault):
    """The connection is closed once so many bytes have passed in this direction; not one more passes."""

    limit_bytes: int

    async def carry(self, data: bytes, *, grip: Grip, flow: Flow, onward: Onward) -> None:
        left = self.limit_bytes - grip.seen
        grip.seen += len(data)
        if left > 0:
            await onward(data[:left])
        if len(data) >= left > 0:
            grip.note(bytes=self.limit_bytes)
            flow.connection.close()


@dataclass(frozen=True, kw_only=True)
class SlowClose(FlowFault):
    """The end of a direction (FIN) comes later by so many seconds."""

    seconds: float

    async def carry(self, data: bytes, *, grip: Grip, flow: Flow, onward: Onward) -> None:
        if not data:
            grip.note(seconds=self.seconds)
            await asyncio.sleep(self.seconds)
        await onward(data)


@dataclass(frozen=True, kw_only=True)
class Reset(ConnectionFault):
    """Both ends get a RST, so many seconds after the connection (or, for one that was open, the fault) came."""

    after_seconds: float = 0.0

    async def haunt(self, *, grip: Grip, connection: Connection) -> None:
        await asyncio.sleep(self.after_seconds)
        grip.note(seconds=self.after_seconds)
        connection.reset()


@dataclass(frozen=True, kw_only=True)
class IdleCut(ConnectionFault):
    """A connection on which nothing came from either end for so many seconds is closed."""

    seconds: float

    async def haunt(self, *, grip: Grip, connection: Connection) -> None:
        left = self.seconds
        while left > 0:
            await asyncio.sleep(left)
            left = connection.active_at + self.seconds - asyncio.get_running_loop().time()
        grip.note(seconds=self.seconds)
        connection.close()


@dataclass(frozen=True, kw_only=True)
class Down(Fault):
    """Open connections are closed and new ones refused, as where no server listens."""
