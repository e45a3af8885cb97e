"""One for each web process: it reads every cluster's stream once, and hands the same bytes to every socket.

How fresh a picture is, the hub decides by its own clock, a few times a second: an observer or a Redis that falls silent is seen here, not
waited for. When Redis comes back, emptied or not, the hub goes on from its place if the stream still holds it, and starts again if not. The ids
that it waits for are made of clocks' times: where a Redis was emptied and a clock went back, all new ones are lower, and never read.
"""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import contextlib
import itertools
import logging
import time
import zlib
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from typing import Any

import msgspec
import redis.asyncio
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from clusterview.stream import clocks, encoding, freshness, keys, notices, publishing, seals, views
from clusterview.stream.feeds import Feed, Gap
from clusterview.stream.linking import Told, Unread
from clusterview.stream.making import Making
from clusterview.stream.messages import WHOLE, Changes, Contact, Heartbeat, Operation, Position, Resumed, Snapshot
from clusterview.stream.outlets import Outlet, Turns
from clusterview.stream.subscribing import Subscription
from clusterview.stream.views import View
from clusterview.topology.pictures import Picture

log = logging.getLogger(__name__)

BLOCK_MILLISECONDS = 1_000
PROMPT_SECONDS = 1.5  # from one answer to the next; what took longer may have lain in a socket, or in Redis, while this process stood still
READ_SECONDS = 3.0
ENTRIES = 500  # of each stream at once
LOOK_SECONDS = 0.25
HEARTBEAT_SECONDS = 3.0
ALONG_SECONDS = 2.0  # with changes that go out anyway, since a heartbeat of its own is another write to each socket
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
WAIT_SECONDS = 2.0
STOP_SECONDS = 0.5
TAIL_BYTES = 256 * 1024
CONNECTIONS = 8  # at once, for those who come back; ten thousand may
RENEW_SECONDS = 5.0
LOOK_BACK_SECONDS = 2.0
LOADS = 2
WARN_SECONDS = 60.0

FORGED = (msgspec.MsgspecError, zlib.error, LookupError, ValueError, RecursionError)  # what was not written by us: nothing of it is believed
UNREADABLE = (RedisError, OSError, *FORGED)

Listener = Callable[[notices.Revoked | None], None]


class OutOfReach(Exception):
    """The asked-for place is not in the stream any more: read the whole picture and go on from there."""


class TooMany(Exception):
    """This process has as many different views as it may, or as many that were made for one person: come again later."""


class WentBack(RedisError):
    """Redis counts from further back than this process: it was emptied, and the clock by which it is written to went back."""


class Hub:
    """All feeds of one process. Everything but the `*_now` methods runs on its event loop."""

    def __init__(self, *, url: str, clock: Callable[[], float] = clocks.with_sleep, sealed_by: seals.Seals | None = None) -> None:
        self._url, self._clock = url, clock
        self._seals = sealed_by or seals.ours()
        self.forged: collections.Counter[str] = collections.Counter()  # by cluster, how often something was not believed
        self._feeds: dict[str, Feed] = {}
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._asking = asyncio.Semaphore(CONNECTIONS)
        self._turns = Turns()
        self._making = Making()
        self._listeners: set[Listener] = set()
        self._notice_id, self._notices_warned_at = b"$", float("-inf")
        self._gone, self._trouble, self._full = True, "redis", ""
        self._looked_back_at = self._answered_at = float("-inf")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._redis: Any = None

    # Life

    def start(self) -> None:
        """This will begin reading on the running loop; calling it again does nothing."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self._loop = loop
        self._redis = redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=1, socket_timeout=READ_SECONDS)
        self._tasks = [loop.create_task(self._read_for_ever()), loop.create_task(self._look_for_ever())]

    async def stop(self) -> None:
        """This will end reading, and every subscription."""
        # A cancellation that meets a read's own time-out comes out of the client as that time-out, so once is not always enough.
        while pending := [task for task in self._tasks if not task.done()]:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=STOP_SECONDS)
        self._making.stop()
        for feed in self._feeds.values():
            for subscription in [*feed.subscriptions, *(one for view in feed.views.values() for one in view.subscriptions)]:
                subscription.close()
        await self._redis.aclose()
        self._loop = None

    # For consumers and other users on the loop

    async def join(
        self, *, cluster: str, namespaces: frozenset[str] | None = None, resume: Position | None = None, outlet: Outlet | None = None,
        made_for: Hashable = None,
    ) -> Subscription:
        """This will subscribe to a cluster: what came after `resume` where the stream still holds it, else the whole picture first.

        With `namespaces` to what may be seen of them, and to nothing else. With an `outlet` all of it is written there. Raises TooMany where a view
        would have to be made, and there are too many, or too many that were `made_for` this one.
        """
        self.start()
        feed = await self._feed(cluster)
        if namespaces is not None:
            subscription = self._join_view(feed, self._view(feed, namespaces, made_for=made_for), resume=resume)
        else:
            subscription = await self._join_whole(feed, resume=resume)
        if outlet is not None:
            subscription.flow(outlet, turns=self._turns)
        return subscription

    async def _join_whole(self, feed: Feed, *, resume: Position | None) -> Subscription:
        subscription = Subscription(cluster=feed.cluster, snapshot=feed.frames, leave=feed.subscriptions.discard)
        frames = await self._after(feed=feed, place=resume) if resume else None
        if frames is not None and resume is not None:
            subscription.resume(frames=[encoding.encode(Resumed(position=resume)), *frames])
        feed.subscriptions.add(subscription)
        subscription.put_heartbeat(frame=self._heartbeat(self.contact(feed.cluster)))
        return subscription

    def _view(self, feed: Feed, namespaces: frozenset[str], *, made_for: Hashable) -> View:
        if namespaces not in feed.views:
            there = [view for one in self._feeds.values() for view in one.views.values()]
            if len(there) >= views.MOST or sum(view.made_for == made_for for view in there) >= views.MOST_EACH:
                raise TooMany
        return feed.view(namespaces, made_for=made_for)

    def _join_view(self, feed: Feed, view: View, *, resume: Position | None) -> Subscription:
        subscription = Subscription(cluster=feed.cluster, snapshot=view.frames, leave=view.subscriptions.discard)
        frames = view.after(resume) if resume else None
        if frames is not None and resume is not None:
            subscription.resume(frames=[encoding.encode(Resumed(position=resume)), *frames])
        view.subscriptions.add(subscription)
        subscription.put_heartbeat(frame=self._heartbeat(view.contact(self.contact(feed.cluster))))
        return subscription

    def contact(self, cluster: str) -> Contact:
        """How fresh the cluster's picture is at this moment."""
        feed = self._feeds.get(cluster)
        word, epoch = (feed.word, feed.picture_epoch) if feed else (None, None)
        trouble = self._trouble if self._gone else self._full
        return freshness.judge(word=word, picture_epoch=epoch, now=self._clock(), redis=trouble)

    def position(self, cluster: str) -> Position | None:
        """The place of the cluster's picture; None where there is none."""
        feed = self._feeds.get(cluster)
        return feed.position if feed else None

    async def changes(self, *, cluster: str, after: Position | None = None) -> AsyncIterator[Told]:
        """This will yield each step after a place (now, where none is given): its own place, its changes, and what they join and cut.

        Raises OutOfReach when that place is gone.
        """
        self.start()
        feed = await self._feed(cluster)
        place = after or feed.position
        if place is not None and not feed.holds(place):
            raise OutOfReach
        unread = Unread()
        feed.links.follow(unread, after=place)
        try:
            while (coming := await unread.get()) is not None:
                yield coming
        finally:
            feed.links.leave(unread)
        raise OutOfReach

    def listen(self, listener: Listener) -> Callable[[], None]:
        """This will call the listener for each revocation, and with None when Redis was away and notices may be lost. Returns the way out."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    # For Django's threads

    def picture_now(self, cluster: str) -> tuple[Picture, Position, Contact] | None:
        """A copy of the picture, its place and how fresh it is; None while there is none. Waits at most 2 s for a first look."""
        feed = self._feed_now(cluster)
        found = feed.copy() if feed else None
        return (*found, self.contact(cluster)) if found else None

    def contact_now(self, cluster: str) -> Contact:
        """How fresh the picture is."""
        self._feed_now(cluster)
        return self.contact(cluster)

    def _feed_now(self, cluster: str) -> Feed | None:
        if cluster not in self._feeds and self._loop is not None:
            waiting = asyncio.run_coroutine_threadsafe(self._feed(cluster), self._loop)
            with contextlib.suppress(concurrent.futures.TimeoutError):
                waiting.result(timeout=WAIT_SECONDS)
        return self._feeds.get(cluster)

    # Reading

    async def _feed(self, cluster: str) -> Feed:
        """The feed of a cluster; however many ask for the first time at once, it is loaded once."""
        if cluster not in self._feeds:
            if cluster not in self._loading:
                self._loading[cluster] = asyncio.get_running_loop().create_task(self._begin(cluster))
            await asyncio.shield(self._loading[cluster])
        return self._feeds[cluster]

    async def _begin(self, cluster: str) -> None:
        feed = Feed(cluster=cluster, ask=self._making.ask)
        try:
            with contextlib.suppress(*UNREADABLE):
                await self._load(feed)
        finally:
            self._feeds[cluster] = feed
            del self._loading[cluster]

    async def _read_for_ever(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._come_back()
                pause = FIRST_PAUSE
                while True:
                    await self._read_once()
                    await self._look_back()
                    await asyncio.sleep(0)  # what came is written before it is asked for more, which takes longer than the write
            except UNREADABLE as problem:
                self._trouble = "redis_refused" if isinstance(problem, AuthenticationError) else "redis"
                if isinstance(problem, FORGED):
                    log.warning("what is in Redis is not what was written there: %r", problem)
            except Exception:
                log.exception("reading failed in a way that nobody foresaw")
                pause = LONGEST_PAUSE
            self._gone = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _come_back(self) -> None:
        """This will take up every stream where it was left, or anew where that place is gone."""
        newest = await self._redis.xrevrange(keys.notices(), count=1)
        if self._notice_id == b"$" or not newest or newest[0][0] < self._notice_id:
            self._notice_id = newest[0][0] if newest else b"0-0"
        for feed in list(self._feeds.values()):
            held = feed.position and await self._redis.xrange(keys.topology(feed.cluster), keys.entry_id(feed.position), count=1)
            if not held or keys.position_of(held[0][0]) != feed.position:
                await self._load(feed)
            else:
                await self._load_contact(feed)
        was_gone, self._gone = self._gone, False
        if was_gone:
            self._tell(None)

    async def _read_once(self) -> None:
        """One round: whatever came on any stream, or nothing for a second."""
        wanted: dict[Any, Any] = {keys.notices(): self._notice_id}
        by_key: dict[bytes, tuple[Feed, bool]] = {}
        for feed in self._feeds.values():
            topology, contact = keys.topology(feed.cluster), keys.contact(feed.cluster)
            wanted[topology], wanted[contact] = feed.read_until, feed.contact_id
            by_key[topology.encode()], by_key[contact.encode()] = (feed, True), (feed, False)
        answer = await self._redis.xread(wanted, count=ENTRIES, block=BLOCK_MILLISECONDS)
        before, self._answered_at = self._answered_at, self._clock()
        for feed in self._feeds.values():
            feed.has_waited |= feed.is_behind or self._answered_at - before > PROMPT_SECONDS
            feed.is_behind = False
        ahead: float | None = None
        for key, entries in answer or []:
            if key == keys.notices().encode():
                self._take_notices(entries)
                continue
            feed, is_topology = by_key[key]
            if is_topology:
                await self._take_changes(feed, entries)
                self._look(feed, seconds=ALONG_SECONDS)
                feed.is_behind = len(entries) >= ENTRIES
            elif not feed.is_behind:  # else it comes again, with the changes before it
                if feed.has_waited and ahead is None:
                    ahead = await self._ahead()
                self._take_contact(feed, entries, heard_at=self._answered_at, ahead=ahead if feed.has_waited else None)
                feed.has_waited = False
                await self._renew(feed)

    async def _take_missed(self, feed: Feed) -> None:
        """This will take all changes that came meanwhile, as far as they can be taken."""
        before = None
        while before != feed.read_until:
            before = feed.read_until
            found = await self._redis.xread({keys.topology(feed.cluster): before}, count=ENTRIES) or []
            for _, entries in found:
                await self._take_changes(feed, entries)
            if not any(len(entries) >= ENTRIES for _, entries in found):
                return

    async def _look_back(self) -> None:
        """This will look, now and then, whether there is a picture where there was none, and whether one that is not live was begun anew below its
        place. Raises WentBack. What was passed over is looked at again, for it may be gone, and what came after it may be of lower ids.
        """
        if self._clock() - self._looked_back_at < LOOK_BACK_SECONDS:
            return
        self._looked_back_at = self._clock()
        await self._look_whether_full()
        for feed in list(self._feeds.values()):
            feed.passed = None
            if feed.position is None:
                await self._load_picture(feed)
            if feed.is_behind or self.contact(feed.cluster).state == "live":
                continue
            await self._load_contact(feed)
            newest = feed.position and await self._redis.xrevrange(keys.topology(feed.cluster), count=1)
            if newest and feed.position and keys.position_of(newest[0][0]).epoch < feed.position.epoch:
                raise WentBack

    async def _look_whether_full(self) -> None:
        """Where an observer is not heard, a Redis that takes nothing may be why."""
        silent_since = self._clock() - LOOK_BACK_SECONDS
        if any(feed.word is None or feed.word.heard_at < silent_since for feed in self._feeds.values()):
            with contextlib.suppress(ResponseError):  # who reads may not be let to ask
                self._full = "redis_full" if publishing.is_full(memory=await self._redis.info("memory")) else ""
        else:
            self._full = ""

    async def _take_changes(self, feed: Feed, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        if feed.position is None and not any(keys.position_of(entry_id).sequence == 1 for entry_id, _ in entries):
            feed.waits_after, feed.passed = entries[-1][0], None  # they follow a picture that cannot be read, and no other comes with them
            return
        for entry_id, fields in entries:
            if (frame := self._believed_frame(feed, entry_id, fields)) is None:
                feed.passed = entry_id
                continue
            try:
                feed.advance(frame=frame, message=encoding.decode_changes(frame))
            except (Gap, *FORGED):
                await self._load(feed, is_taking=True)
                return

    def _believed_frame(self, feed: Feed, entry_id: bytes, fields: dict[bytes, bytes]) -> bytes | None:
        with self._believing(feed, "changes"):
            frame = fields[keys.FRAME]
            self._seals.check(place=(keys.topology(feed.cluster), entry_id.decode()), said=frame, seal=fields.get(keys.SEAL))
            return frame
        return None

    async def _renew(self, feed: Feed) -> None:
        """This will take the newest snapshot for those who come, in place of an older one with a long tail. Its observer speaks each second."""
        if feed.tail_bytes <= TAIL_BYTES or self._clock() - feed.renewed_at < RENEW_SECONDS:
            return
        feed.renewed_at = self._clock()
        found, seal = await self._snapshot(feed)
        if found:
            with self._believing(feed, "picture"):
                feed.renew(position=self._believed_snapshot(feed, found, seal).position, frame=found)

    async def _snapshot(self, feed: Feed) -> tuple[bytes | None, bytes | None]:
        found, seal = await self._redis.mget(keys.snapshot(feed.cluster), keys.snapshot_seal(feed.cluster))
        return found, seal

    def _believed_snapshot(self, feed: Feed, frame: bytes, seal: bytes | None) -> Snapshot:
        self._seals.check(place=(keys.snapshot(feed.cluster), WHOLE), said=frame, seal=seal)
        return encoding.decode_snapshot(frame)

    def _take_contact(self, feed: Feed, entries: list[tuple[bytes, dict[bytes, bytes]]], *, heard_at: float, ahead: float | None = None) -> None:
        """The newest word that is believed, heard when it was answered; with `ahead` as long ago as its entry is old. One that was heard before says
        nothing again, whichever observer's it is: somebody else may have put it there.
        """
        feed.contact_id = entries[-1][0]
        for entry_id, fields in reversed(entries):
            with self._believing(feed, "contact"):
                said, epoch, number = fields[keys.CONTACT], int(fields[keys.EPOCH]), int(fields.get(keys.NUMBER, 0))
                self._seals.check(place=(keys.contact(feed.cluster), f"{epoch}-{number}"), said=said, seal=fields.get(keys.SEAL))
                if number > feed.heard.get(epoch, 0):
                    contact = encoding.decode_contact(said)
                    feed.heard[epoch] = number
                    if ahead is not None:
                        heard_at = min(heard_at, int(entry_id.split(b"-")[0]) / 1e3 - ahead)
                    feed.word = freshness.Word(contact=contact, epoch=epoch, heard_at=heard_at, number=number)
                    return

    async def _ahead(self) -> float:
        """By how many seconds, at most, the clock of Redis is ahead of ours: its answer may lie in the socket."""
        asked_at = self._clock()
        seconds, microseconds = await self._redis.time()
        return float(seconds + microseconds / 1e6 - asked_at)

    @contextlib.contextmanager
    def _believing(self, feed: Feed, what: str) -> Iterator[None]:
        """What nobody of ours has written of one cluster is passed over, counted, and said once a minute. The others are none the worse for it."""
        try:
            yield
        except FORGED as problem:
            self.forged[feed.cluster] += 1
            if self._clock() - feed.warned_at >= WARN_SECONDS:
                log.warning("the %s of %s that is in Redis is not what was written there: %r", what, feed.cluster, problem)
                feed.warned_at = self._clock()
            feed.doubted.add(what)
        else:
            feed.doubted.discard(what)

    def _take_notices(self, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        self._notice_id = entries[-1][0]
        for _, fields in entries:
            try:
                notice = notices.read(fields, sealed_by=self._seals)
            except FORGED as problem:
                if self._clock() - self._notices_warned_at >= WARN_SECONDS:
                    log.warning("a notice that nobody of ours rang was dropped: %r", problem)
                    self._notices_warned_at = self._clock()
                continue
            if isinstance(notice, Operation):
                self._ring(notice)
            else:
                self._tell(notice)

    def _ring(self, operation: Operation) -> None:
        if feed := self._feeds.get(operation.cluster):
            frame = encoding.encode(operation)
            listeners = [view.subscriptions for view in feed.views.values() if operation.namespace in ("", *view.namespaces)]
            for subscription in itertools.chain(feed.subscriptions, *listeners):
                subscription.put_operation(frame=frame)

    def _tell(self, notice: notices.Revoked | None) -> None:
        for listener in list(self._listeners):
            listener(notice)

    async def _load(self, feed: Feed, *, is_taking: bool = False) -> None:
        """This will read the newest snapshot and what came after it, and how fresh that is."""
        await self._load_picture(feed)
        await self._load_contact(feed, is_taking=is_taking)

    async def _load_picture(self, feed: Feed) -> None:
        """Where there is none that can be read, it is waited for what comes after all that is there now. So it is where changes after it are missing,
        also at a second look: another observer may begin between a picture and its changes.
        """
        for _ in range(LOADS):
            newest = await self._redis.xrevrange(keys.topology(feed.cluster), count=1)
            feed.waits_after = newest[0][0] if newest else b"0-0"
            found, seal = await self._snapshot(feed)
            which = hash((found, seal))
            before, feed.tried = feed.tried, (feed.waits_after, which)
            if feed.position is None and (feed.tried == before or feed.cut_off == which):
                return
            if await self._take_picture(feed, found, seal):
                return
            feed.cut_off = which
        feed.replace(snapshot=None)

    async def _take_picture(self, feed: Feed, found: bytes | None, seal: bytes | None) -> bool:
        """This will take up a snapshot with all changes that came after it, and nothing where it is not believed. False where some are missing."""
        with self._believing(feed, "picture"):
            snapshot = self._believed_snapshot(feed, found, seal) if found else None
            after = await self._changes_after(feed, snapshot.position) if snapshot else []
            if after is None:
                return False
            feed.replace(snapshot=snapshot, frame=found or b"")
            try:
                for frame, message in after:
                    feed.advance(frame=frame, message=message)
            except Gap:
                return False
        if "picture" in feed.doubted:
            feed.replace(snapshot=None)
        return True

    async def _changes_after(self, feed: Feed, place: Position) -> list[tuple[bytes, Changes]] | None:
        """All changes that came after a place and are believed; None where some are missing."""
        entries = await self._redis.xrange(keys.topology(feed.cluster), f"({keys.entry_id(place)}", "+")
        frames = [self._believed_frame(feed, entry_id, fields) for entry_id, fields in entries]
        found = [(frame, encoding.decode_changes(frame)) for frame in frames if frame is not None]
        numbers = [message.position.sequence for _, message in found]
        return found if numbers == list(range(place.sequence + 1, place.sequence + 1 + len(found))) else None

    async def _load_contact(self, feed: Feed, *, is_taking: bool = False) -> None:
        """This will take the observer's last word, as old as it is by Redis' own clock, after the changes that it was said of; unless somebody is at
        these already.
        """
        feed.has_waited = False
        last = await self._redis.xrevrange(keys.contact(feed.cluster), count=publishing.CONTACT_ENTRIES)
        heard_at = self._clock()
        if not is_taking:
            await self._take_missed(feed)
        if not last:
            feed.contact_id = b"0-0"
            return
        self._take_contact(feed, last[::-1], heard_at=heard_at, ahead=await self._ahead())

    async def _after(self, *, feed: Feed, place: Position) -> list[bytes] | None:
        """The frames between a place and now; None where the stream does not hold them all."""
        for _ in range(3):
            now = feed.position
            if now is None or place.epoch != now.epoch or place.sequence > now.sequence:
                return None
            if (remembered := feed.frames_since(place)) is not None:
                return remembered
            try:
                async with self._asking:
                    entries = await self._redis.xrange(keys.topology(feed.cluster), f"({keys.entry_id(place)}", keys.entry_id(now))
            except (RedisError, OSError):
                return None
            if len(entries) != now.sequence - place.sequence:
                return None
            if feed.position == now:
                frames = [self._believed_frame(feed, entry_id, fields) for entry_id, fields in entries]
                return [frame for frame in frames if frame is not None] if None not in frames else None
        return None

    # Freshness

    async def _look_for_ever(self) -> None:
        while True:
            try:
                for feed in list(self._feeds.values()):
                    self._look(feed)
            except Exception:
                log.exception("telling how fresh a picture is failed in a way that nobody foresaw")
                await asyncio.sleep(LONGEST_PAUSE)
            await asyncio.sleep(LOOK_SECONDS)

    def _look(self, feed: Feed, *, seconds: float = HEARTBEAT_SECONDS) -> None:
        """This will tell every socket how fresh the picture is: at once when that changed, else when it was told so long ago."""
        now, contact = self._clock(), self.contact(feed.cluster)
        feed.forget(now=now)
        told = feed.told
        changed = told is None or (told.state, told.reason, told.detail, told.missing) != (
            contact.state, contact.reason, contact.detail, contact.missing,
        )  # fmt: skip
        if not changed and now - feed.told_at < seconds:
            return
        feed.told, feed.told_at = contact, now
        frame = self._heartbeat(contact)
        for subscription in feed.subscriptions:
            subscription.put_heartbeat(frame=frame)
        for view in feed.views.values():
            frame = self._heartbeat(view.contact(contact))
            for subscription in view.subscriptions:
                subscription.put_heartbeat(frame=frame)

    def _heartbeat(self, contact: Contact) -> bytes:
        return encoding.encode(Heartbeat(contact=contact, server_time_ms=int(time.time() * 1000), sent_ms=int(self._clock() * 1000)))


_hub: Hub | None = None


def hub() -> Hub:
    """This process' hub. It begins to read at the first `start` or `join` on an event loop."""
    global _hub
    if _hub is None:
        from django.conf import settings

        _hub = Hub(url=settings.REDIS_URL)
    return _hub
