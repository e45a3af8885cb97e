"""The proxy itself: a port on 127.0.0.1, a thread with an event loop of its own, and faults that an ordinary test adds and removes.

The port is held by a second socket that never listens: while the proxy is down a connection is refused, and nobody else gets the port meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from tests.faults.flows import Connection
from tests.faults.tcp import Down
from tests.faults.timeline import Fault, Faults, Handle, Timeline

HOST = "127.0.0.1"
ANSWER_SECONDS = 10.0

T = TypeVar("T")


class Proxy:
    """A proxy before 127.0.0.1:`target_port`, from `start` (or `with`) to `stop`. `port` is its own, `connections` how many it has accepted."""

    def __init__(self, *, target_port: int, seed: int = 0, timeline: Path | None = None) -> None:
        self.target_port, self.connections = target_port, 0
        self._timeline = Timeline(timeline)
        self.faults = Faults(seed=seed, timeline=self._timeline)
        self._holder = _bound(0)
        self.port = int(self._holder.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._live, name=f"fault-proxy-{self.port}", daemon=True)
        self._open: dict[Connection, asyncio.Task[None]] = {}
        self._listener: socket.socket | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """This will begin to accept connections."""
        self._thread.start()
        self.within(self._listen())

    def stop(self) -> None:
        """This will end every connection and the thread, however stuck they are. A second one does nothing; it is not started again."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_SECONDS)
        self._holder.close()
        self._timeline.close()

    def add(self, fault: Fault) -> Handle:
        """This will begin a fault, for what is open and what comes; it holds when this returns."""
        return self.within(self._add(fault))

    def remove(self, handle: Handle) -> None:
        """This will end one fault."""
        self.within(self._remove(handle))

    def clear(self) -> None:
        """This will end every fault."""
        for handle in list(self.faults.handles):
            self.remove(handle)

    def within(self, work: Coroutine[object, object, T]) -> T:
        """This will await the work in the proxy's loop and give what it returns; what it raises is raised here."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_SECONDS)

    async def dial(self, connection: Connection) -> socket.socket:
        """The socket that a client's bytes are carried to. Raises OSError where nobody answers."""
        server = socket.socket()
        try:
            server.setblocking(False)
            await self._loop.sock_connect(server, (HOST, self.target_port))
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            server.close()
            raise
        return server

    def _live(self) -> None:
        """The thread: whatever is still under way when the loop is stopped is cancelled, and cleans up behind itself."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.get_loop().run_forever()
            self._close_listener()

    async def _listen(self) -> None:
        self._listener = listener = _bound(self.port)
        listener.listen(128)
        self._loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        """Called for a connection that waits. A coroutine that is cancelled between accepting and carrying would lose the socket."""
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            client, _ = listener.accept()
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._carry(Connection(number=self.connections, faults=self.faults, client=client))

    def _close_listener(self) -> None:
        if self._listener:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _carry(self, connection: Connection) -> None:
        def forget(_: asyncio.Task[None]) -> None:
            del self._open[connection]
            connection.let_go()

        self._open[connection] = asyncio.create_task(connection.run(self.dial))
        self._open[connection].add_done_callback(forget)

    async def _add(self, fault: Fault) -> Handle:
        handle = self.faults.add(fault)
        for connection in self._open:
            connection.meet(handle)
        if isinstance(fault, Down):
            await self._go_down(handle)
        return handle

    async def _go_down(self, handle: Handle) -> None:
        self._close_listener()
        if grip := self.faults.grip(handle, probability=1, connection=0, where="both"):
            grip.note(closed=len(self._open))
        for connection in self._open:
            connection.close()
        await asyncio.gather(*self._open.values(), return_exceptions=True)

    async def _remove(self, handle: Handle) -> None:
        self.faults.remove(handle)
        for connection in self._open:
            connection.leave(handle)
        if not self._listener and not any(isinstance(one.fault, Down) for one in self.faults.handles):
            await self._listen()


def _bound(port: int) -> socket.socket:
    """A socket that may share its port with another one of ours; only one that listens gets connections."""
    one = socket.socket()
    one.setblocking(False)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind((HOST, port))
    return one
