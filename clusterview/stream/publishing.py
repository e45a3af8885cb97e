"""The observer's side of the stream: one `Publisher` for each epoch of a cluster writes its picture and what happens to it.

A publisher that was replaced must not write any more, however late it wakes up. Each write is therefore a script that first looks at the
newest entry of the topology stream: another epoch above ours means that we are superseded, and anything but our own last entry means that
Redis has lost what we wrote (it was emptied, or restored from an older file). In both cases nothing is written. One more entry, with the seal of the
one that is to be written, is that one: a connection broke before its answer came, so a write can be tried again.
"""

from __future__ import annotations

import collections
import ipaddress
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError
from redis.retry import Retry

from clusterview.stream import clocks, encoding, keys, rows, seals
from clusterview.stream.messages import WHOLE, Changes, Contact, Position, Snapshot
from clusterview.topology.changes import Change
from clusterview.topology.columns import Pods
from clusterview.topology.objects import AnyRecord

STREAM_ENTRIES = 10_000
STREAM_BYTES = 64 * 1024 * 1024  # of their frames: one cluster's must not fill the Redis of all, and an entry may have a few bytes or a mebibyte
CONTACT_ENTRIES = 10
KEPT_SECONDS = 86_400  # after the last word; of a context that nobody opens any more 64 MiB would stay for ever
SNAPSHOT_SECONDS = 5.0
SNAPSHOT_SHARE = 0.05  # of the time, at most, is spent on packing; a large picture is packed less often
SNAPSHOT_BYTES = 256 * 1024  # of changes after it are soon read, and packing delays each change that comes meanwhile by milliseconds
FRAME_BYTES = 240 * 1024  # a browser that is behind by few larger ones is sent the whole picture instead
SNAPSHOT_LONGEST_SECONDS = 300.0
CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0
LATE_SECONDS = 2.0  # after which a word is not said any more: it lay in a Redis that was frozen, or whoever says it was

_TOP = """
local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local top_epoch = top and tonumber(string.match(top[1], '^(%d+)-'))
if top_epoch and top_epoch > tonumber(ARGV[1]) then return 'superseded' end
"""
_KEEP = """
for _, key in ipairs(KEYS) do
    if redis.call('TTL', key) < ARGV[#ARGV] / 2 then redis.call('EXPIRE', key, ARGV[#ARGV]) end
end
"""
_BEGIN = (
    _TOP
    + """
local done = top and top[1] == ARGV[1] .. '-1' and top[2][4] == ARGV[4] and redis.call('GET', KEYS[3]) == ARGV[6]
if done then return 'done' end
if top_epoch and top_epoch == tonumber(ARGV[1]) then return 'lost' end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], ARGV[1] .. '-1', 'f', ARGV[3], 's', ARGV[4])
redis.call('MSET', KEYS[2], ARGV[5], KEYS[3], ARGV[6])
"""
    + _KEEP
    + "return 'done'"
)
_PUBLISH = (
    _TOP
    + """
if top and top[1] == ARGV[1] .. '-' .. ARGV[3] and top[2][4] == ARGV[6] then return 'done' end
if not top or top[1] ~= ARGV[1] .. '-' .. ARGV[2] then return 'lost' end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], ARGV[1] .. '-' .. ARGV[3], 'f', ARGV[5], 's', ARGV[6])
return 'done'
"""
)
_SNAPSHOT = (
    _TOP
    + """
if not top or top[1] ~= ARGV[1] .. '-' .. ARGV[2] then return 'lost' end
redis.call('MSET', KEYS[2], ARGV[3], KEYS[3], ARGV[4])
"""
    + _KEEP
    + "return 'done'"
)
_CONTACT = (
    _TOP
    + """
if ARGV[2] ~= '0' and (not top or top[1] ~= ARGV[1] .. '-' .. ARGV[2]) then return 'lost' end
local now = redis.call('TIME')
if now[1] * 1000 + now[2] / 1000 > tonumber(ARGV[9]) then return 'late' end
redis.call('XADD', KEYS[4], 'MAXLEN', ARGV[3], '*', 'c', ARGV[4], 'e', ARGV[1], 'n', ARGV[5], 's', ARGV[6])
"""
    + _KEEP
    + """
local there = redis.pcall('GET', KEYS[3]) == ARGV[7] and redis.pcall('STRLEN', KEYS[2]) == tonumber(ARGV[8])
if ARGV[2] ~= '0' and not there then return 'bare' end
return 'done'
"""
)


FULL = "Redis is full and takes nothing more, so that nothing new is shown. Give it more with `redis-cli CONFIG SET maxmemory`, and in redis.conf."
REFUSED = "Redis refuses the password that it is given. Where it was changed, write the new one into REDIS_URL and start Clusterview again."
PASSING = (redis.ConnectionError, redis.TimeoutError, OutOfMemoryError)  # the same may succeed later, and whether it did nobody knows


class Superseded(Exception):
    """A newer epoch publishes this cluster. Trying again does not help: stop observing it."""


class Lost(redis.RedisError):
    """Redis no longer holds what was published. Begin anew with a new epoch."""


def connect(*, url: str) -> redis.Redis:
    """This will make a client whose every call ends within seconds.

    redis-py would repeat a call that timed out, although Redis may have done it; a publisher must know, so nothing is repeated.
    """
    return redis.Redis.from_url(
        url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=READ_SECONDS, retry=Retry(NoBackoff(), 0), health_check_interval=0
    )


def exposure(*, url: str) -> str:
    """This will say, with the remedy, what is missing on the way to a Redis on another machine; nothing where nothing is. Pictures are read there."""
    parts = urlsplit(url)
    if parts.scheme == "unix" or _is_here(parts.hostname or "localhost"):
        return ""
    named = dict(parse_qsl(parts.query))
    missing = [] if parts.password or named.get("password") else ["a password"]
    missing += [] if parts.scheme == "rediss" else ["encryption"]
    if not missing:
        return ""
    return (
        f"Redis at {parts.hostname} is used without {' and without '.join(missing)}: others may read what every cluster looks like, and delete it. "
        "Let REDIS_URL be rediss://:PASSWORD@HOST:PORT, or keep it on this machine."
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def eviction(*, client: redis.Redis) -> str:
    """This will say, with the remedy, that this Redis drops what it holds when it is full; nothing where it does not. Raises redis.RedisError.

    Asked of INFO, which those may read who may not read the configuration.
    """
    memory: dict[str, Any] = client.info("memory")
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if policy == "noeviction" or not memory.get("maxmemory"):
        return ""
    return (
        f"Redis may drop what it holds (maxmemory-policy {policy}): leases and pictures would vanish unseen. "
        "Run `redis-cli CONFIG SET maxmemory-policy noeviction`, and write it into redis.conf."
    )


def is_full(*, memory: Mapping[str, Any]) -> bool:
    """This will tell from what INFO says of its memory whether Redis takes nothing more."""
    most, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0)) - int(memory.get("mem_not_counted_for_evict", 0))
    return 0 < most <= used and memory.get("maxmemory_policy", "noeviction") == "noeviction"


def problem(*, client: redis.Redis) -> str:
    """This will say what is wrong with this Redis, with the remedy; nothing where all is well. Raises redis.RedisError where it does not answer."""
    try:
        memory: dict[str, Any] = client.info("memory")
    except redis.AuthenticationError:
        return REFUSED
    return FULL if is_full(memory=memory) else eviction(client=client)


class Packing(threading.Thread):
    """Writes a picture as a snapshot's `frame` while its publisher goes on: seconds for a large one, most of them outside the interpreter's lock."""

    def __init__(self, *, still: rows.Still, position: Position) -> None:
        super().__init__(name="packing", daemon=True)
        self._still, self.position = still, position
        self.frame, self.seconds = b"", 0.0

    def run(self) -> None:
        began = time.monotonic()
        body = encoding.pack(self._still.whole())
        self.frame = encoding.encode(Snapshot(view=WHOLE, position=self.position, body=body))
        self.seconds = time.monotonic() - began


class Listener(Protocol):
    """Whoever wants to know what was published, in the publisher's thread: it must not wait, and not raise."""

    def picture(self, *, position: Position, frame: bytes, since: Sequence[tuple[Position, bytes]]) -> None:
        """This will take an encoded `snapshot` message, and again the `changes` that came after it."""

    def changes(self, *, position: Position, frame: bytes) -> None:
        """This will take an encoded `changes` message."""

    def contact(self, *, contact: Contact) -> None:
        """This will take how fresh the picture is."""


class Publisher:
    """Writes one cluster's stream for one epoch. Used by one thread.

    Every method raises `Superseded` when a newer epoch exists, and `redis.RedisError` when Redis did not answer or has lost the stream. After one of
    `PASSING` nobody knows whether the write was done: `catch_up` does what is not. After any other one, or where `begin` raised it, throw the
    publisher away and begin anew with a new epoch.
    """

    def __init__(
        self,
        *,
        redis: redis.Redis,
        cluster: str,
        epoch: int,
        listener: Listener | None = None,
        clock: Callable[[], float] = clocks.with_sleep,
        sealed_by: seals.Seals | None = None,
    ) -> None:
        self.position = Position(epoch=epoch, sequence=0)
        self._redis = redis
        self._cluster = cluster
        self._listener = listener
        self._clock = clock
        self._seals = sealed_by or seals.ours()
        self._words = 0
        self._rows = rows.Writer(records=())
        self._snapshot_sequence = 0
        self._snapshot_at = clock()
        self._snapshot_seconds = SNAPSHOT_SECONDS
        self._snapshot_seal, self._snapshot_bytes = b"", 0
        self._is_bare = False  # somebody took away the snapshot that was written
        self._tail_bytes = 0  # of what was published after the snapshot
        self._kept: collections.deque[int] = collections.deque()  # the bytes of each entry that is to stay in the stream
        self._kept_bytes = 0
        self._packing: Packing | None = None
        self._since: list[tuple[Position, bytes]] = []  # what was published while it was packed
        self._owed: collections.deque[bytes] = collections.deque()  # what is not written yet, the first one perhaps

    def begin(self, *, records: Iterable[AnyRecord], pods: Pods | None = None) -> None:
        """This will write the whole picture and the epoch's first, empty entry, both or none. Call it once, before `publish`.

        The picture is `records`, and `pods` which lie in columns.
        """
        self._rows = rows.Writer(records=records, pods=pods)
        position = Position(epoch=self.position.epoch, sequence=1)
        first = encoding.encode(Changes(position=position))
        frame = encoding.encode(Snapshot(view=WHOLE, position=position, body=encoding.pack(self._rows.whole())))
        seal = self._seal_of_snapshot(frame)
        written = frame, seal, KEPT_SECONDS
        self._write(_BEGIN, self._make_room(first), first, self._seal_of(first, position), *written, position=position)
        self._keep(first)
        self._snapshot_seal, self._snapshot_bytes = seal, len(frame)
        self._snapshot_sequence, self._snapshot_at = 1, self._clock()
        if self._listener:
            self._listener.picture(position=position, frame=frame, since=())

    def publish(self, *, changes: Sequence[Change]) -> Position:
        """This will write an entry with the changes, several where they are too many bytes for one, and now and then the whole picture.

        Returns the place after them.
        """
        self.catch_up()
        if changes:
            told = self._rows.changes(changes=changes, position=self._next_position())
            self._owed.extend(list(encoding.frames(told, most_bytes=FRAME_BYTES)))
            self.catch_up()
        self._renew_snapshot()
        return self.position

    def catch_up(self) -> None:
        """This will write the entries that may not have been written. Before them, `publish` takes no further changes."""
        while self._owed:
            frame, position = self._owed[0], self._next_position()
            entries, seal = self._make_room(frame), self._seal_of(frame, position)
            self._write(_PUBLISH, self.position.sequence, position.sequence, entries, frame, seal, position=position)
            self._keep(frame)
            self._owed.popleft()
            self._tail_bytes += len(frame)
            if self._packing is not None:
                self._since.append((position, frame))
            if self._listener:
                self._listener.changes(position=position, frame=frame)

    def _make_room(self, frame: bytes) -> int:
        """How many entries the stream may have with this one, so that neither they nor their bytes are too many. Those of other epochs are none.
        There is more room while the picture is packed: the one before needs those after it until then.
        """
        most = STREAM_BYTES if self._packing is None else 2 * STREAM_BYTES
        while self._kept and (len(self._kept) >= STREAM_ENTRIES or self._kept_bytes + len(frame) > most):
            self._kept_bytes -= self._kept.popleft()
        return len(self._kept) + 1

    def _keep(self, frame: bytes) -> None:
        self._kept.append(len(frame))
        self._kept_bytes += len(frame)

    def _next_position(self) -> Position:
        return Position(epoch=self.position.epoch, sequence=self.position.sequence + 1)

    def contact(self, *, contact: Contact) -> None:
        """This will say how fresh the picture is. Call it each second, before `begin` too where there is nothing to show yet."""
        said_at = self._clock()
        self.catch_up()
        word = encoding.encode(contact)
        self._words += 1
        seal = self._seals.seal(place=(keys.contact(self._cluster), f"{self.position.epoch}-{self._words}"), said=word)
        written = self._snapshot_seal, self._snapshot_bytes
        seconds, microseconds = self._ask(self._redis.time)
        until = int(1e3 * (seconds + LATE_SECONDS - (self._clock() - said_at)) + microseconds / 1e3)
        told = CONTACT_ENTRIES, word, self._words, seal, *written, until, KEPT_SECONDS
        answer = self._write(_CONTACT, self.position.sequence, *told, position=self.position)
        self._is_bare = answer == b"bare"
        if self._listener:
            self._listener.contact(contact=contact)
        self._renew_snapshot()

    def _renew_snapshot(self) -> None:
        """Joining readers start at the snapshot, so it must not fall far behind the stream, nor be away."""
        seconds, behind = self._clock() - self._snapshot_at, self.position.sequence - self._snapshot_sequence
        if self._packing is not None:
            if self._packing.is_alive():
                return
            packing = self._packing
            if not packing.frame:
                raise RuntimeError("the picture could not be packed")
            seal = self._seal_of_snapshot(packing.frame)
            self._write(_SNAPSHOT, self.position.sequence, packing.frame, seal, KEPT_SECONDS, position=self.position)
            self._snapshot_seal, self._snapshot_bytes = seal, len(packing.frame)
            self._packing, self._is_bare = None, False
            self._snapshot_seconds = max(SNAPSHOT_SECONDS, packing.seconds / SNAPSHOT_SHARE)
            if self._listener:
                self._listener.picture(position=packing.position, frame=packing.frame, since=self._since)
            self._since = []
        elif (
            ((self._is_bare or self._tail_bytes >= SNAPSHOT_BYTES) and seconds >= self._snapshot_seconds)
            or (behind and seconds >= SNAPSHOT_LONGEST_SECONDS)
            or behind >= STREAM_ENTRIES // 4
            or self._tail_bytes >= STREAM_BYTES // 4
        ):
            self._snapshot_sequence, self._snapshot_at, self._tail_bytes = self.position.sequence, self._clock(), 0
            self._packing = Packing(still=self._rows.still(), position=self.position)
            self._packing.start()

    def _seal_of(self, frame: bytes, position: Position) -> bytes:
        return self._seals.seal(place=(keys.topology(self._cluster), keys.entry_id(position)), said=frame)

    def _seal_of_snapshot(self, frame: bytes) -> bytes:
        return self._seals.seal(place=(keys.snapshot(self._cluster), WHOLE), said=frame)

    def _write(self, script: str, *values: Any, position: Position) -> bytes:
        names = [name(self._cluster) for name in (keys.topology, keys.snapshot, keys.snapshot_seal, keys.contact)]
        answer = self._ask(lambda: self._redis.eval(script, len(names), *names, self.position.epoch, *values))
        if answer == b"superseded":
            raise Superseded(f"a newer epoch than {self.position.epoch} publishes {self._cluster}")
        if answer == b"late":
            raise redis.TimeoutError(f"a word of {self._cluster} came to Redis {LATE_SECONDS} s late")
        if answer not in (b"done", b"bare"):
            raise Lost(f"Redis has lost the stream of {self._cluster} at {keys.entry_id(self.position)}")
        self.position = position
        return bytes(answer)

    def _ask(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except redis.ConnectionError:  # of one that was closed a while ago, mostly
            return ask()
