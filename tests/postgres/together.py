"""Several threads that do the same thing at the same moment, each with a database connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

T = TypeVar("T")
SECONDS = 60.0


def together(count: int, work: Callable[[int], T]) -> list[T | Exception]:
    """This will call `work` with 0, 1, ... at once, and give what each returned or raised."""
    line = Barrier(count)

    def one(number: int) -> T | Exception:
        try:
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT 1")
            line.wait(SECONDS)
            return work(number)
        except Exception as problem:
            return problem
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(one, range(count), timeout=SECONDS))
