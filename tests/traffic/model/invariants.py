"""The promises of the protocol. Each is looked at in the one moment in which it could break: a landing, a transaction.

The promises look at the audit and at what the executors cannot know: what really landed (`Effect.landed`), and whether somebody else wrote.
"""

from __future__ import annotations

import itertools

from clusterview.traffic import states
from clusterview.traffic.states import TERMINAL, State
from tests.traffic.model.executing import allowed
from tests.traffic.model.labels import Asked, Committed, Landed, Move
from tests.traffic.model.worlds import EFFECT, EMPTY, OLD, SMALLER, Bounds, Request, World, claim_of

S = State

PROMISES = {
    "I1": "an effect lands at most once",
    "I2": "before an effect lands, an INTENT with the same version and selectors is committed",
    "I3": "an operation that has ended has exactly one OUTCOME for each INTENT",
    "I4": "between INTENT and OUTCOME of one operation there is no INTENT of another",
    "I5": "no effect lands after its OUTCOME, or after its operation has ended, unless the OUTCOME says that it may",
    "I6": "an effect lands on the very object that its INTENT names: uid, version, selector",
    "I7": "no write of an older claim lands after one of a newer claim",
    "I8": "no effect is sent by somebody whose look at the new side has grown old, or showed it smaller than the old one",
    "I9": "no effect is sent to a side on which nobody was seen",
    "I10": "who went back left the original selector, and wrote over nobody else's",
    "I11": "no INTENT without the permission that is in force",
    "I12": "every transition is in the table, and ends absorb",
    "I14": "every verdict is true",
    "BACK": "a switch that somebody asked back does not end as succeeded",
    "STAYS": "who asked for a way back is not led to the side that was left, unless somebody asked for that again",
    "END": "whatever happened, what was begun ends once nothing goes wrong any more",
}


def broken(before: World, move: Move, bounds: Bounds) -> str | None:
    """The promise that this move breaks, if any."""
    label = move.label
    if isinstance(label, Landed):
        return _by_landing(before, label.request) if label.moved else None
    if isinstance(label, Asked) and label.begins == EFFECT and any(not one.outcome for one in before.effects):
        return "I4"
    return _by_commit(before, label, bounds, move.world) if isinstance(label, Committed) else None


def _by_landing(before: World, request: Request) -> str | None:
    if (request.op, request.epoch) < before.around.newest:
        return "I7"
    if request.kind != EFFECT:
        return None
    row, now = before.rows[request.op], before.service
    intent = next((one for one in before.effects if (one.op, one.step) == (request.op, request.step)), None)
    is_late = row.state in TERMINAL or (intent and intent.outcome and not intent.landed)
    if is_late and not (intent and intent.given_up):
        return "I5"
    if intent is None or (intent.version, intent.source, intent.target) != (request.version, request.source, request.target):
        return "I2"
    if intent.landed:
        return "I1"
    return None if (now.uid, now.version, now.selector) == (row.uid, intent.version, intent.source) else "I6"


def _by_commit(before: World, label: Committed, bounds: Bounds, after: World) -> str | None:
    row, to = before.rows[label.op], label.commit.to
    path = (row.state, S.ARMED, to) if label.commit.action == "INTENT" else (row.state, to)
    if any(following not in states.LEADS_TO[one] for one, following in itertools.pairwise(path)):
        return "I12"
    if label.commit.action == "INTENT":
        return _by_intent(before, label, after)
    if to == S.SUCCEEDED and row.going_back:
        return "BACK"
    if to == S.ROLLING_BACK and row.reverses and not row.going_back:
        return "STAYS"
    ours = [one for one in before.effects if one.op == label.op]
    if label.commit.action == "OUTCOME":
        settled = next((one for one in ours if one.step == row.step), None)
        if settled is None or settled.outcome:
            return "I3"
        if label.commit.result != "unclear" and (label.commit.result == "applied") != bool(settled.landed):
            return "I14"
        ours.remove(settled)
    if to in TERMINAL:
        return "I3" if any(not one.outcome for one in ours) else _by_verdict(before, label, bounds)
    return None


def _by_intent(before: World, label: Committed, after: World) -> str | None:
    unsettled = [one for one in before.effects if not one.outcome]
    if any(one.op != label.op for one in unsettled):
        return "I4"
    if unsettled:
        return "I3"
    if not allowed(before, before.rows[label.op]):
        return "I11"
    sent = any(one.kind == EFFECT and (one.op, one.epoch) == (label.op, label.epoch) for one in after.wire)
    look = next(one.look for one in before.executors if claim_of(one) == (label.op, label.epoch))
    return {OLD: "I8", SMALLER: "I8", EMPTY: "I9"}.get(look) if sent else None


def _by_verdict(before: World, label: Committed, bounds: Bounds) -> str | None:
    row, to, around = before.rows[label.op], label.commit.to, before.around
    landed = [one for one in before.effects if one.op == label.op and one.landed]
    went = tuple(one.target for one in landed)
    disturbed = bounds.policy or (around.foreign, around.faults) != (bounds.foreign, bounds.faults)
    otherwise = label.commit.seen != row.plan[0] if label.commit.action == "CONFLICT" else disturbed
    true = {
        S.SUCCEEDED: went == row.plan[1:] and label.commit.seen == row.plan[-1],
        S.ROLLED_BACK: len(went) > 1 and went == (*row.plan[1 : len(went)], row.plan[0]) and label.commit.seen == row.plan[0],
        S.FAILED_NO_CHANGE: not landed,
        S.CANCELLED: not landed,
        S.EXPIRED: not landed,
        S.CONFLICT: not landed and otherwise,
        S.REVERTED_EXTERNALLY: around.touched and bool(landed),
    }.get(to, True)
    if true:
        return None
    return "I10" if to == S.ROLLED_BACK else "I14"
