"""No text of the picture is longer than it is read: the one place where those of a cluster are cut.

Kubernetes bounds names and labels. An annotation, an image or an Ingress's path it bounds by the size of the object alone, and whoever may write one
could fill Redis and every browser with it. Cut is only what is shown: whoever decides by an object reads it whole.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import msgspec

from clusterview.kube.structs import IDENTITY_CHARACTERS

R = TypeVar("R")

CHARACTERS = IDENTITY_CHARACTERS  # so that no uid is cut, by which objects are told apart
MORE = "…"
LONG, LONGEST = 0xDA, 0xDB  # before a text of more than 255 bytes: https://github.com/msgpack/msgpack/blob/master/spec.md#str-format-family

_encode = msgspec.msgpack.Encoder().encode


def text(value: str) -> str:
    """This will cut a text that is too long, and end it with an ellipsis and a digest of all of it: two that differ are never cut to one."""
    if len(value) <= CHARACTERS:
        return value
    end = MORE + hashlib.blake2b(value.encode(), digest_size=8).hexdigest()
    return value[: CHARACTERS - len(end)] + end


def shortened(record: R) -> R:
    """This will cut every text of a record. Most have none that is long, and encoding them tells that in a microsecond."""
    written = _encode(record)
    return _shortened(record) if LONG in written or LONGEST in written else record


def _shortened(value: Any) -> Any:
    """What needs no cut stays the same object, which siblings may share."""
    match value:
        case str():
            return text(value)
        case dict():
            short: Any = {text(key): _shortened(one) for key, one in value.items()}
        case tuple():
            short = tuple([_shortened(one) for one in value])
        case msgspec.Struct():
            short = msgspec.structs.replace(value, **{name: _shortened(getattr(value, name)) for name in value.__struct_fields__})
        case _:
            return value
    return value if short == value else short
