"""Short words to every web process: a switch moved on, a person was signed out.

A notice is a doorbell. It may be lost with Redis; the database holds the truth, and consumers look there again when Redis was away.
"""

from __future__ import annotations

import contextlib
import hashlib

import msgspec
import redis

from clusterview.stream import keys
from clusterview.stream.messages import Operation

NOTICE_ENTRIES = 1_000


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
    """This will end the live pages of a user or of one session. Returns False, and raises nothing, when Redis cannot be reached."""
    return _send(redis, Revoked(user_id=user_id, session_hash=session_hash))


def session_hash(session_key: str) -> str:
    """This will name a session without telling its key."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def decode(notice: bytes) -> Notice:
    """This will read a notice. Raises `msgspec.MsgspecError`."""
    return _decoder.decode(notice)


def _send(client: redis.Redis, notice: Notice) -> bool:
    with contextlib.suppress(redis.RedisError, OSError):
        client.xadd(keys.NOTICES, {keys.NOTICE: msgspec.msgpack.encode(notice)}, maxlen=NOTICE_ENTRIES, approximate=True)
        return True
    return False
