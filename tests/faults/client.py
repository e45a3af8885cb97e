"""The proxy's side of one client connection: TLS and HTTP/1.1 with keep-alive, over one end of a pair of sockets.

The other end of the pair belongs to the proxy's Connection, which carries the bytes to and from the client through the TCP faults. So a `reset`
here is the RST of the real connection, past whatever TLS would have said first.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Coroutine

import h11

from tests.faults.flows import Connection
from tests.faults.upstream import PIECE_BYTES, Headers, Request

GOODBYE_SECONDS = 0.5


class Client:
    """Whoever asks. `number` is that of the connection."""

    def __init__(self, *, connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = connection.number
        self._connection, self._reader, self._writer = connection, reader, writer
        self._http = h11.Connection(h11.SERVER)

    async def next_request(self) -> Request | None:
        """The next whole request, or None where the client has closed or said that it will."""
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
        if self._http.our_state is not h11.IDLE:
            return None
        head, body = None, b""
        while not isinstance(event := await self._next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                return None
        assert head is not None
        return Request(head, body)

    async def send(self, *events: h11.Event) -> None:
        """This will send parts of an answer at once."""
        for event in events:
            self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()

    async def answer(self, *, status: int, headers: Headers, body: bytes) -> None:
        """This will send a whole answer."""
        head = h11.Response(status_code=status, headers=[*headers, (b"Content-Length", str(len(body)).encode())])
        await self.send(head, h11.Data(data=body), h11.EndOfMessage())

    def reset(self) -> None:
        """This will end the connection with an RST, whatever was sent before."""
        self._connection.reset()

    async def while_there(self, work: Coroutine[object, object, None]) -> bool:
        """This will do the work unless the client leaves before it is done; says whether it was done. A quiet watch would notice nothing."""
        working, leaving = asyncio.create_task(work), asyncio.create_task(self._leave())
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
            return working.done()
        finally:
            working.cancel()
            leaving.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)

    async def close(self) -> None:
        """This will end the connection after what was sent has gone out. Raises TimeoutError where the client does not take it."""
        self._writer.close()
        await asyncio.wait_for(self._writer.wait_closed(), GOODBYE_SECONDS)

    def abort(self) -> None:
        """This will let the connection go; after `close` it does nothing."""
        self._writer.transport.abort()

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(PIECE_BYTES))
        return event

    async def _leave(self) -> None:
        """Bytes that come during an answer belong to the next request; the end of them means that nobody waits for this one."""
        while data := await self._reader.read(PIECE_BYTES):
            self._http.receive_data(data)


async def welcome(*, connection: Connection, end: socket.socket, context: ssl.SSLContext) -> Client:
    """This will do the TLS handshake. Raises OSError where the client leaves or distrusts us."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, end, ssl=context, ssl_shutdown_timeout=GOODBYE_SECONDS)
    return Client(connection=connection, reader=reader, writer=asyncio.StreamWriter(transport, protocol, reader, loop))
