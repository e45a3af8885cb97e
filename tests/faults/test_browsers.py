"""Browsers that are slow, asleep, hostile or many, at the product's own web process: each gets the truth or is let go, and no other notices."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket as sockets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from clusterview.stream import publishing, subscribing
from clusterview.stream.messages import Position
from clusterview.topology.changes import Put
from clusterview.topology.objects import Node, Uid
from dashboard.sockets import ROUND_SECONDS
from tests.faults.proxy import Proxy
from tests.faults.tcp import Blackhole, IdleCut
from tests.faults.web import Web, join, running
from tests.lab.fixtures import wait_until
from tests.patience import Patience
from tests.stream.making import Browser, came

pytestmark = pytest.mark.slow

SOON, MIB, HUNG_SECONDS = 10.0, 1024 * 1024, 7.0
FRAMES = 200  # of a tenth of a mebibyte
SHORT_PINGS = ["--ws-ping-interval", "1", "--ws-ping-timeout", "5"]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "SNAPSHOT_SECONDS", 1.0)
        with running(tmp_path_factory) as web:
            yield web


class Reader:
    """A browser that reads all the time."""

    def __init__(self, socket: ClientConnection, *, page: Browser) -> None:
        self.page, self._socket, self._came = page, socket, asyncio.Event()
        self.frames = 0
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in self._socket:
                assert isinstance(frame, bytes)
                self.page.take(frame)
                self.frames += 1
                self._came.set()

    async def until(self, look: Callable[[], bool]) -> None:
        """This will read until something is so."""
        patience = Patience(seconds=SOON)
        while not look():
            assert not patience.is_over, f"{self.page.states[-3:]}, {self.page.position}"
            self._came.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), 1)

    async def reaches(self, sequence: int) -> None:
        """This will read until the page is as far as that."""
        await self.until(lambda: self.page.position is not None and self.page.position.sequence >= sequence)

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


@asynccontextmanager
async def reading(web: Web, *, port: int = 0, page: Browser | None = None) -> AsyncIterator[Reader]:
    """A browser that joins, with the picture that it has where it comes back."""
    page = page or Browser()
    async with web.browser(port=port) as socket:
        await join(socket, resume=page.position)
        reader = Reader(socket, page=page)
        yield reader
        await reader.stop()


def large(number: int) -> Node:
    """A record of a tenth of a mebibyte that no two frames have in common."""
    return Node(uid=Uid("n1"), name="node-1", ready="True", labels={"noise": os.urandom(50_000).hex()}, zone=str(number))


async def narrow(web: Web) -> ClientConnection:
    """A browser with little room on its own side."""
    host = sockets.socket()
    host.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    host.setblocking(False)
    await asyncio.get_running_loop().sock_connect(host, ("127.0.0.1", web.port))
    return await web.browser(host=host)


async def frames_for_a_new_one(web: Web) -> int:
    """How many frames it takes to bring a browser that comes now to where all are."""
    async with reading(web) as new:
        await new.reaches(web.sequence)
        return new.frames


async def test_those_who_do_not_read_cost_two_mebibytes_each_and_get_one_picture_when_they_wake_f64_f74(web: Web) -> None:
    slow = [await narrow(web) for _ in range(20)]
    for one in slow:
        await join(one)
        one.transport.pause_reading()
    async with reading(web) as quick:
        await quick.reaches(web.sequence)
        before = web.process.memory_info().rss
        for number in range(FRAMES):
            web.publish([Put(large(number))])
            await quick.reaches(web.sequence)  # who reads is not held back
        grown = web.process.memory_info().rss - before
        assert quick.page.snapshots == 1
    # What this process keeps for everybody is in it too: the last changes, and the newest picture.
    assert grown < len(slow) * (subscribing.QUEUE_BYTES + MIB) + 60 * MIB, f"{grown / MIB:.0f} MiB"
    for _ in range(30):  # a later snapshot is on its way
        if await frames_for_a_new_one(web) < 5:
            break
        await asyncio.sleep(0.5)
    for one in slow:
        one.transport.resume_reading()
        woken = Reader(one, page=Browser())
        await woken.reaches(web.sequence)
        assert woken.page.snapshots <= 2
        assert woken.frames < FRAMES / 2, "what it had missed was sent as one picture"
        assert woken.page.reader is not None
        assert woken.page.reader.picture == web.picture
        await woken.stop()
        await one.close()


async def test_a_tab_that_fell_asleep_without_a_word_is_let_go_f65(web: Web) -> None:
    line = web.line()
    seconds = int(line[line.index("--ws-ping-interval") + 1]) + int(line[line.index("--ws-ping-timeout") + 1])
    assert seconds + 2 * ROUND_SECONDS <= 45
    web.restart(*SHORT_PINGS)
    try:
        with Proxy(target_port=web.port) as proxy:
            async with reading(web, port=proxy.port) as tab:
                await tab.reaches(web.sequence)
                assert web.sockets() == 1
                proxy.add(Blackhole())
                await asyncio.to_thread(wait_until, lambda: web.sockets() == 0, seconds=SOON, what="its socket was closed")
                await tab.stop()
                proxy.clear()
    finally:
        web.restart()


async def test_a_storm_of_returns_resumes_and_sends_nobody_a_picture_f66(web: Web) -> None:
    async def look(page: Browser) -> None:
        async with reading(web, page=page) as tab:
            await tab.until(lambda: page.states[-1:] == ["live"])
            await tab.reaches(web.sequence)
            page.states.clear()

    pages = [Browser() for _ in range(200)]
    await asyncio.gather(*(look(page) for page in pages))
    web.restart()
    web.publish(came(5))
    await asyncio.gather(*(look(page) for page in pages))
    assert {page.snapshots for page in pages} == {1}, "a place that the stream still holds is enough"
    assert all(page.reader is not None and page.reader.picture == web.picture for page in pages)


async def test_who_is_asked_to_end_tells_every_browser_to_come_again(web: Web) -> None:
    async with web.browser() as one, web.browser() as other:
        await join(one)
        web.end()
        for browser in (one, other):
            await asyncio.wait_for(browser.wait_closed(), SOON)
            assert browser.close_code == 1012
    web.restart()


async def test_while_redis_hangs_pages_are_answered_and_say_that_they_are_not_live_f33(web: Web) -> None:
    """For longer than any time-out."""
    async with reading(web) as tab, httpx.AsyncClient(base_url=web.url, headers={"Cookie": web.cookies[0]}) as client:
        await tab.until(lambda: tab.page.states[-1:] == ["live"])
        late, until = list[bool](), time.monotonic() + HUNG_SECONDS
        web.redis.send(signal.SIGSTOP)
        try:
            while time.monotonic() < until:
                for path in ("/livez", "/", "/c/lab/history"):
                    patience = Patience(seconds=0.5)
                    answer = await client.get(path)
                    late.append(patience.is_over)
                    assert answer.status_code < 400, path
            assert tab.page.states[-1] == "stale"
        finally:
            web.redis.send(signal.SIGCONT)
        await tab.until(lambda: tab.page.states[-1:] == ["live"])
        assert tab.page.snapshots == 1
    assert sum(late) <= max(2, len(late) / 100)


async def two_hundred(web: Web) -> int:
    """The memory of the web process while two hundred tabs look on, which are closed when this returns."""
    async with contextlib.AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(reading(web)) for _ in range(200)]
        await asyncio.gather(*(tab.reaches(web.sequence) for tab in tabs))
        memory: int = web.process.memory_info().rss
    return memory


async def test_two_hundred_tabs_cost_sixty_kibibytes_each_and_leave_nothing_behind_f67(web: Web) -> None:
    web.restart()
    async with reading(web) as first:
        await first.reaches(web.sequence)
        files, memory = web.process.num_fds(), web.process.memory_info().rss
        with_all = await two_hundred(web)
        await asyncio.to_thread(wait_until, lambda: web.process.num_fds() <= files, seconds=SOON, what="every file is closed")
        again = [await two_hundred(web) for _ in range(3)]
    assert with_all - memory <= 200 * 60 * 1024, f"{(with_all - memory) / 200 / 1024:.0f} KiB"
    assert again[-1] - with_all <= 6 * MIB, "who comes takes the place of who went"


async def test_a_persons_third_page_is_told_that_two_may_be_open_and_a_script_is_refused_t57(web: Web) -> None:
    web.sockets_per_person = 2
    web.restart()
    try:
        async with reading(web) as one, reading(web) as other, contextlib.AsyncExitStack() as stack:
            for _ in range(2):
                more = await stack.enter_async_context(web.browser())
                with pytest.raises(ConnectionClosed) as closed:
                    assert msgspec.msgpack.decode(await asyncio.wait_for(more.recv(), SOON)) == {"type": "bye", "reason": "too_many"}
                    await asyncio.wait_for(more.recv(), SOON)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1013
            for _ in range(20):
                with pytest.raises(InvalidStatus) as refused:
                    await stack.enter_async_context(web.browser())
                assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (429, "30")
            web.publish(came(6))
            for tab in (one, other):
                await tab.reaches(web.sequence)
    finally:
        web.sockets_per_person = 20_000
        web.restart()


async def knock(web: Web, *, cookie: str) -> int:
    """The answer to a stranger's handshake."""
    try:
        async with connect(f"ws://127.0.0.1:{web.port}/ws/live", origin=Origin(web.url), additional_headers={"Cookie": cookie}):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_strangers_by_the_hundred_are_refused_and_leave_nothing_behind_t57(web: Web) -> None:
    """Each with a session that might be one, so that the database is asked."""
    name = web.cookies[0].partition("=")[0]
    async with reading(web) as tab:
        await tab.reaches(web.sequence)

        async def come() -> int:
            for start in range(0, 400, 100):
                strangers = [knock(web, cookie=f"{name}={number:032}") for number in range(start, start + 100)]
                assert set(await asyncio.gather(*strangers)) == {403}
            await asyncio.to_thread(wait_until, lambda: web.sockets() == 1, seconds=SOON, what="their sockets are closed")
            memory: int = web.process.memory_info().rss
            return memory

        first = await come()
        memory = [await come() for _ in range(3)][-1]
        web.publish(came(7))
        await tab.reaches(web.sequence)
    assert memory - first <= 6 * MIB, f"{(memory - first) / 1_200 / 1024:.0f} KiB each"


@pytest.mark.parametrize(
    ("frame", "code"),
    [("text", 1008), (b"\xc1", 1008), (os.urandom(65_537), 1009), (b"x" * 1_000_000, 1009)],
    ids=["text", "no message", "64 KiB and one", "a million"],
)
async def test_garbage_ends_its_own_socket_and_no_other_f68(web: Web, frame: str | bytes, code: int) -> None:
    async with reading(web) as other:
        await other.reaches(web.sequence)
        async with web.browser() as bad:
            await join(bad)
            with contextlib.suppress(ConnectionClosed):
                await bad.send(frame)
            async with asyncio.timeout(SOON):
                with pytest.raises(ConnectionClosed) as closed:
                    while True:
                        await bad.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
        web.publish(came(3))
        await other.reaches(web.sequence)


async def test_a_flood_of_hellos_is_ended_and_no_other_waits_f68(web: Web) -> None:
    async with reading(web) as other:
        await other.reaches(web.sequence)
        async with web.browser() as flood:
            with pytest.raises(ConnectionClosed) as closed:
                for _ in range(10_000):
                    await join(flood)
                async with asyncio.timeout(SOON):
                    while True:
                        await flood.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        web.publish(came(4))
        await other.reaches(web.sequence)


async def stuck(web: Web) -> ClientConnection:
    """A browser that reads nothing, when the web process can write no more to it."""
    made = await narrow(web)
    await join(made)
    made.transport.pause_reading()
    async with reading(web) as quick:
        for number in range(FRAMES):
            web.publish([Put(large(number))])
            await quick.reaches(web.sequence)
    return made


async def test_who_is_signed_out_and_does_not_read_is_let_go_t07(web: Web) -> None:
    web.restart(application="tests.faults.ringing:application")
    try:
        made = await stuck(web)
        assert web.sockets() == 1
        await asyncio.to_thread(web.sign_out)
        await asyncio.to_thread(wait_until, lambda: web.sockets() == 0, seconds=SOON, what="its socket was closed")
        made.transport.abort()
    finally:
        web.restart()


async def test_a_tab_that_does_not_read_and_answers_nothing_is_let_go_f65(web: Web) -> None:
    web.restart(*SHORT_PINGS)
    try:
        made = await stuck(web)
        await asyncio.to_thread(wait_until, lambda: web.sockets() == 0, seconds=SOON, what="its socket was closed")
        made.transport.abort()
    finally:
        web.restart()


async def test_a_proxy_that_cuts_idle_lines_finds_none_f69(web: Web) -> None:
    with Proxy(target_port=web.port) as proxy:
        async with reading(web, port=proxy.port) as tab:
            cut = proxy.add(IdleCut(seconds=15))  # proxies wait 60 s; a heartbeat comes every 3 s
            before = len(tab.page.states)
            await tab.until(lambda: len(tab.page.states) >= before + 3)
            assert not cut.struck


@pytest.mark.parametrize("place", ["another epoch", "the future"])
async def test_a_place_that_is_not_ours_gets_the_picture_and_never_changes_f71(web: Web, place: str) -> None:
    later = Position(epoch=web.epoch, sequence=web.sequence + 1_000)
    asked = later if place == "the future" else Position(epoch=web.epoch + 5, sequence=1)
    async with web.browser() as socket:
        await join(socket, resume=asked)
        async with asyncio.timeout(SOON):
            while (kind := msgspec.msgpack.decode(await socket.recv())["type"]) == "heartbeat":
                pass
    assert kind == "snapshot"


async def test_a_place_of_a_cluster_that_is_not_opened_is_refused_f71(web: Web) -> None:
    async with web.browser() as socket:
        await socket.send(msgspec.msgpack.encode({"type": "hello", "cluster": "other", "view": "*", "resume": {"epoch": 1, "sequence": 1}}))
        async with asyncio.timeout(SOON):
            told = msgspec.msgpack.decode(await socket.recv())
    assert told == {"type": "bye", "reason": "unknown_cluster"}
