"""A real `up` that shows the large feed, with somebody signed in, and the sockets of browsers."""

from __future__ import annotations

import base64
import contextlib
import select
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from clusterview.stream import encoding
from clusterview.stream.messages import Changes, Hello, Snapshot
from tests.bench import compiling, feed
from tests.bench.feeding import Feed
from tests.journeys.dashboard import Dashboard, wait_for
from tests.ports import free_port

START_SECONDS = 120
BROWSERS = 20_000  # of one person, at most
KEY = base64.b64encode(b"a crowd of sixty").decode()
HANDSHAKE = (
    "GET /ws/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: {origin}\r\nCookie: {cookie}\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
)


@dataclass
class Page:
    """The product, and the cookie of somebody who is signed in."""

    dashboard: Dashboard
    cookie: str
    cluster: str = "large"

    @property
    def hello(self) -> bytes:
        return encoding.encode(Hello(cluster=self.cluster))

    @contextlib.contextmanager
    def socket(self) -> Iterator[ClientConnection]:
        """A browser's socket that has said hello."""
        address = self.dashboard.url.replace("http", "ws", 1) + "/ws/live"
        headers = {"Cookie": self.cookie}
        with connect(address, origin=Origin(self.dashboard.url), additional_headers=headers, max_size=None, compression=None) as socket:
            socket.send(self.hello)
            yield socket

    @contextlib.contextmanager
    def browser(self) -> Iterator[Heard]:
        """One that measures."""
        heard = Heard()
        with self.socket() as socket:

            def listen() -> None:
                with contextlib.suppress(ConnectionClosed):
                    for frame in socket:
                        assert isinstance(frame, bytes)
                        heard.take(frame)

            thread = threading.Thread(target=listen, daemon=True)
            thread.start()
            heard.whole.wait(START_SECONDS)
            yield heard
            socket.close()
            thread.join(5)

    def crowd(self, count: int, *, folder: Path, least: int = 1) -> AbstractContextManager[Crowd]:
        """So many that only listen. Raises RuntimeError where there is no compiler."""
        return crowd(count, folder=folder, url=self.dashboard.url, cookies=[self.cookie], hello=self.hello, least=least)


@contextlib.contextmanager
def crowd(count: int, *, folder: Path, url: str, cookies: Sequence[str], hello: bytes, least: int = 1) -> Iterator[Crowd]:
    """This will open that many sockets at once, the cookies in turn; what they saw is told at the end. Raises RuntimeError where there is no
    compiler.
    """
    port = url.rpartition(":")[2]
    said = [HANDSHAKE.format(port=port, origin=url, cookie=cookie, key=KEY).encode() + masked(hello) for cookie in cookies]
    assert len({len(one) for one in said}) == 1
    (folder / "said").write_bytes(b"".join(said))
    line = [str(compiling.program("crowd")), port, str(count), str(folder / "said"), str(len(said[0])), str(least)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        seen = Crowd()
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() == "ready"
            seen.told = process.stdout
            yield seen
            told = [line for line in process.communicate(timeout=30)[0].split("\n") if line != "whole"]
            seen.open, seen.bytes, whole, seen.snapshots = (int(word) for word in told[0].split())
            seen.whole_seconds = whole / 1e6 if whole >= 0 else None
            seen.changes = [(int(first), int(last), int(browsers)) for first, last, browsers in (one.split() for one in told[1:] if one)]
        finally:
            process.kill()


@dataclass
class Heard:
    """What one browser was told: the age in ms of each stamped change when it came, when that was in microseconds, and the bytes of them all.

    `kept` are the frames as they came, and `whole_bytes` those until the snapshot.
    """

    ages: list[float] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    frames: int = 0
    frame_bytes: int = 0
    kept: list[bytes] = field(default_factory=list)
    whole_bytes: int = 0
    whole: threading.Event = field(default_factory=threading.Event)

    def take(self, frame: bytes) -> None:
        message = encoding.decode(frame)
        self.kept.append(frame)
        if isinstance(message, Snapshot):
            self.whole_bytes = sum(map(len, self.kept))
            self.whole.set()
        if isinstance(message, Changes):
            self.hear([restarts[0] for _, _, restarts in message.pods if restarts], size=len(frame))

    def hear(self, stamps: Sequence[int], *, size: int) -> None:
        """This will note one frame of changes with its size in bytes."""
        self.frames += 1
        self.frame_bytes += size
        self.ages += [feed.age_ms(stamp) for stamp in stamps]
        self.stamps += stamps


@dataclass
class Crowd:
    """What the crowd saw: sockets still open, bytes, snapshots, after how long the last one had the least that was asked for, and each change as
    (moment of the first that had it, of the last, how many had it).
    """

    open: int = 0
    bytes: int = 0
    snapshots: int = 0
    whole_seconds: float | None = None
    told: IO[str] | None = None
    changes: list[tuple[int, int, int]] = field(default_factory=list)

    def wait_for_all(self, *, seconds: float) -> bool:
        """This will wait until each has had the least, or so long, and tell whether they had."""
        assert self.told is not None
        return bool(select.select([self.told], [], [], seconds)[0])

    def lateness(self, stamp: int, *, browsers: int = 1) -> float | None:
        """Milliseconds from a stamp to the last browser that had the change that came next; None where fewer had it, or the last after a second."""
        following = [((first - stamp & feed.STAMP_MASK), (last - stamp & feed.STAMP_MASK), had) for first, last, had in self.changes]
        _, last, had = min(following, default=(0, feed.STAMP_MASK, 0))
        return last / 1000 if had >= browsers and last < 1_000_000 else None

    def latenesses(self, stamps: Sequence[int], *, browsers: int = 1) -> list[float]:
        """The same for each that came in time."""
        return [one for stamp in stamps if (one := self.lateness(stamp, browsers=browsers)) is not None]


@contextlib.contextmanager
def shown(fed: Feed) -> Iterator[Page]:
    """This will start the product on the feed and sign in; afterwards it is ended."""
    with tempfile.TemporaryDirectory(prefix="clusterview-bench-") as folder:
        kubeconfig = fed.kubeconfig(folder=Path(folder))
        dashboard = Dashboard(state=Path(folder) / "state", port=free_port(), kubeconfig=kubeconfig, sockets_per_person=BROWSERS)
        try:
            dashboard.start(seconds=START_SECONDS)
            with dashboard.rest(token=dashboard.token(name="viewer", role="viewer")) as rest:
                wait_for(lambda: rest.get("/clusters").json()[0]["state"] == "live", seconds=START_SECONDS, what="live")
            yield Page(dashboard=dashboard, cookie=signed_in(dashboard))
        finally:
            dashboard.stop()


def signed_in(dashboard: Dashboard, *, link: str = "") -> str:
    """This will use a login link up (the first one, where none is given), as a browser does, and give the cookies."""
    link = link or dashboard.login_link
    with httpx.Client(timeout=30) as browser:
        token = browser.get(link).text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        browser.post(link, data={"csrfmiddlewaretoken": token}, headers={"Origin": dashboard.url})
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def masked(payload: bytes, *, opcode: int = 0x2) -> bytes:
    """A WebSocket frame as a browser sends it, with a mask of zeros."""
    assert len(payload) < 126
    return bytes([0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload
