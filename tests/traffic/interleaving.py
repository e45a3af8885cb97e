"""Executors whose every call to the API server is a place to stop at, so that a test decides in which order they go on.

Each is a greenlet, so that exactly one runs at a time and a change from one to another costs next to nothing. They share the test's connection to
the database, which no transaction of theirs is open on while they stand: an executor that stands still is one that froze, and one that is never let
go on has died.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from greenlet import getcurrent, greenlet

from clusterview.traffic import engine
from clusterview.traffic.errors import Refused
from tests.traffic.memory import Died, Order


class Run:
    """One executor at one piece of work. It stands until it is told to `go`; `at` is the call that it stands before."""

    def __init__(self, *, name: str, work: Callable[[], object]) -> None:
        self.name, self.at, self.answer, self.refused = name, "begin", None, None
        self._work, self._order, self._problem = work, Order.GO, None
        self._greenlet = greenlet(self._run)

    @property
    def ended(self) -> bool:
        return not self.at

    def go(self, order: Order = Order.GO) -> None:
        """This will let it go on to its next call, or to its end. What it raises is raised here, unless it is a refusal."""
        self._order, engine.HOLDER = order, self.name
        self._greenlet.switch()
        if self._problem is not None:
            raise self._problem

    def die(self) -> None:
        if not self.ended:
            self.go(Order.DIE)

    def stand(self, at: str) -> Order:
        """Of its own: this will wait until it is told to go on, and return how."""
        assert not connection.in_atomic_block, f"{at} is asked inside a transaction"
        self.at = at
        self._greenlet.parent.switch()
        return self._order

    @property
    def is_here(self) -> bool:
        """Whether it is the one that asks."""
        return getcurrent() is self._greenlet

    def _run(self) -> None:
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
