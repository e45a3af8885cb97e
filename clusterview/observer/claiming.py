"""Which worker observes a cluster: a lease in Redis, and with each grant a number that only grows.

The number is the epoch under which the picture is published; the stream refuses an older one, so a worker that lost its lease without
noticing cannot do harm. It is the unix time in milliseconds where that is more than the counter, because a Redis that was emptied counts
from one again; and more than this worker's last one, because a clock may go back.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

LEASE_SECONDS = 5.0
FENCE = "cv:fence"

# One that holds the lease already gets a new number: it needs one when Redis has lost what was published under the last.
_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if redis.call('INCR', KEYS[2]) < tonumber(ARGV[3]) then redis.call('SET', KEYS[2], ARGV[3]) end
return redis.call('GET', KEYS[2])
"""
_EXTEND = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Claim:
    """One worker's claim to one cluster. All methods raise `redis.RedisError` when Redis does not answer."""

    def __init__(self, *, redis: Any, cluster: str, clock: Callable[[], float] = time.time, lease_seconds: float = LEASE_SECONDS) -> None:
        self.holder = secrets.token_hex(16)
        self._redis, self._clock = redis, clock
        self._key = key(cluster)
        self._lease_milliseconds = int(lease_seconds * 1000)
        self._number = 0

    def take(self) -> int | None:
        """This will take the lease, or hold it on, and give a number greater than any given before. None while another one has it."""
        least = max(int(self._clock() * 1000), self._number + 1)
        fence = self._redis.eval(_TAKE, 2, self._key, FENCE, self.holder, self._lease_milliseconds, least)
        if fence is None:
            return None
        self._number = int(fence)
        return self._number

    def extend(self) -> bool:
        """This will hold the lease on; False when it is not ours any more."""
        return bool(self._redis.eval(_EXTEND, 1, self._key, self.holder, self._lease_milliseconds))

    def release(self) -> None:
        """This will give the lease away, if it is ours, so that another worker need not wait for its end."""
        self._redis.eval(_RELEASE, 1, self._key, self.holder)


def key(cluster: str) -> str:
    """This will name the lease of a cluster."""
    return f"cv:claim:{cluster}"
