"""Everything that can happen to a cluster's stream and to those who read it, one thing after another, and what must hold after each.

Observer and Redis are stood in for; hub, feeds, views, subscriptions and consumers are the product's own, on an event loop that is run until nothing
moves any more. What a browser gets is judged as it is sent: whether whoever reads may see it (I18), and whether it follows what was sent before
(I20), and whether somebody of ours has written it (I22). When all faults have ended, every browser that is still let in holds the truth (I19).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
import pytest

from clusterview import consumers
from clusterview.access import origins, people
from clusterview.access.people import Person
from clusterview.access.sharing import SharedLook
from clusterview.stream import encoding, hub, keys, making, notices, remembering, rows, subscribing, views
from clusterview.stream.messages import WHOLE, Bye, Changes, Contact, Heartbeat, Hello, MissingKind, Operation, Position, Snapshot
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.narrowing import narrowed
from clusterview.topology.objects import AnyRecord
from clusterview.topology.pictures import Picture
from tests.stream.making import Browser, bytes_of, frame_of, pod_of, word_of
from tests.stream.memory import Entry, Memory

T = TypeVar("T")
CLUSTER, MINE = "lab", "mine"
ELSEWHERE = (b"other", b"outside")  # all names outside of `mine` begin so
FORGED = "forged"  # nothing that says so was written by an observer
WRONG = 4_711  # objects that were found wrong, here and elsewhere
MOST_SOCKETS = 4
FIRST_EPOCH, BACK = 1_000_000, 1_000  # so that no epoch comes twice
STILL_TURNS = 12  # of the event loop without a frame: nothing moves any more
SMALL = {
    (remembering, "STEPS"): 6,
    (views, "TAIL"): 2,
    (hub, "TAIL_BYTES"): 600,
    (hub, "LOOK_BACK_SECONDS"): 0.5,
    (subscribing, "QUEUE_BYTES"): 1_500,
}


class AtOnce(making.Making):
    """Makes in no other thread."""

    async def _elsewhere(self, work: making.Work) -> Callable[[], None]:
        return work()


class Held(hub.Hub):
    """A hub that reads when it is told to."""

    def __init__(self, *, memory: Memory) -> None:
        super().__init__(url="redis://nowhere.invalid", clock=lambda: memory.seconds)
        self._redis, self._making = memory, AtOnce()

    def start(self) -> None:
        """Nothing reads by itself."""

    async def round(self) -> bool:
        """What it does for ever, once. False where Redis does not let it, or holds what nobody of ours wrote there."""
        try:
            if self._gone:
                await self._come_back()
            await self._read_once()
            await self._look_back()
        except hub.UNREADABLE:
            self._gone = True
        for feed in self._feeds.values():
            self._look(feed)
        return not self._gone


class Socket:
    """A browser's side of a connection: who reads what, and what came of it. While it is slow it takes one frame and no other."""

    def __init__(self, *, world: World, user: int, view: str, browser: Browser) -> None:
        self.user, self.view, self.browser = user, view, browser
        self.is_open, self.is_slow = True, False
        self._world, self._may_go = world, asyncio.Event()
        self._consumer = consumers.LiveConsumer()
        self._consumer.scope = {"type": "websocket", "user": user}
        self._consumer.base_send = self._take

    async def open(self) -> None:
        await self._consumer.dispatch({"type": "websocket.connect"})
        if self.is_open:
            await self.hello()

    async def hello(self) -> None:
        """The page asks for what came after its place, as it does where it has one."""
        said = Hello(cluster=CLUSTER, view=self.view, resume=self.browser.position)
        await self._consumer.dispatch({"type": "websocket.receive", "bytes": encoding.encode(said)})

    async def leave(self) -> None:
        self.is_open = False
        self._may_go.set()
        await self._consumer.disconnect(1001)

    async def go_on(self) -> None:
        self.is_slow = False
        self._may_go.set()

    async def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.is_open = False
        if message["type"] != "websocket.send" or not self.is_open:
            return
        self._world.judge(self, message["bytes"])
        if self.is_slow:
            self._may_go.clear()
            await self._may_go.wait()


class World:
    """One cluster with an observer, one web process, two people, and their browsers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.memory = Memory()
        self.hub = Held(memory=self.memory)
        self.sockets: list[Socket] = []
        self.left: list[tuple[str, Browser]] = []
        self.picture = Picture()
        self.may_see = {1: True, 2: True}
        self._heard: set[int] = set()
        self._epoch, self._sent, self._rung, self._said = FIRST_EPOCH, 0, 0, 0
        self._problems: list[str] = []
        self.observe()

    # The observer

    def observe(self) -> None:
        """An observer begins, or begins anew, and publishes all there is."""
        self._epoch += 1
        self._is_whole = not self.memory.is_away
        self._writer = rows.Writer(records=self.picture.objects.values())
        self._add(Changes(position=Position(epoch=self._epoch, sequence=1)))
        if not self.memory.is_away:
            self.renew()

    def publish(self, changes: list[tuple[AnyRecord, bool]]) -> None:
        """These objects come, change or go."""
        told: list[Change] = []
        for record, is_there in changes:
            if is_there or record.uid in self.picture.objects:
                told.append(Put(record) if is_there else Drop(record.uid))
                self.picture.apply(changes=told[-1:])
        if told and not self.memory.is_away:
            position = Position(epoch=self._epoch, sequence=self._position.sequence + 1)
            self._add(self._writer.changes(changes=told, position=position))

    def renew(self) -> None:
        """The newest snapshot is written."""
        frame = encoding.encode(Snapshot(view=WHOLE, position=self._position, body=encoding.pack(self._writer.whole())))
        self.memory.put_snapshot(CLUSTER, frame)

    def contact(self, state: str) -> None:
        """The observer says how fresh the picture is, in words that name what is elsewhere and with a count of it."""
        missing = (MissingKind("Pod", "failing", "the pod other/outside-1 cannot be read"),)
        detail = "Not up to date: Pod. GET /api/v1/namespaces/other/pods timed out."
        word = encoding.encode(Contact(state=state, contact_age_seconds=0.1, detail=detail, missing=missing, divergences=WRONG))
        self._said += 1
        self.memory.add(keys.contact(CLUSTER), word_of(word, epoch=self._epoch, number=self._said))

    def ring(self, namespace: str) -> None:
        """A switch of that namespace moves on."""
        self._rung += 1
        name = f"{namespace}-{self._rung}"
        self._notice(Operation(id=name, cluster=CLUSTER, namespace=namespace, service=name, state="applying"))

    # Redis

    def befall(self, what: str) -> None:
        """Redis goes away or comes back, is emptied, forgets its older entries or its newest one, or holds what nobody of ours wrote.

        It is emptied, too, after the observer's clock went back.
        """
        entries = self.memory.streams.get(keys.topology(CLUSTER), [])
        self._is_whole = False
        if what in ("away", "back"):
            self.memory.is_away = what == "away"
            if what == "back":
                self.observe()
            else:
                self.read()  # the hub always has a read under way, which ends with an error
        elif what in ("emptied", "went back"):
            self.memory.forget()
            self._epoch -= BACK if what == "went back" else 0
            self.observe()
        elif what == "trimmed":
            del entries[:-1]
        elif what == "gap" and len(entries) > 1:
            del entries[-1]
        elif what == "forged" and entries:
            self._forge(entries)

    def _forge(self, entries: list[Entry]) -> None:
        """Whoever can write to Redis puts a frame, a picture and a word there that are well formed, with seals that belong elsewhere."""
        place, now = keys.position_of(entries[-1][0]), [Put(pod_of("mine", 1, status=FORGED))]
        frame = encoding.encode(rows.Writer(records=()).changes(changes=now, position=place))
        entries[-1] = (entries[-1][0], frame_of(frame, entry_id=entries[-1][0].decode()) | {keys.SEAL: entries[-1][1].get(keys.SEAL, b"")})
        body = encoding.pack(rows.Writer(records=[now[0].record]).whole())
        self.memory.values[keys.snapshot(CLUSTER)] = encoding.encode(Snapshot(view=WHOLE, position=place, body=body))
        word = encoding.encode(Contact(state="live", contact_age_seconds=0.1, reason=FORGED))
        self.memory.add(keys.contact(CLUSTER), word_of(word, epoch=self._epoch, number=self._said + 1, cluster="another"))

    # Who reads

    def open(self, *, user: int, view: str) -> None:
        self._open(user=user, view=view, browser=Browser())

    def come_back(self, *, user: int) -> None:
        """A page whose connection ended opens another one, and holds what it held."""
        if self.left:
            view, browser = self.left.pop()
            self._open(user=user, view=view, browser=browser)

    def come_back_elsewhere(self, *, user: int) -> None:
        """Somebody asks for another view from the place of the one that was left, and holds that one's picture."""
        if self.left:
            view, browser = self.left.pop()
            self._open(user=user, view=WHOLE if view == MINE else MINE, browser=browser)

    def _open(self, *, user: int, view: str, browser: Browser) -> None:
        if len(self.sockets) < MOST_SOCKETS:
            self.sockets.append(Socket(world=self, user=user, view=view, browser=browser))
            self._run(self.sockets[-1].open())

    def say_hello(self, socket: Socket) -> None:
        self._run(socket.hello())

    def leave(self, socket: Socket) -> None:
        self.left.append((socket.view, socket.browser))
        self._run(socket.leave())

    def go_on(self, socket: Socket) -> None:
        self._run(socket.go_on())

    def revoke(self, user: int) -> None:
        """Somebody is not let in any more. The ring that tells of it is lost where Redis is away."""
        self.may_see[user] = False
        self._notice(notices.Revoked(user_id=user))

    def let_in(self, user: int) -> None:
        """Somebody whose pages have all ended signs in again."""
        if user in self._heard and not any(one.user == user for one in self.sockets):
            self.may_see[user] = True
            self._heard.discard(user)

    def read(self) -> None:
        """The hub reads once. What it has heard by then of people holds from then on."""
        self.memory.seconds += 0.5
        if self._run(self.hub.round()):
            self._heard |= {user for user, may in self.may_see.items() if not may}
            for socket in self.sockets:
                if socket.is_open and not socket.is_slow and socket.user in self._heard:
                    self._problems.append(f"I18: the socket of {socket.user} stays open, who may see nothing any more")
        for socket in [one for one in self.sockets if not one.is_open]:
            self._run(socket.leave())
            self.sockets.remove(socket)

    # The end

    def settle(self) -> None:
        """Every fault ends, and everybody reads: each browser comes to hold the truth, by what was published and by what is published anew."""
        for socket in self.sockets:
            self.go_on(socket)
        if self._is_whole:
            self._compare()
        self.memory.is_away = False
        self.memory.forget()
        self.observe()
        self._compare()
        self.check()

    def _compare(self) -> None:
        self.contact("live")
        for _ in range(4):
            self.read()
        for socket in self.sockets:
            reader = socket.browser.reader
            if reader is None or reader.picture != seen_in(self.picture, socket.view):
                self._problems.append(f"I19: a browser of {socket.view} does not hold the truth at {socket.browser.position}")

    def end(self) -> None:
        for socket in self.sockets:
            self._run(socket.leave())
        self._loop.close()

    # What must hold

    def check(self) -> None:
        """Raises AssertionError with everything that does not hold. Nothing moves, so whoever reads holds what the web process holds."""
        held = self.hub.picture_now(CLUSTER)
        for socket in self.sockets if held else []:
            if socket.is_open and not socket.is_slow and (reader := socket.browser.reader) and reader.picture != seen_in(held[0], socket.view):
                self._problems.append(f"I20: a browser of {socket.view} misses something at {socket.browser.position}")
        problems, self._problems = self._problems, []
        assert not problems, "\n".join(problems)

    def judge(self, socket: Socket, frame: bytes) -> None:
        """What is sent now is held against what its reader may see, and against what was sent before."""
        self._sent += 1
        message = encoding.decode(frame)
        if isinstance(message, Bye):
            return
        if socket.user in self._heard:
            self._problems.append(f"I18: a frame to {socket.user}, who may see nothing any more")
        if socket.view == MINE and (leaked := [name for name in ELSEWHERE if name in bytes_of([frame])]):
            self._problems.append(f"I18: {leaked} in a frame of {socket.view}")
        if FORGED.encode() in bytes_of([frame]):
            self._problems.append(f"I22: a frame of {socket.view} says what nobody of ours has written")
        if socket.view == MINE and isinstance(message, Heartbeat) and message.contact.divergences:
            self._problems.append(f"I18: {message.contact.divergences} objects were wrong somewhere, a frame of {socket.view} says")
        try:
            socket.browser.take(frame)
        except (AssertionError, LookupError) as problem:
            self._problems.append(f"I20: {problem!r}")

    # Inside

    def person(self, scope: dict[str, Any]) -> Person | None:
        user = scope["user"]
        return Person(name=f"person-{user}", role="viewer", user_id=user) if self.may_see[user] else None

    def _add(self, changes: Changes) -> None:
        self._position = changes.position
        entry_id, frame = keys.entry_id(changes.position), encoding.encode(changes)
        self.memory.add(keys.topology(CLUSTER), frame_of(frame, entry_id=entry_id), entry_id=entry_id)

    def _notice(self, notice: notices.Notice) -> None:
        self.memory.add(keys.NOTICES, {keys.NOTICE: msgspec.msgpack.encode(notice)})

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(self._until_still(work))

    async def _until_still(self, work: Coroutine[Any, Any, T]) -> T:
        done, sent, turns = await work, self._sent, 0
        while turns < STILL_TURNS:
            await asyncio.sleep(0)
            turns = turns + 1 if self._sent == sent else 0
            sent = self._sent
        return done


def seen_in(picture: Picture, view: str) -> Picture:
    """What of a picture a view shows."""
    namespaces = views.namespaces_of(view)
    if namespaces is None:
        return picture
    seen = [narrowed(one, namespaces=namespaces) for one in picture.objects.values()]
    return Picture(objects=[one for one in seen if one is not None])


_present: list[World] = []


@contextmanager
def present() -> Iterator[World]:
    """A world; its sockets are closed afterwards."""
    world = World()
    _present.append(world)
    try:
        yield world
    finally:
        world.end()
        _present.remove(world)


def enter(monkeypatch: pytest.MonkeyPatch) -> None:
    """This will have the product live in the world that is present, with little room everywhere."""

    async def person(scope: dict[str, Any]) -> Person | None:
        return _present[-1].person(scope)

    async def known(asked: list[str]) -> dict[str, str]:
        return {one: one for one in asked}

    monkeypatch.setattr(hub, "hub", lambda: _present[-1].hub)
    monkeypatch.setattr(people, "person_of_scope", person)
    monkeypatch.setattr(origins, "allowed", lambda _: True)
    monkeypatch.setattr(consumers, "_clusters", SharedLook(known))
    monkeypatch.setattr(consumers, "HELLOS", 1_000)
    for (module, name), value in SMALL.items():
        monkeypatch.setattr(module, name, value)
