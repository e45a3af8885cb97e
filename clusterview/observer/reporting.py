"""What a reader of a row tells, in the observer's words. Runs in the reader's thread, so that the projecting one only projects."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.kube import watching
from clusterview.kube.listing import Quarantined
from clusterview.observer import words
from clusterview.observer.translating import sighting
from clusterview.projection.observations import Listed, Seen, Vanished
from clusterview.topology.objects import Kind, Namespace, Uid


def report(*, said: watching.Observation, at: float) -> Iterable[words.Word]:
    """This will turn one word of a reader into those of the observer, in order. `at` is now by the monotonic clock."""
    spec = said.spec
    match said:
        case watching.Listed(items=items, quarantined=quarantined):
            sightings = tuple(sighting(kind=spec.kind, item=item) for item in items)
            yield Listed(kind=Kind(spec.kind), namespace=Namespace(spec.namespace), sightings=sightings, at=at)
            yield words.Unreadable(key=spec.key, objects=_names(quarantined), all_of_them=True)
        case watching.Seen(item=item):
            yield Seen(sighting=sighting(kind=spec.kind, item=item), at=at)
        case watching.Gone(uid=uid, resource_version=version):
            yield Vanished(uid=Uid(uid), version=version)
        case watching.SetAside(quarantined=one):
            yield words.Unreadable(key=spec.key, objects=_names((one,)), all_of_them=False)
        case watching.WatchOpened():
            yield words.Opened(key=spec.key)
        case watching.WatchLost(error=error):
            yield words.Behind(key=spec.key, detail=error.sentence, at=at)
        case watching.NotPermitted(error=error):
            yield words.Absent(key=spec.key, why="not_permitted", detail=error.sentence, at=at)
        case watching.NotInstalled(error=error):
            yield words.Absent(key=spec.key, why="not_installed", detail=error.sentence, at=at)


def _names(objects: Iterable[Quarantined]) -> dict[Uid, str]:
    return {Uid(one.uid): f"{one.namespace}/{one.name}".removeprefix("/") for one in objects}
