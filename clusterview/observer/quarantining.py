"""Objects that trip the picture itself, found by trying them apart, and set aside for a while.

Such an object may leave half a word in the picture, so another observer begins from nothing. Without this memory that one would hear of the same
object, and the next one again: nobody would observe the cluster, because of one object in it. The version that tripped is not tried again. Others of
the object are once a pause is over, which is twice as long each time: some objects are written every few seconds, and each new observer is a list
of everything and a whole picture to each browser.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from clusterview.projection.observations import Listed, Seen, Sighting
from clusterview.projection.projecting import Projector
from clusterview.stream import clocks, encoding, rows
from clusterview.stream.messages import Position
from clusterview.topology.objects import Uid

log = logging.getLogger(__name__)

AT_ONCE = 500
REMEMBERED = 10_000
FIRST_SECONDS, LONGEST_SECONDS = 30.0, 600.0


@dataclass
class Held:
    """An object that tripped in this version. `is_due` says that it was written in the pause, `tried_at` when it was tried after that."""

    version: str
    seconds: float
    until: float
    is_due: bool = False
    tried_at: float | None = None


class Quarantine:
    """One cluster's. It outlives its observers. Any thread may ask what it holds; all else is for the one that owns the picture."""

    def __init__(self, *, clock: Callable[[], float] = clocks.with_sleep) -> None:
        self._clock = clock
        self._held: dict[Uid, Held] = {}

    def holds(self, *, uid: str, version: str) -> bool:
        """This will tell whether the object in this version is set aside."""
        if not self._held or (held := self._held.get(Uid(uid))) is None:
            return False
        if version == held.version:
            return True
        now = self._clock()
        if now < held.until:
            held.is_due = True
            return True
        held.tried_at = now if held.tried_at is None else held.tried_at
        return False

    def is_due(self, uids: Iterable[Uid]) -> bool:
        """This will tell, once for each, whether one of these was written in its pause, and that is over: only a list tells of it again."""
        now = self._clock()
        due = [held for uid in uids if (held := self._held.get(uid)) is not None and held.is_due and now >= held.until]
        for held in due:
            held.is_due = False
        return bool(due)

    def find(self, suspects: Iterable[Sighting]) -> bool:
        """This will set those aside that cannot be shown, and tell whether there is one."""
        guilty = [one for some in _portions(suspects) for one in _guilty(some)]
        now = self._clock()
        if guilty:
            self._held = {uid: held for uid, held in self._held.items() if held.tried_at is None or now - held.tried_at < LONGEST_SECONDS}
        for one in guilty:
            log.error("%s %s/%s cannot be shown, and is set aside", type(one.record).__name__, one.record.namespace, one.record.name)
            if len(self._held) < REMEMBERED:
                before = self._held.get(one.record.uid)
                seconds = min(2.0 * before.seconds, LONGEST_SECONDS) if before is not None else FIRST_SECONDS
                self._held[one.record.uid] = Held(version=one.version, seconds=seconds, until=now + seconds)
        return bool(guilty) and len(self._held) < REMEMBERED


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
    except MemoryError:  # which says nothing about them
        raise
    except Exception:
        if len(suspects) == 1:
            log.exception("it trips the picture")
        return False
    return True
