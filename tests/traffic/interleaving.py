"""Executors whose every call to the API server is a place to stop at, so that a test decides in which order they go on.

Each runs in a thread, and exactly one thread runs at a time. They share the test's connection to the database, which no transaction of theirs
is open on while they stand: an executor that stands still is one that froze, and one that is never let go on has died.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import DEFAULT_DB_ALIAS, connections

from clusterview.traffic import engine
from clusterview.traffic.errors import Refused
from tests.traffic.memory import Died, Order

LONGEST_SECONDS = 30.0


class Run:
    """One executor at one piece of work. It stands until it is told to `go`; `at` is the call that it stands before."""

    def __init__(self, *, name: str, work: Callable[[], object]) -> None:
        self.name, self.at, self.answer, self.refused = name, "begin", None, None
        self._work, self._connection = work, connections[DEFAULT_DB_ALIAS]
        self._go, self._stood = threading.Semaphore(0), threading.Semaphore(0)
        self._order, self._problem = Order.GO, None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        return not self.at

    def go(self, order: Order = Order.GO) -> None:
        """This will let it go on to its next call, or to its end. What it raises is raised here, unless it is a refusal."""
        self._order, engine.HOLDER = order, self.name
        self._go.release()
        assert self._stood.acquire(timeout=LONGEST_SECONDS), f"{self.name} hangs after {self.at}"
        if self.ended:
            self._thread.join()
        if self._problem is not None:
            raise self._problem

    def die(self) -> None:
        if not self.ended:
            self.go(Order.DIE)

    def stand(self, at: str) -> Order:
        """In its own thread: this will wait until it is told to go on, and return how."""
        assert not self._connection.in_atomic_block, f"{at} is asked inside a transaction"
        self.at = at
        self._stood.release()
        self._go.acquire()
        return self._order

    @property
    def is_here(self) -> bool:
        """Whether the thread that asks is its own."""
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        connections[DEFAULT_DB_ALIAS] = self._connection
        self._go.acquire()
        try:
            if self._order not in (Order.DIE, Order.DIE_AFTER):
                self.answer = self._work()
        except Died:
            pass
        except Refused as refused:
            self.refused = refused
        except BaseException as problem:
            self._problem = problem
        self.at = ""
        self._stood.release()
