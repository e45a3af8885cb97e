"""The lines of a watch: an event with an object in it, or an error in the place of one.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from clusterview.kube import errors
from clusterview.kube.listing import UNREADABLE

LINE_BYTES = 16 * 1024 * 1024

T = TypeVar("T")


class Event(msgspec.Struct, Generic[T], frozen=True, gc=False):
    type: str
    object: T


class Status(msgspec.Struct, frozen=True):
    """What an ERROR event carries."""

    code: int = 0
    message: str = ""


RAW_EVENTS = msgspec.json.Decoder(Event[msgspec.Raw])
STATUSES = msgspec.json.Decoder(Status)


def error_event(raw: msgspec.Raw, *, path: str) -> errors.KubeError:
    """This will tell the error that a watch's ERROR event carries."""
    try:
        status = STATUSES.decode(raw)
    except UNREADABLE:
        status = Status()
    body = msgspec.json.encode({"message": status.message})
    return errors.of_answer(status=status.code or 500, headers={}, body=body, method="WATCH", path=path)
