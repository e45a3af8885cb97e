"""uvicorn's HTTP, which waits for the rest of a request no longer than somebody needs to send it.

By itself it has a time-out only between two requests: who begins one and goes on with a byte now and then, or never begins, keeps the connection for
ever. An answer may take as long as it likes.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 30.0


class Http(H11Protocol):
    """One connection, until it ends or becomes a WebSocket."""

    _too_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the transport."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Called by the transport."""
        super().data_received(data)
        if self in self.connections:  # else it is a WebSocket's by now
            self._wait()

    def on_response_complete(self) -> None:
        """Called when an answer is whole. What came behind its request is read now; where that begins no other one, uvicorn's time-out runs."""
        super().on_response_complete()
        if self in self.connections and self.conn.their_state is h11.SEND_BODY:
            self._wait()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Called for the request that asks for it, which is whole."""
        self._wait_no_longer()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the transport."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def _wait(self) -> None:
        """Until the request is whole, counted from its first byte; for the first one from the connection's beginning, and for one that came too early
        from the end of the answer before it.
        """
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._wait_no_longer()
        elif self._too_late is None:
            self._too_late = self.loop.call_later(REQUEST_SECONDS, self.transport.close)

    def _wait_no_longer(self) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None
