"""Who was refused leaves a line in the log: a token that is none, a dead link, a page of somebody else, a role that is not enough.

Anybody can be refused as often as they like, so of each kind there are a few lines a minute, and the next one says how many were left out.
Nothing that was shown to be let in is logged, and no path, which may hold it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

MOST_LINES = 10
SECONDS = 60.0


class Lines:
    """The lines of one process; used by many threads. There are as many kinds as the code names."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._written: dict[str, list[float]] = {}
        self._left_out: dict[str, int] = {}

    def add(self, why: str, *, asked_from: Mapping[str, str], by: str = "") -> None:
        """This will write a line, unless there were too many of this kind in the last minute."""
        now = self._clock()
        with self._lock:
            written = self._written[why] = [at for at in self._written.get(why, []) if now - at < SECONDS]
            if len(written) >= MOST_LINES:
                self._left_out[why] = self._left_out.get(why, 0) + 1
                return
            written.append(now)
            left_out = self._left_out.pop(why, 0)
        place = " ".join(f"{name}={value}" for name, value in asked_from.items()) or "unknown"
        before = f"; {left_out} more before it were not written" if left_out else ""
        log.warning("refused (%s): %s from %s%s", why, by or "somebody", place, before)


_lines = Lines()


def refused(why: str, *, asked_from: Mapping[str, str], by: str = "") -> None:
    """This will write into the log that somebody was refused, from where (`sources`), and who it was where that is known."""
    _lines.add(why, asked_from=asked_from, by=by)
