"""No text of the picture is longer than it is read, and no object has more of anything than can be looked at: the one place where those of a cluster
are cut.

Kubernetes bounds names and what a label says. An annotation, an image or an Ingress's path it bounds by the size of the object alone, and so it does
how many labels, containers or paths there are; whoever may write one could fill Redis and every browser with it. Cut is only what is shown: whoever
decides by an object reads it whole.
"""

from __future__ import annotations

import collections
import hashlib
import itertools
import operator
from typing import Any, TypeVar

import msgspec

from clusterview.kube.structs import IDENTITY_CHARACTERS
from clusterview.observer.sharing import map_of
from clusterview.topology.objects import Record

R = TypeVar("R", bound=Record)

CHARACTERS = IDENTITY_CHARACTERS  # so that no uid is cut, by which objects are told apart
MORE = "…"
LABELS = 100  # of an object, at most, are shown: thousands would be half a mebibyte for each browser
ITEMS = 1_000  # of every other list and map: as many as an EndpointSlice may have
MOST_BYTES = 240 * 1024  # of a record, or there are fewer
WHOLE_BYTES = 32 * 1024  # one that is no larger has nothing else that is too much; a slice of a hundred endpoints is half of it
LONG, LONGEST = 0xDA, 0xDB  # before a text of more than 255 bytes: https://github.com/msgpack/msgpack/blob/master/spec.md#str-format-family

_encode = msgspec.msgpack.Encoder().encode


def text(value: str) -> str:
    """This will cut a text that is too long, and end it with an ellipsis and a digest of all of it: two that differ are never cut to one."""
    if len(value) <= CHARACTERS:
        return value
    end = MORE + hashlib.blake2b(value.encode(), digest_size=8).hexdigest()
    return value[: CHARACTERS - len(end)] + end


def shortened(record: R) -> R:
    """This will cut every text of a record, and each list and map that is too long. Most have none, and encoding them tells that in a microsecond."""
    written = _encode(record)
    short: R = _shortened(record) if LONG in written or LONGEST in written else record
    return short if len(written) <= WHOLE_BYTES and len(record.labels) <= LABELS else _fewer(short)


def _fewer(record: R) -> R:
    """With so much of each list and map as the record may hold; how much more there was of a list is said among the labels."""
    most, left_out = ITEMS, collections.Counter[str]()
    while len(_encode(found := _few(record, most, left_out))) > MOST_BYTES:
        most //= 2
        left_out.clear()
    if found is record:
        return record
    said = {f"{MORE} {name}": _more(number) for name, number in left_out.items()}
    few: R = msgspec.structs.replace(found, labels=map_of(found.labels | said))
    return few


def _few(value: Any, most: int, left_out: collections.Counter[str], name: str = "") -> Any:
    """At most so many of each list, what is left out being counted by its name, and of each map, which says itself that it is no shorter one."""
    match value:
        case dict():
            most = min(most, LABELS) if name == "labels" else most
            if len(value) <= most:
                return value
            number, is_text = len(value) - most, isinstance(next(iter(value.values())), str)
            return dict(itertools.islice(value.items(), most)) | {MORE: _more(number) if is_text else number}
        case tuple():
            if len(value) > most:
                left_out[name] += len(value) - most
            few = tuple([_few(one, most, left_out) for one in value[:most]])
            return value if len(few) == len(value) and all(map(operator.is_, few, value)) else few
        case msgspec.Struct():
            held = [(one, found) for one in value.__struct_fields__ if isinstance(found := getattr(value, one), dict | tuple)]
            cut = {one: few for one, found in held if (few := _few(found, most, left_out, one)) is not found}
            return msgspec.structs.replace(value, **cut) if cut else value
        case _:
            return value


def _more(number: int) -> str:
    return f"{number} more are not shown"


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
