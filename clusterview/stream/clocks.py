"""The clock by which contact is judged.

A computer that slept has seen nothing meanwhile. `time.monotonic` stands still with it on Linux, so that the page would call an hours-old picture
live until the next word is late; by this clock the sleep is an outage like any other. Its moments are not those of `time.monotonic`: they are only
compared with each other, and durations of work, which stand still with the computer, are not measured by it.
https://man7.org/linux/man-pages/man2/clock_gettime.2.html
"""

from __future__ import annotations

import sys
import time

if sys.platform == "linux":

    def with_sleep() -> float:
        """Seconds that only go forward, and go on while the computer sleeps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

else:
    with_sleep = time.monotonic
