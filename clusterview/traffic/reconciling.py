"""Finishes every open operation, whoever began it, with Redis down too: each second it looks at the rows that nobody holds. A second is a little more
or less, so that workers which were started together do not reach for the same rows for ever.

Every few seconds it has those Services looked at whose old side is kept, and now and then the clusters' marks held against the database, which may
have been restored from an older copy. That it does all this is written down in the database, for nobody else would notice that it does not.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from itertools import zip_longest

from django.db import DatabaseError

from clusterview.access import transacting
from clusterview.models import Heartbeat, Sizing
from clusterview.traffic import executing, moving_on

log = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
JITTER = 0.1
WATCH_SECONDS = 3.0
SCAN_SECONDS = 60.0
BEAT_SECONDS = 5.0  # each is a write to the disk
LATE_SECONDS = 30.0
WORKER = "traffic"


class Reconciler:
    """A thread of a `traffic` worker."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """This will end after the present round, and after what is being carried out."""
        self._ending.set()
        self._thread.join(timeout=10)
        executing.of_this_process().stop()

    def _run(self) -> None:
        watch_at = scan_at = beat_at = time.monotonic()
        while not self._ending.wait(ROUND_SECONDS * random.uniform(1 - JITTER, 1 + JITTER)):  # noqa: S311 (so that not all come at once)
            try:
                if time.monotonic() >= watch_at:  # before the operations, which may take every place there is
                    watch_at = time.monotonic() + WATCH_SECONDS
                    executing.of_this_process().watch()
                if time.monotonic() >= scan_at:
                    scan_at = time.monotonic() + SCAN_SECONDS
                    executing.of_this_process().scan()
                round_once()
                if time.monotonic() >= beat_at:
                    beat_at = time.monotonic() + BEAT_SECONDS
                    beat()
            except Exception:
                log.exception("a round of the reconciler failed; the next one follows")


def round_once() -> None:
    """This will take up every open operation whose claim has run out. No database: nothing is done."""
    transacting.keep_what_works()
    try:
        found, sizes = moving_on.due(), moving_on.due(Sizing)
    except DatabaseError as problem:
        log.warning("the database does not answer, so no switch is moved: %s", problem)
        return
    for switch_id, sizing_id in zip_longest(found, sizes):  # in turn, for there may be more of either than are carried out at once
        if switch_id:
            executing.of_this_process().advance(switch_id=switch_id)
        if sizing_id:
            executing.of_this_process().resize(sizing_id=sizing_id)


def beat() -> None:
    """This will write down that a round has ended just now."""
    try:
        heartbeat = Heartbeat(worker=WORKER, at=moving_on.now())
        Heartbeat.objects.bulk_create([heartbeat], update_conflicts=True, unique_fields=["worker"], update_fields=["at"])
    except DatabaseError as problem:
        log.warning("the database does not take down that the switches were looked at: %s", problem)


def age_seconds() -> float | None:
    """How long ago a round of a `traffic` worker last ended; None where none ever did. Raises DatabaseError."""
    at = Heartbeat.objects.filter(worker=WORKER).values_list("at", flat=True).first()
    return None if at is None else max(0.0, (moving_on.now() - at).total_seconds())


def is_late(age: float | None) -> bool:
    """Whether nobody may be there who goes on with the switches of a process that died, and puts autoscalers back."""
    return age is None or age > LATE_SECONDS


def in_words(age: float | None) -> str:
    """What there is to say of that age."""
    return "no round yet" if age is None else f"last round {age:.0f} s ago"
