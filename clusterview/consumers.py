"""One browser's socket: checks who it is, joins the stream, forwards, leaves. It knows nothing about clusters or pods."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import math
import random
import time
from collections.abc import Callable
from typing import Any

import msgspec
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from clusterview.access import attempts, clusters, crowding, origins, people, sources
from clusterview.access.sharing import SharedLook
from clusterview.stream import encoding, hub, messages, notices, outlets, views
from clusterview.stream.subscribing import Subscription

HELLO_SECONDS = 30.0  # ten thousand who come at once are all read within that
HELLO_BYTES = 64 * 1024
ASK_AGAIN_SECONDS = 1.0  # where the database did not answer
UNANSWERED_SECONDS = 1.5  # for which who was named by a ring stays though the database does not answer; a page is to be closed within 2
LOOK_AGAIN_SECONDS = 20.0  # for a ring that was lost; each somewhere between half and one and a half of it
LOOK_TOGETHER_SECONDS = 0.5  # those whose turn comes within that share a look: ten thousand are 250 each time, in two queries
HELLOS, HELLOS_SECONDS = 20, 10.0  # a browser says one, and another where a change did not fit
POLICY, TOO_BIG, NORMAL, LATER = 1008, 1009, 1000, 1013
TOLD_SECONDS = 10.0  # for which uvicorn waits for a browser that was told to close
TOO_MANY = "As many of your pages are open as one person may have, {most:g}. Close some of them, and try again."


_clusters = SharedLook(database_sync_to_async(clusters.names_of))  # they come and go with `up`


def is_about(person: people.Person, notice: notices.Revoked) -> bool:
    """Whether the person, or their session, is meant."""
    return (notice.user_id is not None and notice.user_id == person.user_id) or (
        notice.session_hash is not None and notice.session_hash == person.session_hash
    )


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """`/ws/live`: after `hello`, the frames of one cluster's stream until either side closes."""

    person: people.Person | None = None
    subscription: Subscription | None = None
    outlet: outlets.Outlet | None = None
    _unlisten: Callable[[], None] | None = None
    _give_back: Callable[[], None] | None = None  # the place of one who was let in
    _asking: asyncio.Task[None] | None = None
    _next_look: asyncio.TimerHandle | None = None
    _unanswered: asyncio.TimerHandle | None = None  # from a ring that names the person until the database answers

    def __init__(self) -> None:
        super().__init__()
        self._tasks: list[asyncio.Task[None]] = []
        self._timers: list[asyncio.TimerHandle] = []
        self._hellos: collections.deque[float] = collections.deque(maxlen=HELLOS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Leaves at any end: no `disconnect` comes where the browser is gone before it is let in, or a handler fails."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Calls the handler without what Channels does before each message: closing this thread's database connections, by way of another thread.
        Nothing here uses any but through `database_sync_to_async`, which closes its own.
        """
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Refuses (403, before the handshake) another origin and anybody who is not signed in. One page too many of a person is told so."""
        outlet = self.scope.get("extensions", {}).pop(outlets.EXTENSION, {}).get("outlet")  # which holds this scope
        if not origins.allowed(self.scope):
            attempts.refused("foreign_origin", asked_from=sources.of_scope(self.scope))
            await self.close()
            return
        self._unlisten = hub.hub().listen(self._revoked)
        self.person = await self._look()
        if self.person is None:
            attempts.refused("no_session", asked_from=sources.of_scope(self.scope))
            await self.close()
            return
        self._give_back = crowding.connections.take(self.person)
        if self._give_back is None:
            await self._turn_away(self.person)
            return
        self.outlet = outlet
        await self.accept()
        self._after(HELLO_SECONDS, self._miss_hello)
        if self.person.expires_at is not None:
            self._after(max(0.0, self.person.expires_at - time.time()), self._expire)
        self._look_later()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Takes `hello`; anything else ends the connection."""
        if self._give_back is None:
            return  # it came with a handshake that was refused
        if bytes_data is None or len(bytes_data) > HELLO_BYTES:
            await self._bye(reason="bad_message", code=POLICY if bytes_data is None else TOO_BIG)
            return
        try:
            hello = encoding.decode_from_browser(bytes_data)
            namespaces = views.namespaces_of(hello.view)
        except (msgspec.MsgspecError, ValueError):  # a text that is no UTF-8 is a ValueError
            await self._bye(reason="bad_message", code=POLICY)
            return
        if self._is_flood():
            await self._bye(reason="bad_message", code=POLICY)
        elif await _clusters.find(hello.cluster) is None:
            await self._bye(reason="unknown_cluster", code=POLICY)
        else:
            await self._join(hello, namespaces=namespaces)

    async def _turn_away(self, person: people.Person) -> None:
        """Lets a page in for as long as it takes to say why it cannot stay, since it cannot read what a refused handshake says. A script that comes
        again and again is refused with 429.
        """
        if end := crowding.told.take(person):
            asyncio.get_running_loop().call_later(TOLD_SECONDS, end)
            await self.accept()
            await self._bye(reason="too_many", code=LATER)
        elif "websocket.http.response" in self.scope.get("extensions", {}):
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"30")]
            await self.base_send({"type": "websocket.http.response.start", "status": 429, "headers": headers})
            await self.base_send({"type": "websocket.http.response.body", "body": TOO_MANY.format(most=settings.SOCKETS_PER_PERSON).encode()})
        else:
            await self.close()

    async def disconnect(self, code: int) -> None:
        """Leaves before Channels closes this thread's database connections."""
        self._leave()

    def _leave(self) -> None:
        """Everything, so that nothing of it waits for a collector that rarely comes. Once more does nothing."""
        if self._unlisten:
            self._unlisten()
        if self._give_back:
            self._give_back()
        if self.subscription:
            self.subscription.close()
        for timer in (*self._timers, self._next_look, self._unanswered):
            if timer is not None:
                timer.cancel()
        for task in self._tasks:
            task.cancel()
        self._timers.clear()
        self._unlisten = self._give_back = self._asking = self._next_look = self._unanswered = self.subscription = self.outlet = None

    async def _look(self) -> people.Person | None:
        """Who it is, looked up again where somebody was signed out meanwhile: that may be who was just read."""
        while True:
            self._heard = False
            person = await people.person_of_scope(self.scope)
            if person is None or not self._heard:
                return person

    def _is_flood(self) -> bool:
        now, before = time.monotonic(), self._hellos[0] if len(self._hellos) == HELLOS else float("-inf")
        self._hellos.append(now)
        return now - before < HELLOS_SECONDS

    async def _join(self, hello: messages.Hello, *, namespaces: frozenset[str] | None) -> None:
        if self.subscription:
            self.subscription.close()
        made_for = self.person and crowding.key_of(self.person)
        try:
            self.subscription = await hub.hub().join(
                cluster=hello.cluster, namespaces=namespaces, resume=hello.resume, outlet=self.outlet, made_for=made_for
            )
        except hub.TooMany:
            await self._bye(reason="too_many", code=LATER)
            return
        if self.outlet is None:
            self._spawn(self._forward(self.subscription))

    async def _forward(self, subscription: Subscription) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # the browser is gone, or was just told to go; `disconnect` comes
            async for frame in subscription:
                await self.send(bytes_data=frame)

    def _miss_hello(self) -> None:
        if not self._hellos:
            self._spawn(self._bye(reason="too_slow", code=POLICY))  # which a page answers by coming again

    def _expire(self) -> None:
        self._spawn(self._bye(reason="signed_out", code=POLICY))

    def _revoked(self, notice: notices.Revoked | None) -> None:
        """Called by the hub: somebody was signed out, or (None) notices may have been lost. Who it is about looks, since a ring may be an old one
        that somebody else rings again.
        """
        if self.person is not None and notice is not None and not is_about(self.person, notice):
            return
        self._heard = True  # the look that is under way is not the last one
        if self.person is None:
            return
        if notice is not None and self._unanswered is None:
            self._unanswered = asyncio.get_running_loop().call_later(UNANSWERED_SECONDS, self._miss_answer)
        if self._asking is None or self._asking.done():
            self._asking = self._spawn(self._ask_again())

    async def _ask_again(self) -> None:
        """Until the database answers, since nobody rings for the same again."""
        while True:
            try:
                person = await self._look()
            except (DatabaseError, InterfaceError):
                await asyncio.sleep(ASK_AGAIN_SECONDS)
            else:
                break
        if self._unanswered is not None:
            self._unanswered.cancel()
            self._unanswered = None
        if person is None:
            await self._bye(reason="signed_out", code=POLICY)

    def _miss_answer(self) -> None:
        self._spawn(self._bye(reason="too_slow", code=POLICY))  # the page comes again, and is let in by a look alone

    def _look_later(self) -> None:
        """Looks now and then, since a ring is lost where Redis is full or whoever should ring was killed."""
        loop = asyncio.get_running_loop()
        at = loop.time() + LOOK_AGAIN_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 (so that not all come at once)
        together_at = math.ceil(at / LOOK_TOGETHER_SECONDS) * LOOK_TOGETHER_SECONDS
        self._next_look = loop.call_at(together_at, lambda: self._spawn(self._look_again()))

    async def _look_again(self) -> None:
        """Once: where the database does not answer, the next time will do."""
        with contextlib.suppress(DatabaseError, InterfaceError):
            if await people.person_of_scope(self.scope) is None:
                await self._bye(reason="signed_out", code=POLICY)
                return
        self._look_later()

    async def _bye(self, *, reason: str, code: int) -> None:
        if self.subscription:
            self.subscription.close()
        if self.outlet is not None and not self.outlet.has_room:
            self.outlet.abort()  # it does not read, so it would not be told before it does
            return
        with contextlib.suppress(RuntimeError, OSError):  # the browser may have closed a moment ago
            await self.send(bytes_data=encoding.encode(messages.Bye(reason=reason)))
            await self.close(code=code)

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, call))

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.append(task)
        task.add_done_callback(lambda done: self._tasks.remove(done) if done in self._tasks else None)
        return task
