"""A socket that is written to at once, and who writes next.

ASGI has one way to send: an event for each message to each browser, awaited by a task that is woken for it and framed anew. To ten thousand
browsers that is most of the work. The web server's protocol class (`dashboard.sockets`) offers its transport as an `Outlet` beside it: the same
bytes for everybody, and its back pressure.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

EXTENSION = "clusterview.outlet"  # of the connection's scope: {"outlet": an Outlet}
AT_ONCE = 250


class Outlet(Protocol):
    """One browser's socket. Without room, what is written waits in memory until the browser reads; `on_room` is called when it has some again."""

    has_room: bool
    on_room: Callable[[], None]

    def write(self, payloads: Sequence[bytes]) -> None:
        """This will send binary messages, all at once; nothing where the socket is closing."""

    def abort(self) -> None:
        """This will close it without another word, whatever still waits."""


class Writer(Protocol):
    def write(self) -> None:
        """This will write what there is, as far as there is room."""


class Turns:
    """Lets those who have something to write do so, some in each round of the event loop, so that nobody else waits for ten thousand of them."""

    def __init__(self) -> None:
        self._waiting: deque[Writer] = deque()
        self._comes = False

    def take(self, writer: Writer) -> None:
        """This will have it write when its turn comes."""
        self._waiting.append(writer)
        self._go_on()

    def _go_on(self) -> None:
        if not self._comes:
            self._comes = True
            asyncio.get_running_loop().call_soon(self._round)

    def _round(self) -> None:
        self._comes = False
        try:
            for _ in range(min(AT_ONCE, len(self._waiting))):
                self._waiting.popleft().write()
        finally:
            if self._waiting:
                self._go_on()
