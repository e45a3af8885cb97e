"""One cluster as a web process knows it: the picture so far, its place in the stream, how fresh it is, and who listens.

The hub's event loop writes; threads of Django read a copy, which is why the picture is changed and copied under a lock.
"""

from __future__ import annotations

import collections
import logging
import threading
from collections.abc import Callable, Hashable, Sequence

from clusterview.stream import encoding, keys, painting, rows
from clusterview.stream.freshness import Word
from clusterview.stream.linking import Links, Step
from clusterview.stream.making import Asking
from clusterview.stream.messages import Changes, Contact, Position, Snapshot
from clusterview.stream.remembering import Remembered
from clusterview.stream.subscribing import Subscription
from clusterview.stream.views import View
from clusterview.topology.changes import Change
from clusterview.topology.objects import AnyRecord, Uid
from clusterview.topology.pictures import Picture

log = logging.getLogger(__name__)

CHANGE_BYTES, READ_TIMES = 512, 3  # what a change holds when it is read, and how many times its frame's bytes
Before = list[tuple[Uid, AnyRecord | None]]


class Gap(Exception):
    """The next entry is not the next one, or cannot be taken: the picture has to be loaded again."""


class Feed:
    """Everything known of one cluster. `position` is None while there is no picture; then another may come after the entry `waits_after`. `tried`
    is what was there when a picture was last looked for, `passed` the newest entry that is not believed, and `doubted` what is not believed of
    what is there. Of that it was `warned_at`. `heard` is the number of the newest word of each observer, by its epoch.
    `is_behind` where there are more changes than were read at once, `has_waited` where its next word may be older than when it is read. `ask` has
    something made.
    """

    def __init__(self, *, cluster: str, ask: Callable[[Asking], None] = lambda _: None) -> None:
        self.cluster, self._ask = cluster, ask
        self.position: Position | None = None
        self._furthest: Position | None = None  # of its epoch
        self.word: Word | None = None
        self.told: Contact | None = None
        self.told_at = float("-inf")
        self.contact_id = b"0-0"
        self.heard: dict[int, int] = {}
        self.waits_after = b"0-0"
        self.tried: tuple[bytes, int] | None = None
        self.cut_off: int | None = None  # the snapshot after which changes are missing
        self.passed: bytes | None = None
        self.is_behind = self.has_waited = False
        self.doubted: set[str] = set()
        self.warned_at = float("-inf")
        self.subscriptions: set[Subscription] = set()
        self.links = Links(remembered=self._remembered, ask=ask)
        self.views: dict[frozenset[str], View] = {}
        self._reader: rows.Reader | None = None
        self._lock = threading.Lock()
        self._recent = Remembered[tuple[Step, Before]]()  # each with what there was before it
        self._frames = Remembered[bytes]()
        self._snapshot: tuple[Position, bytes] | None = None
        self._painted: tuple[Position, list[bytes]] | None = None  # what is told before that snapshot
        self._tail: collections.deque[tuple[Position, bytes]] = collections.deque()  # the frames that came after the snapshot
        self.tail_bytes = 0
        self.renewed_at = float("-inf")

    def replace(self, *, snapshot: Snapshot | None, frame: bytes = b"") -> None:
        """This will begin anew from a snapshot, or from nothing; every listener gets the picture again. `frame` is the snapshot as it came."""
        self.passed = self._snapshot = self._painted = None
        for forgotten in (self._recent, self._frames, self._tail):
            forgotten.clear()
        self.tail_bytes = 0
        for view in self.views.values():
            view.replace(picture=None)
        with self._lock:
            try:
                self._reader = None  # what is read lies in the place of all this, not beside it
                self._reader = rows.Reader(whole=encoding.unpack(snapshot.body)) if snapshot else None
            finally:
                self._come_to(snapshot.position if snapshot and self._reader else None)
        self._snapshot = (self.position, frame) if self.position else None
        for subscription in self.subscriptions:
            subscription.start_again()
        for view in self.views.values():
            view.replace(picture=self._reader.picture if self._reader else None)
        self.links.replace()

    def advance(self, *, frame: bytes, message: Changes) -> None:
        """This will take the next entry and hand it on; an entry that is known already is passed over. Raises Gap."""
        if self.position is None or self._reader is None or message.position.epoch != self.position.epoch:
            raise Gap
        if message.position.sequence <= self.position.sequence:
            return
        if message.position.sequence != self.position.sequence + 1:
            raise Gap
        try:
            changes = self._take(reader=self._reader, frame=frame, message=message)
        except (KeyError, IndexError) as problem:
            raise Gap from problem
        except Exception as problem:  # a part of it may be done
            log.exception("changes of %s could not be taken in a way that nobody foresaw, and its picture is read anew", self.cluster)
            raise Gap from problem
        for view in self.views.values():
            try:
                view.advance(changes=changes)
            except Exception:
                log.exception("a view of %s is not what its picture is, and is made anew", self.cluster)
                view.give_up()
        try:
            self.links.advance((message.position, changes))
        except Exception:
            log.exception("the links of %s are not what its picture is, and are made anew", self.cluster)
            self.links.replace()

    def _take(self, *, reader: rows.Reader, frame: bytes, message: Changes) -> list[Change]:
        with self._lock:
            changes, before = reader.read(message=message)
            self._come_to(message.position)
        self.passed = None
        self._tail.append((message.position, frame))
        self.tail_bytes += len(frame)
        self._recent.append(((message.position, changes), before), size=CHANGE_BYTES * len(changes) + READ_TIMES * len(frame))
        self._frames.append(frame, size=len(frame))
        for subscription in self.subscriptions:
            subscription.put_changes(frame=frame)
        return changes

    def _come_to(self, position: Position | None) -> None:
        self.position = position
        if position and (not self._furthest or position.epoch != self._furthest.epoch or position.sequence > self._furthest.sequence):
            self._furthest = position

    @property
    def read_until(self) -> bytes:
        """The id of the newest entry of the stream that nothing more is expected of."""
        return self.passed or (keys.entry_id(self.position).encode() if self.position else self.waits_after)

    @property
    def picture_epoch(self) -> int | None:
        """Whose picture this is; None where there is none, or an older one than that observer's was here before."""
        return self.position.epoch if self.position and self.position == self._furthest else None

    def view(self, namespaces: frozenset[str], *, made_for: Hashable = None) -> View:
        """The view of these namespaces, a new one where there is none."""
        if namespaces not in self.views:
            self.views[namespaces] = View(namespaces=namespaces, made_for=made_for, ask=self._ask)
            self.views[namespaces].replace(picture=self._reader.picture if self._reader else None)
        return self.views[namespaces]

    def forget(self, *, now: float) -> None:
        """This will forget each view that nobody has listened to for a while, and links that nobody has followed."""
        self.links.forget(now=now)
        for view in list(self.views.values()):
            if view.unused.is_over(now=now, used=bool(view.subscriptions)):
                del self.views[view.namespaces]

    def since(self, place: Position) -> tuple[Picture, list[Step]] | None:
        """The picture at a place, and the steps that came after it; None where it is not among those that are remembered here."""
        steps = self._recent.after(place, newest=self.position)
        if self._reader is None or steps is None:
            return None
        picture = Picture(objects=self._reader.picture.objects.values())
        for _, before in reversed(steps):
            picture.restore(before=before)
        return picture, [step for step, _ in steps]

    def holds(self, place: Position) -> bool:
        """True where all that came after the place is remembered here."""
        return self._recent.after(place, newest=self.position) is not None

    def _remembered(self) -> tuple[Picture, Position, list[Step]] | None:
        """The picture at the oldest place that is remembered, that place, and the steps that came after it."""
        if self.position is None:
            return None
        oldest = Position(epoch=self.position.epoch, sequence=self.position.sequence - len(self._recent))
        found = self.since(oldest)
        return (found[0], oldest, found[1]) if found else None

    def frames_since(self, place: Position) -> list[bytes] | None:
        """The frames that came after a place; None where it is not among those that are remembered here."""
        return self._frames.after(place, newest=self.position)

    def copy(self) -> tuple[Picture, Position] | None:
        """A picture of its own for a reader in another thread."""
        with self._lock:
            if self._reader is None or self.position is None:
                return None
            return Picture(objects=self._reader.picture.objects.values()), self.position

    def renew(self, *, position: Position, frame: bytes) -> None:
        """This will keep a later snapshot of the same picture, so that fewer frames have to follow it."""
        if self._snapshot is None or self.position is None or position.epoch != self.position.epoch:
            return
        if self._snapshot[0].sequence < position.sequence <= self.position.sequence:
            self._snapshot = position, frame
            while self._tail and self._tail[0][0].sequence <= position.sequence:
                self.tail_bytes -= len(self._tail.popleft()[1])

    def frames(self) -> Sequence[bytes] | None:
        """The picture as it is now: a snapshot as its publisher has packed it, and what came after it. The same bytes for everybody.

        Before that of a large cluster, its first paint.
        """
        if self._snapshot is None:
            return None
        return [*self._first_paint(self._snapshot[0]), self._snapshot[1], *(frame for _, frame in self._tail)]

    def _first_paint(self, place: Position) -> list[bytes]:
        """Counted once for each snapshot, from the picture as it is then."""
        if self._painted is None or self._painted[0] != place:
            paint = painting.first_paint(self._reader.picture.objects.values()) if self._reader else None
            self._painted = place, [encoding.encode(paint)] if paint else []
        return self._painted[1]
