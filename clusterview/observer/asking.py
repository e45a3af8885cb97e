"""Asks the API server itself: is it there (each second), and how is it (every five).

A watch that is silent proves nothing, so contact is confirmed apart from the watches and on a connection of its own. While nobody is let in there,
this is the only one who knocks.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from clusterview.kube import errors, reading
from clusterview.kube.connections import Connection
from clusterview.observer import words
from clusterview.projection.observations import Check, Health
from clusterview.stream import clocks

PULSE_SECONDS = 1.0
REFUSED_SECONDS = 5.0
HEALTH_SECONDS = 5.0
UNHEARD_SECONDS = 15.0
# Nothing changes by itself here, so an account that is refused is not asked for each second.
REFUSED = (errors.Unauthorized, errors.PluginFailed, errors.BadKubeconfig)


class Asking:
    """Two rounds, for two threads. `tell` gets what was learnt."""

    def __init__(self, *, connection: Connection, tell: Callable[[words.Word], None], clock: Callable[[], float] = clocks.with_sleep) -> None:
        self._pulse = connection.sibling(size=1)
        self._health = connection.sibling(size=1)
        self._tell, self._clock = tell, clock
        self.away = threading.Event()  # until the first contact, and while the server cannot be reached or lets nobody in
        self.away.set()
        self._version = ""
        self._unheard_since: float | None = None

    def pulse_round(self) -> float:
        """This will confirm contact once, and say how many seconds to wait before the next time."""
        asked_at = self._clock()
        try:
            reading.contact(self._pulse)
        except REFUSED as error:
            self.away.set()
            self._tell(words.Silent(reason=words.reason_of(error=error), detail=error.sentence))
            return REFUSED_SECONDS
        except errors.KubeError as error:
            if isinstance(error, errors.Unreachable):
                self.away.set()
            self._tell(words.Silent(reason=words.reason_of(error=error), detail=error.sentence))
        else:
            self.away.clear()
            self._tell(words.Contacted(at=self._clock()))
        return max(0.0, PULSE_SECONDS - (self._clock() - asked_at))

    def health_round(self) -> float:
        """This will ask for the readiness checks and the version once. Nothing is told when nothing was answered, and after a while just that."""
        if self.away.is_set():
            self._unheard_since = None
            return PULSE_SECONDS
        asked_at = self._clock()
        try:
            checks = reading.readiness(self._health)
        except errors.KubeError:
            return self._unheard(asked_at)
        self._unheard_since = None
        with contextlib.suppress(errors.KubeError):  # the last one stands: an account that may not read it may read the checks
            self._version = reading.version(self._health)
        self._tell(health_of(checks=checks, version=self._version))
        return HEALTH_SECONDS

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
