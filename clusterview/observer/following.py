"""The one place that owns a cluster's picture: hears words in their order, keeps the picture, and publishes what changes.

Used by one thread, and every method returns soon. Redis may be away for as long as it likes: the picture is kept up meanwhile. What changes in a
short time is gathered for later; where it gets too much, or Redis has lost what it was told, the whole picture is published again under the new
epoch that is granted then.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import msgspec
import redis

from clusterview.kube.bounding import Bounds
from clusterview.kube.kinds import KindSpec, key_of
from clusterview.observer import quarantining, words
from clusterview.observer.pacing import Pace
from clusterview.observer.quarantining import Quarantine
from clusterview.observer.sight import Sight
from clusterview.observer.verifying import Verifier
from clusterview.projection.observations import Health, Listed, Seen, Tick, Vanished
from clusterview.projection.projecting import Projector
from clusterview.stream import clocks
from clusterview.stream.publishing import PASSING, Publisher, Superseded
from clusterview.topology.changes import Change
from clusterview.topology.objects import Kind, Namespace, kind_of
from clusterview.topology.versions import is_older

log = logging.getLogger(__name__)

SECOND = 1.0
GATHERED_CHANGES = 10_000
WAITING_SECONDS = 0.1
FRAME_CHANGES = 2000
OF_ONE_HISTORY = frozenset({Kind.NAMESPACE, Kind.NODE, Kind.POD, Kind.SERVICE})  # others may lie in an etcd of their own, which counts for itself
COUNTED = ("lists", "watch_failures", "broken_answers", "set_aside")
REWOUND = "what was seen is ahead of the cluster's own history"


class Nudge(Protocol):
    """Ends the wait of the rows' readers, of all when none is named."""

    def __call__(self, keys: Iterable[str] | None = None) -> None: ...


class Following:
    """One cluster. `publisher_for` makes a publisher for an epoch. `nudge` wakes the readers of rows; `relist` lets one list anew, and `reopen`
    watch anew from where it is. `quarantine` takes the objects that trip the picture.
    """

    def __init__(
        self,
        *,
        specs: Iterable[KindSpec],
        publisher_for: Callable[[int], Publisher],
        nudge: Nudge,
        relist: Callable[[str], None],
        reopen: Callable[[str], None],
        quarantine: Quarantine,
        bounds: Bounds,
        clock: Callable[[], float] = clocks.with_sleep,
    ) -> None:
        self._clock, now = clock, clock()
        self._specs = {spec.key: spec for spec in specs}
        self._narrow: dict[str, tuple[KindSpec, ...]] = {}
        self._publisher_for = publisher_for
        self._nudge, self._relist, self._reopen, self._quarantine, self._bounds = nudge, relist, reopen, quarantine, bounds
        self._projector = Projector()
        self._sight = Sight(specs=self._specs.values(), now=now)
        self._verifier = Verifier(specs=self._specs, known=self._projector, rows=self._sight)
        self._pace = Pace()
        self._pending: list[Change] = []
        self._publisher: Publisher | None = None
        self._epoch = 0
        self._begun = False
        self._problem = ""
        self._second_at = now
        self._said: tuple[object, ...] = ()
        self._identities: dict[bool, str] = {}
        self._seen: dict[str, str] = {}
        self._level: set[str] = set()
        self._too_many: set[str] = set()
        self._counts = dict.fromkeys(COUNTED, 0)
        self.granted = 0  # the newest epoch under which to publish; written by another thread
        self.wants_epoch = threading.Event()
        self.waits_for_redis = threading.Event()  # until another thread has found that it answers
        self.superseded = threading.Event()
        self.is_void = False  # nothing of this picture can be compared with what comes: begin another one

    def hear(self, *, word: words.Word) -> None:
        """This will take in one word of the observer's threads. One about a row that is not read any more says nothing."""
        if self.is_void or ((row := getattr(word, "key", "")) and row not in self._specs):
            return
        try:
            self._hear(word)
        except Exception:
            if not self._quarantine.find(quarantining.sightings_of(word)):
                raise
            self._begin_anew("an object that was just heard of cannot be shown")

    def _hear(self, word: words.Word) -> None:
        match word:
            case words.Contacted(at=at):
                self._contacted(at)
            case words.Silent(reason=reason, detail=detail):
                self._sight.silent(reason=reason, detail=detail)
            case words.Renewed():
                for key in list(self._specs):
                    self._reopen(key)
            case words.Standing():
                self._stand(word)
            case words.Opened(key=key, version=version):
                self._sight.opened(key=key)
                self._note(self._specs[key].kind, version)
            case words.Ended(key=key, at=at):
                self._sight.ended(key=key, at=at)
            case words.Behind(key=key, detail=detail, is_broken=is_broken, at=at):
                self._count("watch_failures")
                self._count("broken_answers", is_broken)
                self._sight.behind(key=key, detail=detail, at=at)
            case words.Absent():
                self._absent(word)
            case words.Unreadable():
                self._unreadable(word)
            case words.Counted(key=key, count=count, at=at):
                self._verifier.counted(key=key, count=count, at=at)
            case words.DigestBegun(key=key, at=at):
                self._verifier.began(key=key, at=at)
            case words.DigestPage(key=key, version=version, objects=objects):
                self._verifier.page(key=key, version=version, objects=objects)
            case words.DigestEnded(key=key, at=at):
                if self._verifier.ended(key=key, at=at):
                    self._begin_anew(REWOUND)
            case words.Narrowed(key=key, specs=specs):
                self._narrow[key] = specs
                self._specs.update({spec.key: spec for spec in specs})
                self._sight.narrowed(key=key, specs=specs)
            case words.Widened(key=key):
                self._widened(key)
            case words.Rewound():
                self._begin_anew(REWOUND)
            case Listed(kind=kind, namespace=namespace, at=at):
                self._count("lists")
                key = key_of(kind=kind, namespace=namespace)
                self._sight.listed(key=key, at=at)
                self._verifier.listed(key=key, at=at)
                self._project(word)
            case Health(version=version):
                self._sight.version = version or self._sight.version
                self._project(word)
            case Seen(sighting=sighting):
                self._sight.readable(uid=sighting.record.uid)
                self._project(word)
                self._note(kind_of(sighting.record), sighting.version)
            case Vanished(uid=uid):
                self._sight.readable(uid=uid)
                self._project(word)
            case _:
                self._project(word)

    def followed(self) -> list[KindSpec]:
        """This will give the rows that are followed without a gap, so that there is something to verify. May be asked from any thread."""
        settled_at = self._second_at - SECOND
        if not self._sight.in_contact(now=settled_at):
            return []
        return [spec for key, spec in list(self._specs.items()) if self._sight.is_open(key=key, now=settled_at)]

    def seen(self) -> Mapping[str, str]:
        """This will give the last version that was seen of each kind whose versions can be compared. May be asked from any thread."""
        return dict(self._seen)

    def settle(self, *, now: float) -> float:
        """This will do what is due by now, publishing included, and tell how many seconds nothing more is due."""
        if self.is_void:
            self._leave_off(now)
            return SECOND
        if now >= self._second_at:
            self._second_at = now + SECOND
            self._project(Tick(at=now, watching=self._sight.follows(kind=Kind.LEASE, now=now)))
            self._nudge(self._sight.worth_trying(now=now))
            for key in self._verifier.settle(now=now):
                log.warning("what was seen of %s is not what there is: it is listed anew", key)
                self._relist(key)
            for key in self._specs:
                if self._quarantine.is_due(self._sight.unreadable_in(key=key)):
                    self._relist(key)
            self._expect_bounded()
            self._said = ()
        try:
            self._publish(now)
        except Superseded:
            log.info("another observer has taken over")
            self._publisher = None
            self.superseded.set()
        except redis.RedisError as error:
            self._failed(error)
        except Exception:
            if not self._quarantine.find(quarantining.shown_by(self._projector)):
                raise
            self._begin_anew("an object of it cannot be published")
            return 0.0
        if self.waits_for_redis.is_set():
            return WAITING_SECONDS
        waits = self._pace.wait_seconds(now=now) if self._pending else SECOND
        return max(0.0, min(waits, self._second_at - now))

    def _leave_off(self, now: float) -> None:
        """The last word: nobody is to take what is shown for live until the next observer's picture is there."""
        publisher, self._publisher = self._publisher, None
        if publisher is not None and not self.waits_for_redis.is_set():
            with contextlib.suppress(Exception):  # what made the picture void may trip its publisher; then silence tells, after 4 s
                self._say(publisher, now)

    def _failed(self, error: redis.RedisError) -> None:
        """What may succeed later is tried again in the same epoch, for a new one is a whole picture to each browser."""
        if str(error) != self._problem:
            log.warning("the picture could not be published: %s", error)
        self._problem = str(error)
        if isinstance(error, PASSING) and self._begun:
            self.waits_for_redis.set()
        else:
            self._publisher = None
            self.wants_epoch.set()

    def gathering_seconds(self, *, now: float) -> float:
        """This will tell for how long no change can be told yet, whatever is heard."""
        publishes = self._begun and self._publisher is not None and not self.waits_for_redis.is_set()
        return self._pace.wait_seconds(now=now) if publishes else 0.0

    def _publish(self, now: float) -> None:
        began = self._clock()
        if self.granted > self._epoch:
            self._epoch, self._begun, self._said, self._problem = self.granted, False, (), ""
            self._publisher = self._publisher_for(self._epoch)
            self.waits_for_redis.clear()
        if self.waits_for_redis.is_set() and len(self._pending) > GATHERED_CHANGES:
            self._publisher = None
            self.wants_epoch.set()
            self.waits_for_redis.clear()
        if self._publisher is None:
            self._pending.clear()
        if self._publisher is None or self.waits_for_redis.is_set():
            return
        if not self._begun:
            self._pending.clear()
            if self._sight.is_complete(now=now):
                self._publisher.begin(records=self._projector.records(), pods=self._projector.pods)
                self._begun = True
        if self._pending and not self._pace.wait_seconds(now=now):
            self._flush(self._publisher, now)
        self._say(self._publisher, now + self._clock() - began)

    def _flush(self, publisher: Publisher, now: float) -> None:
        publisher.catch_up()
        count = len(self._pending)
        while self._pending:
            changes, self._pending = self._pending[:FRAME_CHANGES], self._pending[FRAME_CHANGES:]
            publisher.publish(changes=changes)
        self._pace.sent(now=now, changes=count)

    def _say(self, publisher: Publisher, now: float) -> None:
        """Each second, and at once when anything but the age is another than before."""
        contact = msgspec.structs.replace(
            self._sight.contact(now=now),
            verified_age_seconds=self._verifier.age_seconds(now=now),
            divergences=self._verifier.divergences,
            counted=dict(self._counts),
        )
        if self.is_void and contact.state == "live":
            contact = msgspec.structs.replace(contact, state="stale", reason="no_observer")
        essence = (contact.state, contact.reason, contact.detail, contact.version, contact.missing, contact.divergences)
        if essence != self._said:
            publisher.contact(contact=contact)
            self._said = essence

    def _project(self, observation: Listed | Seen | Vanished | Health | Tick) -> None:
        if self._begun and self._publisher is not None:
            self._pending += self._projector.project(observation)
        else:
            self._projector.learn(observation)

    def _contacted(self, at: float) -> None:
        was_away = self._sight.is_away(now=at)
        if self._sight.contacted(at=at):
            self._nudge()
        if was_away:
            for key in self._sight.doubted(at=at):
                self._reopen(key)

    def _count(self, what: str, times: int = 1) -> None:
        self._counts[what] += times

    def _note(self, kind: str, version: str) -> None:
        if version and kind in OF_ONE_HISTORY:
            self._seen[kind] = version

    def _expect_bounded(self) -> None:
        """A watch that tells of ever more objects is not followed: the list of so many is refused, and says so."""
        rows = [key for key in self._specs if key not in self._narrow]  # what is seen of those is seen by namespace
        too_many = self._bounds.watched(objects={key: self._verifier.count(key=key) for key in rows})
        for key in too_many - self._too_many:
            log.warning("there are more of %s than any cluster has: it is listed anew", key)
            self._relist(key)
        self._too_many = too_many

    def _stand(self, word: words.Standing) -> None:
        """A history that was level with what is seen of a kind, and is behind what was seen of it before, was restored."""
        if (before := self._identities.setdefault(word.is_weak, word.cluster)) != word.cluster:
            self._begin_anew(f"another cluster answers at this address, {word.cluster} where there was {before}")
            return
        ahead = {kind for kind, version in word.seen.items() if is_older(version=word.version, known=version)}
        if ahead & self._level:
            self._begin_anew(f"{REWOUND}, which is at {word.version}")
        self._level |= word.seen.keys() - ahead if word.version else set()

    def _begin_anew(self, why: str) -> None:
        log.warning("%s: the cluster is looked at from the beginning", why)
        self.is_void = True

    def _absent(self, word: words.Absent) -> None:
        if self._sight.absent(word=word):
            spec = self._specs[word.key]
            self._verifier.forget(key=word.key)
            if narrow := self._narrow.get(word.key):
                self._leave(Kind(spec.kind), {one.namespace for one in narrow})
            else:
                self._project(Listed(kind=Kind(spec.kind), namespace=Namespace(spec.namespace), sightings=(), at=word.at))

    def _leave(self, kind: Kind, namespaces: set[str]) -> None:
        """What is seen in these namespaces stays; of the kind nothing else may be seen any more."""
        inside = {uid for namespace in namespaces for uid in self._projector.uids(kind=kind, namespace=Namespace(namespace))}
        for uid in self._projector.uids(kind=kind, namespace=Namespace("")):
            if uid not in inside:
                self._project(Vanished(uid=uid))

    def _widened(self, key: str) -> None:
        for spec in self._narrow.pop(key, ()):
            self._verifier.forget(key=spec.key)
            self._sight.forget(key=spec.key)
            del self._specs[spec.key]
        self._sight.narrowed(key=key, specs=())

    def _unreadable(self, word: words.Unreadable) -> None:
        """What was known of an object that cannot be read any more is not true any more."""
        self._count("set_aside", len(word.objects))
        self._sight.unreadable(word=word)
        for uid in word.objects:
            self._project(Vanished(uid=uid))
