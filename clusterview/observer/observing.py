"""Observes one cluster: a thread for each row that reads, two that ask how it is, one that verifies, and one that owns the picture.

They meet in one bounded queue. When the projecting thread cannot follow, the readers wait, and then the API server does: nothing is
dropped and nothing piles up. A cluster that sends more than any honest one is read no faster than that, because all share one interpreter.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from clusterview.kube import watching
from clusterview.kube.bounding import Bounds
from clusterview.kube.connections import Connection
from clusterview.kube.kinds import KindSpec
from clusterview.kube.kubeconfigs import ClusterAccess
from clusterview.observer import words
from clusterview.observer.asking import Asking
from clusterview.observer.digesting import Digesting
from clusterview.observer.following import Following
from clusterview.observer.kinds import OBSERVED
from clusterview.observer.looping import Loop
from clusterview.observer.pacing import Budget
from clusterview.observer.quarantining import Quarantine
from clusterview.observer.readers import STOP_SECONDS, Readers
from clusterview.observer.reporting import report
from clusterview.stream import clocks
from clusterview.stream.publishing import Publisher

INBOX_WORDS = 5_000
DRAINED_WORDS = 2_000
BLOCKED_SECONDS = 0.2
EVENTS_PER_SECOND = 20_000  # Kubernetes' own peak is 8,000


class Observer:
    """One cluster, from `start` to `stop`. Publishes under the newest epoch that was granted, and nothing before one was.

    `namespaces` are those to read where the whole cluster may not be; without any, the one that the context names. `streams` says whether to ask for
    lists as the beginning of their watches. `quarantine` holds what tripped an observer before this one.
    """

    def __init__(
        self,
        *,
        access: ClusterAccess,
        publisher_for: Callable[[int], Publisher],
        specs: Iterable[KindSpec] = OBSERVED,
        namespaces: Sequence[str] = (),
        streams: bool = False,
        quarantine: Quarantine | None = None,
        clock: Callable[[], float] = clocks.with_sleep,
    ) -> None:
        self._clock = clock
        self._quarantine = quarantine or Quarantine()
        self._inbox: queue.Queue[words.Word] = queue.Queue(maxsize=INBOX_WORDS)
        self._budget = Budget(per_second=EVENTS_PER_SECOND)
        self._stopped = threading.Event()
        self.broken = threading.Event()
        specs = tuple(specs)
        self._connection, bounds = Connection(access), Bounds()
        self._asking = Asking(connection=self._connection, tell=self._tell, seen=lambda: self.following.seen(), clock=clock)
        self._readers = Readers(
            connection=self._connection,
            is_away=self._asking.away.is_set,
            specs=specs,
            namespaces=namespaces or (access.namespace,),
            streams=streams,
            quarantine=self._quarantine,
            bounds=bounds,
            deliver=self._deliver,
            tell=self._tell,
            clock=clock,
        )
        readers = self._readers
        self.following = Following(
            specs=specs,
            publisher_for=publisher_for,
            nudge=readers.nudge,
            relist=readers.relist,
            reopen=readers.reopen,
            quarantine=self._quarantine,
            bounds=bounds,
            clock=clock,
        )
        self._digesting = Digesting(connection=self._connection, followed=self.following.followed, tell=self._tell, clock=clock)
        rounds = {
            "pulse": self._asking.pulse_round,
            "health": self._asking.health_round,
            "verifying": self._digesting.round,
            "projecting": self._projecting_round,
        }
        self._threads = [Loop(name=f"{access.id}: {name}", round=one, stopped=self._stopped) for name, one in rounds.items()]

    def start(self) -> None:
        """This will begin to read and to ask. Where it raises, as without room for a thread, it has failed: `stop` ends what has begun."""
        try:
            self._readers.start()
            for thread in self._threads:
                thread.start()
        except Exception:
            self.broken.set()
            self._stopped.set()
            raise

    def stop(self) -> None:
        """This will end every thread, whatever it waits for, within two seconds."""
        self._stopped.set()
        self._asking.close()
        self._digesting.close()
        self._connection.close()
        self._readers.stop()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in filter(Loop.is_alive, self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))

    def grant(self, *, epoch: int) -> None:
        """This will publish the whole picture under a new epoch, and what changes after it."""
        self.following.wants_epoch.clear()
        self.following.granted = epoch

    def go_on(self) -> None:
        """This will publish what Redis did not take before: it answers."""
        self.following.waits_for_redis.clear()

    @property
    def wants_epoch(self) -> bool:
        """Redis has lost what was published, or too much came while it was away: it has to begin anew."""
        return self.following.wants_epoch.is_set()

    @property
    def is_over(self) -> bool:
        """Somebody newer publishes this cluster, or this one has failed."""
        return self.following.superseded.is_set() or self.has_failed

    @property
    def has_failed(self) -> bool:
        """The picture is void or doubtful."""
        return self.following.is_void or self.broken.is_set()

    def _projecting_round(self) -> float:
        try:
            self._take(seconds=self.following.settle(now=self._clock()))
        except Exception:
            # What was just heard may be half in the picture. It is not published any more; a new observer starts from nothing.
            self.broken.set()
            self._stopped.set()
            raise
        return 0.0

    def _take(self, *, seconds: float) -> None:
        """What is heard while changes are gathered waits for the others: to be woken for each would cost more than each."""
        try:
            self.following.hear(word=self._inbox.get(timeout=max(seconds, 0.001)))
            if (gathering := self.following.gathering_seconds(now=self._clock())) > 0:
                self._stopped.wait(gathering)
            for _ in range(DRAINED_WORDS):
                self.following.hear(word=self._inbox.get_nowait())
        except queue.Empty:
            return

    def _deliver(self, said: watching.Observation) -> None:
        now = self._clock()
        for word in report(said=said, at=now, quarantine=self._quarantine):
            self._tell(word)
        if (seconds := self._budget.spend(now=now)) > 0:
            self._stopped.wait(seconds)

    def _tell(self, word: words.Word) -> None:
        while not self._stopped.is_set():
            try:
                return self._inbox.put(word, timeout=BLOCKED_SECONDS)
            except queue.Full:
                continue
