"""A stream for those who may see some namespaces only: made once for each set of them in a process, and shared.

Rows and sequence numbers are the view's own, so that neither a gap in them nor an empty frame tells that something happened elsewhere. Its epochs
come by chance, so that a place of another view, or of the same one in another process, is a place of none here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence

import msgspec

from clusterview.stream import encoding, rows
from clusterview.stream.messages import WHOLE, Contact, Position, Snapshot
from clusterview.stream.remembering import Remembered
from clusterview.stream.subscribing import Subscription
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.narrowing import narrowed
from clusterview.topology.objects import AnyRecord, Uid
from clusterview.topology.pictures import Picture

TAIL = 100
EPOCH_BITS = 52  # a browser counts exactly up to 2**53
MOST_NAMESPACES = 100
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # a label of RFC 1123, as names of namespaces are


def namespaces_of(view: str) -> frozenset[str] | None:
    """The namespaces that a view's name lists with commas between them; None for the whole. Raises ValueError for what names no view."""
    if view == WHOLE:
        return None
    names = view.split(",")
    if len(names) > MOST_NAMESPACES or not all(_NAME.fullmatch(name) for name in names):
        raise ValueError(view)
    return frozenset(names)


class View:
    """One set of namespaces of one cluster. `position` is None while there is no picture."""

    def __init__(self, *, namespaces: frozenset[str]) -> None:
        self.namespaces = namespaces
        self.name = ",".join(sorted(namespaces))
        self.subscriptions: set[Subscription] = set()
        self.position: Position | None = None
        self._writer: rows.Writer | None = None
        self._recent = Remembered[bytes]()
        self._snapshot: tuple[Position, bytes] | None = None

    def replace(self, *, picture: Picture | None) -> None:
        """This will begin anew with what may be seen of a picture, or with nothing; every listener gets it again."""
        self._recent.clear()
        self._writer = self.position = self._snapshot = None
        if picture is not None:
            seen = [record for one in picture.objects.values() if (record := narrowed(one, namespaces=self.namespaces)) is not None]
            self._writer, self.position = rows.Writer(records=seen), Position(epoch=secrets.randbits(EPOCH_BITS), sequence=1)
        for subscription in self.subscriptions:
            subscription.start_again()

    def advance(self, *, changes: Iterable[Change]) -> None:
        """This will hand on what of these changes may be seen; nothing where nothing may."""
        if self._writer is None or self.position is None:
            return
        seen = self._narrowed(changes)
        if not seen:
            return
        position = Position(epoch=self.position.epoch, sequence=self.position.sequence + 1)
        frame = encoding.encode(self._writer.changes(changes=seen, position=position))
        self.position = position
        self._recent.append(frame, size=len(frame))
        for subscription in self.subscriptions:
            subscription.put_changes(frame=frame)

    def frames(self) -> Sequence[bytes] | None:
        """The picture as it is now: a snapshot, packed anew only where it is long ago, and what came after it."""
        if self._writer is None or self.position is None:
            return None
        since = self.after(self._snapshot[0]) if self._snapshot else None
        if self._snapshot is None or since is None or len(since) > TAIL:
            body = encoding.pack(self._writer.whole())
            self._snapshot, since = (self.position, encoding.encode(Snapshot(view=self.name, position=self.position, body=body))), []
        return [self._snapshot[1], *since]

    def after(self, place: Position) -> list[bytes] | None:
        """The frames that came after a place; None where it is not among those that are remembered here."""
        return self._recent.after(place, newest=self.position)

    def contact(self, contact: Contact) -> Contact:
        """How fresh the picture is, without words that may name objects and without counts of what is elsewhere."""
        missing = tuple(msgspec.structs.replace(one, detail="") for one in contact.missing)
        return msgspec.structs.replace(contact, detail="", missing=missing, divergences=0, counted={})

    def _narrowed(self, changes: Iterable[Change]) -> list[Change]:
        assert self._writer is not None
        shown: dict[Uid, AnyRecord | None] = {}
        seen: list[Change] = []
        for change in changes:
            uid = change.uid if isinstance(change, Drop) else change.record.uid
            before = shown[uid] if uid in shown else self._writer.get(uid)
            after = None if isinstance(change, Drop) else narrowed(change.record, namespaces=self.namespaces)
            if before != after:
                seen.append(Drop(uid) if after is None else Put(after))
            shown[uid] = after
        return seen
