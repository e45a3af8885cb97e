"""What happens in a cluster, as Server-Sent Events: one change each, in JSON.

`id` is the place from which nothing is lost: all changes of one step but its last carry the place before the step, so a client that is cut
off in the middle gets the whole step again (changes say what is, not what to add, so twice does no harm). Where the asked-for place is
gone, an event `restart` says so: read the topology again; what comes after the event continues it.

Nothing of ours ends the stream. A comment each 15 s keeps proxies from doing it, and whoever lost the right to look is cut off at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

import msgspec
from channels.db import database_sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router

from clusterview.api import clusters, identity
from clusterview.stream import hub
from clusterview.stream.messages import Position
from clusterview.topology import changes as happened
from clusterview.topology import objects

router = Router(tags=["clusters"])
KEEP_ALIVE_SECONDS = 15.0
START_AGAIN_SECONDS = 0.5

Names = dict[objects.Uid, dict[str, str]]


@router.get("/{slug:cluster}/changes")
async def changes(request: HttpRequest, cluster: str) -> StreamingHttpResponse:
    """Changes from now on, or after `Last-Event-ID: <epoch>-<sequence>`; `{op: put|drop|link|unlink, …}` each, as text/event-stream."""
    await database_sync_to_async(clusters.opened)(cluster)
    after = place(request.headers.get("Last-Event-ID", ""))
    answer = StreamingHttpResponse(events(request=request, cluster=cluster, after=after), content_type="text/event-stream")
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"
    return answer


def place(text: str) -> Position | None:
    """This will read `<epoch>-<sequence>`; anything else is no place."""
    found = re.fullmatch(r"([0-9]{1,18})-([0-9]{1,18})", text)
    return Position(epoch=int(found[1]), sequence=int(found[2])) if found else None


async def events(*, request: HttpRequest, cluster: str, after: Position | None) -> AsyncGenerator[bytes, None]:
    """The stream's bytes, until the client leaves or may not look any more."""
    doubt = asyncio.Event()
    unlisten = hub.hub().listen(lambda _: doubt.set())
    names = await names_of(cluster)
    steps = follow(cluster=cluster, after=after)
    next_step: asyncio.Task[Any] = asyncio.ensure_future(anext(steps))
    look_again: asyncio.Task[Any] = asyncio.ensure_future(doubt.wait())
    try:
        await asyncio.sleep(0)
        yield b": changes follow\n\n"
        while True:
            done, _ = await asyncio.wait({next_step, look_again}, timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if next_step not in done:
                doubt.clear()
                if not await database_sync_to_async(identity.is_still_let_in)(request):
                    return
                look_again = look_again if not done else asyncio.ensure_future(doubt.wait())
                yield b": still here\n\n"
                continue
            step = next_step.result()
            next_step = asyncio.ensure_future(anext(steps))
            if step is None:
                names = await names_of(cluster)
                yield b"event: restart\ndata: {}\n\n"
            else:
                yield b"".join(told(position=step[0], changes=step[1], names=names))
    finally:
        unlisten()
        for task in (next_step, look_again):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await steps.aclose()


async def follow(*, cluster: str, after: Position | None) -> AsyncGenerator[tuple[Position, list[happened.Change]] | None, None]:
    """Each step; None where some were missed, and it goes on from there."""
    while True:
        source: AsyncIterator[tuple[Position, list[happened.Change]]] = hub.hub().changes(cluster=cluster, after=after)
        try:
            async for step in source:
                yield step
        except hub.OutOfReach:
            after = None
            await asyncio.sleep(START_AGAIN_SECONDS)
            yield None


async def names_of(cluster: str) -> Names:
    """What each object is called, so that its end can be told by name."""
    found = await asyncio.to_thread(hub.hub().picture_now, cluster)
    return {record.uid: name_of(record) for record in found[0].objects.values()} if found else {}


def name_of(record: objects.AnyRecord) -> dict[str, str]:
    return {"kind": str(objects.kind_of(record)), "namespace": record.namespace, "name": record.name, "uid": record.uid}


def told(*, position: Position, changes: list[happened.Change], names: Names) -> Iterator[bytes]:
    """One event for each change. Brings `names` forward."""
    for number, change in enumerate(changes, start=1):
        sequence = position.sequence if number == len(changes) else position.sequence - 1
        yield b"id: %d-%d\ndata: %s\n\n" % (position.epoch, sequence, msgspec.json.encode(as_map(change=change, names=names)))


def as_map(*, change: happened.Change, names: Names) -> dict[str, Any]:
    """The change as it is sent."""
    match change:
        case happened.Put(record=record):
            names[record.uid] = name_of(record)
            return {"op": "put", "object": record}
        case happened.Drop(uid=uid):
            return {"op": "drop", **names.pop(uid, {"uid": uid})}
        case happened.Linked(link=link):
            return {"op": "link", **clusters.as_map(link)}
        case happened.Unlinked(link=link):
            return {"op": "unlink", **clusters.as_map(link)}
