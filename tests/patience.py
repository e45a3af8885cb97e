"""How long is waited for what was promised within a time."""

from __future__ import annotations

import time
from pathlib import Path

PRESSURE = Path("/proc/pressure/cpu")
LONGEST = 4


class Patience:
    """Over after so many seconds of a machine that has a processor to spare: the time in which somebody waited for one does not count, up to four
    times as long in all. What a machine does that is asked for too much says nothing about a promise.
    """

    def __init__(self, *, seconds: float) -> None:
        self._seconds, self._began, self._waited = seconds, time.monotonic(), seconds_of_waiting()

    @property
    def is_over(self) -> bool:
        here = time.monotonic() - self._began
        return here > LONGEST * self._seconds or here - (seconds_of_waiting() - self._waited) > self._seconds


def seconds_of_waiting() -> float:
    """For how long, since the machine began, anybody had to wait for a processor (https://docs.kernel.org/accounting/psi.html); 0 where the kernel
    does not count it.
    """
    try:
        some = PRESSURE.read_text().splitlines()[0]
    except OSError:
        return 0.0
    return int(some.rpartition("total=")[2]) / 1e6
