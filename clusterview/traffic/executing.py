"""The threads of a process that carry operations out, and the heartbeat that holds their claims.

The process that accepts a switch begins it at once: no message has to travel first, and a switch does not depend on Redis. Whatever stands still,
because that process ended or everybody was busy, the reconcilers of the `traffic` workers take up.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache

from django.db import connection

from clusterview.access import transacting
from clusterview.models import Switch
from clusterview.traffic import engine, keeping, looking, moving_on, restoring, sizing

log = logging.getLogger(__name__)

AT_ONCE = 8
BEAT_SECONDS = 1.0
HEAD_START_SECONDS = 0.001
GRACE_SECONDS = 2.0  # most switches are through within them


class Executors:
    """As many threads as switches are moved at once. More of them wait in the database, not in here."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="executor")
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._watching = threading.Lock()
        self._ending = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heartbeat.start()
        self._under_way: set[Future[None]] = set()

    def begin(self, switch: Switch, *, look: engine.Look, opened: looking.Opener) -> None:
        """This will carry out a switch that this process claimed and looked at just now, or leave it to the reconcilers at once."""
        if self._submit(lambda: engine.begin(switch, look=look, opened=opened)):
            time.sleep(HEAD_START_SECONDS)  # until its patch is on the way, the caller's answer would take the interpreter from it
        else:
            moving_on.release(switch, again_in_seconds=0)

    def advance(self, *, switch_id: uuid.UUID) -> None:
        """This will claim a switch and bring it as far as it goes."""
        self._submit(lambda: engine.advance(switch_id=switch_id))

    def resize(self, *, sizing_id: uuid.UUID) -> None:
        """This will claim a change of sizes and bring it as far as it goes."""
        self._submit(lambda: sizing.advance(sizing_id=sizing_id))

    def scan(self) -> None:
        """This will hold the clusters' marks against the database."""
        self._submit(restoring.scan)

    def watch(self) -> None:
        """This will look whether what switches have done still stands while the old side is kept, unless somebody here still does."""
        self._submit(self._watch)

    def stop(self) -> None:
        """This will end what can end in a moment, and leave any other operation at its next step's border, where another process takes it up."""
        self._pool.shutdown(wait=False)
        wait(set(self._under_way), timeout=GRACE_SECONDS)
        engine.ENDING.set()
        self._pool.shutdown(wait=True)
        self._ending.set()
        self._heartbeat.join(timeout=10)

    def _submit(self, work: Callable[[], None]) -> bool:
        """False when everybody is busy, or the process ends."""
        if not self._free.acquire(blocking=False):
            return False
        try:
            future = self._pool.submit(self._guarded, work)
        except RuntimeError:
            self._free.release()
            return False
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return True

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            transacting.keep_what_works()
            work()
        except Exception:
            log.exception("a switch was left where it stood")
        finally:
            self._free.release()

    def _watch(self) -> None:
        if self._watching.acquire(blocking=False):
            try:
                keeping.watch()
            finally:
                self._watching.release()

    def _beat(self) -> None:
        while not self._ending.wait(BEAT_SECONDS):
            if not engine.IN_WORK:
                continue
            try:
                transacting.keep_what_works()
                moving_on.beat(tuple(engine.IN_WORK), holder=engine.HOLDER)
            except Exception:
                log.warning("the claims could not be held for longer", exc_info=True)
        connection.close()


@lru_cache(maxsize=1)
def of_this_process() -> Executors:
    """The threads of this process, started when they are first needed."""
    return Executors()
