"""The protocol of a hold keeps its promises whatever happens in whichever order, and each of its guards is needed for that."""

from __future__ import annotations

from functools import cache

import pytest

from clusterview.traffic.states import SIZING, State
from tests.traffic.model import holding
from tests.traffic.model.holding import Bounds, Explored, Guards

WIDE = [Bounds(foreign=2, faults=1, asked=1), Bounds(foreign=1, faults=0, asked=2), Bounds(foreign=0, faults=1, asked=2)]

pytestmark = pytest.mark.slow

# A guard, and the bounds in which its loss shows.
NEEDED = {
    "tests_version": (Bounds(foreign=1, faults=1, asked=1), {"S5", "S6", "S10", "S14"}),
    "transactions_compare_epoch": (Bounds(foreign=0, faults=2, asked=1), {"S1", "S3", "S5", "S14", "TABLE"}),
    "seals_before_void": (Bounds(foreign=0, faults=2, asked=1), {"S5", "S14"}),
    "reads_history": (Bounds(foreign=1, faults=1, asked=1), {"S14"}),
    "asks_who_wrote": (Bounds(foreign=2, faults=0, asked=1), {"S10"}),
    "plan_is_checked_under_the_lock": (Bounds(foreign=0, faults=0, asked=2), {"HELD", "S10", "S19"}),
    "put_back_is_checked_under_the_lock": (Bounds(foreign=1, faults=0, asked=2), {"S10"}),
    "hands_over": (Bounds(foreign=0, faults=0, asked=2), {"HELD", "S19", "END"}),
    "latest_is_told": (Bounds(foreign=1, faults=0, asked=2), {"S10", "S19"}),
    "shares_only_what_stands": (Bounds(foreign=1, faults=0, asked=2), {"S10"}),
    "rejection_is_read": (Bounds(foreign=0, faults=1, asked=1), {"S14"}),
}


@cache
def explored(bounds: Bounds) -> Explored:
    return holding.explore(bounds=bounds)


@pytest.mark.parametrize("bounds", WIDE, ids=str)
def test_every_promise_holds_in_every_state(bounds: Bounds) -> None:
    seen = explored(bounds)
    assert not seen.broken, "\n".join([seen.broken, *seen.trace])
    assert seen.is_whole


@pytest.mark.parametrize("guard", NEEDED)
def test_without_this_guard_a_promise_is_broken(guard: str) -> None:
    bounds, promises = NEEDED[guard]
    seen = holding.explore(bounds=bounds, guards=Guards(**{guard: False}))
    assert seen.broken in promises, "\n".join([f"{seen.states} states: {seen.broken or 'nothing is broken'}", *seen.trace])


def test_every_guard_is_taken_away_once() -> None:
    assert set(NEEDED) == set(Guards.__dataclass_fields__)


def test_the_model_goes_every_way_of_the_table_that_a_hold_can_go() -> None:
    """Those of a warm-up, which waits for pods, and of a missing right or permission are left out."""
    went: set[tuple[State, State]] = set()
    for bounds in WIDE[:2]:
        went |= explored(bounds).went
    table = {(before, after) for before, targets in SIZING.items() for after in targets} | {(State.PREPARING, State.APPLYING)}
    assert went <= table | {(State.QUEUED, State.CANCELLED)}
    assert {before for before, _ in went} == {
        State.QUEUED, State.PREPARING, State.APPLYING, State.UNKNOWN, State.SEALING, State.HOLDING, State.ROLLING_BACK,
    }  # fmt: skip
