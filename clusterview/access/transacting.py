"""Transactions that the database may ask us to do again: PostgreSQL ends one of two that wait for each other, and says so.

Nothing was written then, so the whole of it is done anew, its reads included. A connection that was lost is another matter: whether a COMMIT
counted that was sent before is not known here, and only whoever asked can look (`Idempotency-Key`, or the switch's row).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, connections, transaction

DO_AGAIN = {"40001", "40P01"}  # serialization_failure, deadlock_detected
TRIES = 3
LONGEST_PAUSE_SECONDS = 0.1
DISK_FULL = "53100"
NO_ROOM = ("disk is full", "readonly database")  # SQLite's words (https://www.sqlite.org/rescode.html)
NO_ROOM_SECONDS = 60.0

P = ParamSpec("P")
T = TypeVar("T")

_no_room: list[tuple[float, str]] = []  # when the last write found none (monotonic seconds), and what the database said


def whole(work: Callable[P, T]) -> Callable[P, T]:
    """This will make a function one transaction, which is done again, up to three times in all, where the database asks for it.

    What the function changes outside the database has to bear that. Inside another transaction only the outermost one can be done again.
    """
    once = transaction.atomic(work)

    @wraps(work)
    def done(*arguments: P.args, **named: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            try:
                return once(*arguments, **named)
            except DatabaseError as problem:
                if transaction.get_connection().in_atomic_block or not DO_AGAIN.intersection(sqlstates(problem)):
                    raise
            time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311 (so that the two do not meet again)
        return once(*arguments, **named)

    return done


def keep_what_works() -> None:
    """This will let go of this thread's connections that no longer work. For threads that live long: opening one costs more than a transaction.

    The threads that answer web requests (`dashboard.answering`) let go of a server's connections each time.
    """
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
            connection.close()


def note(problem: BaseException) -> None:
    """This will remember of an error of the database whether there was no room for what was written. For whoever catches it last."""
    if DISK_FULL in sqlstates(problem) or any(said in str(problem) for said in NO_ROOM):
        _no_room[:] = [(time.monotonic(), str(problem))]


def note_written() -> None:
    """This will remember that there is room."""
    _no_room.clear()


def why_not_written() -> str:
    """What the database said when this process' last write found no room; empty where it found some. It is forgotten after a minute: whoever is asked
    for nothing any more does not learn that there is room again.
    """
    return next((said for at, said in _no_room if time.monotonic() - at < NO_ROOM_SECONDS), "")


def sqlstates(problem: BaseException | None) -> Iterator[str]:
    """PostgreSQL's codes of an error and of what it came from (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""
    while problem is not None:
        yield getattr(problem, "sqlstate", None) or ""
        problem = problem.__cause__ or problem.__context__
