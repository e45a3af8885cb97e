"""A whole picture at one moment, and the one law of the product: old picture + changes = fresh picture."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.objects import AnyRecord, Uid


class Picture:
    """All objects by uid. Mutable, and nothing else: whoever shares one hands it out read-only."""

    def __init__(self, *, objects: Iterable[AnyRecord] = ()) -> None:
        self.objects: dict[Uid, AnyRecord] = {record.uid: record for record in objects}

    def apply(self, *, changes: Iterable[Change]) -> None:
        """This will bring the picture forward by the changes, in their order.

        Raises KeyError for a drop of an object that the picture does not hold: a gap, so the caller starts again.
        """
        for change in changes:
            match change:
                case Put(record=record):
                    self.objects[record.uid] = record
                case Drop(uid=uid):
                    del self.objects[uid]

    def restore(self, *, before: Iterable[tuple[Uid, AnyRecord | None]]) -> None:
        """This will take changes back. `before` is what each of them found under its uid, in their order; None where that was nothing."""
        for uid, record in reversed(list(before)):
            if record is None:
                self.objects.pop(uid, None)
            else:
                self.objects[uid] = record

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and self.objects == other.objects

    __hash__ = None  # type: ignore[assignment]
