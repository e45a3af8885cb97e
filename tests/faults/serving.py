"""Answers the clients of an ApiProxy, one request after the other: a fault takes a request, or the API server's answer passes on as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import Iterator

import h11

from tests.faults.client import Client, welcome
from tests.faults.flows import Connection
from tests.faults.requests import Match, RequestFault
from tests.faults.timeline import Faults, Grip, Handle
from tests.faults.upstream import Answer, Request, Upstream, of_all_hops
from tests.faults.watches import Ended, Lines, Stalled, WatchFault


class Server:
    """What stands behind every connection of one ApiProxy. `requests` holds (method, path) of each request that came, whatever became of it."""

    def __init__(self, *, faults: Faults, upstream: Upstream, context: ssl.SSLContext) -> None:
        self.requests: list[tuple[str, str]] = []
        self._faults, self._upstream, self._context = faults, upstream, context
        self._of_kind: Counter[str] = Counter()

    async def serve(self, connection: Connection, end: socket.socket) -> None:
        """This will answer one connection until either side ends it. An API server that breaks off is an RST for the client."""
        try:
            client = await welcome(connection=connection, end=end, context=self._context)
        except OSError:
            return
        try:
            await self._answer_all(client)
            with contextlib.suppress(OSError):
                await client.close()
        except (OSError, h11.ProtocolError):
            client.reset()
        finally:
            client.abort()

    async def _answer_all(self, client: Client) -> None:
        while request := await client.next_request():
            self.requests.append((request.method, request.path))
            self._of_kind[request.kind] += 1
            identity = f"{request.kind}/{self._of_kind[request.kind]}"
            if not await client.while_there(self._answer(request, client, identity)):
                break

    async def _answer(self, request: Request, client: Client, identity: str) -> None:
        for handle in self._faults.handles:
            if isinstance(fault := handle.fault, RequestFault) and (grip := self._grip(handle, fault.match, request, client, identity)):
                await fault.strike(request, grip=grip, client=client, upstream=self._upstream)
                return
        async with self._upstream.asked(request) as answer:
            await self._forward(request, answer, client, identity)

    async def _forward(self, request: Request, answer: Answer, client: Client, identity: str) -> None:
        head = await answer.next_event()
        if not isinstance(head, h11.Response):
            raise h11.RemoteProtocolError("the API server answered with something that HTTP/1.1 does not begin with")
        await client.send(h11.Response(status_code=head.status_code, reason=head.reason, headers=of_all_hops(head.headers)))
        if request.is_watch and head.status_code == 200:
            await self._forward_watch(self._lines(request, client, identity), answer, client)
            return
        while not isinstance(event := await answer.next_event(), h11.EndOfMessage):
            await client.send(event)
        await client.send(event)

    async def _forward_watch(self, lines: Lines, answer: Answer, client: Client) -> None:
        try:
            await _send_each(lines.opened(), client)
            while isinstance(event := await answer.next_event(), h11.Data):
                await _send_each(lines.coming(bytes(event.data)), client)
            await client.send(h11.Data(data=lines.rest()), h11.EndOfMessage())
        except Ended:
            await client.send(h11.EndOfMessage())
        except Stalled:
            await asyncio.Event().wait()

    def _lines(self, request: Request, client: Client, identity: str) -> Lines:
        grips: dict[Handle, Grip | None] = {}

        def holding() -> list[tuple[WatchFault, Grip]]:
            found = []
            for handle in self._faults.handles:
                if isinstance(fault := handle.fault, WatchFault):
                    if handle not in grips:
                        grips[handle] = self._grip(handle, fault.match, request, client, identity)
                    if grip := grips[handle]:
                        found.append((fault, grip))
            return found

        return Lines(holding=holding)

    def _grip(self, handle: Handle, match: Match, request: Request, client: Client, identity: str) -> Grip | None:
        if not match.fits(request) or handle.met == match.times:
            return None
        where = f"{request.method} {request.path}"
        grip = self._faults.grip(handle, probability=match.probability, connection=client.number, where=where, identity=identity)
        handle.met += grip is not None
        return grip


async def _send_each(lines: Iterator[bytes], client: Client) -> None:
    for line in lines:
        await client.send(h11.Data(data=line))
