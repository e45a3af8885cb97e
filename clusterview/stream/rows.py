"""The whole view: every object has a row number, and changes name objects by it.

A row belongs to an object from its put to its drop and is never given again within the epoch. The publisher holds a `Writer`, each hub
a `Reader`; for both holds: old picture + changes = fresh picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clusterview.stream import members, pods
from clusterview.stream.messages import Changes, DropRow, Members, PodShape, PodState, Position, PutRow, RowChange, Whole
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.objects import AnyRecord, EndpointSlice, Pod, Uid
from clusterview.topology.pictures import Picture


class Writer:
    """Gives rows: one for each epoch of a view. `picture` is what was written so far."""

    def __init__(self, *, picture: Picture) -> None:
        self.picture = Picture()
        self._rows: dict[Uid, int] = {}
        self._next_row = 1
        self._states = pods.States()
        self._shapes = pods.Shapes()
        for record in picture.objects.values():
            self._put(record)
        self._states.take_fresh()

    def whole(self) -> Whole:
        """This will write the picture as it is now."""
        return self.still().whole()

    def still(self) -> Still:
        """This will hold the picture still, to be written by another thread while this one goes on. Takes milliseconds."""
        return Still(objects=dict(self.picture.objects), rows=dict(self._rows), shapes=self._shapes.copy(), states=self._states.copy())

    def changes(self, *, changes: Iterable[Change], position: Position) -> Changes:
        """This will write changes by rows; of several that are about one object the last. Raises KeyError for a drop of what was never put."""
        last: dict[Uid, Change] = {}
        for change in changes:
            uid = change.record.uid if isinstance(change, Put) else change.uid
            if isinstance(change, Drop) and uid not in last:
                self._rows[uid]
            last.pop(uid, None)
            last[uid] = change
        written: list[RowChange] = []
        moved: list[tuple[int, int, tuple[int, ...]]] = []
        for uid, change in last.items():
            if isinstance(change, Drop):
                if uid in self._rows:  # else it came and went in between
                    written.append(DropRow(row=self._drop(uid)))
            elif (state := self._state(change.record)) is not None:
                moved.append(state)
            else:
                self._put(change.record)
                written.append(PutRow(row=self._rows[uid], object=change.record))
        return Changes(position=position, changes=tuple(written), states=self._states.take_fresh(), pods=tuple(moved))

    def _state(self, record: AnyRecord) -> tuple[int, int, tuple[int, ...]] | None:
        """The record as another state of what was written before, where it is that."""
        old = self.picture.objects.get(record.uid)
        if not isinstance(record, Pod) or not isinstance(old, Pod) or not pods.is_same_but_for_state(old, record):
            return None
        varying = pods.varying_of(record)
        number = self._states.number(varying.state)
        if number is None:
            return None
        self.picture.objects[record.uid] = record
        return self._rows[record.uid], number, varying.restarts

    def _put(self, record: AnyRecord) -> None:
        self.picture.objects[record.uid] = record
        if record.uid not in self._rows:
            self._rows[record.uid] = self._next_row
            self._next_row += 1
        if isinstance(record, Pod):
            self._shapes.put(record)
            self._states.number(pods.varying_of(record).state)  # now, for a snapshot tells no state that the frames before it have not told

    def _drop(self, uid: Uid) -> int:
        del self.picture.objects[uid]
        self._shapes.drop(uid)
        return self._rows.pop(uid)


@dataclass(frozen=True)
class Still:
    """A picture at one moment, with the numbers that its writer had given by then."""

    objects: Mapping[Uid, AnyRecord]
    rows: Mapping[Uid, int]
    shapes: Mapping[Uid, PodShape]
    states: Mapping[PodState, int]

    def whole(self) -> Whole:
        """This will write it: seconds for a large one."""
        found: dict[Uid, pods.Row] = {}
        others: list[tuple[int, AnyRecord]] = []
        slices: list[EndpointSlice] = []
        for uid, record in self.objects.items():
            if isinstance(record, Pod) and (row := self._row(record)) is not None:
                found[uid] = row
            elif isinstance(record, EndpointSlice):
                slices.append(record)
            else:
                others.append((self.rows[uid], record))
        endpoints: list[Members] = []
        for record in slices:
            row_of_slice = self.rows[record.uid]
            written = members.written(slice=record, row=row_of_slice, pods=found)
            others.append((row_of_slice, written[0] if written else record))
            endpoints += [written[1]] if written else []
        return Whole(objects=tuple(others), pods=pods.columns_of(pods=found.values()), members=tuple(endpoints), states=tuple(self.states))

    def _row(self, pod: Pod) -> pods.Row | None:
        """None for a pod whose state has no number."""
        varying = pods.varying_of(pod)
        number = self.states.get(varying.state)
        return None if number is None else pods.Row(self.rows[pod.uid], pod, self.shapes[pod.uid], number, varying.restarts)


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
            read.append(Put(pods.with_state(pod, state=self._states[state], restarts=restarts)))
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
