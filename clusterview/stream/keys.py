"""The names of what this installation keeps in Redis.

Each carries a digest of the secret key. So two installations that share a Redis do not take each other's lease and picture away, though the context
of both is called alike (`in-cluster`, in a pod).

The entries of a topology stream have explicit ids, `<epoch>-<sequence>`. So Redis itself orders them, and a place in a stream is a
`Position` and nothing else.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from django.conf import settings
from django.utils.crypto import salted_hmac

from clusterview.stream.messages import Position

INSTALLATION = re.compile(rb"cv:([0-9a-f]{8}):")
FRAME = b"f"  # field of a topology entry: an encoded `changes` message
CONTACT = b"c"  # field of a contact entry: a `Contact` in MessagePack
EPOCH = b"e"  # field of a contact entry: who says so
NUMBER = b"n"  # field of a contact entry: which of his words this is
SEAL = b"s"  # field of any entry: the seal of what is said there
NOTICE = b"n"  # field of a notice: an `Operation` or a `Revoked` in MessagePack


def notices() -> str:
    return _ours("notices")


def topology(cluster: str) -> str:
    return _ours("topology", cluster)


def snapshot(cluster: str) -> str:
    return _ours("snapshot", cluster)


def snapshot_seal(cluster: str) -> str:
    return _ours("seal", cluster)


def contact(cluster: str) -> str:
    return _ours("contact", cluster)


def claim(cluster: str) -> str:
    """The lease of a cluster."""
    return _ours("claim", cluster)


def fence() -> str:
    """The number that was given last with a lease."""
    return _ours("fence")


def _ours(*names: str) -> str:
    return ":".join(("cv", _installation(settings.SECRET_KEY), *names))


@functools.cache
def _installation(secret: str) -> str:
    return salted_hmac("clusterview.stream.keys", "", secret=secret, algorithm="sha256").hexdigest()[:8]


def others(names: Iterable[bytes]) -> set[bytes]:
    """The digests of the other installations to which some of these names belong; names of before there were digests tell of none."""
    found = {match[1] for name in names if (match := INSTALLATION.match(name))}
    return found - {_installation(settings.SECRET_KEY).encode()}


def entry_id(position: Position) -> str:
    return f"{position.epoch}-{position.sequence}"


def position_of(entry_id: bytes | str) -> Position:
    """This will read a position out of an entry's id."""
    text = entry_id.decode() if isinstance(entry_id, bytes) else entry_id
    epoch, _, sequence = text.partition("-")
    return Position(epoch=int(epoch), sequence=int(sequence))
