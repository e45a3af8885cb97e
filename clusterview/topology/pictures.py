"""A whole picture at one moment, and the one law of the product: old picture + changes = fresh picture."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.topology.changes import Change, Drop, Linked, Put, Unlinked
from clusterview.topology.links import Link
from clusterview.topology.objects import AnyRecord, Uid


class Picture:
    """All objects by uid and all links. Mutable, and nothing else: whoever shares one hands it out read-only."""

    def __init__(self, *, objects: Iterable[AnyRecord] = (), links: Iterable[Link] = ()) -> None:
        self.objects: dict[Uid, AnyRecord] = {record.uid: record for record in objects}
        self.links: set[Link] = set(links)

    def apply(self, *, changes: Iterable[Change]) -> None:
        """This will bring the picture forward by the changes, in their order.

        Raises KeyError for a drop of an object and a cut of a link that the picture does not hold: a gap, so the caller starts again.
        """
        for change in changes:
            match change:
                case Put(record=record):
                    self.objects[record.uid] = record
                case Drop(uid=uid):
                    del self.objects[uid]
                case Linked(link=link):
                    self.links.add(link)
                case Unlinked(link=link):
                    self.links.remove(link)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and self.objects == other.objects and self.links == other.links

    __hash__ = None  # type: ignore[assignment]
