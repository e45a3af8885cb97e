"""Messages to bytes and back: MessagePack by msgspec, which checks every field against the message's Struct.

Decoding raises `msgspec.MsgspecError` for anything that is not such a message.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec

from clusterview.stream import messages

LEVEL = 6
SMALL_MAP, LONG_ARRAY = 0x80, b"\xdd"  # https://github.com/msgpack/msgpack/blob/master/spec.md

_encoder = msgspec.msgpack.Encoder()
_to_browser: msgspec.msgpack.Decoder[messages.ToBrowser] = msgspec.msgpack.Decoder(messages.ToBrowser)
_from_browser = msgspec.msgpack.Decoder(messages.FromBrowser)
_whole = msgspec.msgpack.Decoder(messages.Whole)
_contact = msgspec.msgpack.Decoder(messages.Contact)
_snapshot = msgspec.msgpack.Decoder(messages.Snapshot)
_changes = msgspec.msgpack.Decoder(messages.Changes)


def encode(message: messages.ToBrowser | messages.FromBrowser | messages.Contact) -> bytes:
    """This will write one message as a frame's bytes."""
    return _encoder.encode(message)


def decode(frame: bytes) -> messages.ToBrowser:
    return _to_browser.decode(frame)


def decode_from_browser(frame: bytes) -> messages.FromBrowser:
    return _from_browser.decode(frame)


def decode_snapshot(frame: bytes) -> messages.Snapshot:
    return _snapshot.decode(frame)


def decode_changes(frame: bytes) -> messages.Changes:
    return _changes.decode(frame)


def decode_contact(word: bytes) -> messages.Contact:
    return _contact.decode(word)


def frames(changes: messages.Changes, *, most_bytes: int) -> Iterator[bytes]:
    """This will write changes as one message or as several after each other, each of so many bytes at most but for a lone object that is larger.

    Each part is encoded once: a message is put together of what was written. https://jcristharif.com/msgspec/usage.html#raw
    """
    position, of_each = changes.position, dict[str, list[msgspec.Raw]](states=[], changes=[], pods=[])
    size = 0
    for name, those in of_each.items():  # states first, for pods name them by their numbers
        for part in getattr(changes, name):
            written = _encoder.encode(part)
            if size and size + len(written) > most_bytes:
                yield _frame(position, of_each)
                position = messages.Position(epoch=position.epoch, sequence=position.sequence + 1)
                size = 0
            those.append(msgspec.Raw(written))
            size += len(written)
    yield _frame(position, of_each)


def _frame(position: messages.Position, parts: dict[str, list[msgspec.Raw]]) -> bytes:
    """What was put into it is forgotten."""
    frame = _encoder.encode(messages.Changes(position=position, **{name: tuple(those) for name, those in parts.items()}))  # type: ignore[arg-type]
    for those in parts.values():
        those.clear()
    return frame


def pack(whole: messages.Whole) -> bytes:
    """This will write a snapshot's body, piece by piece, for all of it uncompressed would be the largest thing that an observer ever holds."""
    compressor, pieces = zlib.compressobj(level=LEVEL), _pieces(whole)
    del whole  # it goes with its last piece, before the compressed ones are joined
    return b"".join([*map(compressor.compress, pieces), compressor.flush()])


def _pieces(whole: messages.Whole | messages.PodColumns) -> Iterator[bytes]:
    """What the encoder writes of it."""
    yield bytes([SMALL_MAP + len(whole.__struct_fields__)])
    for name in whole.__struct_fields__:
        yield _encoder.encode(name)
        value = getattr(whole, name)
        if name == "objects":
            yield LONG_ARRAY + len(value).to_bytes(4, "big")
            yield from map(_encoder.encode, value)
        elif isinstance(value, messages.PodColumns):
            yield from _pieces(value)
        else:
            yield _encoder.encode(value)


def unpack(body: bytes) -> messages.Whole:
    """This will read a snapshot's body. Raises `zlib.error` for bytes that are not compressed."""
    return _whole.decode(zlib.decompress(body))
