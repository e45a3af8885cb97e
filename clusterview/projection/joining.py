"""The objects of a picture and the links that follow from them, kept up one object at a time.

Each record asks for links by key (`relations`); the keys that nobody answers yet are remembered, so an object that comes finds those who
wait for it without a search. The work for a change is proportional to the links that it touches. Two rules hold for the changes that come
out: an object is put before a link to it, and its links are cut before it is dropped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from clusterview.projection import relations
from clusterview.projection.relations import Key, Want
from clusterview.projection.selecting import Selecting, Selector
from clusterview.topology import objects
from clusterview.topology.changes import Change, Drop, Linked, Put, Unlinked
from clusterview.topology.links import Link, LinkKind
from clusterview.topology.objects import AnyRecord, Uid

_BY_LABELS = frozenset(relations.SELECTIONS.values())


class Joined:
    """Objects, names, links. `put` and `drop` answer with what changed."""

    def __init__(self) -> None:
        self.objects: dict[Uid, AnyRecord] = {}
        self._names: dict[Key, Uid] = {}
        self._wants: dict[Uid, dict[Want, None]] = {}
        self._wanted: defaultdict[Key, dict[tuple[LinkKind, Uid], None]] = defaultdict(dict)
        self._links: defaultdict[Uid, dict[Link, None]] = defaultdict(dict)  # at both of its ends
        self._selecting = Selecting()

    def links(self) -> Iterable[Link]:
        """This will give each link once."""
        return (link for uid, links in self._links.items() for link in links if link.source == uid)

    def holder(self, *, record: AnyRecord) -> Uid | None:
        """This will tell who has the record's kind, namespace and name now."""
        return self._names.get(relations.name_of(record=record))

    def put(self, *, record: AnyRecord) -> list[Change]:
        """This will put the object in, after dropping another one that has its name. Nothing changes for an equal record."""
        old = self.objects.get(record.uid)
        if old == record:
            return []
        name = relations.name_of(record=record)
        changes: list[Change] = []
        if old is not None and relations.name_of(record=old) != name:
            changes += self.drop(uid=old.uid)
            old = None
        holder = self._names.get(name)
        if holder is not None and holder != record.uid:
            changes += self.drop(uid=holder)
        self.objects[record.uid] = record
        self._names[name] = record.uid
        changes.append(Put(record=record))
        changes += self._ask(record)
        if old is None:
            changes += self._answer(record)
        changes += self._select(old, record)
        return changes

    def drop(self, *, uid: Uid) -> list[Change]:
        """This will take the object and its links out. Nothing changes for one that is not there."""
        record = self.objects.pop(uid, None)
        if record is None:
            return []
        changes: list[Change] = []
        for link in list(self._links.get(uid, ())):
            changes += self._cut(link)
        for want in self._wants.pop(uid):
            self._withdraw(want, uid)
        del self._names[relations.name_of(record=record)]
        if isinstance(record, objects.Pod):
            self._selecting.drop_pod(uid=uid, namespace=record.namespace)
        self._selecting.drop_selector(uid=uid)
        changes.append(Drop(uid=uid))
        return changes

    def _ask(self, record: AnyRecord) -> list[Change]:
        before, after = self._wants.get(record.uid, {}), relations.wants_of(record=record)
        self._wants[record.uid] = after
        changes: list[Change] = []
        for want in before:
            if want not in after:
                self._withdraw(want, record.uid)
                changes += self._cut_wanted(want, record.uid)
        for want in after:
            if want not in before:
                self._wanted[want.key][want.link, record.uid] = None
                target = self._find(want.key)
                if target is not None:
                    changes += self._join(Link(want.link, record.uid, target))
        return changes

    def _answer(self, record: AnyRecord) -> list[Change]:
        changes: list[Change] = []
        for key in (relations.uid_of(record=record), relations.name_of(record=record)):
            for kind, source in self._wanted.get(key, ()):
                changes += self._join(Link(kind, source, record.uid))
        return changes

    def _select(self, old: AnyRecord | None, record: AnyRecord) -> list[Change]:
        uid = record.uid
        if isinstance(record, objects.Pod) and (old is None or old.labels != record.labels):
            selectors = self._selecting.put_pod(uid=uid, namespace=record.namespace, labels=record.labels)
            before = [link for link in self._links.get(uid, ()) if link.kind in _BY_LABELS]
            return self._replace(before, [Link(selector.link, selector.uid, uid) for selector in selectors])
        kind = relations.SELECTIONS.get(type(record))
        labels = relations.selector_of(record=record)
        if kind is None or (old is not None and relations.selector_of(record=old) == labels):
            return []
        before = [link for link in self._links.get(uid, ()) if link.kind == kind]
        if labels is None:
            self._selecting.drop_selector(uid=uid)
            return self._replace(before, [])
        pods = self._selecting.put_selector(selector=Selector(uid, kind, record.namespace, labels))
        return self._replace(before, [Link(kind, uid, pod) for pod in pods])

    def _replace(self, before: list[Link], after: list[Link]) -> list[Change]:
        kept = set(after)
        cut = [change for link in before if link not in kept for change in self._cut(link)]
        return cut + [change for link in after for change in self._join(link)]

    def _find(self, key: Key) -> Uid | None:
        if key.kind:
            return self._names.get(key)
        return Uid(key.name) if key.name in self.objects else None

    def _join(self, link: Link) -> list[Change]:
        if link in self._links[link.source]:
            return []
        self._links[link.source][link] = None
        self._links[link.target][link] = None
        return [Linked(link=link)]

    def _cut(self, link: Link) -> list[Change]:
        for end in {link.source, link.target}:
            del self._links[end][link]
            if not self._links[end]:
                del self._links[end]
        return [Unlinked(link=link)]

    def _cut_wanted(self, want: Want, source: Uid) -> list[Change]:
        target = self._find(want.key)
        return [] if target is None else self._cut(Link(want.link, source, target))

    def _withdraw(self, want: Want, source: Uid) -> None:
        waiting = self._wanted[want.key]
        waiting.pop((want.link, source), None)
        if not waiting:
            del self._wanted[want.key]
