"""However many look on, the API server is asked the same: by its own count there is no list and no watch more for a thousand than for one."""

from __future__ import annotations

import asyncio
import base64
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from clusterview.stream import encoding
from clusterview.stream.messages import Hello
from tests.bench.page import HANDSHAKE, masked, signed_in
from tests.journeys.dashboard import Dashboard

pytestmark = pytest.mark.lab

MANY = 1_000
AT_ONCE = 50
SECONDS = 480.0
OTHERS = 100
"""The lab's own components list and watch in the same seconds, and each row is compared with a list now and then.
Had each viewer a list or a watch of its own, there would be `MANY` more."""
COUNTED = re.compile(r'^apiserver_(longrunning_requests|request_total)\{([^}]*)\} (\S+)', re.MULTILINE)
VERB = re.compile(r'verb="(LIST|WATCH)"')
PING, PONG = 0x9, 0xA
KEY = base64.b64encode(b"one in a million").decode()


def counted(lab: Any) -> Counter[str]:
    """Watches in flight, and lists and watches that were ever begun, by kube-apiserver's own count; the lab's components are in it too."""
    found: Counter[str] = Counter()
    for name, labels, number in COUNTED.findall(lab.kubectl("get", "--raw", "/metrics")):
        if verb := VERB.search(labels):
            found[f"{name} {verb[1]}"] += int(float(number))
    return found


class Viewer(asyncio.Protocol):
    """A browser's socket that says hello, answers pings and lets everything else pass by. `shown` is done when the picture begins to come."""

    def __init__(self, *, request: bytes, hello: bytes) -> None:
        self._request, self._hello, self._head = request, hello, b""
        self._loop = asyncio.get_running_loop()
        self.shown: asyncio.Future[None] = self._loop.create_future()
        self.is_open = True
        self.transport: Any = None
        self._frames = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._hello:
            self._head += data
            if self._head.startswith(b"HTTP/1.1 101") and self._head.endswith(b"\r\n\r\n"):
                self.transport.write(self._hello)
                self._hello = b""
            return
        if not self.shown.done():
            self.shown.set_result(None)
        self._answer_pings(data)

    def _answer_pings(self, data: bytes) -> None:
        """RFC 6455, section 5: frames of a server are not masked. Who answers no ping is let go after forty seconds."""
        self._frames += data
        while len(self._frames) >= 2:
            length = self._frames[1] & 0x7F
            head = 2 + {126: 2, 127: 8}.get(length, 0)
            if head > 2:
                length = int.from_bytes(self._frames[2:head])
            if len(self._frames) < head + length:
                return
            if self._frames[0] & 0x0F == PING:
                self.transport.write(masked(bytes(self._frames[head : head + length]), opcode=PONG))
            del self._frames[: head + length]

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if not self.shown.done():
            self.shown.set_exception(ConnectionError("the socket was closed before it showed anything"))


@asynccontextmanager
async def viewers(count: int, *, dashboard: Dashboard, cluster: str, cookie: str) -> AsyncIterator[list[Viewer]]:
    """So many who have the picture and go on looking."""
    request = HANDSHAKE.format(port=dashboard.port, origin=dashboard.url, cookie=cookie, key=KEY).encode()
    hello = masked(encoding.encode(Hello(cluster=cluster)))
    here: list[Viewer] = []
    try:
        async with asyncio.timeout(SECONDS):
            for first in range(0, count, AT_ONCE):
                came = [
                    await asyncio.get_running_loop().create_connection(lambda: Viewer(request=request, hello=hello), "127.0.0.1", dashboard.port)
                    for _ in range(min(AT_ONCE, count - first))
                ]
                here += [viewer for _, viewer in came]
                await asyncio.gather(*(viewer.shown for _, viewer in came))
        yield here
    finally:
        for viewer in here:
            viewer.transport.abort()


async def test_the_api_server_sees_as_many_lists_and_watches_for_a_thousand_viewers_as_for_one(
    lab: Any, dashboard: Dashboard, cluster_id: str
) -> None:
    cookie = signed_in(dashboard, link=dashboard.link_for(name="one-of-many", role="viewer"))
    loop = asyncio.get_running_loop()

    async def asked(count: int, *, seconds: float) -> tuple[Counter[str], float]:
        """What the API server was asked from when they began to come until so long afterwards, with the watches open then, and how long it took."""
        before, began = counted(lab), loop.time()
        async with viewers(count, dashboard=dashboard, cluster=cluster_id, cookie=cookie) as here:
            await asyncio.sleep(max(1.0, seconds - (loop.time() - began)))
            assert all(one.is_open for one in here)
            after, took = counted(lab), loop.time() - began
        return Counter({name: after[name] - (before[name] if name.startswith("request_total") else 0) for name in after}), took

    many, took = await asked(MANY, seconds=0)
    one, _ = await asked(1, seconds=took)
    more = {name: many[name] - one[name] for name in many if abs(many[name] - one[name]) > OTHERS}
    assert not more, f"for one viewer and for {MANY}: {one} {many}"
