"""Keeps one kind in sight: a list, then a watch from where the list ended, with the promises of client-go's reflector.

The list comes in pages, or if asked for as the beginning of the watch, where the API server does that (`streaming`). One that breaks off there is
begun anew in pages, for what broke a stream may break each one.

The surprises that shaped it: a half-open connection looks like a quiet cluster, so a watch silent for 25 s (or less) is opened again from its last
resourceVersion (no list, so it costs little). A server that is up answers a watch at once, so one that is not answered is given up after 5 s;
a busy one lets it wait its turn, so the next has twice as long. A line may come truncated, so only a whole event moves the resourceVersion. A
410 may arrive as an event within a 200. An API server that has just started refuses (403) what it allows a second later. A watch that a broken
proxy ends at once must not become a hot loop. A replica that lags behind answers with an older state than was seen; so does a cluster that
was restored from a backup, for ever. The official client's own watch and informer fail at each of these. Whether the cluster
is in contact is not decided here: silence proves nothing.
https://github.com/kubernetes/client-go/blob/master/tools/cache/reflector.go
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from clusterview.kube import errors, streaming
from clusterview.kube.backoff import Backoff
from clusterview.kube.bounding import Bounds
from clusterview.kube.connections import Connection, Stream
from clusterview.kube.decoding import decoder_of
from clusterview.kube.events import LINE_BYTES, RAW_EVENTS, Event, error_event
from clusterview.kube.kinds import KindSpec
from clusterview.kube.listing import UNREADABLE, Gathering, Quarantined, identify, list_kind, quarantine
from clusterview.topology.versions import is_older

log = logging.getLogger(__name__)

SILENCE_SECONDS = 25.0
ANSWER_SECONDS = 5.0
AWAY_SECONDS = 30.0
LOOK_SECONDS = 0.5  # until it is looked again whether the server is still away
WATCH_SECONDS = (240, 300)
ABSENT_SECONDS = 60.0
FIRST_ABSENT_SECONDS = 2.0
ABSENT_DOUBLINGS = 5  # by then it is a minute; a power that grew with each refusal would be no number after eighteen hours
DOUBTED_REFUSALS = 3
CALM_SECONDS = 60.0
REFUSED_SECONDS = 30.0
AFTER_DEFECT_SECONDS = 1.0
HURRIED_SECONDS = 1.0
SPREAD_SECONDS = 0.5  # over which the rows of a cluster come back that are nudged together
BROKEN_IN_A_ROW = 3
DOUBTED_REWINDS = 3


@dataclass(frozen=True)
class Listed:
    """Everything there is of this row, at one moment: what is not in it is gone. `items` is what the reflector's `gather` made."""

    spec: KindSpec
    items: Any
    resource_version: str
    quarantined: tuple[Quarantined, ...] = ()


@dataclass(frozen=True)
class Seen:
    """An object was made or written."""

    spec: KindSpec
    item: Any


@dataclass(frozen=True)
class Gone:
    """An object was deleted."""

    spec: KindSpec
    uid: str
    namespace: str
    name: str
    resource_version: str


@dataclass(frozen=True)
class SetAside:
    """An object was written that cannot be read. What was known of it before is out of date."""

    spec: KindSpec
    quarantined: Quarantined


@dataclass(frozen=True)
class WatchOpened:
    """The watch follows from `resource_version` on without a gap. `resumed` says that no list came before it."""

    spec: KindSpec
    resource_version: str
    resumed: bool


@dataclass(frozen=True)
class WatchEnded:
    """The watch has ended, as every one does after a while. The next one, or a list, comes at once; until WatchOpened nothing follows the row."""

    spec: KindSpec


@dataclass(frozen=True)
class WatchLost:
    """The watch or list failed; it is tried again in `retry_seconds`. `must_list` says that a list will come first."""

    spec: KindSpec
    error: errors.KubeError
    retry_seconds: float
    must_list: bool


@dataclass(frozen=True)
class Rewound:
    """The cluster's history has gone back behind what was seen, and stays there: it was restored, or is another one. What is known is void."""

    spec: KindSpec


@dataclass(frozen=True)
class NotPermitted:
    spec: KindSpec
    error: errors.KubeError


@dataclass(frozen=True)
class NotInstalled:
    spec: KindSpec
    error: errors.KubeError


Observation = Listed | Seen | Gone | SetAside | WatchOpened | WatchEnded | WatchLost | Rewound | NotPermitted | NotInstalled


class Reflector:
    """Lists and watches one row and tells `deliver` what happens, in order, from the thread that runs it.

    It has a connection of its own, so that `stop` ends whatever it waits for. `gather` makes what a list's objects are put into, `bounds` are those
    of its cluster, `streams` says whether to try a list as the beginning of the watch, `is_away` whether somebody else knocks at the server
    meanwhile, so that not everybody has to: then it waits for a nudge. `clock` is monotonic seconds, `chance` gives [0, 1).
    """

    def __init__(
        self,
        connection: Connection,
        spec: KindSpec,
        deliver: Callable[[Observation], None],
        *,
        limit: int = 500,
        gather: Callable[[], Gathering] = list,
        bounds: Bounds | None = None,
        silence_seconds: float = SILENCE_SECONDS,
        streams: bool = False,
        is_away: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.spec = spec
        self._connection = connection.sibling(size=1)
        self._deliver = deliver
        self._limit, self._gather, self._bounds, self._silence_seconds = limit, gather, bounds or Bounds(), silence_seconds
        self._is_away, self._clock, self._chance = is_away, clock, chance
        self._backoff = Backoff(clock=clock, chance=chance)
        self._events: msgspec.json.Decoder[Event[Any]] = decoder_of(Event[spec.struct])  # type: ignore[name-defined]
        self._stopped, self._nudged = threading.Event(), threading.Event()
        self._doubted, self._reopening = threading.Event(), threading.Event()
        self._version = self._newest = ""
        self._listed_at: float | None = None
        self._broken = self._refusals = self._rewinds = 0
        self._streams, self._broke_off = streams, False
        self._is_early = False  # a nudge ended the wait before this round
        self._not_before = 0.0  # a server that is busy asked to be left alone until then
        self._answer_seconds = ANSWER_SECONDS  # for the next watch to be answered; twice as long after each that was not

    def run(self) -> None:
        """This will keep the kind in sight until `stop`."""
        self._wait(0.0)
        while not self._stopped.is_set():
            self._wait(self._guarded_round())

    def run_round(self) -> float:
        """This will list if needed, then watch until the watch ends, and say how many seconds to wait before the next round."""
        started = self._clock()
        self._reopening.clear()
        if self._doubted.is_set():
            self._doubted.clear()
            self._forget()
        try:
            applied = self._watch() if self._version else self._begin()
        except errors.Forbidden as error:
            return self._absent(NotPermitted(self.spec, error))
        except errors.NotFound as error:
            return self._absent(NotInstalled(self.spec, error))
        except errors.Gone as error:
            return self._expired(error)
        except errors.KubeError as error:
            return self._ended() if self._doubted.is_set() or self._reopening.is_set() else self._failed(error)
        if not applied and self._clock() - started < HURRIED_SECONDS:
            return self._failed(errors.BrokenAnswer(f"The watch of {self.spec.resource} ended at once, without an event."))
        return self._ended()

    def stop(self) -> None:
        """This will end the run at once: a wait, a list or a read that never ends. May be called from any thread."""
        self._stopped.set()
        self._nudged.set()
        self._connection.close()

    def relist(self) -> None:
        """This will list anew at once: what the watch led to was found not to be what there is. May be called from any thread."""
        self._doubted.set()
        self._nudged.set()
        self._connection.interrupt()

    def reopen(self) -> None:
        """This will open the watch again at once from where it is: its connection may be dead without a sign. May be called from any thread."""
        self._reopening.set()
        self._connection.interrupt()

    def nudge(self) -> None:
        """This will end the present wait between rounds: the cluster is in contact again. What of it the server asked for goes on."""
        if self._clock() >= self._not_before:
            self._nudged.set()

    def _guarded_round(self) -> float:
        """The outermost loop's body. A defect of a receiver costs a new list, never the thread."""
        try:
            return self.run_round()
        except Exception as error:
            log.exception("the watch of %s failed in a way that nobody foresaw", self.spec.key)
            self._forget()
            return self._lost(errors.BrokenAnswer(f"A defect stopped the watch of {self.spec.resource}: {type(error).__name__}."))

    def _lost(self, error: errors.BrokenAnswer) -> float:
        """Whoever was not told would take the row for followed, so nothing else is done before that was heard."""
        while not self._stopped.is_set():
            try:
                return self._failed(error)
            except Exception:
                log.exception("that the watch of %s is lost could not be told", self.spec.key)
                self._stopped.wait(AFTER_DEFECT_SECONDS)
        return 0.0

    def _wait(self, seconds: float) -> None:
        self._is_early = seconds > 0 and self._nudged.wait(seconds)
        if self._is_away():
            self._not_before = 0.0
            self._wait_while_away(AWAY_SECONDS * (1.0 + self._chance()))
        if self._nudged.is_set() and not self._doubted.is_set():
            self._stopped.wait(SPREAD_SECONDS * self._chance())
        if not self._stopped.is_set():
            self._nudged.clear()

    def _wait_while_away(self, seconds: float) -> None:
        """An outage may be over before anybody is told of it, so nobody waits for that word alone."""
        while seconds > 0 and self._is_away() and not self._nudged.wait(min(seconds, LOOK_SECONDS)):
            seconds -= LOOK_SECONDS

    def _begin(self) -> bool:
        """This will list and then watch, in one answer where the server does that. True when something was applied."""
        if self._streams and not self._broke_off:
            try:
                return self._stream()
            except streaming.NotStreamed:
                self._streams = False
        self._list()
        return self._watch(listed=True)

    def _stream(self) -> bool:
        """Raises NotStreamed where the server does not tell a list so."""
        initial = streaming.Initial(self.spec, events=self._events, items=self._gather(), bounds=self._bounds)
        with contextlib.closing(self._open_initial()) as stream:
            lines = stream.lines(limit_bytes=LINE_BYTES)
            self._broke_off = True
            initial.read(lines)
            self._listed(initial.items, initial.version, tuple(initial.quarantined))
            self._version = "" if initial.changes else initial.version  # what a change breaks off at is where to go on
            return self._follow(itertools.chain(initial.changes, lines), version=initial.version, resumed=False)

    def _open_initial(self) -> Stream:
        try:
            return self._open(*streaming.QUERY, silence_seconds=streaming.SILENCE_SECONDS)
        except errors.Invalid as error:
            raise streaming.NotStreamed from error
        except errors.ServerError as error:
            if error.status == 400:
                raise streaming.NotStreamed from error
            raise

    def _list(self) -> None:
        listing = list_kind(self._connection, self.spec, limit=self._limit, gather=self._gather, bounds=self._bounds)
        self._listed(listing.items, listing.resource_version, listing.quarantined)
        self._version = listing.resource_version

    def _listed(self, items: Any, version: str, quarantined: tuple[Quarantined, ...]) -> None:
        self._broke_off = False
        if self._stopped.is_set():
            return
        self._expect_no_rewind(version)
        self._deliver(Listed(self.spec, items, version, quarantined))
        self._listed_at = self._clock()

    def _forget(self) -> None:
        """A list comes next."""
        self._newest, self._version = self._version or self._newest, ""

    def _expect_no_rewind(self, version: str) -> None:
        """An older state than was seen is a replica's that lags behind, and passes. One that stays is the truth now."""
        if not is_older(version=version, known=self._newest):
            self._rewinds = 0
        elif self._rewinds < DOUBTED_REWINDS:
            self._rewinds += 1
            raise errors.BrokenAnswer(f"The list of {self.spec.resource} is of an older state than was seen before.")
        else:
            self._newest, self._rewinds = "", 0
            self._deliver(Rewound(self.spec))

    def _watch(self, *, listed: bool = False) -> bool:
        """True when something was applied."""
        if self._stopped.is_set():
            return True
        seconds = min(self._answer_seconds, SILENCE_SECONDS)
        self._answer_seconds = 2.0 * seconds
        asked = ("resourceVersion", self._version)
        with contextlib.closing(self._open(asked, silence_seconds=self._silence_seconds, answer_seconds=seconds)) as stream:
            return self._follow(stream.lines(limit_bytes=LINE_BYTES), version=self._version, resumed=not listed)

    def _open(self, *asked: tuple[str, str], silence_seconds: float, answer_seconds: float | None = None) -> Stream:
        low, high = WATCH_SECONDS
        query = [
            *self.spec.query,
            ("watch", "1"),
            ("allowWatchBookmarks", "true"),
            *asked,
            ("timeoutSeconds", str(low + int(self._chance() * (high - low)))),
        ]
        return self._connection.stream(
            self.spec.path, query=query, accept=self.spec.watch_accept, silence_seconds=silence_seconds, answer_seconds=answer_seconds
        )

    def _follow(self, lines: Iterable[bytes], *, version: str, resumed: bool) -> bool:
        """True when something was applied. The end of the server's own time, and silence, are no failures."""
        if not self._stopped.is_set():
            self._deliver(WatchOpened(self.spec, version, resumed=resumed))
        self._refusals, self._answer_seconds = 0, ANSWER_SECONDS
        applied = False
        try:
            for line in lines:
                if self._stopped.is_set():
                    return True
                self._apply(line)
                applied, self._broken = True, 0
        except errors.TimedOut:
            return True
        return applied

    def _apply(self, line: bytes) -> None:
        try:
            event = self._events.decode(line)
        except UNREADABLE:
            self._apply_unusual(line)
            return
        item = event.object
        match event.type:
            case "ADDED" | "MODIFIED":
                self._deliver(Seen(self.spec, item))
            case "DELETED":
                self._deliver(_gone(self.spec, item.metadata))
            case "BOOKMARK":
                pass
            case _:
                raise self._broken_line(f"an event of the unknown type {event.type[:40]!r}")
        self._version = item.metadata.resource_version

    def _apply_unusual(self, line: bytes) -> None:
        """A bookmark (which has no uid), an error, an object that cannot be read, or no event at all."""
        try:
            event = RAW_EVENTS.decode(line)
        except UNREADABLE as error:
            raise self._broken_line("a line that is not an event") from error
        if event.type == "ERROR":
            raise error_event(event.object, path=self.spec.path)
        identity = identify(event.object)
        if not identity.resource_version:
            self._forget()
            raise errors.BrokenAnswer(f"The watch of {self.spec.resource} sent an object without a resourceVersion.")
        if event.type == "DELETED" and identity.uid:
            self._deliver(_gone(self.spec, identity))
        elif event.type in ("ADDED", "MODIFIED"):
            self._set_aside(event.object, identity)
        elif event.type != "BOOKMARK":
            raise self._broken_line(f"an event of the unknown type {event.type[:40]!r}")
        self._version = identity.resource_version

    def _set_aside(self, raw: msgspec.Raw, identity: Any) -> None:
        if not identity.uid:
            self._forget()
            raise errors.BrokenAnswer(f"The watch of {self.spec.resource} sent an object without a uid.")
        try:
            self.spec.decoder().decode(raw)
        except UNREADABLE as error:
            self._deliver(SetAside(self.spec, quarantine(identity, error)))

    def _broken_line(self, what: str) -> errors.BrokenAnswer:
        """The stream is resumed from what was applied. Where that brings the same line again and again, only a list gets past it."""
        self._broken += 1
        if self._broken >= BROKEN_IN_A_ROW:
            self._forget()
            self._broken = 0
        return errors.BrokenAnswer(f"The watch of {self.spec.resource} sent {what}.")

    def _absent(self, said: NotPermitted | NotInstalled) -> float:
        """What could be read before is doubted for a few seconds: until its roles are loaded, a starting API server refuses everybody. Later each
        wait is longer than the one before, unless a nudge ended that one.
        """
        if self._refusals <= DOUBTED_REFUSALS or not self._is_early:
            self._refusals += 1
        if self._listed_at is not None and self._refusals <= DOUBTED_REFUSALS:
            return self._failed(said.error, is_doubted=True)
        self._forget()
        if not self._stopped.is_set():
            self._deliver(said)
        doublings = min(self._refusals - 1, ABSENT_DOUBLINGS)
        return min(FIRST_ABSENT_SECONDS * 2.0**doublings, ABSENT_SECONDS) * (1.0 + 0.1 * self._chance())

    def _expired(self, error: errors.Gone) -> float:
        """The history of a quiet kind is forgotten every few minutes (Events are watched in etcd itself), which is no failure. A storm is, and
        so is a list that takes longer than what it is of is kept.
        """
        was_followed = bool(self._version)
        self._forget()
        if was_followed and self._listed_at is not None and self._clock() - self._listed_at >= CALM_SECONDS:
            return self._ended()
        return self._failed(error)

    def _ended(self) -> float:
        if not self._stopped.is_set():
            self._deliver(WatchEnded(self.spec))
        return 0.0

    def _failed(self, error: errors.KubeError, *, is_doubted: bool = False) -> float:
        self._nudged.clear()  # that contact was regained while all was well ends no later wait
        if self._stopped.is_set() or self._doubted.is_set():
            self._nudged.set()
        seconds = self._backoff.next_seconds()
        if isinstance(error, errors.TooManyRequests):
            seconds = max(seconds, error.retry_after_seconds)
            self._not_before = self._clock() + error.retry_after_seconds
        elif not error.temporary and not is_doubted:
            seconds = max(seconds, REFUSED_SECONDS)
        if not self._stopped.is_set():
            self._deliver(WatchLost(self.spec, error, retry_seconds=seconds, must_list=not self._version))
        return seconds


def _gone(spec: KindSpec, metadata: Any) -> Gone:
    return Gone(spec, uid=metadata.uid, namespace=metadata.namespace, name=metadata.name, resource_version=metadata.resource_version)
