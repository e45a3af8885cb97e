"""What must hold between the numbers that an object went through, what the audit says and how the changes of sizes ended.

The rules are those of `judging`, said of numbers: the names begin with an S. One more is for autoscalers: what was raised is put back, and a number
that somebody else wrote is never overwritten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from clusterview.models import Sizing
from clusterview.traffic.states import TERMINAL, State
from tests.traffic.judging import Entry
from tests.traffic.numbers import NumberWrite


def problems(*, rows: Sequence[Sizing], writes: Sequence[NumberWrite], entries: Sequence[Entry]) -> list[str]:
    """This will say what is wrong, a sentence each with the name of the rule; empty when all is well."""
    found = []
    for row in rows:
        found += [f"{problem} ({row.pk}, {row.purpose}, {row.state})" for problem in _of_one(row, writes, entries)]
    return found


def _of_one(row: Sizing, writes: Sequence[NumberWrite], entries: Sequence[Entry]) -> Iterable[str]:
    mine = [one for one in entries if one.switch == str(row.pk)]
    intents = {one.body["step"]: one for one in mine if one.action == "INTENT"}
    effects = [one for one in writes if one.marker.partition(":")[0] == str(row.pk)]
    for marker, times in Counter(one.marker for one in effects).items():
        if times > 1:
            yield f"S1: {times} effects of {marker}"
    for effect in effects:
        intent = intents.get(int(effect.marker.partition(":")[2]))
        if intent is None or intent.at > effect.at:
            yield f"S2: the effect {effect.marker} without an INTENT before it"
            continue
        said = (intent.body["from"], intent.body["to"], intent.body["intent_rv"])
        if said != (effect.number_before, effect.number, effect.version_before):
            yield f"S6: {effect.marker} wrote {effect.number} over {effect.number_before}, and the INTENT says {said}"
    outcomes = Counter(one.body["step"] for one in mine if one.action == "OUTCOME")
    for step in sorted({*intents, *outcomes}):
        told = outcomes.get(step, 0)
        if told > 1 or step not in intents or (row.state in TERMINAL and told == 0):
            yield f"S3: {told} OUTCOMEs of step {step}"
    closed = [one for one in mine if one.action == "CLOSED"]
    if len(closed) != int(row.state in TERMINAL):
        yield f"S12: closed {len(closed)} times"
    if closed and (closed[0].body["state"], closed[0].body["reason"]) != (row.state, row.reason):
        yield f"S14: its row says {row.state} ({row.reason}), and its audit {closed[0].body}"
    if closed and row.state != State.NEEDS_HUMAN:
        yield from (f"S5: the effect {one.marker} after the end" for one in effects if one.at > closed[0].at)


def put_back(writes: Sequence[NumberWrite], entries: Sequence[Entry], *, original: int) -> Iterable[str]:
    """What is put back at an autoscaler is what was there before ours, and never over a number that somebody else wrote."""
    returning = {f"{one.switch}:{one.body['step']}" for one in entries if one.action == "INTENT" and one.body["returning"]}
    theirs, is_ours = original, False
    for write in writes:
        if not write.is_ours and write.number != write.number_before:
            theirs, is_ours = write.number, False
        elif write.marker in returning:
            if not is_ours:
                yield f"S10: {write.marker} wrote {write.number} over somebody else's {write.number_before}"
            elif write.number != theirs:
                yield f"S10: {write.marker} put back {write.number}, and {theirs} was there before"
            is_ours = False
        elif write.is_ours and write.marker:
            is_ours = True


def left(*, rows: Iterable[Sizing], number: int, writes: Sequence[NumberWrite], original: int) -> list[str]:
    """What is wrong when everything has settled: a number that stays raised although nobody was told."""
    foreign = [one.number for one in writes if not one.is_ours and one.number != one.number_before]
    theirs = foreign[-1] if foreign else original
    if number == theirs or any(one.state == State.NEEDS_HUMAN or one.left_alone for one in rows):
        return []
    return [f"S19: the number stays {number}, and {theirs} was there before"]
