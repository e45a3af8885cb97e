"""Watches: what happens from a resourceVersion on, as lines, until the time is up or the client leaves.

The stream hears the store directly and holds what its client has not read yet, up to a bound; whoever is slower than that is cut off and
resumes from its last version, as from a real API server.
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from clusterview.practice import listing, problems, selecting, shaping
from clusterview.practice.answering import Asked
from clusterview.practice.objects import Object
from clusterview.practice.resources import Resource
from clusterview.practice.store import Event, Store
from clusterview.practice.texts import event_line

BOOKMARK_SECONDS = 60.0
LONGEST_SECONDS = 1800
PENDING_EVENTS = 20_000
AT_ONCE = 500  # lines in one piece: what is made to be sent is held several times over until it is gone
INITIAL_END = "k8s.io/initial-events-end"


class Watch:
    """One open watch. It hears from its making on, so nothing is missed between a reply's head and its first line."""

    def __init__(
        self, store: Store, asked: Asked, *, clock: Callable[[], float], closing: asyncio.Event, bookmark_seconds: float = BOOKMARK_SECONDS
    ) -> None:
        self._store, self._asked, self._clock, self._closing = store, asked, clock, closing
        self._resource: Resource = asked.target.found
        self._bookmark_seconds = bookmark_seconds
        query = asked.query
        text = query.get("fieldSelector", "")
        if asked.target.name:
            text = ",".join(part for part in (text, f"metadata.name={asked.target.name}") if part)
        self._query = {**query, "fieldSelector": text}
        self._tests = [*selecting.by_labels(query.get("labelSelector", "")), *selecting.by_fields(self._resource, text)]
        self._form = shaping.form_of(asked.accept)
        self._has_columns = False
        listing.check_version(store, query)
        self._first: list[Object] = []
        self._pending: list[bytes] = []
        self._overflown = False
        self._awake = asyncio.Event()
        self._begin()
        store.listeners.append(self._hear)

    def _begin(self) -> None:
        """What comes before anything happens: what is there already, or what happened since, or that it is not known any more."""
        query, version = self._asked.query, self._asked.query.get("resourceVersion", "")
        initial = query.get("sendInitialEvents")
        if initial is not None and query.get("resourceVersionMatch") != "NotOlderThan":
            raise problems.bad_request("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        if initial == "true" or (initial is None and version in ("", "0")):
            self._first = listing.chosen(self._store, self._resource, namespace=self._asked.target.namespace, query=self._query)
            if initial == "true":
                self._pending.append(self._bookmark(INITIAL_END))
            return
        try:
            for event in self._store.since(self._resource, int(version or self._store.version)):
                self._hear(event)
        except problems.Problem as problem:
            self._pending.append(event_line(type="ERROR", object=problem.status()))
            self._overflown = True

    def _hear(self, event: Event) -> None:
        if event.resource is not self._resource or self._overflown:
            return
        namespace = self._asked.target.namespace
        if namespace and event.object["metadata"].get("namespace") != namespace:
            return
        if not self._tests and self._form == "whole":
            self._pending.append(event.line)
        else:
            self._hear_selected(event)
        self._overflown = len(self._pending) > PENDING_EVENTS
        self._awake.set()

    def _hear_selected(self, event: Event) -> None:
        """An object that begins or ceases to be selected comes and goes, for this watch."""
        before = event.previous is not None and selecting.passes(event.previous, self._tests)
        after = event.type != "DELETED" and selecting.passes(event.object, self._tests)
        if after:
            self._send("MODIFIED" if before else "ADDED", event.object)
        elif before:
            self._send("DELETED", event.object)

    def _send(self, type: str, item: Object) -> None:
        self._pending.append(self._line(type, item))

    def _line(self, type: str, item: Object) -> bytes:
        shaped = item
        if self._form != "whole":
            shaped = shaping.one(
                self._resource, item, accept=self._asked.accept, query=self._asked.query, now=self._clock(), with_columns=not self._has_columns
            )
            self._has_columns = True
        return event_line(type=type, object=shaped)

    def _bookmark(self, *annotations: str) -> bytes:
        metadata: Object = {"resourceVersion": str(self._store.version), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = dict.fromkeys(annotations, "true")
        kind, version = self._resource.kind, self._resource.api_version
        if self._form == "partial":
            kind, version = "PartialObjectMetadata", "meta.k8s.io/v1"
        if self._form == "table":
            inner = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
            row = {"cells": [], "object": inner}
            whole = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": metadata["resourceVersion"]}, "rows": [row]}
            return event_line(type="BOOKMARK", object={**whole, "columnDefinitions": None})
        return event_line(type="BOOKMARK", object={"kind": kind, "apiVersion": version, "metadata": metadata})

    async def lines(self) -> AsyncIterator[bytes]:
        """This will give what there is to say, as it comes; several lines at once when there are."""
        asked = self._asked.query.get("timeoutSeconds", "")
        ends_at = self._clock() + (int(asked) if asked.isdecimal() and int(asked) else LONGEST_SECONDS)
        bookmarks = self._asked.query.get("allowWatchBookmarks") in ("1", "true")
        bookmark_at = self._clock() + self._bookmark_seconds
        try:
            while self._first and not self._closing.is_set():
                items, self._first = self._first[:AT_ONCE], self._first[AT_ONCE:]
                yield b"".join(self._line("ADDED", item) for item in items)
            while not self._closing.is_set():
                if self._pending:
                    told, self._pending = self._pending[:AT_ONCE], self._pending[AT_ONCE:]
                    yield b"".join(told)
                if (self._overflown and not self._pending) or self._clock() >= ends_at:
                    return
                if self._pending:
                    continue
                if bookmarks and self._clock() >= bookmark_at:
                    bookmark_at = self._clock() + self._bookmark_seconds
                    yield self._bookmark()
                await self._wait(min(ends_at, bookmark_at if bookmarks else ends_at) - self._clock())
        finally:
            self.close()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._awake.wait()
        except TimeoutError:
            return
        self._awake.clear()

    def wake(self) -> None:
        """This will let the stream look whether the server is closing."""
        self._awake.set()

    def close(self) -> None:
        if self._hear in self._store.listeners:
            self._store.listeners.remove(self._hear)
