"""One practice cluster in its folder: certificate, tokens, kubeconfigs, the store and its controllers, and the server that speaks for them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from clusterview.practice import accounts, certificates, churning, managing, persisting
from clusterview.practice.controllers import heartbeats
from clusterview.practice.objects import name_of, namespace_of
from clusterview.practice.resources import NODES, PODS
from clusterview.practice.serving import Server
from clusterview.practice.sizes import Size
from clusterview.practice.store import Event, Store
from clusterview.practice.stories import large, telling
from clusterview.practice.timing import USUAL, Timing

GRACE_SECONDS = 2
SECOND = 1.0
TICK_SECONDS = 0.01
BEATS = 20  # so many groups of a large cluster's nodes tell one after the other that they are alive
VERSIONS_A_SECOND = 10_000  # more than are ever written, so a large cluster never gives out a version twice


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `practice up` was asked for. A `size` makes a large cluster, which is made anew at each start."""

    folder: Path
    port: int
    story: str = telling.SHOP
    timing: Timing = field(default=USUAL)
    context: str = telling.CONTEXT
    size: Size | None = None

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.folder / "kubeconfig"


class Uvicorn(uvicorn.Server):
    """Says when the port is open, and leaves the process' signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()


class Cluster:
    """A cluster that `run` keeps alive until `stop`, which may be called from another thread."""

    def __init__(self, options: Options, *, clock: Callable[[], float] = time.time) -> None:
        self.options, self._clock = options, clock
        options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        certificates.prepare(folder=options.folder)
        self.tokens = tokens(folder=options.folder)
        self.keeper: persisting.Keeper | None = None
        self.churn: churning.Churn | None = None
        if options.size is not None:
            self._fill(options.size)
        else:
            self.store = self._read()
            self.manager = managing.Manager(self.store, timing=options.timing)
            self.manager.begin()
            self.keeper = persisting.Keeper(options.folder / "cluster.json", self.store, story=options.story)
        self.server = Server(self.store, story=options.story, tokens=self.tokens, clock=clock)
        self._changed = asyncio.Event()
        self._uvicorn: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_expired = False

    def _read(self) -> Store:
        found = persisting.read(self.options.folder / "cluster.json", story=self.options.story)
        if found is not None:
            return found
        store = Store()
        telling.tell(store, story=self.options.story, now=self._clock())
        store.forget_history()
        return store

    def _fill(self, size: Size) -> None:
        """Controllers are asked about what the story tells and whatever changes, and not about the mass, which is as they would have made it."""
        now = self._clock()
        self.store = Store(version=int(now * VERSIONS_A_SECOND))
        large.fill(self.store, size=size, now=now)
        self.churn = churning.Churn(self.store, pods=[(namespace_of(pod), name_of(pod)) for pod in self.store.all(PODS)], now=now)
        self.manager = managing.Manager(self.store, timing=self.options.timing)
        for number, node in enumerate(self.store.all(NODES)):
            at = now + number % BEATS * self.options.timing.heartbeat_seconds / BEATS
            self.manager.ask(heartbeats.CONTROLLER, ("", name_of(node)), at=at)
        for leader in heartbeats.LEADERS:
            self.manager.ask(heartbeats.CONTROLLER, (heartbeats.SYSTEM, leader), at=now)
        telling.tell(self.store, story=self.options.story, now=now, nodes=0)
        self.manager.step(now)
        self.store.forget_history()

    async def run(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """This will serve until `stop`; `ready` is called when the port is open."""
        self._loop = asyncio.get_running_loop()
        self.store.listeners.append(self._hear)
        listening = listen(port=self.options.port)
        write_kubeconfigs(options=self.options, tokens=self.tokens, port=listening.getsockname()[1])
        self._uvicorn = Uvicorn(self._configuration(), ready=ready)
        tasks = [asyncio.create_task(self._control())] + ([asyncio.create_task(self._restart(self.churn))] if self.churn is not None else [])
        try:
            await self._uvicorn.serve(sockets=[listening])
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            if self.keeper is not None:
                self.keeper.keep(now=self._clock(), at_once=True)

    def stop(self) -> None:
        """This will end the watches and then the server; before `run` has begun, nothing."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self.server.close()
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True

    def _configuration(self) -> uvicorn.Config:
        folder = self.options.folder
        return uvicorn.Config(
            self.server.app, ssl_certfile=str(folder / "server.crt"), ssl_keyfile=str(folder / "server.key"), lifespan="off", log_config=None,
            access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS, timeout_keep_alive=75, ws="none",
        )  # fmt: skip

    def _hear(self, event: Event) -> None:
        if not event.settled:
            self._changed.set()

    async def _control(self) -> None:
        """The controllers, whenever something changed or is due."""
        while True:
            self._changed.clear()
            due_at = self.manager.guarded_step(self._clock())
            if self.keeper is not None:
                self.keeper.keep(now=self._clock())
            self.server.visitors.visit(self.store, now=self._clock())
            self._show_certificate(is_expired=self._clock() < self.server.stage.expired_until)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(max(due_at - self._clock(), 0.002), SECOND)):
                    await self._changed.wait()

    async def _restart(self, churn: churning.Churn) -> None:
        """The pods of a large cluster, as many as the stage says."""
        while True:
            churn.step(per_second=self.server.stage.churn_per_second, now=self._clock())
            await asyncio.sleep(TICK_SECONDS)

    def _show_certificate(self, *, is_expired: bool) -> None:
        """This will show one or the other to whoever connects from now on, which everybody has to."""
        if is_expired is self._is_expired or self._uvicorn is None or self._uvicorn.config.ssl is None:
            return
        self._is_expired = is_expired
        certificate = self.options.folder / ("expired.crt" if is_expired else "server.crt")
        self._uvicorn.config.ssl.load_cert_chain(certificate, self.options.folder / "server.key")
        for one in list(self._uvicorn.server_state.connections):
            one.transport.abort()


def listen(*, port: int) -> socket.socket:
    """This will open the port. The protocol is named because asyncio switches Nagle's algorithm off only then: 40 ms an answer."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening


def tokens(*, folder: Path) -> dict[str, str]:
    """The users' tokens, made once; only the folder's owner can read them."""
    path = folder / "tokens.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {user: known.get(user) or secrets.token_urlsafe(32) for user in accounts.USERS}
    if made != known:
        write_privately(path, json.dumps(made))
    return made


def last_port(*, folder: Path) -> int:
    """The port of the last time, so that whoever has the kubeconfig finds the cluster again; 0 where it is taken, or there was none."""
    try:
        found: int = int(json.loads((folder / "kubeconfig").read_text())["clusters"][0]["cluster"]["server"].rpartition(":")[2])
        socket.create_server(("127.0.0.1", found)).close()
    except (OSError, ValueError, LookupError, TypeError):
        return 0
    return found


def write_kubeconfigs(*, options: Options, tokens: dict[str, str], port: int) -> None:
    """This will write one for each user: `kubeconfig` for the administrator, `viewer.kubeconfig` and so on beside it."""
    authority = base64.b64encode((options.folder / "ca.crt").read_bytes()).decode()
    name = options.context
    for user, token in tokens.items():
        path = options.kubeconfig if user == accounts.ADMIN else options.folder / f"{user}.kubeconfig"
        server = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": authority}
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": name, "clusters": [{"name": name, "cluster": server}],
            "users": [{"name": f"{name}-{user}", "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": f"{name}-{user}"}}],
            "extensions": [{"name": "practice.clusterview.io", "extension": {"story": options.story}}],
        }  # fmt: skip
        write_privately(path, json.dumps(document, indent=1))


def write_privately(path: Path, text: str) -> None:
    """This will write a file that only its owner can read, at once."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
