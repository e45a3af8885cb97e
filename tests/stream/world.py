"""Everything that can happen to a cluster's stream and to those who read it, one thing after another, and what must hold after each.

Observer and Redis are stood in for; hub, feeds, views, links, subscriptions and consumers are the product's own, on an event loop that is run until
nothing moves any more. What is made in another thread is made here in parts, between which anything may happen. What a browser gets is judged as it
is sent: whether whoever reads may see it (I18), and whether it follows what was sent before and shows nothing that was over already (I20), and
whether somebody of ours has written it (I22). So is each step that a follower of changes gets: nothing twice, nothing lost (I20). When all faults
have ended, every browser that is still let in holds the truth, and so does every follower that was not told to start again (I19).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any, TypeVar

import pytest

from clusterview import consumers
from clusterview.access import origins, people
from clusterview.access.people import Person
from clusterview.access.sharing import SharedLook
from clusterview.stream import encoding, hub, keys, linking, making, notices, remembering, rows, subscribing, views
from clusterview.stream.messages import WHOLE, Bye, Changes, Contact, Heartbeat, Hello, MissingKind, Operation, Position, Snapshot
from clusterview.topology.changes import Change, Drop, Linked, Put, Unlinked
from clusterview.topology.joining import Joined
from clusterview.topology.links import Link
from clusterview.topology.narrowing import narrowed
from clusterview.topology.objects import AnyRecord, Uid
from clusterview.topology.pictures import Picture
from tests.stream.making import Browser, bytes_of, frame_of, pod_of, word_of
from tests.stream.memory import Entry, Memory

T = TypeVar("T")
CLUSTER, MINE = "lab", "mine"
ELSEWHERE = (b"other", b"outside")  # all names outside of `mine` begin so
FORGED = "forged"  # nothing that says so was written by an observer
WRONG = 4_711  # objects that were found wrong, here and elsewhere
MOST_SOCKETS, MOST_FOLLOWERS = 4, 3
FIRST_EPOCH, BACK = 1_000_000, 1_000  # so that no epoch comes twice
STILL_TURNS = 12  # of the event loop without a frame: nothing moves any more
AT_ONCE = 1_000  # parts of what is made, more than there are
CHANGES = 60
SMALL = {
    (remembering, "STEPS"): 6,
    (remembering, "MOST_BYTES"): CHANGES * linking.CHANGE_BYTES,
    (linking, "STEPS"): 6,
    (linking, "CHANGES"): CHANGES,
    (making, "KEPT_SECONDS"): 1.0,
    (views, "TAIL"): 2,
    (hub, "TAIL_BYTES"): 600,
    (hub, "LOOK_BACK_SECONDS"): 0.5,
    (subscribing, "QUEUE_BYTES"): 1_500,
}


class InParts(making.Making):
    """Makes in no other thread, and so many parts of it as it is let: a beginning, an end, and each step that came meanwhile. `done` counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.done, self.fails = 0, False
        self._left, self._more = AT_ONCE, asyncio.Event()

    @property
    def is_under_way(self) -> bool:
        return self._task is not None and not self._task.done()

    def let(self, parts: int) -> None:
        self._left = parts
        self._more.set()

    async def _elsewhere(self, work: making.Work) -> Callable[[], None]:
        await self._pause(0)
        take = work()
        await self._pause(0)
        if self.fails:
            self.fails = False
            raise MemoryError
        return take

    async def _pause(self, seconds: float) -> None:
        while not self._left:
            self._more.clear()
            await self._more.wait()
        self._left -= 1
        self.done += 1
        await asyncio.sleep(0)


class Held(hub.Hub):
    """A hub that reads when it is told to."""

    def __init__(self, *, memory: Memory) -> None:
        super().__init__(url="redis://nowhere.invalid", clock=lambda: memory.seconds)
        self._redis = memory
        self._making = self.making = InParts()

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
        self.shown = 0  # of what the cluster was like, one after the other
        self._world, self._may_go = world, asyncio.Event()
        self._consumer = consumers.LiveConsumer()
        self._consumer.scope = {"type": "websocket", "headers": [], "user": user}
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


class Follower:
    """Somebody who holds the objects and links of a place, and follows what changes from there. While slow it takes one step and no other."""

    def __init__(self, *, world: World) -> None:
        self.is_open, self.is_slow = True, False
        self.position: Position | None = None
        self.objects: dict[Uid, AnyRecord] = {}
        self.links: set[Link] = set()
        self._world, self._may_go = world, asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """This will take what there is, as a list over REST tells it."""
        if held := self._world.hub.picture_now(CLUSTER):
            self.objects, self.position, self.links = dict(held[0].objects), held[1], links_of(held[0])

    async def begin(self, *, now: bool) -> None:
        """This will follow from its place, or from now, where it holds what there is now."""
        if now or self.position is None:
            self.look()
        self._task = asyncio.ensure_future(self._follow(None if now else self.position))

    async def leave(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def go_on(self) -> None:
        self.is_slow = False
        self._may_go.set()

    def agrees(self, picture: Picture, position: Position) -> bool:
        return (self.position, self.objects, self.links) == (position, picture.objects, links_of(picture))

    def take(self, step: linking.Told) -> None:
        """Raises AssertionError and KeyError where it does not follow from what is held."""
        assert self.position is not None, f"{step[0]} without a picture"
        assert step[0] == Position(epoch=self.position.epoch, sequence=self.position.sequence + 1), f"{step[0]} after {self.position}"
        self.position = step[0]
        for change, _ in step[1]:
            match change:
                case Put(record=record):
                    assert self.objects.get(record.uid) != record, f"{record.uid} was so before"
                    self.objects[record.uid] = record
                case Drop(uid=uid):
                    del self.objects[uid]
                case Linked(link=link):
                    assert link not in self.links and {link.source, link.target} <= set(self.objects), f"{link} was there, or an end of it is not"
                    self.links.add(link)
                case Unlinked(link=link):
                    self.links.remove(link)

    async def _follow(self, after: Position | None) -> None:
        steps: Any = self._world.hub.changes(cluster=CLUSTER, after=after)
        with suppress(hub.OutOfReach):
            async with aclosing(steps):
                async for step in steps:
                    self._world.judge_step(self, step)
                    if self.is_slow:
                        self._may_go.clear()
                        await self._may_go.wait()
        self.is_open = False


class World:
    """One cluster with an observer, one web process, two people, and their browsers; and those who follow over REST."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.memory = Memory()
        self.hub = Held(memory=self.memory)
        self.sockets: list[Socket] = []
        self.left: list[tuple[str, Browser]] = []
        self.followers: list[Follower] = []
        self.parts = AT_ONCE
        self.picture = Picture()
        self._shown = {view: [Picture()] for view in (MINE, WHOLE)}  # one after the other
        self.may_see = {1: True, 2: True}
        self._heard: set[int] = set()
        self._unheard: set[int] = set()  # whose ring was lost, which whoever reads finds out by looking again in its own time
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
        for view, shown in self._shown.items():
            if (now := seen_in(self.picture, view)) != shown[-1]:
                shown.append(Picture(objects=now.objects.values()))
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
                self._unheard.clear()
                self.observe()
            else:
                self.read()  # the hub always has a read under way, which ends with an error
        elif what in ("emptied", "went back"):
            self._empty()
            self._epoch -= BACK if what == "went back" else 0
            self.observe()
        elif what == "trimmed":
            del entries[:-1]
        elif what == "gap" and len(entries) > 1:
            del entries[-1]
        elif what == "forged" and entries:
            self._forge(entries)

    def _empty(self) -> None:
        self._unheard |= {user for user, may in self.may_see.items() if not may} - self._heard
        self.memory.forget()

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

    def go_on(self, one: Socket | Follower) -> None:
        self._run(one.go_on())

    def revoke(self, user: int) -> None:
        """Somebody is not let in any more. The ring that tells of it is lost where Redis is away."""
        self.may_see[user] = False
        self._notice(notices.Revoked(user_id=user))

    def let_in(self, user: int) -> None:
        """Somebody whose pages have all ended signs in again."""
        if user in self._heard and not any(one.user == user for one in self.sockets):
            self.may_see[user] = True
            self._heard.discard(user)

    def look(self) -> Follower | None:
        """Somebody reads all that there is, and may follow it later."""
        if len(self.followers) == MOST_FOLLOWERS:
            return None
        self._run(self.hub._feed(CLUSTER))
        found = Follower(world=self)
        found.look()
        return found

    def follow(self, follower: Follower, *, now: bool = False) -> None:
        self.followers.append(follower)
        self._run(follower.begin(now=now))

    def stop_following(self, follower: Follower) -> None:
        self.followers.remove(follower)
        self._run(follower.leave())

    # What is made in another thread

    def make(self, parts: int) -> None:
        """It comes so many parts further, and with each reading so many again."""
        self.parts = parts
        self.hub.making.let(parts)

    def fail(self) -> None:
        """What is being made, or is next, cannot be made."""
        self.hub.making.fails = True

    def read(self) -> None:
        """The hub reads once. What it has heard by then of people holds from then on."""
        self.memory.seconds += 0.5
        self.hub.making.let(self.parts)
        if self._run(self.hub.round()):
            self._heard |= {user for user, may in self.may_see.items() if not may} - self._unheard
            for socket in self.sockets:
                if socket.is_open and not socket.is_slow and socket.user in self._heard:
                    self._problems.append(f"I18: the socket of {socket.user} stays open, who may see nothing any more")
        for socket in [one for one in self.sockets if not one.is_open]:
            self._run(socket.leave())
            self.sockets.remove(socket)
        self.followers = [one for one in self.followers if one.is_open]

    # The end

    def settle(self) -> None:
        """Every fault ends, and everybody reads: each browser comes to hold the truth, by what was published and by what is published anew. So does
        each follower, or it is told to start again; who starts now is not.
        """
        for one in (*self.sockets, *self.followers):
            self.go_on(one)
        self.make(AT_ONCE)
        self.hub.making.fails = False
        if self._is_whole:
            self._compare()
        self.memory.is_away = False
        self._empty()
        self.observe()
        self._compare()
        if newest := self.look():
            self.follow(newest)
            self.publish([(pod_of(MINE, 0, status="Settled"), True)])
            self._compare()
            if not newest.is_open:
                self._problems.append("I19: a follower was told to start again, and nothing was lost")
        self.check()

    def _compare(self) -> None:
        self.contact("live")
        for _ in range(4):
            self.read()
        for socket in self.sockets:
            reader = socket.browser.reader
            if reader is None or reader.picture != seen_in(self.picture, socket.view):
                self._problems.append(f"I19: a browser of {socket.view} does not hold the truth at {socket.browser.position}")
        held = self.hub.picture_now(CLUSTER)
        for follower in self.followers:
            if held is None or not follower.agrees(self.picture, held[1]):
                self._problems.append(f"I19: a follower does not hold the truth at {follower.position}")

    def end(self) -> None:
        self.hub.making.stop()
        for one in (*self.sockets, *self.followers):
            self._run(one.leave())
        self._loop.close()

    # What must hold

    def check(self) -> None:
        """Raises AssertionError with everything that does not hold. Nothing moves, so whoever reads holds what the web process holds."""
        held, is_making = self.hub.picture_now(CLUSTER), self.hub.making.is_under_way
        for socket in self.sockets if held else []:
            if not socket.is_open or socket.is_slow or (is_making and socket.view != WHOLE):
                continue
            if (reader := socket.browser.reader) and reader.picture != seen_in(held[0], socket.view):
                self._problems.append(f"I20: a browser of {socket.view} misses something at {socket.browser.position}")
        for follower in self.followers if held and not is_making else []:
            if follower.is_open and not follower.is_slow and not follower.agrees(held[0], held[1]):
                self._problems.append(f"I20: a follower misses something at {follower.position}, and was not told so")
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
            if isinstance(message, Snapshot | Changes):
                self._expect_no_older(socket, since=0 if isinstance(message, Snapshot) else socket.shown)
        except (AssertionError, LookupError) as problem:
            self._problems.append(f"I20: {problem!r}")

    def _expect_no_older(self, socket: Socket, *, since: int) -> None:
        """What is shown now was so once, and not before what was shown before."""
        shown, reader = self._shown[socket.view], socket.browser.reader
        found = next((number for number in range(since, len(shown)) if reader and shown[number] == reader.picture), None)
        assert found is not None, f"a browser of {socket.view} is shown what was over already, or never so, at {socket.browser.position}"
        socket.shown = found

    def judge_step(self, follower: Follower, step: linking.Told) -> None:
        """What is told now is held against what its follower was told before."""
        self._sent += 1
        try:
            follower.take(step)
        except (AssertionError, LookupError) as problem:
            self._problems.append(f"I20: a follower: {problem!r}")

    # Inside

    def person(self, scope: dict[str, Any]) -> Person | None:
        user = scope["user"]
        return Person(name=f"person-{user}", role="viewer", user_id=user) if self.may_see[user] else None

    def _add(self, changes: Changes) -> None:
        self._position = changes.position
        entry_id, frame = keys.entry_id(changes.position), encoding.encode(changes)
        self.memory.add(keys.topology(CLUSTER), frame_of(frame, entry_id=entry_id), entry_id=entry_id)

    def _notice(self, notice: notices.Notice) -> None:
        self.memory.add(keys.notices(), notices.fields(notice))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(self._until_still(work))

    async def _until_still(self, work: Coroutine[Any, Any, T]) -> T:
        done, moved, turns = await work, (0, 0), 0
        while turns < STILL_TURNS:
            await asyncio.sleep(0)
            before, moved = moved, (self._sent, self.hub.making.done)
            turns = turns + 1 if moved == before else 0
        return done


def links_of(picture: Picture) -> set[Link]:
    return set(Joined(objects=picture.objects.values()).links())


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
