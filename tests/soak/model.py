"""The model of a switch (tests/traffic/model) with room for more to go wrong at once than in the test run: millions of states, not thousands."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

from tests.traffic.model.exploring import Explored, explore
from tests.traffic.model.worlds import BLUE, BOTH, GREEN, Bounds

EXPLORATIONS = {
    "one operation, two faults": Bounds(asked=1, foreign=1, faults=2, wishes=1),
    "one operation, three faults": Bounds(asked=1, foreign=0, faults=3, wishes=0),
    "one operation, two foreign writes": Bounds(asked=1, foreign=2, faults=1, wishes=1),
    "an operation of two effects": Bounds(asked=1, foreign=1, faults=1, wishes=1, plan=(BLUE, BOTH, GREEN)),
    "an operation of two effects, and a way back from either of them": Bounds(asked=2, foreign=0, faults=1, wishes=1, plan=(BLUE, BOTH, GREEN)),
    "one operation after another": Bounds(asked=2, foreign=1, faults=1, wishes=1),
    "one operation, a webhook and a foreign write": Bounds(asked=1, foreign=1, faults=2, wishes=0, webhooks=True, empties=True),
    "one operation after another, two faults": Bounds(asked=2, foreign=0, faults=2, wishes=0),
}
TELL_SECONDS = 5.0


def soak(*, most: int, explorations: dict[str, Bounds] = EXPLORATIONS, tell: Callable[[str], None] = print) -> bool:
    """This will explore each of them and tell how it goes; false where a promise is broken, with the shortest way there."""
    began, states, edges, violations = time.monotonic(), 0, 0, 0
    for name, bounds in explorations.items():
        seen = explore(bounds=bounds, most=most, tell=_progress(name, tell))
        states, edges, violations = states + seen.states, edges + seen.edges, violations + (seen.broken is not None)
        tell(_line(name, seen) + (", all of them" if seen.is_whole else ""))
        if seen.broken:
            tell(str(seen.broken))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = time.monotonic() - began
    tell(f"{states:,} states, {edges:,} steps, {violations} broken promises, {took:.0f} s, at most {megabytes:,.0f} MB")
    return not violations


def _progress(name: str, tell: Callable[[str], None]) -> Callable[[Explored], None]:
    told = time.monotonic()

    def now_and_then(seen: Explored) -> None:
        nonlocal told
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            tell(_line(name, seen))

    return now_and_then


def _line(name: str, seen: Explored) -> str:
    return f"{name}: {seen.states:,} states, {seen.edges:,} steps, {int(seen.broken is not None)} broken promises"
