"""The states of a switch and where each may lead, as data that is checked when this module is imported.

The history page and the engine read the same table. Terminal states absorb; `open` on the row is false exactly there. A way back runs
through the same states from `preparing` on, with expected and target exchanged (`Switch.returning`), and ends as `rolled_back`.

Each INTENT in the audit gets exactly one OUTCOME, whose `result` is `applied`, `rejected` (the API server refused it), `void` (it can never
land any more) or `unclear` (only a person can tell; the switch ends as `needs_human`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Lower case as in the REST API. `armed` is passed through in the transaction that enters `applying`."""

    REQUESTED = "requested"
    QUEUED = "queued"
    PREPARING = "preparing"
    MARKING = "marking"
    ARMED = "armed"
    APPLYING = "applying"
    UNKNOWN = "unknown"
    SEALING = "sealing"
    APPLIED = "applied"
    VERIFYING = "verifying"
    ROLLING_BACK = "rolling_back"
    HELD = "held"
    WAITING = "waiting"
    HOLDING = "holding"

    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED_NO_CHANGE = "failed_no_change"
    CONFLICT = "conflict"
    REVERTED_EXTERNALLY = "reverted_externally"
    NEEDS_HUMAN = "needs_human"


S = State

LEADS_TO: Mapping[State, frozenset[State]] = {
    S.REQUESTED: frozenset({S.QUEUED, S.REJECTED, S.CANCELLED}),
    S.QUEUED: frozenset({S.PREPARING, S.CANCELLED, S.EXPIRED}),
    # The next effect was not sent yet. Once one stands (a way back, or the widened selector of an overlap), the switch cannot end as if
    # nothing had been changed: it goes back, waits for a right, or ends with a person or with who changed it.
    S.PREPARING: frozenset(
        {S.MARKING, S.ROLLING_BACK, S.HELD, S.CONFLICT, S.FAILED_NO_CHANGE, S.CANCELLED, S.EXPIRED, S.REVERTED_EXTERNALLY, S.NEEDS_HUMAN}
    ),
    S.MARKING: frozenset({S.ARMED, S.PREPARING, S.ROLLING_BACK, S.HELD, S.CONFLICT, S.FAILED_NO_CHANGE, S.CANCELLED, S.NEEDS_HUMAN}),
    S.ARMED: frozenset({S.APPLYING}),
    # Back to preparing: refused because the object moved, or never sent because the readiness had grown old.
    S.APPLYING: frozenset({S.APPLIED, S.UNKNOWN, S.PREPARING, S.ROLLING_BACK, S.HELD, S.FAILED_NO_CHANGE, S.NEEDS_HUMAN}),
    S.UNKNOWN: frozenset({S.APPLIED, S.SEALING, S.PREPARING, S.NEEDS_HUMAN}),
    S.SEALING: frozenset({S.UNKNOWN, S.PREPARING, S.NEEDS_HUMAN}),
    S.APPLIED: frozenset({S.VERIFYING, S.NEEDS_HUMAN}),
    # To preparing: the widened selector of an overlap has held for long enough, and the next effect leaves the old side.
    S.VERIFYING: frozenset({S.SUCCEEDED, S.PREPARING, S.ROLLING_BACK, S.ROLLED_BACK, S.REVERTED_EXTERNALLY, S.NEEDS_HUMAN}),
    S.ROLLING_BACK: frozenset({S.PREPARING, S.NEEDS_HUMAN}),
    S.HELD: frozenset({S.PREPARING, S.NEEDS_HUMAN}),
    S.SUCCEEDED: frozenset(),
    S.ROLLED_BACK: frozenset(),
    S.REJECTED: frozenset(),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset(),
    S.FAILED_NO_CHANGE: frozenset(),
    S.CONFLICT: frozenset(),
    S.REVERTED_EXTERNALLY: frozenset(),
    S.NEEDS_HUMAN: frozenset(),
}

# What changes sizes (traffic.sizing) goes through fewer states: a number needs no mark before it, and nothing converges after it.
SIZING: Mapping[State, frozenset[State]] = {
    S.QUEUED: frozenset({S.PREPARING, S.CANCELLED, S.FAILED_NO_CHANGE}),
    # To itself: a step that needs no effect, because somebody else changed the object meanwhile or still wants what stands there.
    S.PREPARING: frozenset(
        {S.PREPARING, S.ARMED, S.WAITING, S.HOLDING, S.HELD, S.ROLLING_BACK, S.SUCCEEDED, S.ROLLED_BACK, S.CANCELLED, S.CONFLICT}
        | {S.FAILED_NO_CHANGE, S.REVERTED_EXTERNALLY, S.NEEDS_HUMAN}
    ),
    S.ARMED: frozenset({S.APPLYING}),
    S.APPLYING: frozenset({S.PREPARING, S.UNKNOWN, S.HELD, S.ROLLING_BACK, S.FAILED_NO_CHANGE, S.NEEDS_HUMAN}),
    S.UNKNOWN: frozenset({S.SEALING, S.PREPARING, S.NEEDS_HUMAN}),
    S.SEALING: frozenset({S.UNKNOWN, S.PREPARING, S.NEEDS_HUMAN}),
    # Pods are awaited, then what was raised is held until it is not needed any more; both end by putting it back.
    S.WAITING: frozenset({S.WAITING, S.HOLDING, S.SUCCEEDED, S.ROLLING_BACK, S.NEEDS_HUMAN}),
    S.HOLDING: frozenset({S.HOLDING, S.ROLLING_BACK, S.NEEDS_HUMAN}),
    S.ROLLING_BACK: frozenset({S.PREPARING, S.NEEDS_HUMAN}),
    S.HELD: frozenset({S.PREPARING, S.NEEDS_HUMAN}),
    **dict.fromkeys(
        (S.SUCCEEDED, S.ROLLED_BACK, S.CANCELLED, S.CONFLICT, S.FAILED_NO_CHANGE, S.REVERTED_EXTERNALLY, S.NEEDS_HUMAN), frozenset[State]()
    ),
}

TERMINAL = frozenset(state for state, targets in LEADS_TO.items() if not targets)
ALL = frozenset(LEADS_TO) | frozenset(SIZING)
NAMED_TERMINAL = frozenset(
    {S.SUCCEEDED, S.ROLLED_BACK, S.REJECTED, S.CANCELLED, S.EXPIRED, S.FAILED_NO_CHANGE, S.CONFLICT, S.REVERTED_EXTERNALLY, S.NEEDS_HUMAN}
)
USUAL_WAY = (S.REQUESTED, S.QUEUED, S.PREPARING, S.MARKING, S.ARMED, S.APPLYING, S.APPLIED, S.VERIFYING, S.SUCCEEDED)


class NoSuchTransition(Exception):
    """The table has no such transition: a defect of ours, never the cluster's."""


def check(*, path: tuple[State, ...], table: Mapping[State, frozenset[State]] = LEADS_TO) -> None:
    """This will raise NoSuchTransition unless each state of the path leads to the next one."""
    for before, after in itertools.pairwise(path):
        if after not in table.get(before, frozenset()):
            raise NoSuchTransition(f"{before} does not lead to {after}")


def problems(table: Mapping[State, frozenset[State]], *, begins: State = State.REQUESTED) -> list[str]:
    """This will list what is wrong with a table: states unreachable, without a way to an end, or ends that do not absorb."""
    found = [f"{state} absorbs and is not named an end" for state, targets in table.items() if not targets and state not in NAMED_TERMINAL]
    found += [f"{state} is an end and leads on" for state in NAMED_TERMINAL if table.get(state)]
    found += [f"{state} leads to unknown {target}" for state, targets in table.items() for target in targets if target not in table]
    found += [f"{state} is never reached" for state in table if state not in _reached(table, {begins})]
    backwards = {state: frozenset(one for one in table if state in table[one]) for state in table}
    found += [f"{state} never ends" for state in table if state not in _reached(backwards, set(NAMED_TERMINAL))]
    return found


def _reached(table: Mapping[State, frozenset[State]], start: set[State]) -> set[State]:
    reached, ahead = set(start), list(start)
    while ahead:
        for target in table.get(ahead.pop(), frozenset()):
            if target not in reached:
                reached.add(target)
                ahead.append(target)
    return reached


if _wrong := [*problems(LEADS_TO), *problems(SIZING, begins=S.QUEUED), *(f"{state} is in no table" for state in State if state not in ALL)]:
    raise NoSuchTransition("; ".join(_wrong))
