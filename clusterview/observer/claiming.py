"""Which worker observes a cluster: a lease in Redis, and with each grant a number that only grows.

The number is the epoch under which the picture is published; the stream refuses an older one, so a worker that lost its lease without
noticing cannot do harm. It is the unix time in milliseconds where that is more than the counter, because a Redis that was emptied counts
from one again; and more than this worker's last one, because a clock may go back. It is more than what was published last, too, where one of ours did
that; what somebody else wrote into the stream with a number above all of ours is thrown away with the stream.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from typing import Any

from clusterview.stream import keys, seals

log = logging.getLogger(__name__)

LEASE_SECONDS = 5.0
MOST = 2**52  # a browser counts exactly up to twice that, and unix time is far below

# A lease that never ends is none of ours.
# One that holds the lease already gets a new number: it needs one when Redis has lost what was published under the last.
_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and redis.call('PTTL', KEYS[1]) >= 0 then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local fence = (tonumber(redis.call('GET', KEYS[2])) or 0) + 1
local least = tonumber(ARGV[3])
if not (fence >= least and fence <= tonumber(ARGV[4])) then fence = least end
redis.call('SET', KEYS[2], string.format('%.0f', fence))
return string.format('%.0f', fence)
"""
_CLEAR = """
local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if top and top[1] == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""
# One that ran out while Redis was away is held on too: whoever had it meanwhile has published above our number, and the stream tells us.
_EXTEND = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Claim:
    """One worker's claim to one cluster. All methods raise `redis.RedisError` when Redis does not answer."""

    def __init__(
        self,
        *,
        redis: Any,
        cluster: str,
        clock: Callable[[], float] = time.time,
        lease_seconds: float = LEASE_SECONDS,
        sealed_by: seals.Seals | None = None,
    ) -> None:
        self._seals = sealed_by or seals.ours()
        self.holder = secrets.token_hex(16)
        self._redis, self._clock, self._cluster = redis, clock, cluster
        self._key = keys.claim(cluster)
        self._lease_milliseconds = int(lease_seconds * 1000)
        self._number = 0

    def take(self) -> int | None:
        """This will take the lease, or hold it on, and give a number greater than any given before. None while another one has it."""
        least = max(int(self._clock() * 1000), self._number + 1)
        if (number := self._take(least)) is None:
            return None
        if (published := self._published()) >= number:
            number = self._take(published + 1)
        self._number = number or self._number
        return number

    def _take(self, least: int) -> int | None:
        fence = self._redis.eval(_TAKE, 2, self._key, keys.fence(), self.holder, self._lease_milliseconds, least, MOST)
        return None if fence is None else int(fence)

    def _published(self) -> int:
        """The number under which one of ours published last; 0 for none."""
        stream, words = keys.topology(self._cluster), keys.contact(self._cluster)
        if (last := self._redis.xrevrange(words, count=1)) and keys.position_of(last[0][0]).epoch > MOST:
            self._redis.eval(_CLEAR, 1, words, last[0][0])  # no id would be left for the next word
        if not (top := self._redis.xrevrange(stream, count=1)):
            return 0
        entry_id, fields = top[0]
        try:
            self._seals.check(place=(stream, entry_id.decode()), said=fields.get(keys.FRAME, b""), seal=fields.get(keys.SEAL))
        except seals.Forged as problem:
            log.warning("the stream of %s in Redis is thrown away, for its newest entry is none of ours: %s", self._cluster, problem)
            self._redis.eval(_CLEAR, 1, stream, entry_id)
            return 0
        return keys.position_of(entry_id).epoch

    def extend(self) -> bool:
        """This will hold the lease on, or take it up again where nobody has it; False when another one has it."""
        return bool(self._redis.eval(_EXTEND, 1, self._key, self.holder, self._lease_milliseconds))

    def release(self) -> None:
        """This will give the lease away, if it is ours, so that another worker need not wait for its end."""
        self._redis.eval(_RELEASE, 1, self._key, self.holder)
