"""A thread that does one round after the other. The rounds are what is tested; the loop is too small to be wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

AFTER_DEFECT_SECONDS = 1.0


class Loop(threading.Thread):
    """Calls `round` until `stopped`; it says how many seconds to wait before the next one."""

    def __init__(self, *, name: str, round: Callable[[], float], stopped: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._round, self._stopped = round, stopped

    def run(self) -> None:
        while not self._stopped.is_set():
            self._stopped.wait(self._guarded_round())

    def _guarded_round(self) -> float:
        """The outermost place: what nobody foresaw is logged and does not end the thread."""
        try:
            return self._round()
        except Exception:
            log.exception("%s failed in a way that nobody foresaw", self.name)
            return AFTER_DEFECT_SECONDS
