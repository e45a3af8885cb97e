"""Carries the bytes of one connection, both ways, through the faults that hold it.

Works on sockets rather than on asyncio's streams, because an RST, a FIN of one direction only, and a full buffer have to pass as what they are.
A direction is read by one task and written by another with a queue between them, so that latency does not make the line narrower.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from tests.faults.tcp import ConnectionFault, Direction, FlowFault
from tests.faults.timeline import Faults, Grip, Handle

PIECE_BYTES = 64 * 1024
QUEUED_PIECES = 64
RST_ON_CLOSE = struct.pack("ii", 1, 0)
Dial = Callable[["Connection"], Awaitable[socket.socket]]


class Connection:
    """A client's socket and the one it is carried to. `reset` and `close` end it; `run` returns when it has ended."""

    def __init__(self, *, number: int, faults: Faults, client: socket.socket) -> None:
        self.number, self.faults, self.client = number, faults, client
        self.active_at = asyncio.get_running_loop().time()
        self._sockets = [client]
        self._over = asyncio.Event()
        self._ended: set[Direction] = set()
        self._haunters: dict[Handle, asyncio.Task[None]] = {}

    async def run(self, dial: Dial) -> None:
        """This will carry bytes until the connection is over. A server that cannot be reached is an RST for the client."""
        flows: list[Flow] = []
        for handle in self.faults.handles:
            self.meet(handle)
        try:
            server = await dial(self)
            self._sockets.append(server)
            flows = [
                Flow(connection=self, direction="to_server", source=self.client, sink=server),
                Flow(connection=self, direction="to_client", source=server, sink=self.client),
            ]
            await self._over.wait()
        except OSError:
            self.reset()
        finally:
            tasks = [task for flow in flows for task in flow.tasks] + list(self._haunters.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def let_go(self) -> None:
        """This will close both sockets; for whoever ran the connection, because a task that is cancelled early never ran at all."""
        for one in self._sockets:
            one.close()

    def meet(self, handle: Handle) -> None:
        """This will let a fault of whole connections wait beside this one."""
        if isinstance(fault := handle.fault, ConnectionFault):
            grip = self.faults.grip(handle, probability=fault.probability, connection=self.number, where="both")
            if grip:
                self._haunters[handle] = asyncio.create_task(fault.haunt(grip=grip, connection=self))

    def leave(self, handle: Handle) -> None:
        """This will send the fault away that waits beside this connection."""
        if task := self._haunters.pop(handle, None):
            task.cancel()

    def close(self) -> None:
        """This will end both sides with a FIN."""
        self._over.set()

    def reset(self) -> None:
        """This will end both sides with an RST, unless they have ended (SO_LINGER in https://www.man7.org/linux/man-pages/man7/socket.7.html)."""
        if not self._over.is_set():
            for one in self._sockets:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
            self._over.set()

    def has_ended(self, flow: Flow) -> None:
        """This will end the connection once both of its directions have ended."""
        self._ended.add(flow.direction)
        if len(self._ended) == 2:
            self._over.set()


class Flow:
    """One direction of a connection. `arrived_at` is the loop's time at which the piece came that is being carried."""

    def __init__(self, *, connection: Connection, direction: Direction, source: socket.socket, sink: socket.socket) -> None:
        self.connection, self.direction = connection, direction
        self.is_dead = False
        self.arrived_at = 0.0
        self._source, self._sink = source, sink
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue(QUEUED_PIECES)
        self._grips: dict[Handle, Grip | None] = {}
        self.tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]

    async def _read(self) -> None:
        data: bytes | None = b"-"
        while data:
            try:
                data = await self._loop.sock_recv(self._source, PIECE_BYTES)
            except OSError:
                data = None
            self.connection.active_at = self._loop.time()
            await self._queue.put((self.connection.active_at, data))

    async def _write(self) -> None:
        try:
            while True:
                self.arrived_at, data = await self._queue.get()
                if data is None:
                    raise ConnectionResetError
                await self._carry(data, self._holding())
                if not data:
                    break
        except OSError:
            if not self.is_dead:
                self.connection.reset()
            return
        if not self.is_dead:
            self.connection.has_ended(self)

    async def _carry(self, data: bytes, holding: Sequence[tuple[FlowFault, Grip]]) -> None:
        if self.is_dead:
            return
        if holding:
            (fault, grip), *rest = holding
            await fault.carry(data, grip=grip, flow=self, onward=partial(self._carry, holding=rest))
        elif data:
            await self._loop.sock_sendall(self._sink, data)
        else:
            with contextlib.suppress(OSError):
                self._sink.shutdown(socket.SHUT_WR)

    def _holding(self) -> list[tuple[FlowFault, Grip]]:
        """Asked for each piece, because faults come and go while the connection is open."""
        found = [(handle.fault, self._grip(handle)) for handle in self.connection.faults.handles]
        return [(fault, grip) for fault, grip in found if isinstance(fault, FlowFault) and grip]

    def _grip(self, handle: Handle) -> Grip | None:
        fault = handle.fault
        if not isinstance(fault, FlowFault) or fault.direction not in (None, self.direction):
            return None
        if handle not in self._grips:
            number = self.connection.number
            self._grips[handle] = self.connection.faults.grip(handle, probability=fault.probability, connection=number, where=self.direction)
        return self._grips[handle]
