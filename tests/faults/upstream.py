"""Asks the API server behind the proxy: one connection for each request, so that a fault of one request never touches another.

HTTP is parsed by h11 on both sides. Connection headers belong to one hop and stay behind; all others, the credential among them, pass unchanged.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import h11

HOST = "127.0.0.1"
PIECE_BYTES = 64 * 1024
OF_ONE_HOP = {b"connection", b"keep-alive", b"upgrade"}

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Request:
    """One request as the client sent it."""

    head: h11.Request
    body: bytes

    @property
    def method(self) -> str:
        return self.head.method.decode()

    @property
    def path(self) -> str:
        """Path and query."""
        return self.head.target.decode()

    @property
    def kind(self) -> str:
        """Method and path, and whether it is a watch: what two runs of the same program have in common."""
        return f"{'WATCH' if self.is_watch else self.method} {self.path.split('?')[0]}"

    @property
    def is_watch(self) -> bool:
        return "watch=1" in self.path or "watch=true" in self.path


class Answer:
    """The answer to a request, event by event, as it comes."""

    def __init__(self, *, http: h11.Connection, reader: asyncio.StreamReader) -> None:
        self._http, self._reader = http, reader

    async def next_event(self) -> h11.Response | h11.InformationalResponse | h11.Data | h11.EndOfMessage:
        """The next part of it, without waiting for more than that. Raises h11.RemoteProtocolError where it breaks off."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(PIECE_BYTES))
        if isinstance(event, h11.Response | h11.InformationalResponse | h11.Data | h11.EndOfMessage):
            return event
        raise h11.RemoteProtocolError("the API server closed the connection without an answer")

    async def status_at_its_end(self) -> int:
        """This will read the whole answer and give its status."""
        return (await self.whole())[0]

    async def whole(self) -> tuple[int, bytes]:
        """This will read the whole answer and give its status and its body."""
        status, body = 0, b""
        while not isinstance(event := await self.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
        return status, body


class Upstream:
    """The API server behind the proxy."""

    def __init__(self, *, port: int, context: ssl.SSLContext) -> None:
        self._port, self._context = port, context

    @asynccontextmanager
    async def asked(self, request: Request) -> AsyncIterator[Answer]:
        """This will send the request and give its answer, to be read before the context ends. Raises OSError where nobody answers."""
        reader, writer = await asyncio.open_connection(HOST, self._port, ssl=self._context)
        try:
            http = h11.Connection(h11.CLIENT)
            head = h11.Request(method=request.head.method, target=request.head.target, headers=of_all_hops(request.head.headers))
            parts = [head, *([h11.Data(data=request.body)] if request.body else []), h11.EndOfMessage()]
            writer.write(b"".join(http.send(part) or b"" for part in parts))
            yield Answer(http=http, reader=reader)
        finally:
            writer.transport.abort()


def of_all_hops(headers: h11._headers.Headers) -> Headers:
    """The headers that a proxy passes on, written as they came."""
    return [(name, value) for name, value in headers.raw_items() if name.lower() not in OF_ONE_HOP]
