"""Asks the API server itself: is it there (each second), how is it (every five), and is it the same one (every thirty).

A watch that is silent proves nothing, so contact is confirmed apart from the watches and on a connection of its own. While nobody is let in there,
this is the only one who knocks. Who comes back after a loss may be another cluster, or this one as it was in a backup, so that is asked before
anybody is told of contact.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping

from clusterview.kube import errors, reading
from clusterview.kube.connections import Connection
from clusterview.kube.credentials import Credential
from clusterview.observer import words
from clusterview.projection.observations import Check, Health
from clusterview.stream import clocks
from clusterview.topology.versions import is_older

PULSE_SECONDS = 1.0
REFUSED_SECONDS = 5.0
UNAUTHORIZED_SECONDS = 30.0
FILES_SECONDS = 2.0
HEALTH_SECONDS = 5.0
UNHEARD_SECONDS = 15.0
STANDING_SECONDS = 30.0
DOUBTFUL_SECONDS = 5.0  # until the next try, where a server that has just started refuses everybody or does not answer that yet


class Asking:
    """Two rounds, for two threads. `tell` gets what was learnt, `seen` says how far the history was seen."""

    def __init__(
        self,
        *,
        connection: Connection,
        tell: Callable[[words.Word], None],
        seen: Callable[[], Mapping[str, str]] = dict,
        clock: Callable[[], float] = clocks.with_sleep,
    ) -> None:
        self._pulse = connection.sibling(size=1)
        self._health = connection.sibling(size=1)
        self._tell, self._seen, self._clock = tell, seen, clock
        self._is_lost, self._lost_at, self._stand_at = True, clock(), float("-inf")
        self._refused_until = float("-inf")
        self._credential: Credential | None = None
        self.away = threading.Event()  # until the first contact, and while the server cannot be reached or lets nobody in
        self.away.set()
        self._version = ""
        self._unheard_since: float | None = None

    def pulse_round(self) -> float:
        """This will confirm contact once, and say how many seconds to wait before the next time."""
        asked_at = self._clock()
        if asked_at < self._refused_until and not self._pulse.credentials.reread():
            return FILES_SECONDS
        self._refused_until = float("-inf")
        try:
            reading.contact(self._pulse)
        except errors.NO_CREDENTIAL as error:
            self._is_lost = True
            self.away.set()
            self._tell(words.Silent(reason=words.reason_of(error=error), detail=error.sentence))
            # Nothing changes by itself here, so it is not asked each second; but whether the account's files have changed is looked at.
            self._refused_until = self._clock() + (UNAUTHORIZED_SECONDS if isinstance(error, errors.Unauthorized) else REFUSED_SECONDS)
            return FILES_SECONDS
        except errors.KubeError as error:
            self._is_lost = True
            if isinstance(error, errors.Unreachable):
                self.away.set()
            self._tell(words.Silent(reason=words.reason_of(error=error), detail=error.sentence))
        else:
            contact_at = self._clock()
            if self._is_lost:
                self._is_lost, self._lost_at = False, contact_at
                self._ask_standing(self._pulse)
            self.away.clear()
            self._tell(words.Contacted(at=contact_at))
            self._expect_credential()
        return max(0.0, PULSE_SECONDS - (self._clock() - asked_at))

    def health_round(self) -> float:
        """This will ask for the readiness checks and the version once. Nothing is told when nothing was answered, and after a while just that."""
        if self.away.is_set():
            self._unheard_since = None
            return PULSE_SECONDS
        asked_at = self._clock()
        if asked_at >= self._stand_at:
            self._ask_standing(self._health)
        try:
            checks = reading.readiness(self._health)
        except errors.KubeError:
            return self._unheard(asked_at)
        self._unheard_since = None
        with contextlib.suppress(errors.KubeError):  # the last one stands: an account that may not read it may read the checks
            self._version = reading.version(self._health)
        self._tell(health_of(checks=checks, version=self._version))
        return HEALTH_SECONDS

    def _expect_credential(self) -> None:
        """What was opened with another one would go on with it for as long as a watch lasts."""
        with contextlib.suppress(errors.KubeError):
            before, self._credential = self._credential, self._pulse.credentials.current()
            if before is not None and before != self._credential:
                self._tell(words.Renewed())

    def _ask_standing(self, connection: Connection) -> None:
        seen = self._seen()
        try:
            found = reading.standing(connection)
            if any(is_older(version=found.version, known=version) for version in seen.values()):
                found = reading.standing(connection)  # one that lags behind may have answered
        except errors.KubeError:
            is_told = False
        else:
            is_told = bool(found.version)
            self._tell(words.Standing(cluster=found.identity.value, is_weak=found.identity.is_weak, version=found.version, seen=seen))
        now = self._clock()
        is_young = now - self._lost_at < STANDING_SECONDS
        self._stand_at = now + (DOUBTFUL_SECONDS if is_young and not is_told else STANDING_SECONDS)

    def _unheard(self, asked_at: float) -> float:
        if self._unheard_since is None:
            self._unheard_since = asked_at
        if self._clock() - self._unheard_since >= UNHEARD_SECONDS:
            self._tell(Health(ready=None, version=self._version))
        return PULSE_SECONDS

    def close(self) -> None:
        """This will end what is being waited for."""
        self._pulse.close()
        self._health.close()


def health_of(*, checks: list[reading.Check] | None, version: str) -> Health:
    """This will say it in the projection's words. Where the checks may not be read, that it answered at all is all there is."""
    said = tuple(Check(one.name, one.ok) for one in checks or ())
    return Health(ready=all(check.ok for check in said), version=version, checks=said)
