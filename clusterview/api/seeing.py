"""What is seen of a cluster at the moment, for requests that run in threads beside the hub's event loop, and what was seen before."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import clusterview.stream.hub as hub
from clusterview.api.refusing import Refusal
from clusterview.recording import reading
from clusterview.stream.messages import Contact, Position
from clusterview.topology import objects, pictures

WAITING_SECONDS = 2.0
MANY_OBJECTS = 10_000  # links of fewer are made as often as they are asked for: of all who are answered at once they are no more than two large ones
_at_once, _asking = threading.Semaphore(2), threading.Semaphore(8)
_linking, _asking_for_links = threading.Semaphore(2), threading.Semaphore(8)


@contextlib.contextmanager
def looking_back() -> Iterator[None]:
    """Held until the answer is made of what was `past`: each such picture is a whole one of its own, and 32 requests are answered at once.

    Two do so, and six wait for a moment, so that most of the threads are left for pages and switches. Raises Refusal 503 for all others.
    """
    with _taking_turns(_at_once, _asking, code="too_many_look_back"):
        yield


@contextlib.contextmanager
def linking(*, objects: int) -> Iterator[None]:
    """Held until the answer is made of the links of so many objects, which take several times the room of those. As with `looking_back`."""
    with _taking_turns(_linking, _asking_for_links, code="too_many_links") if objects > MANY_OBJECTS else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _taking_turns(at_once: threading.Semaphore, asking: threading.Semaphore, *, code: str) -> Iterator[None]:
    if not asking.acquire(blocking=False):
        raise Refusal(503, code)
    try:
        if not at_once.acquire(timeout=WAITING_SECONDS):
            raise Refusal(503, code)
        try:
            yield
        finally:
            at_once.release()
    finally:
        asking.release()


@dataclass(frozen=True)
class Seen:
    """A picture that no longer changes, and its place in the stream."""

    objects: tuple[objects.AnyRecord, ...]
    position: Position

    def as_picture(self) -> pictures.Picture:
        return pictures.Picture(objects=self.objects)


def picture(cluster: str) -> Seen | None:
    """What is seen; None when nothing has been seen yet."""
    found = hub.hub().picture_now(cluster)
    if found is None:
        return None
    picture, position, _ = found
    return Seen(objects=tuple(picture.objects.values()), position=position)


def now(cluster: str) -> Seen:
    """What is seen. Raises Refusal 503 when nothing has been seen yet."""
    found = picture(cluster)
    if found is None:
        raise Refusal(503, "not_seen_yet")
    return found


def contact(cluster: str) -> Contact:
    """How fresh it is."""
    return hub.hub().contact_now(cluster)


def forged(cluster: str) -> int:
    """How often something that was in Redis of it was not believed."""
    return hub.hub().forged[cluster]


def freshness(cluster: str) -> dict[str, Any]:
    """What every answer from a picture says of it: how fresh it is, and which kinds it does not show."""
    return told(contact(cluster))


def told(now: Contact) -> dict[str, Any]:
    """The part of a contact that is told beside a picture."""
    return {"state": now.state, "contact_age_seconds": now.contact_age_seconds, "missing": now.missing}


def present(cluster: str) -> reading.Past:
    """What is seen now, as it would be told of the past. Raises Refusal 503 when nothing has been seen yet."""
    said = contact(cluster)
    return reading.Past(picture=now(cluster).as_picture(), state=said.state, missing=said.missing)


def past(cluster: str, *, at: datetime) -> reading.Past:
    """What was seen at that moment. Raises Refusal 404 with the nearest moments that were recorded."""
    try:
        return reading.at(cluster=cluster, moment=at)
    except reading.NotRecorded as problem:
        before, after = reading.nearest(spans=reading.spans(cluster=cluster), moment=at)
        raise Refusal(404, "not_recorded", before=before, after=after) from problem
