"""A stream for those who may see some namespaces only: made once for each set of them in a process, and shared.

Rows and sequence numbers are the view's own, so that neither a gap in them nor an empty frame tells that something happened elsewhere. Its epochs
come by chance, so that a place of another view, or of the same one in another process, is a place of none here.

Its first picture, and each newer snapshot, takes seconds where there is much to see: it is made in another thread (`work`) when somebody wants it,
and what comes meanwhile waits (`catch_up`). There are so many views and no more, and each is kept for a while after its last listener: whoever
comes back finds it, and whoever asks for other ones again and again is told to wait.
"""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence

import msgspec

from clusterview.stream import encoding, rows
from clusterview.stream.making import Unused, Work
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
MOST, MOST_EACH = 16, 4  # views in a process, and those among them that were made for one person
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
    """One set of namespaces of one cluster. `position` is None while there is no picture. `made_for` is who first wanted it; `ask` is called when
    there is `work`. All but what `work` gives runs on the hub's event loop.
    """

    def __init__(self, *, namespaces: frozenset[str], made_for: Hashable = None, ask: Callable[[View], None] = lambda _: None) -> None:
        self.namespaces, self.made_for = namespaces, made_for
        self.unused = Unused()
        self.name = ",".join(sorted(namespaces))
        self.subscriptions: set[Subscription] = set()
        self.position: Position | None = None
        self._ask, self._is_asked = ask, False
        self._picture: Picture | None = None
        self._behind: deque[Iterable[Change]] | None = None  # what came while the first picture is made
        self._writer: rows.Writer | None = None
        self._recent = Remembered[bytes]()
        self._snapshot: tuple[Position, bytes] | None = None

    def replace(self, *, picture: Picture | None) -> None:
        """This will begin anew with what may be seen of a picture, or with nothing; every listener gets it again."""
        self._recent.clear()
        self._picture, self._is_asked = picture, False
        self._behind = self._writer = self.position = self._snapshot = None
        for subscription in self.subscriptions:
            subscription.start_again()

    def advance(self, *, changes: Iterable[Change]) -> None:
        """This will hand on what of these changes may be seen; nothing where nothing may."""
        if self._behind is not None:
            self._behind.append(changes)
        else:
            self._hand_on(changes)

    def _hand_on(self, changes: Iterable[Change]) -> None:
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
        """The picture as it is now: a snapshot, and what came after it. None where there is no picture, no frames while it is being made.

        A newer snapshot is asked for only where this one is long ago.
        """
        if self._picture is None:
            return None
        since = self.after(self._snapshot[0]) if self._snapshot else None
        if (since is None or len(since) > TAIL) and not self._is_asked:
            self._is_asked = True
            self._ask(self)
        return [self._snapshot[1], *since] if self._snapshot and since is not None else []

    def work(self) -> Work | None:
        """What has to be made in another thread, if anything."""
        if not self._is_asked or self._picture is None:
            return None
        return self._first(self._picture) if self._writer is None else self._newer(self._writer)

    def catch_up(self) -> bool:
        """This will hand on one step of those that came while the first picture was made. False where there is none left."""
        if not self._behind:
            self._behind = None
            return False
        self._hand_on(self._behind.popleft())
        return True

    def give_up(self) -> None:
        """This will begin anew."""
        self.replace(picture=self._picture)

    def _first(self, picture: Picture) -> Work:
        records, position = list(picture.objects.values()), Position(epoch=secrets.randbits(EPOCH_BITS), sequence=1)
        behind: deque[Iterable[Change]] = deque()
        self._behind = behind

        def make() -> Callable[[], None]:
            writer = rows.Writer(records=[seen for one in records if (seen := narrowed(one, namespaces=self.namespaces)) is not None])
            frame = self._packed(writer.still(), position)
            return lambda: take(writer, frame)

        def take(writer: rows.Writer, frame: bytes) -> None:
            if self._behind is behind:
                self._writer, self.position = writer, position
                self._take(position, frame)

        return make

    def _newer(self, writer: rows.Writer) -> Work:
        still, position = writer.still(), self.position
        assert position is not None

        def make() -> Callable[[], None]:
            frame = self._packed(still, position)
            return lambda: self._take(position, frame) if self._writer is writer else None

        return make

    def _packed(self, still: rows.Still, position: Position) -> bytes:
        return encoding.encode(Snapshot(view=self.name, position=position, body=encoding.pack(still.whole())))

    def _take(self, position: Position, frame: bytes) -> None:
        self._snapshot, self._is_asked = (position, frame), False
        for subscription in self.subscriptions:
            subscription.rouse()

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
