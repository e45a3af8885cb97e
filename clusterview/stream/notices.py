"""Short words to every web process: a switch moved on, switching was allowed or forbidden, a person was signed out.

A notice is a doorbell. It may be lost with Redis; the database holds the truth, and consumers look there again when Redis was away. It carries a
seal, so that only ours are heard; one that was rung before can be rung again by whoever writes to Redis, so nothing is believed because of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import redis

from clusterview.stream import keys, seals
from clusterview.stream.messages import Operation

NOTICE_ENTRIES = 1_000
AGAIN_SECONDS = 1.0
LONGEST_SECONDS = 3_600.0


class Revoked(msgspec.Struct, frozen=True, kw_only=True, tag="revoked", tag_field="type"):
    """All sessions of the user, or the one session, are over."""

    user_id: int | None = None
    session_hash: str | None = None


Notice = Operation | Revoked
_decoder: msgspec.msgpack.Decoder[Notice] = msgspec.msgpack.Decoder(Notice)


def operation(*, redis: redis.Redis, id: str, cluster: str, namespace: str, service: str, state: str) -> bool:
    """This will ring for a switch that moved on. Returns False, and raises nothing, when Redis cannot be reached."""
    return _send(redis, Operation(id=id, cluster=cluster, namespace=namespace, service=service, state=state))


def revoked(*, redis: redis.Redis, user_id: int | None = None, session_hash: str | None = None) -> bool:
    """This will have the live pages of a user or of one session look whether they are still let in. Returns False, and raises nothing, when Redis
    does not take it.

    It is said again then until Redis takes it, as long as this process lives: whoever reads from Redis need not have noticed anything, so they would
    never ask by themselves.
    """
    notice = Revoked(user_id=user_id, session_hash=session_hash)
    if _send(redis, notice):
        return True
    threading.Thread(target=_say_until_taken, args=(redis, notice), name="revoking", daemon=True).start()
    return False


def session_hash(session_key: str) -> str:
    """This will name a session without telling its key."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def fields(notice: Notice) -> dict[Any, Any]:
    """This will make the entry of a notice, sealed."""
    said = msgspec.msgpack.encode(notice)
    return {keys.NOTICE: said, keys.SEAL: seals.ours().seal(place=(keys.notices(), ""), said=said)}


def read(entry: Mapping[bytes, bytes], *, sealed_by: seals.Seals) -> Notice:
    """This will read an entry. Raises LookupError, `seals.Forged` and `msgspec.MsgspecError`."""
    said = entry[keys.NOTICE]
    sealed_by.check(place=(keys.notices(), ""), said=said, seal=entry.get(keys.SEAL))
    return _decoder.decode(said)


def _say_until_taken(client: redis.Redis, notice: Notice) -> None:
    given_up_at = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < given_up_at:
        time.sleep(AGAIN_SECONDS)
        if _send(client, notice):
            return


def _send(client: redis.Redis, notice: Notice) -> bool:
    with contextlib.suppress(redis.RedisError, OSError):
        client.xadd(keys.notices(), fields(notice), maxlen=NOTICE_ENTRIES, approximate=True)
        return True
    return False
