"""How long to wait after a failure: anything from 0.8 s to a longest that doubles from 1.6 s up to 30 s, by chance alone, so that the many watches
of forty clusters do not come back together; from the start again after two quiet minutes. The numbers are client-go's (reflector.go,
`NewReflectorWithOptions`).
"""

from __future__ import annotations

from collections.abc import Callable

FIRST_SECONDS, LONGEST_SECONDS, FACTOR, QUIET_SECONDS = 0.8, 30.0, 2.0, 120.0


class Backoff:
    def __init__(self, *, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._clock, self._chance = clock, chance
        self._longest = FIRST_SECONDS * FACTOR
        self._last: float | None = None

    def next_seconds(self) -> float:
        """This will say how long to wait now, 30 s at most."""
        now = self._clock()
        if self._last is not None and now - self._last > QUIET_SECONDS:
            self._longest = FIRST_SECONDS * FACTOR
        self._last = now
        seconds = FIRST_SECONDS + self._chance() * (min(self._longest, LONGEST_SECONDS) - FIRST_SECONDS)
        self._longest = min(self._longest * FACTOR, LONGEST_SECONDS)
        return seconds
