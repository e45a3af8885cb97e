"""uvicorn's WebSocket, which also lets a consumer write to it without ASGI's `send`: see `clusterview.stream.outlets`.

What goes to many is handed to each transport as the same bytes. Handshake, limits and closing stay uvicorn's. Pings are ours: uvicorn has two
timers and a random number for each, which were half of what a thousand browsers cost while nothing happens.

A client that reads nothing, or never ends a message, costs no more than any other: uvicorn counts neither the pongs that wait nor empty fragments.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from clusterview.stream import outlets

LENGTHS = 1_024
PING = b"\x89\x00"
ROUND_SECONDS = 1.0
FRAGMENTS = 64  # of one message; a browser sends its hello in one
TOO_BIG = 1009


@functools.lru_cache(maxsize=LENGTHS)
def head(length: int) -> bytes:
    """What stands before a binary message that is one frame, uncompressed: https://www.rfc-editor.org/rfc/rfc6455#section-5.2."""
    if length < 126:
        return bytes((0x82, length))
    return b"\x82\x7e" + length.to_bytes(2, "big") if length < 65_536 else b"\x82\x7f" + length.to_bytes(8, "big")


def nothing() -> None:
    """What is to be done about room while nobody waits for it."""


class Asked(Protocol):
    """A connection that can be asked whether somebody is there; `Socket` is one."""

    def ask(self) -> None:
        """This will send a ping."""

    def keepalive_timeout(self) -> None:
        """This will close it."""


class Pings:
    """Asks every browser of a process whether it is there, in one round each second for all that are due. Any pong is an answer.

    Each is asked `interval` seconds after it came or answered, and let go where it has not answered `timeout` seconds later.
    """

    def __init__(self, *, interval: float, timeout: float, later: Callable[[float, Callable[[], None]], object], clock: Callable[[], float]) -> None:
        self._interval, self._timeout, self._later, self._clock = interval, timeout, later, clock
        self._to_ask: OrderedDict[Asked, float] = OrderedDict()  # both by the moment at which it is due, the earliest first
        self._asked: OrderedDict[Asked, float] = OrderedDict()
        self._comes = False

    def add(self, one: Asked) -> None:
        self._to_ask[one] = self._clock() + self._interval
        self._go_on()

    def answered(self, one: Asked) -> None:
        if self._asked.pop(one, None) is not None:
            self.add(one)

    def remove(self, one: Asked) -> None:
        self._to_ask.pop(one, None)
        self._asked.pop(one, None)

    def _go_on(self, seconds: float = ROUND_SECONDS) -> None:
        if not self._comes and (self._to_ask or self._asked):
            self._comes = True
            self._later(seconds, self._round)

    def _round(self) -> None:
        self._comes = False
        now = self._clock()
        late, due = self._take(self._asked, now), self._take(self._to_ask, now)
        for one in late:
            one.keepalive_timeout()
        for one in due:
            self._asked[one] = now + self._timeout
            one.ask()
        self._go_on(0.0 if outlets.AT_ONCE in (len(late), len(due)) else ROUND_SECONDS)

    @staticmethod
    def _take(waiting: OrderedDict[Asked, float], now: float) -> list[Asked]:
        """This will take out those whose moment has come; no more than the event loop has time for at once."""
        found: list[Asked] = []
        while waiting and len(found) < outlets.AT_ONCE and next(iter(waiting.values())) <= now:
            found.append(waiting.popitem(last=False)[0])
        return found


class Socket(WebSocketsSansIOProtocol):
    """One connection; an `outlets.Outlet` for its consumer."""

    pings: Pings | None = None  # of all connections
    has_room = True
    pong = b""  # the answer to the newest ping, while there is no room for it
    on_room: Callable[[], None] = staticmethod(nothing)

    def handle_connect(self, event: Request) -> None:
        """Begins the application, which finds the outlet in its scope."""
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][outlets.EXTENSION] = {"outlet": self}

    def pause_writing(self) -> None:
        """Called by the transport."""
        super().pause_writing()
        self.has_room = False

    def resume_writing(self) -> None:
        """Called by the transport."""
        super().resume_writing()
        self.has_room = True
        pong, self.pong = self.pong, b""
        if pong and not self.transport.is_closing():
            self.transport.write(pong)
        self.on_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the transport. Ends the parser, which would keep itself and all of the handshake for a collector that rarely comes."""
        super().connection_lost(exc)
        self.conn.parser.close()

    def start_keepalive(self) -> None:
        """Called when the browser has been accepted."""
        if Socket.pings is None:
            assert self.ping_interval is not None
            assert self.ping_timeout is not None
            Socket.pings = Pings(interval=self.ping_interval, timeout=self.ping_timeout, later=self.loop.call_later, clock=self.loop.time)
        Socket.pings.add(self)

    def stop_keepalive(self) -> None:
        """Called when the connection is over, or soon will be."""
        if Socket.pings is not None:
            Socket.pings.remove(self)

    def handle_ping(self) -> None:
        """Called for each. Of those that wait for room the newest is answered: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3."""
        pongs = self.conn.data_to_send()  # of all that came at once; where a close was among it, with the answer to that
        if self.has_room or self.conn.close_rcvd is not None:
            self.transport.write(b"".join(pongs))
        elif pongs:
            self.pong = pongs[-1]

    def handle_cont(self, event: Frame) -> None:
        """Called for each fragment but the first. One too many ends the connection."""
        if self.close_sent:
            return
        if len(self.frames) >= FRAGMENTS:
            self.conn.fail(TOO_BIG, "too many fragments")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def handle_pong(self, event: Frame) -> None:
        """Called for each."""
        if Socket.pings is not None:
            Socket.pings.answered(self)

    def ask(self) -> None:
        """Has no payload: any pong shows that somebody is there."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(PING)

    def keepalive_timeout(self) -> None:
        """Called when a ping was not answered: what still waits would keep the connection, for nobody reads it."""
        super().keepalive_timeout()
        if not self.has_room:
            self.transport.abort()

    def write(self, payloads: Sequence[bytes]) -> None:
        if not self.close_sent and not self.transport.is_closing():
            parts: list[bytes] = []
            for payload in payloads:
                parts += (head(len(payload)), payload)
            self.transport.writelines(parts)

    def abort(self) -> None:
        self.transport.abort()
