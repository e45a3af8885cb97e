"""A stretch as it lies in the database: frames as they were published, each with its time, and at its beginning perhaps a whole picture."""

from __future__ import annotations

import zlib

import msgspec

from clusterview.stream.messages import MissingKind


class Stretch(msgspec.Struct, frozen=True):
    """`picture` is an encoded `snapshot` message, or empty; `frames` are (unix time in ms, encoded `changes` message), in order."""

    picture: bytes
    frames: tuple[tuple[int, bytes], ...]


_encoder = msgspec.msgpack.Encoder()
FORMAT = 1  # of what a stretch holds, snapshots and changes included; one more with each change of it that older ones cannot be read with
_decoder = msgspec.msgpack.Decoder(Stretch)


def pack(stretch: Stretch) -> bytes:
    """This will write a body. A snapshot is compressed already, so this gains on the frames."""
    return zlib.compress(_encoder.encode(stretch), level=3)


def unpack(body: bytes) -> Stretch:
    """This will read a body. Raises `zlib.error` or `msgspec.MsgspecError` for anything that `pack` has not written."""
    return _decoder.decode(zlib.decompress(body))


def reason(*, missing: MissingKind) -> tuple[str, str, str]:
    """This will tell what makes it another one: of a kind that is read in some namespaces, which. Other details change with each try."""
    return missing.kind, missing.why, missing.detail if missing.why == "partly" else ""
