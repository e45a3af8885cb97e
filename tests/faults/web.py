"""The product's own web process, started as `up` starts it, on a Redis and a database of one test module, with a cluster that the test publishes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from playwright.sync_api import BrowserContext
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from clusterview.stream import encoding, publishing, seals
from clusterview.stream.messages import Contact, Hello, Position
from clusterview.stream.publishing import Publisher
from clusterview.topology.changes import Change
from dashboard.installing import ROOT
from dashboard.options import Options
from dashboard.starting import python_children
from tests.lab.fixtures import wait_until
from tests.ports import free_port
from tests.redis_servers import RedisServer
from tests.stream.making import picture

CLUSTER, SECRET = "lab", "a key for tests only, as long as a real one"
SIGNED_IN = """
import django
django.setup()
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.crypto import get_random_string
from clusterview.access import clusters, people
clusters.register(opened=[("lab", "the lab")])
client = Client()
client.force_login(people.add(name="vera", role="viewer", actor="ada"))
found = Session.objects.get(session_key=client.session.session_key)
others = [Session(session_key=get_random_string(32), session_data=found.session_data, expire_date=found.expire_date) for _ in range({count} - 1)]
for one in [found, *Session.objects.bulk_create(others)]:
    print(f"{{settings.SESSION_COOKIE_NAME}}={{one.session_key}}")
"""

SIGNED_OUT = """
import django
django.setup()
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils.crypto import get_random_string
from clusterview.stream import notices, publishing
found = Session.objects.get(session_key="{key}")
other = Session.objects.create(session_key=get_random_string(32), session_data=found.session_data, expire_date=found.expire_date)
found.delete()
assert notices.revoked(redis=publishing.connect(url=settings.REDIS_URL), session_hash=notices.session_hash("{key}"))
print(f"{{settings.SESSION_COOKIE_NAME}}={{other.session_key}}")
"""


class Web:
    """One web process. The test publishes what its browsers see: `picture`, of the newest `sequence` of the `epoch`."""

    def __init__(self, *, folder: Path, redis: RedisServer, sessions: int = 1) -> None:
        self.port, self.redis = free_port(), redis
        self.epoch, self.sequence, self.picture = 1, 1, picture(pods=2)
        self._folder = folder
        self.sockets_per_person = 20_000  # all browsers of a test are one person's
        self._environment = os.environ | {
            "CLUSTERVIEW_STATE": str(folder), "CLUSTERVIEW_REDIS_URL": redis.url, "DJANGO_SETTINGS_MODULE": "dashboard.settings"
        }  # fmt: skip
        (folder / "secret-key").write_text(SECRET)
        self._process: subprocess.Popen[bytes] | None = None
        self._run("manage.py", "migrate", "--verbosity", "0")
        self.cookies = self._run("-c", SIGNED_IN.format(count=sessions)).strip().splitlines()[-sessions:]
        client, sealed_by = publishing.connect(url=redis.url), seals.Seals(secret=SECRET)
        self._publisher = Publisher(redis=client, cluster=CLUSTER, epoch=self.epoch, sealed_by=sealed_by)
        self._publisher.begin(records=self.picture.objects.values())
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._speaking = threading.Thread(target=self._speak, daemon=True)
        self._speaking.start()

    def _speak(self) -> None:
        """An observer's word each second."""
        while not self._ended.is_set():
            with self._lock, contextlib.suppress(redis.RedisError):
                self._publisher.contact(contact=Contact(state="live", contact_age_seconds=0.1))
            self._ended.wait(1.0)

    def publish(self, changes: list[Change]) -> None:
        """This will tell everybody of changes, in one frame."""
        with self._lock:
            self._publisher.publish(changes=changes)
        self.picture.apply(changes=changes)
        self.sequence += 1

    def line(self) -> list[str]:
        """The command line with which `up` starts the web process."""
        options = Options(state=self._folder, host="127.0.0.1", port=self.port, kubeconfig="", contexts=[], read_only=False)
        (web,) = (child for child in python_children(options=options) if child.name == "web")
        return web.line

    def restart(self, *more: str, application: str = "dashboard.asgi:application") -> None:
        """This will kill it where it runs and start it, with more words at the end of its line."""
        self.kill()
        line = [application if word == "dashboard.asgi:application" else word for word in self.line()]
        around = self._environment | {"CLUSTERVIEW_SOCKETS_PER_PERSON": str(self.sockets_per_person)}
        self._process = subprocess.Popen([*line, *more], cwd=ROOT, env=around, stdin=subprocess.DEVNULL)
        wait_until(lambda: self.sockets(psutil.CONN_LISTEN) == 1, seconds=20, what="the web process listens")

    def sign_in(self, context: BrowserContext) -> None:
        """This will let whoever browses in it be the person who is signed in."""
        name, _, value = self.cookies[0].partition("=")
        context.add_cookies([{"name": name, "value": value, "url": self.url}])

    def sign_out(self) -> None:
        """This will end the session of the first cookie, and ring. Whoever comes afterwards has another one."""
        self.cookies[0] = self._run("-c", SIGNED_OUT.format(key=self.cookies[0].partition("=")[2])).strip().splitlines()[-1]

    def close(self) -> None:
        """This will end it and what it is told."""
        self._ended.set()
        self._speaking.join(10)
        self.kill()

    def end(self) -> None:
        """This will ask it to end, as `up` and Kubernetes do."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    @property
    def process(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """How much processor time it has used."""
        times = self.process.cpu_times()
        return times.user + times.system

    def sockets(self, state: str = psutil.CONN_ESTABLISHED) -> int:
        """How many connections of browsers it holds."""
        return sum(one.status == state and one.laddr.port == self.port for one in self.process.net_connections("tcp"))

    def browser(self, *, port: int = 0, host: socket.socket | None = None) -> connect:
        """A browser's socket, at another port where something lies in between; `host` is one that is connected already."""
        where = f"127.0.0.1:{port or self.port}"
        more: dict[str, Any] = {"sock": host} if host else {}
        more |= {"origin": Origin(f"http://{where}"), "additional_headers": {"Cookie": self.cookies[0]}}
        return connect(f"ws://{where}/ws/live", max_size=None, compression=None, ping_interval=None, open_timeout=30, **more)

    def _run(self, *words: str) -> str:
        line, around = [sys.executable, *words], self._environment
        done = subprocess.run(line, cwd=ROOT, env=around, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


@contextlib.contextmanager
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One that runs, on a Redis of its own; afterwards both are ended."""
    redis = RedisServer(folder=tmp_path_factory.mktemp("redis"))
    redis.start()
    web = Web(folder=tmp_path_factory.mktemp("web"), redis=redis)
    try:
        web.restart()
        yield web
    finally:
        web.close()
        redis.kill()


async def join(browser: ClientConnection, *, resume: Position | None = None) -> None:
    """This will say hello."""
    await browser.send(encoding.encode(Hello(cluster=CLUSTER, resume=resume)))
