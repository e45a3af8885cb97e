"""What happens in a cluster, as Server-Sent Events: one change each, in JSON.

`id` is the place from which nothing is lost: all changes of one step but its last carry the place before the step, so a client that is cut
off in the middle gets the whole step again (changes say what is, not what to add, so twice does no harm). Where the asked-for place is
gone, an event `restart` says so: read the topology again; what comes after the event continues it.

An event `contact` says how fresh the picture is (`state`, `contact_age_seconds`, `missing`): at first, when that changes, and each 15 s.

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
from clusterview.stream import hub
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
    steps = follow(cluster=cluster, after=after)
    next_step: asyncio.Task[Any] = asyncio.ensure_future(anext(steps))
    look_again: asyncio.Task[Any] = asyncio.ensure_future(doubt.wait())
    try:
        await asyncio.sleep(0)
        said = await asyncio.to_thread(seeing.contact, cluster)  # which waits for a first look
        looked_at = time.monotonic()
        if not await database_sync_to_async(identity.is_still_let_in)(request):  # since nobody listened when this was asked
            return
        yield b": changes follow\n\n" + how_fresh(said)
        while True:
            patience = min(LOOK_SECONDS, KEEP_ALIVE_SECONDS)
            done, _ = await asyncio.wait({next_step, look_again}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            contact = hub.hub().contact(cluster)
            if (contact.state, contact.missing) != (said.state, said.missing):
                said = contact
                yield how_fresh(said)
            if look_again in done or time.monotonic() - looked_at >= KEEP_ALIVE_SECONDS:
                looked_at = time.monotonic()
                doubt.clear()
                if not await database_sync_to_async(identity.is_still_let_in)(request):
                    return
                look_again = asyncio.ensure_future(doubt.wait()) if look_again in done else look_again
                said = hub.hub().contact(cluster)
                yield b": still here\n\n" + how_fresh(said)
            if next_step not in done:
                continue
            step = next_step.result()
            next_step = asyncio.ensure_future(anext(steps))
            if step is None:
                yield b"event: restart\ndata: {}\n\n"
            else:
                yield b"".join(told(position=step[0], changes=step[1]))
    finally:
        give_back()
        unlisten()
        for task in (next_step, look_again):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await steps.aclose()


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
