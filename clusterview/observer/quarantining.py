"""Objects that trip the picture itself, found by trying them apart, and set aside until they are written again.

Such an object may leave half a word in the picture, so another observer begins from nothing. Without this memory that one would hear of the same
object, and the next one again: nobody would observe the cluster, because of one object in it.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Sequence

from clusterview.projection.observations import Listed, Seen, Sighting
from clusterview.projection.projecting import Projector
from clusterview.stream import encoding, rows
from clusterview.stream.messages import Position
from clusterview.topology.objects import Uid

log = logging.getLogger(__name__)

AT_ONCE = 500
REMEMBERED = 10_000


class Quarantine:
    """One cluster's. It outlives its observers; any thread may ask it."""

    def __init__(self) -> None:
        self._versions: dict[Uid, str] = {}

    def holds(self, *, uid: str, version: str) -> bool:
        """This will tell whether the object in this version is set aside."""
        return bool(self._versions) and self._versions.get(Uid(uid)) == version

    def find(self, suspects: Iterable[Sighting]) -> bool:
        """This will set those aside that cannot be shown, and tell whether there is one."""
        guilty = [one for some in _portions(suspects) for one in _guilty(some)]
        for one in guilty:
            log.error("%s %s/%s cannot be shown, and is set aside", type(one.record).__name__, one.record.namespace, one.record.name)
            if len(self._versions) < REMEMBERED:
                self._versions[one.record.uid] = one.version
        return bool(guilty) and len(self._versions) < REMEMBERED


def sightings_of(said: object) -> Iterator[Sighting]:
    """This will give the objects that a word tells of."""
    if isinstance(said, Seen):
        yield said.sighting
    elif isinstance(said, Listed):
        yield from said.sightings
        if (pods := said.pods) is not None:
            yield from (Sighting(record=pods.get(slot), version=str(pods.notes[slot])) for slot in pods.slots())


def shown_by(projector: Projector) -> Iterator[Sighting]:
    """This will give every object of the picture."""
    for record in itertools.chain(projector.records(), map(projector.pods.get, projector.pods.slots())):
        yield Sighting(record=record, version=projector.version(uid=record.uid))


def _portions(suspects: Iterable[Sighting]) -> Iterator[list[Sighting]]:
    """A large picture is never there as records, all at once."""
    rest = iter(suspects)
    while some := list(itertools.islice(rest, AT_ONCE)):
        yield some


def _guilty(suspects: Sequence[Sighting]) -> list[Sighting]:
    if _is_sound(suspects):
        return []
    if len(suspects) == 1:
        return list(suspects)
    middle = len(suspects) // 2
    return _guilty(suspects[:middle]) + _guilty(suspects[middle:])


def _is_sound(suspects: Sequence[Sighting]) -> bool:
    """Whether a picture of just these can be made and written."""
    projector, writer = Projector(), rows.Writer(records=())
    try:
        changes = [change for one in suspects for change in projector.project(Seen(sighting=one))]
        encoding.encode(writer.changes(changes=changes, position=Position(epoch=1, sequence=1)))
        encoding.pack(writer.whole())
    except Exception:
        if len(suspects) == 1:
            log.exception("it trips the picture")
        return False
    return True
