"""The picture as a projector keeps it: records with their versions, by uid and by name. Of one kind, namespace and name there is one at a time.

Pods lie in columns and the endpoints of slices in bytes, because there are so many; whatever does not fit there is a record like all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clusterview.topology import endpoints
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.columns import NOWHERE, Came, Passing, Pods
from clusterview.topology.naming import Named
from clusterview.topology.objects import AnyRecord, Kind, Pod, Uid
from clusterview.topology.versions import as_number, is_older


class Known:
    """`put`, `take` and `drop` answer with what changed, slices as they are packed. `dropped` is told of each uid that went, with its last version.

    `pods` are those in columns, with their versions as notes.
    """

    def __init__(self, *, dropped: Callable[[Uid, str], None]) -> None:
        self.pods = Pods()
        self._others = Named()
        self._versions: dict[Uid, str] = {}
        self._dropped = dropped

    def __contains__(self, uid: object) -> bool:
        return isinstance(uid, str) and (uid in self._others.objects or self.pods.find(uid) != NOWHERE)

    def get(self, uid: Uid) -> AnyRecord | None:
        """This will give the record of that uid."""
        record = self._others.objects.get(uid)
        if record is not None:
            return endpoints.unpack(record)
        slot = self.pods.find(uid)
        return None if slot == NOWHERE else self.pods.get(slot)

    def records(self) -> Iterator[AnyRecord]:
        """This will give every record but those of `pods`, slices as they are packed. Nothing may be put or dropped meanwhile."""
        return iter(self._others.objects.values())

    def version(self, uid: Uid) -> str:
        """This will tell the object's version, empty where there is none."""
        version = self._versions.get(uid)
        if version is not None:
            return version
        slot = self.pods.find(uid)
        return "" if slot == NOWHERE else str(self.pods.notes[slot])

    def holder(self, *, record: AnyRecord) -> Uid | None:
        """This will tell who has the record's kind, namespace and name now."""
        if isinstance(record, Pod):
            slot = self.pods.find(record.uid)
            if slot != NOWHERE and self.pods.is_called(slot, namespace=record.namespace, name=record.name):
                return record.uid
            if (slot := self.pods.named(namespace=record.namespace, name=record.name)) != NOWHERE:
                return self.pods.uid(slot)
        return self._others.holder(record=record)

    def of_kind(self, kind: Kind, *, namespace: str = "") -> list[Uid]:
        """All objects of a kind, or with `namespace` those there."""
        return self.others(kind, namespace=namespace) + [self.pods.uid(slot) for slot in self.slots(kind, namespace=namespace)]

    def count(self, kind: Kind, *, namespace: str = "") -> int:
        """How many those are."""
        others = len(self.others(kind, namespace=namespace))
        if kind is Kind.POD and not namespace:
            return others + len(self.pods)
        return others + sum(1 for _ in self.slots(kind, namespace=namespace))

    def slots(self, kind: Kind, *, namespace: str = "") -> Iterator[int]:
        """The slots of those that lie in columns."""
        if kind is not Kind.POD:
            return iter(())
        pods = self.pods
        return (slot for slot in pods.slots() if not namespace or pods.shapes[pods.shape[slot]].namespace == namespace)

    def others(self, kind: Kind, *, namespace: str = "") -> list[Uid]:
        """Those that do not lie in columns."""
        return self._others.of_kind(kind, namespace=namespace)

    def rewrite(self, *, pod: Pod, version: str) -> list[Change] | None:
        """This will put in what is said anew of a pod in columns, unless it is older than what is known; None for any other, which `put` takes."""
        slot, number = self.pods.find(pod.uid), as_number(version=version)
        if slot == NOWHERE or number is None or not self.pods.has_name_of(slot, pod):
            return None
        if number < self.pods.notes[slot]:
            return []
        came = self.pods.put(pod, note=number)
        if came is None:
            return self._put_pod(pod, version)
        return [] if came is Came.SAME else [Put(pod)]

    def put(self, *, record: AnyRecord, version: str) -> list[Change]:
        """This will put the object in, after dropping another one that has its name. Nothing changes for an equal record."""
        changes: list[Change] = []
        holder = self.holder(record=record)
        if holder is None or holder != record.uid:
            changes += self.drop(uid=record.uid)  # it has another name now
            changes += self.drop(uid=holder) if holder is not None else []
        if isinstance(record, Pod):
            return changes + self._put_pod(record, version)
        self._versions[record.uid] = version
        packed = endpoints.pack(record)
        return [*changes, Put(packed)] if self._others.put(record=packed) else changes  # once, also for one that is packed now and was not before

    def adopt(self, pods: Pods) -> bool:
        """This will keep these pods as they lie, if there were none before."""
        if len(self.pods) or self._others.of_kind(Kind.POD):
            return False
        self.pods = pods
        return True

    def take(self, pods: Pods) -> Iterator[Change]:
        """This will put pods in that lie in columns with their versions as notes, unless a later version is there. It changes as it is read."""
        passing = Passing(source=pods, target=self.pods)
        for slot in pods.slots():
            version, there = pods.notes[slot], self.pods.at(pods.high[slot], pods.low[slot])
            if there != NOWHERE and self.pods.notes[there] > version:
                continue
            came = passing.take(slot, note=version) if there != NOWHERE else None
            if came is None:
                record = pods.get(slot)
                if not is_older(version=str(version), known=self.version(record.uid)):
                    yield from self.put(record=record, version=str(version))
            elif came is not Came.SAME:
                yield Put(pods.get(slot))

    def drop(self, *, uid: Uid) -> list[Change]:
        """This will take the object out. Nothing changes for one that is not there."""
        if uid not in self:
            return []
        self._dropped(uid, self.version(uid))
        self._leave(uid)
        return [Drop(uid=uid)]

    def _put_pod(self, pod: Pod, version: str) -> list[Change]:
        number = as_number(version=version)
        if number is not None and pod.uid not in self._others.objects:
            came = self.pods.put(pod, note=number)
            if came is not None:
                return [] if came is Came.SAME else [Put(pod)]
        old, changes = self.get(pod.uid), list[Change]()
        self._leave(pod.uid)
        if number is None or self.pods.put(pod, note=number) is None:
            if (holder := self._others.holder(record=pod)) is not None:  # a list had two of one name, and the other one lay in columns
                changes += self.drop(uid=holder)
            self._others.put(record=pod)
            self._versions[pod.uid] = version
        return changes if old == pod else [*changes, Put(pod)]

    def _leave(self, uid: Uid) -> None:
        self._versions.pop(uid, None)
        self._others.drop(uid=uid)
        if (slot := self.pods.find(uid)) != NOWHERE:
            self.pods.drop(slot)


class Look:
    """A comparison of what is known of a kind with a list of it, object by object. A pod in columns is marked by its slot, for there are so many."""

    def __init__(self, *, known: Known, kind: Kind, namespace: str) -> None:
        self._known, self._kind, self._namespace = known, kind, namespace
        self._marks = bytearray()
        self._found: set[Uid] = set()

    def version(self, *, uid: Uid) -> str:
        """This will note that the list has the object, and tell the version in which it is known; empty where it is not."""
        slot = self._known.pods.find(uid) if self._kind is Kind.POD else NOWHERE
        if slot == NOWHERE:
            self._found.add(uid)
            return self._known.version(uid)
        if slot >= len(self._marks):
            self._marks.extend(bytes(len(self._known.pods.shape) - len(self._marks)))
        self._marks[slot] = True
        return str(self._known.pods.notes[slot])

    def missing(self) -> Iterator[Uid]:
        """This will name what is known and was not in the list."""
        yield from (uid for uid in self._known.others(self._kind, namespace=self._namespace) if uid not in self._found)
        for slot in self._known.slots(self._kind, namespace=self._namespace):
            if slot >= len(self._marks) or not self._marks[slot]:
                uid = self._known.pods.uid(slot)
                if uid not in self._found:  # it may have come into the columns since the list named it
                    yield uid
