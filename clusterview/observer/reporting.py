"""What a reader of a row tells, in the observer's words. Runs in the reader's thread, so that the projecting one only projects."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from clusterview.kube import errors, watching
from clusterview.kube.listing import Quarantined
from clusterview.observer import words
from clusterview.observer.quarantining import Quarantine
from clusterview.observer.siblings import Siblings
from clusterview.observer.translating import sighting
from clusterview.projection.observations import Listed, Seen, Sighting, Vanished
from clusterview.topology import endpoints
from clusterview.topology.columns import Pods
from clusterview.topology.objects import Kind, Namespace, Pod, Uid
from clusterview.topology.versions import as_number

log = logging.getLogger(__name__)


class Gathered:
    """The objects of a list, each translated as it comes: what the API server sent of it is forgotten with its page. Pods lie in columns.

    `poison` are those that are set aside, with their names.
    """

    def __init__(self, *, kind: str, quarantine: Quarantine | None = None) -> None:
        self._kind, self._quarantine = kind, quarantine
        self._pods = Pods() if kind == Kind.POD else None
        self._siblings = Siblings(pods=self._pods) if self._pods is not None else None
        self._sightings: list[Sighting] = []
        self.poison: dict[Uid, str] = {}

    def append(self, item: Any) -> None:
        """This will keep what is shown of the object."""
        if _is_set_aside(item, self._quarantine):
            self.poison |= _name(item)
        elif self._siblings is None:
            self._translate(item)
        elif not self._siblings.take(item):
            self._settle(self._siblings)
            self._translate(item)

    @property
    def pods(self) -> Pods | None:
        """All pods that lie in columns; None for another kind."""
        if self._siblings is not None:
            self._settle(self._siblings)
        return self._pods

    @property
    def sightings(self) -> list[Sighting]:
        """All other objects."""
        if self._siblings is not None:
            self._settle(self._siblings)
        return self._sightings

    def _settle(self, siblings: Siblings) -> None:
        for item in siblings.settle():
            self._translate(item)

    def _translate(self, item: Any) -> None:
        found = _sighting(self._kind, item, self.poison)
        if found is not None and not self._put_pod(found, item):
            self._sightings.append(Sighting(record=endpoints.pack(found.record), version=found.version, renewal=found.renewal))

    def _put_pod(self, found: Sighting, item: Any) -> bool:
        if self._pods is None or self._siblings is None or not isinstance(found.record, Pod):
            return False
        number = as_number(version=found.version)
        if number is None or self._pods.put(found.record, note=number) is None:
            return False
        self._siblings.follow(item, slot=self._pods.find(found.record.uid))
        return True


def report(*, said: watching.Observation, at: float, quarantine: Quarantine | None = None) -> Iterable[words.Word]:
    """This will turn one word of a reader into those of the observer, in order. `at` is now by the monotonic clock."""
    spec = said.spec
    match said:
        case watching.Listed(items=items, quarantined=quarantined):
            yield Listed(kind=Kind(spec.kind), namespace=Namespace(spec.namespace), sightings=items.sightings, pods=items.pods, at=at)
            yield words.Unreadable(key=spec.key, objects=_names(quarantined) | items.poison, all_of_them=True)
        case watching.Seen(item=item) if _is_set_aside(item, quarantine):
            yield words.Unreadable(key=spec.key, objects=_name(item), all_of_them=False)
        case watching.Seen(item=item):
            poison: dict[Uid, str] = {}
            if (one := _sighting(spec.kind, item, poison)) is not None:
                yield Seen(sighting=one, at=at)
            else:
                yield words.Unreadable(key=spec.key, objects=poison, all_of_them=False)
        case watching.Gone(uid=uid, resource_version=version):
            yield Vanished(uid=Uid(uid), version=version)
        case watching.SetAside(quarantined=one):
            yield words.Unreadable(key=spec.key, objects=_names((one,)), all_of_them=False)
        case watching.WatchOpened(resource_version=version):
            yield words.Opened(key=spec.key, version=version)
        case watching.WatchEnded():
            yield words.Ended(key=spec.key, at=at)
        case watching.WatchLost(error=error):
            is_broken = isinstance(error, errors.BrokenAnswer) and not isinstance(error, errors.TimedOut)
            yield words.Behind(key=spec.key, detail=error.sentence, at=at, is_broken=is_broken)
        case watching.Rewound():
            yield words.Rewound(key=spec.key)
        case watching.NotPermitted(error=error):
            yield words.Absent(key=spec.key, why="not_permitted", detail=error.sentence, at=at)
        case watching.NotInstalled(error=error):
            yield words.Absent(key=spec.key, why="not_installed", detail=error.sentence, at=at)


def _names(objects: Iterable[Quarantined]) -> dict[Uid, str]:
    return {Uid(one.uid): f"{one.namespace}/{one.name}".removeprefix("/") for one in objects}


def _sighting(kind: str, item: Any, poison: dict[Uid, str]) -> Sighting | None:
    """One object that trips a defect of ours is set aside like one that cannot be read: it must not hide the others of its kind."""
    try:
        return sighting(kind=kind, item=item)
    except Exception:
        metadata = item.metadata
        log.exception("%s %s/%s cannot be shown", kind, metadata.namespace, metadata.name)
        poison |= _name(item)
        return None


def _is_set_aside(item: Any, quarantine: Quarantine | None) -> bool:
    return quarantine is not None and quarantine.holds(uid=item.metadata.uid, version=item.metadata.resource_version)


def _name(item: Any) -> dict[Uid, str]:
    return {Uid(item.metadata.uid): f"{item.metadata.namespace}/{item.metadata.name}".removeprefix("/")}
