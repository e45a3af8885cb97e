"""A request comes whole within half a minute or its connection is closed; its answer has all the time in the world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from uvicorn.server import ServerState

from dashboard import receiving
from tests.dashboard.test_sockets import HANDSHAKE
from tests.dashboard.wires import Wire, configured

REQUEST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"


class Loop:
    """The running loop, but for its timers, which the test lets run out."""

    def __init__(self) -> None:
        self.timers = list[tuple[float, Callable[[], None], asyncio.TimerHandle]]()

    def create_task(self, work: Any, **more: Any) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(work, **more)

    def call_later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        handle = asyncio.get_running_loop().call_later(3_600, call)
        self.timers.append((seconds, call, handle))
        return handle

    def run_out(self) -> list[float]:
        """This will do what is still waited for, and say how long that was to be."""
        due = [(seconds, call) for seconds, call, handle in self.timers if not handle.cancelled()]
        for _, _, handle in self.timers:
            handle.cancel()
        self.timers.clear()
        for _, call in due:
            call()
        return [seconds for seconds, _ in due]


class Served:
    """A connection as `up` serves it, whose answers wait until they may go."""

    def __init__(self) -> None:
        self.wire, self.loop, self.bodies = Wire(), Loop(), list[bytes]()
        self.came, self.answer, self.answered = asyncio.Event(), asyncio.Event(), asyncio.Event()
        config = configured(self.application)
        assert config.http_protocol_class is receiving.Http
        self.http = receiving.Http(config=config, server_state=ServerState(), app_state={}, _loop=self.loop)  # type: ignore[arg-type]
        self.http.connection_made(self.wire)

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            return
        body, has_more = b"", True
        while has_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, has_more = body + message["body"], message["more_body"]
        self.bodies.append(body)
        self.came.set()
        await self.answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
        self.answered.set()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    made = Served()
    yield made
    (made.wire.protocol or made.http).connection_lost(None)
    if made.http.tasks:
        await asyncio.wait(made.http.tasks, timeout=10)
    made.loop.run_out()


@pytest.mark.parametrize("begun", [0, 1, 30, len(REQUEST) - 1])
async def test_a_request_that_is_never_whole_ends_its_connection_t58(served: Served, begun: int) -> None:
    for byte in REQUEST[:begun]:
        served.http.data_received(bytes([byte]))
    assert served.loop.run_out() == [receiving.REQUEST_SECONDS], "counted from its beginning, whatever comes meanwhile"
    assert served.wire.is_closed
    assert served.bodies == []


async def test_one_that_is_whole_has_its_answer_whenever_that_comes_and_the_next_one_is_waited_for_anew(served: Served) -> None:
    for byte in REQUEST:
        served.http.data_received(bytes([byte]))
    await asyncio.wait_for(served.came.wait(), 10)
    assert served.bodies == [b"body"]
    assert served.loop.run_out() == []
    served.answer.set()
    await asyncio.wait_for(served.answered.wait(), 10)
    assert served.wire.written.startswith(b"HTTP/1.1 200 ")
    served.http.data_received(REQUEST[:30])
    assert served.loop.run_out() == [receiving.REQUEST_SECONDS]
    assert served.wire.is_closed


async def test_one_that_came_behind_another_is_waited_for_from_the_end_of_the_answer_before_it_t58(served: Served) -> None:
    served.http.data_received(REQUEST + REQUEST[:-2])
    await asyncio.wait_for(served.came.wait(), 10)
    assert served.loop.run_out() == []
    served.answer.set()
    await asyncio.wait_for(served.answered.wait(), 10)
    assert served.loop.run_out() == [receiving.REQUEST_SECONDS]
    assert served.wire.is_closed
    assert served.bodies == [b"body"]


async def test_a_websocket_that_came_behind_a_request_is_not_waited_for(served: Served) -> None:
    served.http.data_received(REQUEST + HANDSHAKE)
    served.answer.set()
    await asyncio.wait_for(served.answered.wait(), 10)
    assert served.wire.protocol is not None
    assert served.loop.run_out() == []


async def test_a_websocket_is_not_waited_for(served: Served) -> None:
    served.http.data_received(HANDSHAKE)
    assert served.loop.run_out() == []
    assert not served.wire.is_closed


async def test_a_head_that_grows_without_end_is_refused_t58(served: Served) -> None:
    sent = 0
    served.http.data_received(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    while not served.wire.is_closed:
        served.http.data_received(b"X-More: " + b"x" * 1_000 + b"\r\n")
        sent += 1_000
        assert sent <= 128 * 1024
    assert served.wire.written.startswith(b"HTTP/1.1 400 ")
