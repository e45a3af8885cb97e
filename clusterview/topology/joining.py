"""The links that follow from the objects of a picture, kept up one object at a time, for those who need them.

The picture itself holds none: at 150,000 pods they are a million, which would cost each of observer, stream and browser more than the objects do.

Each record asks for links by key (`relations`); the keys that nobody answers yet are remembered, so an object that comes finds those who
wait for it without a search. The work for a change is proportional to the links that it touches. Two rules hold for the changes that come
out: an object is put before a link to it, and its links are cut before it is dropped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from clusterview.topology import objects, relations
from clusterview.topology.changes import Change, Drop, Joining, Linked, Put, Unlinked
from clusterview.topology.links import Link, LinkKind
from clusterview.topology.naming import Named
from clusterview.topology.objects import AnyRecord, Uid
from clusterview.topology.relations import Key, Want
from clusterview.topology.selecting import Selecting, Selector

_BY_LABELS = frozenset(relations.SELECTIONS.values())


class Joined:
    """Objects and links. `hear` answers with what changed."""

    def __init__(self, *, objects: Iterable[AnyRecord] = ()) -> None:
        self._named = Named()
        self._wants: dict[Uid, dict[Want, None]] = {}
        self._wanted: defaultdict[Key, dict[tuple[LinkKind, Uid], None]] = defaultdict(dict)
        self._links: defaultdict[Uid, dict[Link, None]] = defaultdict(dict)  # at both of its ends
        self._selecting = Selecting()
        for record in objects:
            self.hear(change=Put(record=record))

    @property
    def objects(self) -> dict[Uid, AnyRecord]:
        return self._named.objects

    def links(self) -> Iterable[Link]:
        """This will give each link once."""
        return (link for uid, links in self._links.items() for link in links if link.source == uid)

    def hear(self, *, change: Change) -> list[Joining]:
        """This will bring it forward by one change of the picture."""
        match change:
            case Put(record=record):
                return self._put(record)
            case Drop(uid=uid):
                return self._drop(uid)

    def _put(self, record: AnyRecord) -> list[Joining]:
        old, holder = self.objects.get(record.uid), self._named.holder(record=record)
        if old == record:
            return []
        changes: list[Joining] = []
        if old is not None and holder != record.uid:
            changes += self._drop(record.uid)
            old = None
        if holder is not None and holder != record.uid:
            changes += self._drop(holder)
        changes += self._named.put(record=record)
        changes += self._ask(record)
        if old is None:
            changes += self._answer(record)
        changes += self._select(old, record)
        return changes

    def _drop(self, uid: Uid) -> list[Joining]:
        record = self.objects.get(uid)
        if record is None:
            return []
        changes: list[Joining] = []
        for link in list(self._links.get(uid, ())):
            changes += self._cut(link)
        for want in self._wants.pop(uid):
            self._withdraw(want, uid)
        if isinstance(record, objects.Pod):
            self._selecting.drop_pod(uid=uid, namespace=record.namespace)
        self._selecting.drop_selector(uid=uid)
        changes += self._named.drop(uid=uid)
        return changes

    def _ask(self, record: AnyRecord) -> list[Joining]:
        before, after = self._wants.get(record.uid, {}), relations.wants_of(record=record)
        self._wants[record.uid] = after
        changes: list[Joining] = []
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

    def _answer(self, record: AnyRecord) -> list[Joining]:
        changes: list[Joining] = []
        for key in (relations.uid_of(record=record), relations.name_of(record=record)):
            for kind, source in self._wanted.get(key, ()):
                changes += self._join(Link(kind, source, record.uid))
        return changes

    def _select(self, old: AnyRecord | None, record: AnyRecord) -> list[Joining]:
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

    def _replace(self, before: list[Link], after: list[Link]) -> list[Joining]:
        kept = set(after)
        cut = [change for link in before if link not in kept for change in self._cut(link)]
        return cut + [change for link in after for change in self._join(link)]

    def _find(self, key: Key) -> Uid | None:
        if key.kind:
            return self._named.find(kind=key.kind, namespace=key.namespace, name=key.name)
        return Uid(key.name) if key.name in self.objects else None

    def _join(self, link: Link) -> list[Joining]:
        if link in self._links[link.source]:
            return []
        self._links[link.source][link] = None
        self._links[link.target][link] = None
        return [Linked(link=link)]

    def _cut(self, link: Link) -> list[Joining]:
        for end in {link.source, link.target}:
            del self._links[end][link]
            if not self._links[end]:
                del self._links[end]
        return [Unlinked(link=link)]

    def _cut_wanted(self, want: Want, source: Uid) -> list[Joining]:
        target = self._find(want.key)
        return [] if target is None else self._cut(Link(want.link, source, target))

    def _withdraw(self, want: Want, source: Uid) -> None:
        waiting = self._wanted[want.key]
        waiting.pop((want.link, source), None)
        if not waiting:
            del self._wanted[want.key]
