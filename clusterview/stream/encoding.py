"""Messages to bytes and back: MessagePack by msgspec, which checks every field against the message's Struct.

Decoding raises `msgspec.MsgspecError` for anything that is not such a message.
"""

from __future__ import annotations

import zlib

import msgspec

from clusterview.stream import messages

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


def pack(whole: messages.Whole) -> bytes:
    """This will write a snapshot's body."""
    return zlib.compress(_encoder.encode(whole), level=3)


def unpack(body: bytes) -> messages.Whole:
    """This will read a snapshot's body. Raises `zlib.error` for bytes that are not compressed."""
    return _whole.decode(zlib.decompress(body))
