"""A stand-in for the stream's hub: what it sees is what the test put there."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncIterator, Callable
from typing import Any

from clusterview.stream import hub, linking
from clusterview.stream.messages import Contact, MissingKind, Position
from clusterview.topology import objects
from clusterview.topology.joining import Joined
from clusterview.topology.pictures import Picture

NODE = objects.Node(uid=objects.Uid("n1"), name="node-1", ready="True")
POD = objects.Pod(uid=objects.Uid("p1"), name="shop-1", namespace=objects.Namespace("store"), node="node-1")
OTHER = objects.Pod(uid=objects.Uid("p2"), name="mail-1", namespace=objects.Namespace("mail"), node="node-1")
COMING = objects.Pod(uid=objects.Uid("p3"), name="mail-2", namespace=objects.Namespace("mail"), node="node-1")
LIVE = Contact(
    state="live",
    contact_age_seconds=0.4,
    version="v1.37.2",
    missing=(MissingKind(kind="Ingress", why="not_permitted"),),
    verified_age_seconds=12.0,
    divergences=3,
    counted={"lists": 18, "set_aside": 2},
)


class Hub:
    """The part of `stream.hub.Hub` that REST uses."""

    def __init__(self) -> None:
        self.picture: Picture | None = Picture(objects=[NODE, POD, OTHER])
        self.place = Position(epoch=7, sequence=40)
        self.said = LIVE
        self.forged = collections.Counter({"lab": 2})
        self.steps: asyncio.Queue[linking.Step | None] = asyncio.Queue()
        self.asked: list[Position | None] = []
        self.listeners: set[Callable[[Any], None]] = set()

    def picture_now(self, cluster: str) -> tuple[Picture, Position, Contact] | None:
        return (self.picture, self.place, self.said) if self.picture else None

    def contact_now(self, cluster: str) -> Contact:
        return self.said

    def contact(self, cluster: str) -> Contact:
        return self.said

    def position(self, cluster: str) -> Position:
        return self.place

    async def changes(self, *, cluster: str, after: Position | None = None) -> AsyncIterator[linking.Told]:
        self.asked.append(after)
        if after is not None and after.epoch != self.place.epoch:
            raise hub.OutOfReach
        joined = Joined(objects=self.picture.objects.values() if self.picture else ())
        while (step := await self.steps.get()) is not None:
            yield linking.told(step=step, joined=joined)
        raise hub.OutOfReach

    def listen(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        self.listeners.add(listener)
        return lambda: self.listeners.discard(listener)
