"""A stretch as it lies in the database: frames as they were published, each with its time, and at its beginning perhaps a whole picture."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import msgspec

from clusterview.stream.messages import MissingKind


class Stretch(msgspec.Struct, frozen=True):
    """`picture` is an encoded `snapshot` message, or empty; `frames` are (unix time in ms, encoded `changes` message), in order."""

    picture: bytes
    frames: tuple[tuple[int, bytes], ...]


_encoder = msgspec.msgpack.Encoder()
FORMAT = 2  # of what a stretch holds, snapshots and changes included; one more with each change of it, also of the kinds that are watched
UNWATCHED: Mapping[int, tuple[str, ...]] = {1: ("Job", "CronJob", "Gateway", "HTTPRoute"), FORMAT: ()}  # of each format that can be read
_decoder = msgspec.msgpack.Decoder(Stretch)


def pack(stretch: Stretch) -> bytes:
    """This will write a body. A snapshot is compressed already, so this gains on the frames."""
    return zlib.compress(_encoder.encode(stretch), level=3)


def unpack(body: bytes) -> Stretch:
    """This will read a body. Raises `zlib.error` or `msgspec.MsgspecError` for anything that `pack` has not written."""
    return _decoder.decode(zlib.decompress(body))


def not_shown(*, missing: tuple[MissingKind, ...] | None, format: int) -> tuple[MissingKind, ...] | None:
    """This will add the kinds that nobody watched yet when a stretch of that format was written."""
    return None if missing is None else (*missing, *(MissingKind(kind, "not_watched") for kind in UNWATCHED[format]))


def reason(*, missing: MissingKind) -> tuple[str, str, str]:
    """This will tell what makes it another one: of a kind that is read in some namespaces, which. Other details change with each try."""
    return missing.kind, missing.why, missing.detail if missing.why == "partly" else ""
