"""The whole view: every object has a row number, and changes name objects by it.

A row belongs to an object from its put to its drop and is never given again within the epoch. The publisher holds a `Writer`, each hub
a `Reader`; for both holds: old picture + changes = fresh picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from clusterview.stream import members, pods
from clusterview.stream.messages import Changes, DropRow, Members, Position, PutRow, RowChange, Whole
from clusterview.topology import endpoints, shapes
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.columns import NOWHERE, Came, Pods
from clusterview.topology.objects import AnyRecord, EndpointSlice, PackedSlice, Pod, Uid
from clusterview.topology.pictures import Picture


class Writer:
    """Gives rows: one for each epoch of a view, which begins with `records` and `pods`. Pods lie in columns, with their rows as notes."""

    def __init__(self, *, records: Iterable[AnyRecord], pods: Pods | None = None) -> None:
        self._pods = pods.copy() if pods is not None else Pods()
        self._others: dict[Uid, AnyRecord] = {}
        self._rows: dict[Uid, int] = {}  # of the others
        self._next_row = 1
        for slot in self._pods.slots():
            self._pods.notes[slot] = self._next_row
            self._next_row += 1
        for record in records:
            self._put(record)
        self._told_states = len(self._pods.states.values)

    @property
    def picture(self) -> Picture:
        """What was written so far."""
        return Picture(objects=[*map(endpoints.unpack, self._others.values()), *self._pods.values()])

    def get(self, uid: Uid) -> AnyRecord | None:
        """This will give an object as it was last written."""
        if (slot := self._pods.find(uid)) != NOWHERE:
            return self._pods.get(slot)
        record = self._others.get(uid)
        return endpoints.unpack(record) if record is not None else None

    def whole(self) -> Whole:
        """This will write the picture as it is now."""
        return Still(pods=self._pods, others=self._others, rows=self._rows).whole()

    def still(self) -> Still:
        """This will hold the picture still, to be written by another thread while this one goes on. Takes milliseconds."""
        return Still(pods=self._pods.still(), others=dict(self._others), rows=dict(self._rows))

    def changes(self, *, changes: Iterable[Change], position: Position) -> Changes:
        """This will write changes by rows; of several that are about one object the last. Raises KeyError for a drop of what was never put."""
        last: dict[Uid, Change] = {}
        for change in changes:
            uid = change.record.uid if isinstance(change, Put) else change.uid
            if isinstance(change, Drop) and uid not in last and self._row(uid) is None:
                raise KeyError(uid)
            last.pop(uid, None)
            last[uid] = change
        written: list[RowChange] = []
        moved: list[tuple[int, int, tuple[int, ...]]] = []
        for uid, change in last.items():
            if isinstance(change, Drop):
                if (row := self._row(uid)) is not None:  # else it came and went in between
                    self._drop(uid)
                    written.append(DropRow(row=row))
                continue
            row, came = self._put(change.record)
            if came is Came.STATE or came is Came.SAME:
                moved.append((row, *self._pods.state_of(uid)))
            else:
                written.append(PutRow(row=row, object=change.record))
        states = tuple([state for state in self._pods.states.values[self._told_states :] if state is not None])
        self._told_states += len(states)
        return Changes(position=position, changes=tuple(written), states=states, pods=tuple(moved))

    def _row(self, uid: Uid) -> int | None:
        slot = self._pods.find(uid)
        return self._rows.get(uid) if slot == NOWHERE else self._pods.notes[slot]

    def _put(self, record: AnyRecord) -> tuple[int, Came | None]:
        """The record's row, and for a pod in columns how it came there."""
        uid = record.uid
        row = self._row(uid)
        if row is None:
            row = self._next_row
            self._next_row += 1
        if isinstance(record, Pod) and (came := self._pods.put(record, note=row)) is not None:
            if self._others.pop(uid, None) is not None:
                del self._rows[uid]
            return row, came
        if not isinstance(record, Pod):
            self._drop_pod(uid)
        self._others[uid], self._rows[uid] = endpoints.pack(record), row
        return row, None

    def _drop(self, uid: Uid) -> None:
        if self._others.pop(uid, None) is not None:
            del self._rows[uid]
        self._drop_pod(uid)

    def _drop_pod(self, uid: Uid) -> None:
        if (slot := self._pods.find(uid)) != NOWHERE:
            self._pods.drop(slot)


@dataclass(frozen=True)
class Still:
    """A picture at one moment, with the numbers that its writer had given by then."""

    pods: Pods
    others: Mapping[Uid, AnyRecord]
    rows: Mapping[Uid, int]

    def whole(self) -> Whole:
        """This will write it: a good part of a second for a large one. Objects of one name lie beside each other, for much of them is the same."""
        found: list[tuple[int, AnyRecord]] = []
        of_slices: list[Members] = []
        for record in self._by_name():
            row = self.rows[record.uid]
            written = members.written(slice=record, row=row, pods=self.pods) if isinstance(record, EndpointSlice | PackedSlice) else None
            found.append((row, written[0] if written else endpoints.unpack(record)))
            of_slices += [written[1]] if written else []
        states = tuple([state for state in self.pods.states.values if state is not None])
        return Whole(objects=tuple(found), pods=pods.columns_of(pods=self.pods), members=tuple(of_slices), states=states)

    def _by_name(self) -> Iterator[AnyRecord]:
        places: dict[str, list[AnyRecord]] = {}
        for record in self.others.values():
            places.setdefault(record.namespace, []).append(record)
        for there in places.values():
            yield from sorted(there, key=lambda one: one.name)


class Reader:
    """Follows one view: rows in, objects out. `picture` is the picture so far."""

    def __init__(self, *, whole: Whole) -> None:
        self._states = list(whole.states)
        found: dict[int, AnyRecord] = dict([*whole.objects, *pods.read_columns(columns=whole.pods, states=self._states)])
        for one in whole.members:
            record = found[one.slice]
            if isinstance(record, EndpointSlice):
                found[one.slice] = members.read(slice=record, members=one, records=found)
        self._uids: dict[int, Uid] = {row: record.uid for row, record in found.items()}
        self.picture = Picture(objects=found.values())

    def read(self, *, message: Changes) -> tuple[list[Change], list[tuple[Uid, AnyRecord | None]]]:
        """This will bring the picture forward and tell the changes by objects, and what each found under its uid.

        Raises KeyError for a row that is not in the view, IndexError for a state that was never told.
        """
        self._states += message.states
        read: list[Change] = [self._change(change) for change in message.changes]
        for row, state, restarts in message.pods:
            pod = self.picture.objects[self._uids[row]]
            if not isinstance(pod, Pod):
                raise KeyError(row)
            read.append(Put(shapes.with_state(pod, state=self._states[state], restarts=restarts)))
        before = []
        for change in read:
            uid = change.record.uid if isinstance(change, Put) else change.uid
            before.append((uid, self.picture.objects.get(uid)))
            self.picture.apply(changes=[change])
        return read, before

    def _change(self, change: RowChange) -> Change:
        match change:
            case PutRow(row=row, object=record):
                self._uids[row] = record.uid
                return Put(record)
            case DropRow(row=row):
                return Drop(self._uids.pop(row))
