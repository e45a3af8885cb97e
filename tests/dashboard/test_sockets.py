"""What is written to a socket beside uvicorn's own way is the frame that this would have written, and whoever does not answer is let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from uvicorn.server import ServerState
from websockets.frames import Close, Frame, Opcode

from dashboard import sockets
from tests.dashboard.wires import Wire, configured


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 5_000_000])
def test_a_message_has_the_head_that_the_protocol_wants(length: int) -> None:
    payload = b"x" * length
    assert sockets.head(length) + payload == Frame(Opcode.BINARY, payload).serialize(mask=False)


def test_a_ping_is_the_frame_that_the_protocol_wants() -> None:
    assert Frame(Opcode.PING, b"").serialize(mask=False) == sockets.PING


class Clock:
    """A loop's clock and timers."""

    def __init__(self) -> None:
        self.now, self.timers, self.rounds = 0.0, list[tuple[float, Callable[[], None]]](), 0

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.timers.append((self.now + seconds, call))

    def until(self, moment: float) -> None:
        while due := min((one for one in self.timers if one[0] <= moment), key=lambda one: one[0], default=None):
            self.timers.remove(due)
            self.now, self.rounds = due[0], self.rounds + 1
            due[1]()
        self.now = moment


class Tab:
    """Notes when it was asked and let go."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self.asked_at, self.let_go_at = clock, list[float](), list[float]()

    def ask(self) -> None:
        self.asked_at.append(self._clock.now)

    def keepalive_timeout(self) -> None:
        self.let_go_at.append(self._clock.now)


def asking() -> tuple[Clock, sockets.Pings]:
    clock = Clock()
    return clock, sockets.Pings(interval=20, timeout=10, later=clock.later, clock=lambda: clock.now)


def test_who_does_not_answer_is_let_go_once_and_who_does_is_asked_again() -> None:
    clock, pings = asking()
    tab, dead = Tab(clock), Tab(clock)
    pings.add(tab)
    pings.add(dead)
    clock.until(25)
    assert tab.asked_at == dead.asked_at == [20]
    pings.answered(tab)
    clock.until(50)
    assert (tab.asked_at, tab.let_go_at) == ([20, 45], [])
    assert dead.let_go_at == [30]
    clock.until(200)
    assert (tab.let_go_at, dead.let_go_at) == ([55], [30])


def test_an_answer_that_nobody_asked_for_changes_nothing() -> None:
    clock, pings = asking()
    tab = Tab(clock)
    pings.add(tab)
    clock.until(15)
    pings.answered(tab)
    clock.until(29)
    assert tab.asked_at == [20]


def test_who_has_gone_is_not_asked_and_with_the_last_one_the_rounds_end() -> None:
    clock, pings = asking()
    gone, asked = Tab(clock), Tab(clock)
    pings.add(asked)
    clock.until(5)
    pings.add(gone)
    clock.until(22)
    pings.remove(gone)
    pings.remove(asked)
    clock.until(100)
    assert (gone.asked_at, asked.asked_at, asked.let_go_at) == ([], [20], [])
    assert not clock.timers


def test_a_thousand_are_asked_in_one_round_a_second_and_not_all_at_once() -> None:
    clock, pings = asking()
    tabs = [Tab(clock) for _ in range(1_000)]
    for tab in tabs:
        pings.add(tab)
    clock.until(19.5)
    assert clock.rounds == 19
    clock.until(20)
    assert {tuple(tab.asked_at) for tab in tabs} == {(20,)}
    assert clock.rounds == 24, "five in a row, each for a part of them"


HANDSHAKE = b"""GET /ws/live HTTP/1.1\r
Host: localhost\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Extensions: permessage-deflate\r
\r
"""


class Served:
    """A socket of ours as `up` serves it, which was let in, and what its application received."""

    def __init__(self) -> None:
        self.wire, self.received = Wire(), list[dict[str, Any]]()
        config = configured(self.application)
        self.socket = sockets.Socket(config=config, server_state=ServerState(), app_state={}, _loop=asyncio.get_running_loop())
        self.accepted, self.is_over = asyncio.Event(), asyncio.Event()
        self.socket.connection_made(self.wire)
        self.socket.data_received(HANDSHAKE)

    async def application(self, _: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.handshake = bytes(self.wire.written)
        self.wire.written.clear()
        self.accepted.set()
        while not self.received or self.received[-1]["type"] != "websocket.disconnect":
            self.received.append(await receive())
        self.is_over.set()

    def send(self, opcode: Opcode, data: bytes = b"", *, fin: bool = True, times: int = 1) -> None:
        self.socket.data_received(Frame(opcode, data, fin).serialize(mask=True) * times)


@pytest.fixture
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(sockets.Socket, "pings", None)  # those of this loop, which ends with the test
    made = Served()
    await asyncio.wait_for(made.accepted.wait(), 10)
    yield made
    if not made.is_over.is_set():
        made.socket.connection_lost(None)
        await asyncio.wait_for(made.is_over.wait(), 10)


def pong(payload: bytes) -> bytes:
    return Frame(Opcode.PONG, payload).serialize(mask=False)


async def test_nothing_is_compressed_for_a_client_that_asks_for_it_t56(served: Served) -> None:
    assert served.handshake.startswith(b"HTTP/1.1 101 ")
    assert b"permessage-deflate" in HANDSHAKE
    assert b"extensions" not in served.handshake.lower()


async def test_pings_of_a_client_that_reads_nothing_leave_one_answer_behind_t56(served: Served) -> None:
    served.send(Opcode.PING, b"first")
    assert served.wire.written == pong(b"first")
    served.socket.pause_writing()
    for number in range(1_000):
        served.send(Opcode.PING, b"%d" % number, times=10)
    assert served.wire.written == pong(b"first"), "what is written while there is no room waits in memory"
    served.socket.resume_writing()
    assert served.wire.written == pong(b"first") + pong(b"999")
    served.socket.resume_writing()
    assert served.wire.written == pong(b"first") + pong(b"999")


async def test_a_close_that_came_with_a_ping_is_answered_also_where_there_is_no_room(served: Served) -> None:
    close = Frame(Opcode.CLOSE, Close(1000, "").serialize())
    served.socket.pause_writing()
    served.socket.data_received(Frame(Opcode.PING, b"last").serialize(mask=True) + close.serialize(mask=True))
    assert served.wire.written == pong(b"last") + close.serialize(mask=False)
    assert served.wire.is_closed


async def test_a_message_that_never_ends_ends_the_connection_t56(served: Served) -> None:
    served.send(Opcode.BINARY, fin=False)
    served.send(Opcode.CONT, fin=False, times=5_000)
    assert len(served.socket.frames) <= sockets.FRAGMENTS
    assert served.wire.is_closed
    assert served.wire.written == Frame(Opcode.CLOSE, Close(1009, "too many fragments").serialize()).serialize(mask=False)
    await asyncio.wait_for(served.is_over.wait(), 10)
    assert [(one["type"], one["code"]) for one in served.received] == [("websocket.disconnect", 1009)]


async def test_a_message_in_as_many_fragments_as_there_may_be_is_read(served: Served) -> None:
    served.send(Opcode.BINARY, b"a", fin=False)
    served.send(Opcode.CONT, b"b", fin=False, times=sockets.FRAGMENTS - 2)
    served.send(Opcode.CONT, b"c")
    served.socket.connection_lost(None)
    await asyncio.wait_for(served.is_over.wait(), 10)
    assert served.received[0]["bytes"] == b"a" + b"b" * (sockets.FRAGMENTS - 2) + b"c"
