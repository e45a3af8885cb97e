"""What happens in a cluster, as Server-Sent Events: one change each, in JSON.

`id` is the place from which nothing is lost: all changes of one step but its last carry the place before the step, so a client that is cut
off in the middle gets the whole step again (changes say what is, not what to add, so twice does no harm). Where the asked-for place is
gone, an event `restart` says so: read the topology again; what comes after the event continues it.

An event `contact` says how fresh the picture is (`state`, `contact_age_seconds`, `missing`): at first, when that changes, and each 15 s. It is
said of what was told before it: a client that lacks changes of more than four seconds ago, as while the links are made or where it reads slowly, is
not told live.

Nothing of ours ends the stream. A comment each 15 s keeps proxies from doing it, and whoever lost the right to look is cut off at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import msgspec
from channels.db import database_sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router

from clusterview.access import crowding
from clusterview.api import clusters, identity, refusing, seeing
from clusterview.api.refusing import Refusal
from clusterview.stream import clocks, hub
from clusterview.stream.freshness import LIVE_SECONDS
from clusterview.stream.messages import Contact, Position
from clusterview.topology import changes as happened
from clusterview.topology import objects

router = Router(tags=["clusters"])
KEEP_ALIVE_SECONDS = 15.0
LOOK_SECONDS = 1.0
START_AGAIN_SECONDS = 0.5
PLACE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")

EXAMPLE = """: changes follow

event: contact
data: {"state":"live","contact_age_seconds":0.4,"missing":[]}

id: 1795834800000-41
data: {"op":"drop","kind":"Pod","namespace":"store","name":"shop-1","uid":"5d1f"}

"""
DESCRIBED = {
    "parameters": [
        {
            "in": "header", "name": "Last-Event-ID", "required": False,
            "schema": {"type": "string", "maxLength": 37, "pattern": f"^{PLACE.pattern}$"},
            "description": "The place after which to go on, as `id` of an event or `epoch` and `sequence` of a topology say it; anything else is no "
            "place, and changes are told from now on.",
        }
    ],
    "responses": {
        200: {"description": "Server-Sent Events, until the client leaves.", "content": {
            "text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}
        }}
    },
}  # fmt: skip


@router.get("/{slug:cluster}/changes", response={200: None} | refusing.also(404, 429), openapi_extra=DESCRIBED)
async def changes(request: HttpRequest, cluster: str) -> StreamingHttpResponse:
    """Changes from now on, or after `Last-Event-ID: <epoch>-<sequence>`; `{op: put|drop|link|unlink, …}` each, as text/event-stream.

    Events `contact` between them say how fresh the picture is, an event `restart` that the asked-for place is gone: read the topology again.
    429 `too_many` where one person or token follows and looks on as often as one may.
    """
    if crowding.connections.refuses(identity.person(request)):
        raise Refusal(429, "too_many")
    await database_sync_to_async(clusters.opened)(cluster)
    after = place(request.headers.get("Last-Event-ID", ""))
    answer = StreamingHttpResponse(events(request=request, cluster=cluster, after=after), content_type="text/event-stream")
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"
    return answer


def place(text: str) -> Position | None:
    """This will read `<epoch>-<sequence>`; anything else is no place."""
    found = PLACE.fullmatch(text)
    return Position(epoch=int(found[1]), sequence=int(found[2])) if found else None


async def events(*, request: HttpRequest, cluster: str, after: Position | None) -> AsyncGenerator[bytes, None]:
    """The stream's bytes, until the client leaves or may not look any more. None where others took the last place meanwhile."""
    give_back = crowding.connections.take(identity.person(request))
    if give_back is None:
        return
    doubt = asyncio.Event()
    unlisten = hub.hub().listen(lambda _: doubt.set())
    steps, reached = follow(cluster=cluster, after=after), Reached(cluster=cluster, place=after)
    next_step: asyncio.Task[Any] = asyncio.ensure_future(anext(steps))
    look_again: asyncio.Task[Any] = asyncio.ensure_future(doubt.wait())
    try:
        await asyncio.sleep(0)
        await asyncio.to_thread(seeing.contact, cluster)  # which waits for a first look
        said = reached.contact()
        looked_at = time.monotonic()
        if not await database_sync_to_async(identity.is_still_let_in)(request):  # since nobody listened when this was asked
            return
        yield b": changes follow\n\n" + how_fresh(said)
        while True:
            patience = min(LOOK_SECONDS, KEEP_ALIVE_SECONDS)
            done, _ = await asyncio.wait({next_step, look_again}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            contact = reached.contact()
            if (contact.state, contact.missing) != (said.state, said.missing):
                said = contact
                yield how_fresh(said)
            if look_again in done or time.monotonic() - looked_at >= KEEP_ALIVE_SECONDS:
                looked_at = time.monotonic()
                doubt.clear()
                if not await database_sync_to_async(identity.is_still_let_in)(request):
                    return
                look_again = asyncio.ensure_future(doubt.wait()) if look_again in done else look_again
                said = reached.contact()
                yield b": still here\n\n" + how_fresh(said)
            if next_step not in done:
                continue
            step = next_step.result()
            next_step = asyncio.ensure_future(anext(steps))
            if step is None:
                yield b"event: restart\ndata: {}\n\n"
                reached.begin_anew()
            else:
                yield b"".join(told(position=step[0], changes=step[1]))
                reached.come_to(step[0])
    finally:
        give_back()
        unlisten()
        for task in (next_step, look_again):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await steps.aclose()


class Reached:
    """How far a client has been told what happened. `place` is where it begins, None where that is now."""

    def __init__(self, *, cluster: str, place: Position | None) -> None:
        self._cluster, self._place = cluster, place
        self._had_all_at = float("-inf")
        self._next: tuple[Position, float] | None = None  # a place, and the moment of which it has all when it gets there

    def come_to(self, place: Position) -> None:
        """This will note that it was told all until there."""
        self._place = place

    def begin_anew(self) -> None:
        """This will note that it goes on from now."""
        self._place = self._next = None

    def contact(self) -> Contact:
        """How fresh what it was told is."""
        contact, newest, now = hub.hub().contact(self._cluster), hub.hub().position(self._cluster), clocks.with_sleep()
        self._place = self._place or newest
        if self._place and newest:
            if self._next and _order(self._place) >= _order(self._next[0]):
                self._had_all_at, self._next = self._next[1], None
            if _order(self._place) >= _order(newest):
                self._had_all_at, self._next = now, None
            self._next = self._next or (newest, now)
        is_late = contact.state == "live" and now - self._had_all_at > LIVE_SECONDS
        return msgspec.structs.replace(contact, state="stale") if is_late else contact


def _order(place: Position) -> tuple[int, int]:
    return place.epoch, place.sequence


def how_fresh(contact: Contact) -> bytes:
    """The event that says it."""
    return b"event: contact\ndata: %s\n\n" % msgspec.json.encode(seeing.told(contact))


async def follow(*, cluster: str, after: Position | None) -> AsyncGenerator[tuple[Position, list[dict[str, Any]]] | None, None]:
    """Each step with the links that it joins and cuts; None where some were missed, and it goes on from there."""
    while True:
        try:
            async for position, found in hub.hub().changes(cluster=cluster, after=after):
                yield position, [as_map(change=change, gone=gone) for change, gone in found]
        except hub.OutOfReach:
            after = None
            await asyncio.sleep(START_AGAIN_SECONDS)
            yield None


def told(*, position: Position, changes: list[dict[str, Any]]) -> Iterator[bytes]:
    """One event for each change."""
    for number, change in enumerate(changes, start=1):
        sequence = position.sequence if number == len(changes) else position.sequence - 1
        yield b"id: %d-%d\ndata: %s\n\n" % (position.epoch, sequence, msgspec.json.encode(change))


def as_map(*, change: happened.Joining, gone: objects.AnyRecord | None) -> dict[str, Any]:
    """One change. `gone` is the object that a drop is about."""
    match change:
        case happened.Put(record=record):
            return {"op": "put", "object": record}
        case happened.Drop(uid=uid):
            return {"op": "drop", **(clusters.name_of(gone) if gone is not None else {"uid": uid})}
        case happened.Linked(link=link):
            return {"op": "link", **clusters.as_map(link)}
        case happened.Unlinked(link=link):
            return {"op": "unlink", **clusters.as_map(link)}
