"""Keeps one cluster observed by exactly one worker: takes its lease, observes it while the lease is held, and stops when another one has it.

While Redis is away nobody can know who holds the lease. The observer then goes on reading and publishes nothing, so that the page is live
again as soon as Redis is back: in the same epoch where Redis has kept what it held and nobody else took the lease, else with a new one.

A worker whose observer has failed gives the lease away and rests, longer each time: each new observer is a list of everything and a whole picture to
each browser. Another worker need not know why this one rests: it tries for itself. Where it fails too, both rest, and the page says that the picture
is stale.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence

import redis

from clusterview.kube.backoff import Backoff
from clusterview.kube.kubeconfigs import ClusterAccess
from clusterview.observer.claiming import Claim
from clusterview.observer.looping import Loop
from clusterview.observer.observing import Observer
from clusterview.observer.quarantining import Quarantine
from clusterview.stream import publishing
from clusterview.stream.publishing import Listener, Publisher

log = logging.getLogger(__name__)

ROUND_SECONDS = 0.5


class Keeper:
    """One cluster in one worker. `start` and `stop` it; in between it holds the lease whenever it can.

    `namespaces` are those to read where the whole cluster may not be, `streams` says whether to ask for lists as the beginning of their watches.
    """

    def __init__(
        self,
        *,
        access: ClusterAccess,
        redis_url: str,
        namespaces: Sequence[str] = (),
        streams: bool = False,
        claim: Claim | None = None,
        listener: Listener | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access, self._redis_url, self._listener = access, redis_url, listener
        self._namespaces, self._streams = namespaces, streams
        self._claim = claim or Claim(redis=publishing.connect(url=redis_url), cluster=access.id)
        self._stopped = threading.Event()
        self._observer: Observer | None = None
        self._quarantine = Quarantine()
        self._clock, self._rests_until = clock, clock()
        self._backoff = Backoff(clock=clock, chance=random.random)
        self._loop = Loop(name=f"{access.id}: keeper", round=self.round, stopped=self._stopped)
        self._redis_is_away = False

    def start(self) -> None:
        """This will begin to ask for the lease."""
        self._loop.start()

    def signal_stop(self) -> None:
        """This will let the keeper end by itself; `stop` waits for it."""
        self._stopped.set()

    def stop(self) -> None:
        """This will stop observing and give the lease away."""
        self._stopped.set()
        self._loop.join(2 * publishing.READ_SECONDS)
        self._end_observer()
        with contextlib.suppress(redis.RedisError):
            self._claim.release()

    def round(self) -> float:
        """This will hold the lease on, or ask for it, and do what follows."""
        try:
            self._hold()
        except redis.RedisError as error:
            if not self._redis_is_away:
                why = publishing.REFUSED if isinstance(error, redis.AuthenticationError) else error
                log.warning("Redis is away, so nothing of %s is published: %s", self._access.id, why)
            self._redis_is_away = True
        else:
            self._redis_is_away = False
        return ROUND_SECONDS

    def _hold(self) -> None:
        if self._observer is not None and self._observer.is_over:
            has_failed = self._observer.has_failed
            self._end_observer()
            if has_failed:
                self._rest()
        elif self._observer is not None and not self._observer.wants_epoch and self._claim.extend():
            self._observer.go_on()
            return
        if self._clock() < self._rests_until:
            return
        epoch = self._claim.take()
        if epoch is None:
            self._end_observer()
        elif self._stopped.is_set():
            return
        else:
            observer = self._observer or self._begin_observer()
            observer.grant(epoch=epoch)

    def _rest(self) -> None:
        seconds = self._backoff.next_seconds()
        self._rests_until = self._clock() + seconds
        log.warning("the observer of %s has failed, and begins anew after %.1f s", self._access.id, seconds)
        self._claim.release()

    def _begin_observer(self) -> Observer:
        observer = self._observer = Observer(
            access=self._access,
            publisher_for=self._publisher_for(),
            namespaces=self._namespaces,
            streams=self._streams,
            quarantine=self._quarantine,
        )
        observer.start()
        return observer

    def _publisher_for(self) -> Callable[[int], Publisher]:
        client = publishing.connect(url=self._redis_url)
        return lambda epoch: Publisher(redis=client, cluster=self._access.id, epoch=epoch, listener=self._listener)

    def _end_observer(self) -> None:
        if self._observer is not None:
            observer, self._observer = self._observer, None
            observer.stop()
