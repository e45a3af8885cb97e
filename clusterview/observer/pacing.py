"""When to send what has changed (a lone change at once, a burst in frames of a few hundredths of a second), and how much to take in. Pure."""

from __future__ import annotations

import threading

SHORT_SECONDS, LONG_SECONDS = 0.016, 0.05
BUSY_CHANGES = 50


class Pace:
    """The first change after a pause goes at once; those that follow wait for their window, a longer one when many came in the last."""

    def __init__(self) -> None:
        self._open_at = float("-inf")

    def wait_seconds(self, *, now: float) -> float:
        """This will tell how long to go on gathering; nothing when it is time to send."""
        return max(0.0, self._open_at - now)

    def sent(self, *, now: float, changes: int) -> None:
        """This will begin a new window after so many changes were sent."""
        self._open_at = now + (LONG_SECONDS if changes >= BUSY_CHANGES else SHORT_SECONDS)


class Budget:
    """So many a second, and a second's worth at once. Whoever spends more is told to wait, so that one cluster leaves time for the others.
    Any thread may spend.
    """

    def __init__(self, *, per_second: float) -> None:
        self._each = 1.0 / per_second
        self._spent_until = float("-inf")
        self._lock = threading.Lock()

    def spend(self, *, now: float) -> float:
        """This will take one, and tell how many seconds to wait before the next."""
        with self._lock:
            self._spent_until = max(self._spent_until, now - 1.0) + self._each
            return max(0.0, self._spent_until - now)
