"""Decoders for what threads read, each made once.

msgspec keeps what it knows of a Struct on its class, and puts it there before it is complete: another thread that needs the same class in that
moment reads a null pointer, and the whole process ends with SIGSEGV (seen with msgspec 0.22.0; tests/kube/test_decoding.py does it). So they are
made one at a time.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape")

_making = threading.Lock()
_made: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder_of(shape: type[Shape]) -> msgspec.json.Decoder[Shape]:
    """This will give the decoder of JSON as a Struct or one of its generic forms. It may be used by any number of threads."""
    with _making:
        if shape not in _made:
            _made[shape] = msgspec.json.Decoder(shape)
        return _made[shape]


def convert(item: Any, shape: type[Shape]) -> Shape:
    """This will read what is parsed already as a Struct, in any thread."""
    decoder_of(shape)  # its class is complete then
    return msgspec.convert(item, shape)
