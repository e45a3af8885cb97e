"""The whole view: every object has a row number, and changes name objects by it.

A row belongs to an object from its put to its drop and is never given again within the epoch. The publisher holds a `Writer`, each hub
a `Reader`; for both holds: old picture + changes = fresh picture.
"""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.stream.messages import DropRow, PutRow, RowChange, Whole
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.objects import AnyRecord, Uid
from clusterview.topology.pictures import Picture


class Writer:
    """Gives rows: one for each epoch of a view."""

    def __init__(self) -> None:
        self._rows: dict[Uid, int] = {}
        self._next_row = 1

    def whole(self, *, picture: Picture) -> Whole:
        """This will write a picture by rows; objects that had none get one."""
        return Whole(objects=tuple((self._row(uid), record) for uid, record in picture.objects.items()))

    def changes(self, *, changes: Iterable[Change]) -> tuple[RowChange, ...]:
        """This will write changes by rows. Raises KeyError where one names an object that was never put or is dropped."""
        return tuple(self._change(change) for change in changes)

    def _change(self, change: Change) -> RowChange:
        match change:
            case Put(record=record):
                return PutRow(row=self._row(record.uid), object=record)
            case Drop(uid=uid):
                return DropRow(row=self._rows.pop(uid))

    def _row(self, uid: Uid) -> int:
        row = self._rows.get(uid)
        if row is None:
            row = self._rows[uid] = self._next_row
            self._next_row += 1
        return row


class Reader:
    """Follows one view: rows in, objects out. `picture` is the picture so far."""

    def __init__(self, *, whole: Whole) -> None:
        self._uids: dict[int, Uid] = {row: record.uid for row, record in whole.objects}
        self.picture = Picture(objects=(record for _, record in whole.objects))

    def read(self, *, changes: Iterable[RowChange]) -> tuple[list[Change], list[tuple[Uid, AnyRecord | None]]]:
        """This will bring the picture forward and tell the changes by objects, and what each found under its uid.

        Raises KeyError for a row that is not in the view.
        """
        read: list[Change] = []
        before: list[tuple[Uid, AnyRecord | None]] = []
        for change in changes:
            told = self._change(change)
            uid = told.record.uid if isinstance(told, Put) else told.uid
            before.append((uid, self.picture.objects.get(uid)))
            self.picture.apply(changes=[told])
            read.append(told)
        return read, before

    def whole(self) -> Whole:
        """This will write the picture so far by the rows that its writer gave."""
        return Whole(objects=tuple((row, self.picture.objects[uid]) for row, uid in self._uids.items()))

    def _change(self, change: RowChange) -> Change:
        match change:
            case PutRow(row=row, object=record):
                self._uids[row] = record.uid
                return Put(record)
            case DropRow(row=row):
                return Drop(self._uids.pop(row))
