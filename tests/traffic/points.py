"""The moments at which an executor may die: before and after each commit, each call to the API server, each word to others.

The product knows nothing of them. Its functions are found by name when a process begins, so a step that is added later is a point as well.
A point is named after the last line of the audit and what is called next, and it is met once: whoever goes round in a loop meets its first round.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any

from django.db import connection

from clusterview.traffic import looking, moving_on, requesting, resizing


class Family(StrEnum):
    """What a function is to a crash. `written` is called inside a transaction, so its point is the moment before the commit; `asked` may call others
    of its own family.
    """

    COMMITTED = "committed"
    WRITTEN = "written"
    ASKED = "asked"
    TOLD = "told"


FAMILIES = {"record": Family.WRITTEN, "tell": Family.TOLD}
NO_COMMITS = {"now", "due", "why_not", "has_waited", "previous_in_group", "next_in_group", "claimed_at_once", "intent"}
NO_COMMITS |= {"claim", "rows_of", "table_of"}


@dataclass(frozen=True, order=True)
class Point:
    """`moment` is `before` or `after`. In a transaction the database is locked: who stops there for long stops everybody."""

    name: str
    moment: str
    is_in_transaction: bool

    def __str__(self) -> str:
        return f"{self.moment} {self.name}"


def functions() -> Iterator[tuple[ModuleType | type, str, Family]]:
    """Where the product commits, asks and tells."""
    for name, found in vars(moving_on).items():
        if inspect.isfunction(found) and found.__module__ == moving_on.__name__ and not name.startswith("_") and name not in NO_COMMITS:
            yield moving_on, name, FAMILIES.get(name, Family.COMMITTED)
    yield requesting, "_save", Family.COMMITTED
    yield resizing, "_save", Family.COMMITTED
    for name, found in vars(looking.Cluster).items():
        if inspect.isfunction(found) and not name.startswith("_"):
            yield looking.Cluster, name, Family.ASKED


class Course:
    """What one executor goes through: `met` is called at each point, in its main thread, the first time that it comes there."""

    def __init__(self, met: Callable[[Point], None]) -> None:
        self._met = met
        self._last, self._written, self._asking, self._been = "begun", "begun", False, set[Point]()
        self._thread = threading.get_ident()

    def watch(self) -> None:
        """This will wrap the product's functions, for the rest of this process."""
        for owner, name, family in functions():
            setattr(owner, name, self._around(getattr(owner, name), name=name, family=family))

    def _around(self, function: Callable[..., Any], *, name: str, family: Family) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            if threading.get_ident() != self._thread or (family is Family.ASKED and self._asking):
                return function(*given, **named)
            label = label_of(name=name, given=given, named=named)
            point = f"{self._last}: {label}"
            if family is not Family.WRITTEN:
                self._at(point, "before")
            self._asking = family is Family.ASKED
            try:
                answer = function(*given, **named)
            finally:
                self._asking = False
            if family is Family.WRITTEN:
                self._written = label.partition(" ")[2]
            if family is Family.COMMITTED:
                self._last = self._written
            self._at(point, "after")
            return answer

        return call

    def _at(self, name: str, moment: str) -> None:
        point = Point(name, moment, connection.in_atomic_block)
        if point not in self._been:
            self._been.add(point)
            self._met(point)


def label_of(*, name: str, given: tuple[Any, ...], named: dict[str, Any]) -> str:
    """What a call is, in a word or two: `record INTENT`, `patch effect`, `resize effect`, `tell applied`."""
    if name in ("patch", "resize"):
        changes = {one["path"].split("/")[1] for one in named["operations"] if one["op"] != "test"}
        return f"{name} {'effect' if 'spec' in changes else 'mark'}"
    lines = [one[0] for one in given if isinstance(one, tuple)]
    more = [*lines, named.get("action") or named.get("state")][0]
    return f"{name} {more}" if more else name
