"""uvicorn's WebSocket, which also lets a consumer write to it without ASGI's `send`: see `clusterview.stream.outlets`.

What goes to many is handed to each transport as the same bytes. Handshake, pings, limits and closing stay uvicorn's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from clusterview.stream import outlets

LENGTHS = 1_024


@functools.lru_cache(maxsize=LENGTHS)
def head(length: int) -> bytes:
    """What stands before a binary message that is one frame, uncompressed: https://www.rfc-editor.org/rfc/rfc6455#section-5.2."""
    if length < 126:
        return bytes((0x82, length))
    return b"\x82\x7e" + length.to_bytes(2, "big") if length < 65_536 else b"\x82\x7f" + length.to_bytes(8, "big")


def nothing() -> None:
    """What is to be done about room while nobody waits for it."""


class Socket(WebSocketsSansIOProtocol):
    """One connection; an `outlets.Outlet` for its consumer."""

    has_room = True
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
        self.on_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the transport. Ends the parser, which would keep itself and all of the handshake for a collector that rarely comes."""
        super().connection_lost(exc)
        self.conn.parser.close()

    def keepalive_timeout(self) -> None:
        """Called when a ping was not answered: what still waits would keep the connection, for nobody reads it."""
        super().keepalive_timeout()
        if not self.has_room:
            self.transport.abort()

    def write(self, payload: bytes) -> None:
        if not self.close_sent and not self.transport.is_closing():
            self.transport.writelines((head(len(payload)), payload))

    def abort(self) -> None:
        self.transport.abort()
