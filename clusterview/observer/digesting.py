"""Asks in turn what there is of each row that is followed, by identity alone, for `verifying` to compare with the picture.

Each row is looked at every 30 s. That is a look at every object, unless the last one took so long that a hundred times as much has not
passed since: then it is a count, which costs the API server nothing. So 5,000 objects are verified each 30 s, and 150,000 pods, 4 s of the
API server's time, every seven minutes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from clusterview.kube import digesting, errors
from clusterview.kube.connections import Connection
from clusterview.kube.kinds import KindSpec
from clusterview.observer import words
from clusterview.stream import clocks
from clusterview.topology.objects import Uid

EVERY_SECONDS = 30.0
REST = 100.0
GIVES_WAY = 4.0  # so many times as long as a page took, whoever reads a watch has the interpreter to itself
IDLE_SECONDS = 1.0


class Digesting:
    """One round for a thread. `tell` gets what was learnt, `followed` says which rows are worth asking for at present. `clock` says when, and
    `stopwatch` how long a look took, which a computer's sleep in it did not.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        followed: Callable[[], Sequence[KindSpec]],
        tell: Callable[[words.Word], None],
        clock: Callable[[], float] = clocks.with_sleep,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection.sibling(size=1)
        self._followed, self._tell, self._clock, self._stopwatch = followed, tell, clock, stopwatch
        self._closed = threading.Event()
        self._due: dict[str, float] = {}
        self._rested: dict[str, float] = {}

    def round(self) -> float:
        """This will look at the row that is due, and say how many seconds to wait before the next round."""
        now, specs = self._clock(), self._followed()
        for number, one in enumerate(specs, start=1):
            self._due.setdefault(one.key, now + EVERY_SECONDS * number / len(specs))  # not all at once
        if not specs:
            return IDLE_SECONDS
        spec = min(specs, key=lambda one: self._due[one.key])
        if self._due[spec.key] > now:
            return min(IDLE_SECONDS, self._due[spec.key] - now)
        self._due[spec.key] = now + EVERY_SECONDS
        try:
            self._look(spec, now)
        except errors.TooManyRequests as error:
            return error.retry_after_seconds
        except errors.KubeError:
            return 0.0  # the row's own watch tells what is wrong
        return 0.0

    def close(self) -> None:
        """This will end what is being waited for."""
        self._closed.set()
        self._connection.close()

    def _look(self, spec: KindSpec, now: float) -> None:
        if now < self._rested.get(spec.key, now):
            if (count := digesting.count(self._connection, spec)) is not None:
                self._tell(words.Counted(key=spec.key, count=count, at=self._clock()))
            return
        self._tell(words.DigestBegun(key=spec.key, at=now))
        version, is_answered, paused, started = "", True, 0.0, self._stopwatch()
        try:
            began = started
            for page in digesting.pages(self._connection, spec):
                version = version or page.metadata.resource_version
                objects = tuple((Uid(one.metadata.uid), one.metadata.resource_version) for one in page.items or ())
                self._tell(words.DigestPage(key=spec.key, version=version, objects=objects))
                if page.metadata.next_page:
                    told = self._stopwatch()
                    self._closed.wait(GIVES_WAY * (told - began))
                    began = self._stopwatch()
                    paused += began - told
            self._tell(words.DigestEnded(key=spec.key, at=self._clock()))
        except (errors.Unreachable, errors.TimedOut):
            is_answered = False  # an outage takes time, and is no work of the API server
            raise
        finally:
            if is_answered:
                self._rested[spec.key] = self._clock() + REST * (self._stopwatch() - started - paused)
