"""The whole view: every object has a row number, and changes name objects by it.

A row belongs to an object from its put to its drop and is never given again within the epoch. The publisher holds a `Writer`, each hub
a `Reader`; for both holds: old picture + changes = fresh picture.
"""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.stream.messages import DropRow, LinkRows, PutRow, RowChange, UnlinkRows, Whole
from clusterview.topology.changes import Change, Drop, Linked, Put, Unlinked
from clusterview.topology.links import Link
from clusterview.topology.objects import Uid
from clusterview.topology.pictures import Picture


class Writer:
    """Gives rows: one for each epoch of a view."""

    def __init__(self) -> None:
        self._rows: dict[Uid, int] = {}
        self._next_row = 1

    def whole(self, *, picture: Picture) -> Whole:
        """This will write a picture by rows; objects that had none get one. Raises KeyError for a link to an object it does not hold."""
        put = tuple((self._row(uid), record) for uid, record in picture.objects.items())
        links = tuple((link.kind, self._rows[link.source], self._rows[link.target]) for link in sorted(picture.links, key=_order))
        return Whole(objects=put, links=links)

    def changes(self, *, changes: Iterable[Change]) -> tuple[RowChange, ...]:
        """This will write changes by rows. Raises KeyError where one names an object that was never put or is dropped."""
        return tuple(self._change(change) for change in changes)

    def _change(self, change: Change) -> RowChange:
        match change:
            case Put(record=record):
                return PutRow(row=self._row(record.uid), object=record)
            case Drop(uid=uid):
                return DropRow(row=self._rows.pop(uid))
            case Linked(link=link):
                return LinkRows(link=link.kind, source=self._rows[link.source], target=self._rows[link.target])
            case Unlinked(link=link):
                return UnlinkRows(link=link.kind, source=self._rows[link.source], target=self._rows[link.target])

    def _row(self, uid: Uid) -> int:
        if uid not in self._rows:
            self._rows[uid] = self._next_row
            self._next_row += 1
        return self._rows[uid]


class Reader:
    """Follows one view: rows in, objects out. `picture` is the picture so far."""

    def __init__(self, *, whole: Whole) -> None:
        self._uids: dict[int, Uid] = {row: record.uid for row, record in whole.objects}
        self.picture = Picture(
            objects=(record for _, record in whole.objects),
            links=(Link(kind, self._uids[source], self._uids[target]) for kind, source, target in whole.links),
        )

    def read(self, *, changes: Iterable[RowChange]) -> list[Change]:
        """This will bring the picture forward and tell the changes by objects. Raises KeyError for a row that is not in the view."""
        read = []
        for change in changes:
            told = self._change(change)
            self.picture.apply(changes=[told])
            read.append(told)
        return read

    def whole(self) -> Whole:
        """This will write the picture so far by the rows that its writer gave."""
        rows = {uid: row for row, uid in self._uids.items()}
        links = tuple((link.kind, rows[link.source], rows[link.target]) for link in sorted(self.picture.links, key=_order))
        return Whole(objects=tuple((row, self.picture.objects[uid]) for row, uid in self._uids.items()), links=links)

    def _change(self, change: RowChange) -> Change:
        match change:
            case PutRow(row=row, object=record):
                self._uids[row] = record.uid
                return Put(record)
            case DropRow(row=row):
                return Drop(self._uids.pop(row))
            case LinkRows(link=kind, source=source, target=target):
                return Linked(Link(kind, self._uids[source], self._uids[target]))
            case UnlinkRows(link=kind, source=source, target=target):
                return Unlinked(Link(kind, self._uids[source], self._uids[target]))


def _order(link: Link) -> tuple[str, str, str]:
    """Equal pictures are written alike."""
    return (link.kind, link.source, link.target)
