"""Everything that is, at one resourceVersion, and the way it came there: what etcd and the watch cache are to a cluster.

One thread only. Each write has the next number, whatever its kind, so versions compare as they do in a real cluster. Of the history each
resource keeps its last events; who asks for older ones is told that they are gone (410), as after a compaction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar

from clusterview.practice import problems
from clusterview.practice.objects import Object, name_of, namespace_of, uid_of
from clusterview.practice.resources import PODS, RESOURCES, Resource
from clusterview.practice.texts import Texts

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
HISTORY_EVENTS = 10_000
Key = tuple[str, str]
Outer = TypeVar("Outer")
Inner = TypeVar("Inner")


class Event:
    """One write. `previous` is the object before it; `line` is the event as a watch sends it, encoded once for everybody.

    A `settled` one is for watchers alone: nothing follows from it, and no controller is asked.
    """

    __slots__ = ("_line", "_texts", "object", "previous", "resource", "settled", "type", "version")

    def __init__(
        self, type: EventType, resource: Resource, object: Object, previous: Object | None, version: int, *, texts: Texts, settled: bool = False
    ) -> None:
        self.type, self.resource, self.object, self.previous, self.version = type, resource, object, previous, version
        self.settled, self._texts = settled, texts
        self._line: bytes | None = None

    @property
    def line(self) -> bytes:
        if self._line is None:
            self._line = self._texts.event_line(type=self.type, object=self.object)
        return self._line


class Store:
    """The objects by resource, namespace and name. `listeners` hear each event at once, in order."""

    def __init__(self, *, version: int = 1, history: int = HISTORY_EVENTS) -> None:
        self.version, self.texts = version, Texts()
        self.listeners: list[Callable[[Event], None]] = []
        self._history = history
        self._objects: dict[Resource, dict[Key, Object]] = {resource: {} for resource in RESOURCES}
        self._events: dict[Resource, deque[Event]] = {resource: deque() for resource in RESOURCES}
        self._oldest: dict[Resource, int] = dict.fromkeys(RESOURCES, version)
        self._by_uid: dict[str, tuple[Resource, Key]] = {}
        self._owned: dict[str, set[tuple[Resource, Key]]] = {}
        self._on_node: dict[str, set[Key]] = {}
        self._in_namespace: dict[tuple[Resource, str], set[Key]] = {}

    # Reading

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._objects[resource].get((namespace, name))

    def all(self, resource: Resource, namespace: str = "") -> list[Object]:
        """All of them, in one namespace if given, in the order of their names."""
        objects = self._objects[resource]
        return [objects[key] for key in sorted(self._in_namespace.get((resource, namespace), ()) if namespace else objects)]

    def count(self, resource: Resource) -> int:
        return len(self._objects[resource])

    def of_uid(self, uid: str) -> Object | None:
        """Whatever has this uid."""
        found = self._by_uid.get(uid)
        return self._objects[found[0]].get(found[1]) if found is not None else None

    def owned(self, uid: str, resource: Resource | None = None) -> list[Object]:
        """What names this uid among its owners, of one resource if given, in the order of names."""
        found = sorted(self._owned.get(uid, ()), key=lambda one: (one[0].kind, one[1]))
        return [self._objects[one][key] for one, key in found if resource is None or one is resource]

    def pods_on(self, node: str) -> list[Object]:
        """The pods of a node; with an empty name, those that have none yet."""
        pods = self._objects[PODS]
        return [pods[key] for key in sorted(self._on_node.get(node, ()))]

    def everything(self) -> Iterator[tuple[Resource, Object]]:
        for resource, found in self._objects.items():
            for item in found.values():
                yield resource, item

    def oldest(self, resource: Resource) -> int:
        """The version from which on every event of the resource is remembered."""
        return self._oldest[resource]

    def since(self, resource: Resource, version: int) -> list[Event]:
        """What happened after this version. Raises Problem 410 where it is not remembered any more."""
        if version < self._oldest[resource]:
            raise problems.too_old(version, self._oldest[resource])
        return [event for event in self._events[resource] if event.version > version]

    # Writing

    def put(self, resource: Resource, item: Object, *, settled: bool = False) -> Object:
        """This will keep the object under the next version, and give it as it is kept."""
        self.version += 1
        key = (namespace_of(item), name_of(item))
        previous = self._objects[resource].get(key)
        kept = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
        self._objects[resource][key] = kept
        self._index(resource, key, previous=previous, kept=kept)
        self._note(Event("ADDED" if previous is None else "MODIFIED", resource, kept, previous, self.version, texts=self.texts, settled=settled))
        return kept

    def remove(self, resource: Resource, namespace: str, name: str) -> Object:
        """This will forget the object, and give it as a watch sends it: under the version of its end."""
        self.version += 1
        key = (namespace, name)
        previous = self._objects[resource].pop(key)
        self._index(resource, key, previous=previous, kept=None)
        last = {**previous, "metadata": {**previous["metadata"], "resourceVersion": str(self.version)}}
        self._note(Event("DELETED", resource, last, previous, self.version, texts=self.texts))
        return last

    def load(self, resource: Resource, item: Object) -> None:
        """This will keep an object as it was kept before, without an event."""
        key = (namespace_of(item), name_of(item))
        self._objects[resource][key] = item
        self._index(resource, key, previous=None, kept=item)

    def forget_history(self) -> None:
        """This will compact: whoever asks for what happened before now is told that it is gone."""
        for resource in RESOURCES:
            self._events[resource].clear()
            self._oldest[resource] = self.version

    def _note(self, event: Event) -> None:
        events = self._events[event.resource]
        events.append(event)
        if len(events) > self._history:
            self._oldest[event.resource] = events.popleft().version
        for listener in list(self.listeners):
            listener(event)

    def _index(self, resource: Resource, key: Key, *, previous: Object | None, kept: Object | None) -> None:
        if kept is not None and (previous is None or uid_of(previous) != uid_of(kept)):
            self._by_uid[uid_of(kept)] = (resource, key)
        elif kept is None and previous is not None:
            self._by_uid.pop(uid_of(previous), None)
        if resource.namespaced and (previous is None or kept is None):
            _place(self._in_namespace, (resource, key[0]), key, is_there=kept is not None)
        if _references(previous) is not _references(kept):
            before, now = _owners(previous), _owners(kept)
            for owner in before - now:
                _place(self._owned, owner, (resource, key), is_there=False)
            for owner in now - before:
                _place(self._owned, owner, (resource, key), is_there=True)
        if resource is PODS and not _is_same(previous, kept, "spec") and _node(previous) != _node(kept):
            for item in (previous, kept):
                node = _node(item)
                if node is not None:
                    _place(self._on_node, node, key, is_there=item is kept)


def _place(index: dict[Outer, set[Inner]], outer: Outer, inner: Inner, *, is_there: bool) -> None:
    if is_there:
        index.setdefault(outer, set()).add(inner)
    elif found := index.get(outer):
        found.discard(inner)
        if not found:
            del index[outer]


def _is_same(previous: Object | None, kept: Object | None, part: str) -> bool:
    """Whether the one has this very part of the other, so that nothing in it needs to be compared."""
    return previous is not None and kept is not None and previous.get(part) is kept.get(part)


def _references(item: Object | None) -> Any:
    return item["metadata"].get("ownerReferences") if item is not None else None


def _owners(item: Object | None) -> set[str]:
    return {one["uid"] for one in _references(item) or ()}


def _node(item: Object | None) -> str | None:
    return str(item["spec"].get("nodeName") or "") if item is not None else None
