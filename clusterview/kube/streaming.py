"""A list that comes as the beginning of its watch: an event for each object there is, then a bookmark that says that this was all.

The API server tells each object as it reads it and never holds a page, and nothing can happen between the list and the watch. What it tells among
the objects is what happens meanwhile: from the first such line on, all are kept as they came, to be applied after the list. A server that knows
nothing of this ignores what it was asked for, begins with the same objects and never sends the bookmark; so silence, or more changes than any
server has among the objects, means that the list has to come in pages.
https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from clusterview.kube import errors
from clusterview.kube.bounding import Bounds
from clusterview.kube.events import RAW_EVENTS, Event, error_event
from clusterview.kube.kinds import KindSpec
from clusterview.kube.listing import UNREADABLE, Gathering, Quarantined, identify, quarantine

QUERY = (("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan"))
END = "k8s.io/initial-events-end"
SILENCE_SECONDS = 10.0
CHANGES_AT_MOST = 5_000


class NotStreamed(Exception):
    """The server does not tell a list so. Pages will do."""


class BookmarkMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    annotations: dict[str, str] = {}


class Bookmark(msgspec.Struct, frozen=True):
    metadata: BookmarkMeta = BookmarkMeta()


BOOKMARKS = msgspec.json.Decoder(Bookmark)


class Initial:
    """One such list. `read` takes its lines; then `items` are the objects, `changes` the lines to apply after them, `version` that of the end."""

    def __init__(self, spec: KindSpec, *, events: msgspec.json.Decoder[Event[Any]], items: Gathering, bounds: Bounds) -> None:
        self._spec, self._events, self._bounds = spec, events, bounds
        self.items = items
        self.quarantined: list[Quarantined] = []
        self.changes: list[bytes] = []
        self.version = ""

    def read(self, lines: Iterable[bytes]) -> None:
        """This will take the lines up to the end of the list. Raises NotStreamed, and errors.KubeError where it breaks off."""
        count = size = 0
        try:
            for line in lines:
                count, size = count + 1, size + len(line)
                self._bounds.read(spec=self._spec, objects=count, size=size)
                self._take(line)
                if self.version:
                    return
                if len(self.changes) > CHANGES_AT_MOST:
                    raise NotStreamed
        except errors.TimedOut as error:
            raise NotStreamed from error
        raise errors.BrokenAnswer(f"The watch of {self._spec.resource} ended before its list was complete.")

    def _take(self, line: bytes) -> None:
        try:
            event = self._events.decode(line)
        except UNREADABLE:
            self._take_unusual(line)
            return
        if event.type == "ADDED" and not self.changes:
            self.items.append(event.object)
        else:
            self.changes.append(line)

    def _take_unusual(self, line: bytes) -> None:
        try:
            event = RAW_EVENTS.decode(line)
            end = BOOKMARKS.decode(event.object).metadata if event.type == "BOOKMARK" else BookmarkMeta()
        except UNREADABLE as error:
            raise errors.BrokenAnswer(f"The watch of {self._spec.resource} sent a line that is not an event.") from error
        if event.type == "ERROR":
            raise error_event(event.object, path=self._spec.path)
        if event.type == "BOOKMARK":
            self.version = end.resource_version if end.annotations.get(END) == "true" else ""
        elif event.type == "ADDED" and not self.changes:
            self._set_aside(event.object)
        else:
            self.changes.append(line)

    def _set_aside(self, raw: msgspec.Raw) -> None:
        try:
            self.items.append(self._spec.decoder().decode(raw))
        except UNREADABLE as error:
            self.quarantined.append(quarantine(identify(raw), error))
