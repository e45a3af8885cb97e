"""The names of what the stream keeps in Redis.

The entries of a topology stream have explicit ids, `<epoch>-<sequence>`. So Redis itself orders them, and a place in a stream is a
`Position` and nothing else.
"""

from __future__ import annotations

from clusterview.stream.messages import Position

NOTICES = "cv:notices"
FRAME = b"f"  # field of a topology entry: an encoded `changes` message
CONTACT = b"c"  # field of a contact entry: a `Contact` in MessagePack
EPOCH = b"e"  # field of a contact entry: who says so
NUMBER = b"n"  # field of a contact entry: which of his words this is
SEAL = b"s"  # field of any entry: the seal of what is said there
NOTICE = b"n"  # field of a notice: an `Operation` or a `Revoked` in MessagePack


def topology(cluster: str) -> str:
    return f"cv:topology:{cluster}"


def snapshot(cluster: str) -> str:
    return f"cv:snapshot:{cluster}"


def snapshot_seal(cluster: str) -> str:
    return f"cv:seal:{cluster}"


def contact(cluster: str) -> str:
    return f"cv:contact:{cluster}"


def entry_id(position: Position) -> str:
    return f"{position.epoch}-{position.sequence}"


def position_of(entry_id: bytes | str) -> Position:
    """This will read a position out of an entry's id."""
    text = entry_id.decode() if isinstance(entry_id, bytes) else entry_id
    epoch, _, sequence = text.partition("-")
    return Position(epoch=int(epoch), sequence=int(sequence))
