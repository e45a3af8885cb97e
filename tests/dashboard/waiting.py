"""Looking until something is true, with a deadline: the tests of processes have nothing else to go by."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

from tests.patience import Patience

Seen = TypeVar("Seen")


def wait_for(look: Callable[[], Seen], *, what: str, seconds: float = 20.0) -> Seen:
    """This will look until it sees something true, and return it (see Patience); a missing or half-written file counts as nothing seen."""
    patience = Patience(seconds=seconds)
    while not patience.is_over:
        try:
            if seen := look():
                return seen
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def runs(pid: int) -> bool:
    """Whether a process is alive; one that ended and was not waited for is not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
