"""How long to wait after a failure: 0.8 s, doubled up to 30 s, each lengthened by chance so that eighteen watches of forty clusters do not come
back together; from the start again after two quiet minutes. The numbers are client-go's (reflector.go, `NewReflectorWithOptions`).
"""

from __future__ import annotations

from collections.abc import Callable

FIRST_SECONDS, LONGEST_SECONDS, FACTOR, QUIET_SECONDS = 0.8, 30.0, 2.0, 120.0


class Backoff:
    def __init__(self, *, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._clock, self._chance = clock, chance
        self._base = FIRST_SECONDS
        self._last: float | None = None

    def next_seconds(self) -> float:
        """This will say how long to wait now: the present step lengthened by up to its own length, 30 s at most."""
        now = self._clock()
        if self._last is not None and now - self._last > QUIET_SECONDS:
            self._base = FIRST_SECONDS
        self._last = now
        seconds = min(self._base * (1.0 + self._chance()), LONGEST_SECONDS)
        self._base = min(self._base * FACTOR, LONGEST_SECONDS)
        return seconds
