"""The objects of a picture by uid and by name. Of one kind, namespace and name there is one object at a time."""

from __future__ import annotations

from collections import defaultdict

from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.objects import AnyRecord, Kind, Uid, kind_of


class Named:
    """`put` and `drop` answer with what changed."""

    def __init__(self) -> None:
        self.objects: dict[Uid, AnyRecord] = {}
        self._names: defaultdict[tuple[str, str], dict[str, Uid]] = defaultdict(dict)

    def holder(self, *, record: AnyRecord) -> Uid | None:
        """This will tell who has the record's kind, namespace and name now."""
        return self.find(kind=kind_of(record), namespace=record.namespace, name=record.name)

    def find(self, *, kind: str, namespace: str, name: str) -> Uid | None:
        """This will tell the object of that name."""
        of_kind = self._names.get((kind, namespace))
        return of_kind.get(name) if of_kind is not None else None

    def of_kind(self, kind: Kind, *, namespace: str = "") -> list[Uid]:
        """All objects of a kind, or with `namespace` those there."""
        if namespace:
            return list(self._names.get((kind, namespace), {}).values())
        return [uid for place, uids in self._names.items() if place[0] == kind for uid in uids.values()]

    def put(self, *, record: AnyRecord) -> list[Change]:
        """This will put the object in, after dropping another one that has its name. Nothing changes for an equal record."""
        uid, old = record.uid, self.objects.get(record.uid)
        if old == record:
            return []
        changes: list[Change] = []
        if old is not None and (old.name != record.name or old.namespace != record.namespace or type(old) is not type(record)):
            changes += self.drop(uid=uid)
        holder = self.holder(record=record)
        if holder is not None and holder != uid:
            changes += self.drop(uid=holder)
        self.objects[uid] = record
        self._names[kind_of(record), record.namespace][record.name] = uid
        changes.append(Put(record=record))
        return changes

    def drop(self, *, uid: Uid) -> list[Change]:
        """This will take the object out. Nothing changes for one that is not there."""
        record = self.objects.pop(uid, None)
        if record is None:
            return []
        place = (kind_of(record), record.namespace)
        del self._names[place][record.name]
        if not self._names[place]:
            del self._names[place]
        return [Drop(uid=uid)]
