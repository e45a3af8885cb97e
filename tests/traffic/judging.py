"""What must hold between what the API server stored, what the audit says and how the switches ended, whatever happened in between.

All of it is data: versions of Services as the API server wrote them down itself, the audit's entries and the switches' rows. The names of the
rules are said with each problem, so that a test of the rules can ask for them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from clusterview.traffic.planning import FENCE, OP
from clusterview.traffic.states import TERMINAL, State

GIVEN_UP = frozenset(  # the last patch may still arrive
    {"may-land", "defect-may-land", "no-credential-may-land", "no-right-may-land", "turned-away-may-land"}
)
NEXT_EXECUTOR_SECONDS = 10.0  # for no longer nobody goes on with what an executor has left
CHANGED_NOTHING = frozenset({State.REJECTED, State.CANCELLED, State.EXPIRED, State.FAILED_NO_CHANGE, State.CONFLICT})


@dataclass(frozen=True, kw_only=True)
class Write:
    """One request that would write a Service. `version` and what follows are empty where it was refused; `at` orders it with the audit."""

    uid: str
    code: int
    at: datetime
    number: int = 0
    version: str = ""
    version_before: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    selector_before: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    annotations_before: Mapping[str, str] = field(default_factory=dict)

    @property
    def stored(self) -> bool:
        return self.code < 300 and self.version != self.version_before

    @property
    def marker(self) -> str:
        """The operation and step whose effect this is, empty where it is none of ours."""
        marked = self.annotations.get(OP, "")
        return marked if self.stored and marked != self.annotations_before.get(OP, "") and self.selector != self.selector_before else ""

    @property
    def fence(self) -> str:
        fence = self.annotations.get(FENCE, "")
        return fence if self.stored and fence != self.annotations_before.get(FENCE, "") else ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the audit."""

    sequence: int
    at: datetime
    action: str
    switch: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A switch as the database has it now. `plan` are the selectors on its way, the one before it first."""

    id: str
    service_uid: str
    state: State
    plan: Sequence[Mapping[str, str]]
    epoch: int = 0
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """Everything that is judged together."""

    writes: Sequence[Write]
    entries: Sequence[Entry]
    rows: Sequence[Row]

    @cached_property
    def _effects(self) -> dict[str, list[Write]]:
        found: dict[str, list[Write]] = defaultdict(list)
        for one in self.writes:
            found[one.marker.partition(":")[0]].append(one)
        return found

    @cached_property
    def _entries(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = defaultdict(list)
        for one in self.entries:
            found[one.switch].append(one)
        return found

    def effects(self, switch: str) -> list[Write]:
        return self._effects.get(switch, [])

    def of(self, switch: str, *actions: str) -> list[Entry]:
        """What the audit tells of a switch: all of it, or these actions."""
        return [one for one in self._entries.get(switch, ()) if one.action in actions or not actions]


def problems(record: Record) -> list[str]:
    """This will say what is wrong, a sentence each with the number of the rule; empty when all is well."""
    found = [*_fences(record), *_overlaps(record), *_numbers_of_writes(record)]
    for row in record.rows:
        found += [f"{problem} ({row.id}, {row.state})" for problem in _of_switch(record, row)]
    return found


def _of_switch(record: Record, row: Row) -> Iterable[str]:
    effects, intents = record.effects(row.id), {one.body["step"]: one for one in record.of(row.id, "INTENT")}
    for marker, times in Counter(one.marker for one in effects).items():
        if times > 1:
            yield f"I1: {times} effects of {marker}"
    for effect in effects:
        intent = intents.get(int(effect.marker.partition(":")[2]))
        if intent is None or intent.at > effect.at:
            yield f"I2: the effect {effect.marker} without an INTENT before it"
            continue
        if (effect.selector, effect.uid) != (intent.body["to"], row.service_uid):
            yield f"I2: {effect.marker} wrote {effect.selector}, and the INTENT says {intent.body['to']}"
        if (effect.version_before, effect.selector_before) != (intent.body["intent_rv"], intent.body["from"]):
            yield f"I6: {effect.marker} landed on version {effect.version_before} with {effect.selector_before}"
    yield from _outcomes(record, row, intents)
    yield from _end(record, row, effects)


def _outcomes(record: Record, row: Row, intents: Mapping[int, Entry]) -> Iterable[str]:
    outcomes = Counter(one.body["step"] for one in record.of(row.id, "OUTCOME"))
    for step in sorted({*intents, *outcomes}):
        told = outcomes.get(step, 0)
        if told > 1 or step not in intents or (row.state in TERMINAL and told == 0):
            yield f"I3: {told} OUTCOMEs of step {step}"


def _end(record: Record, row: Row, effects: Sequence[Write]) -> Iterable[str]:
    closed = record.of(row.id, "CLOSED")
    if len(closed) != int(row.state in TERMINAL):
        yield f"I12: closed {len(closed)} times"
    afterwards = record.of(row.id, "REVERTED_AFTERWARDS")
    told = [*(one.body["state"] for one in closed), *(one.body["reason"] for one in afterwards or closed)]
    if closed and told != [row.state, row.reason]:
        yield f"I14: its row says {row.state} ({row.reason}), and its audit {told}"
    if closed and row.reason not in GIVEN_UP:
        yield from (f"I5: the effect {one.marker} after the end" for one in effects if one.at > closed[0].at)
    landed = [dict(one.selector) for one in effects]
    if row.state == State.SUCCEEDED and landed != row.plan[1:]:
        yield f"I14: it succeeded with the effects {landed}"
    if row.state in CHANGED_NOTHING and landed:
        yield f"I14: it says that nothing changed, and {len(landed)} effects landed"
    if row.state == State.ROLLED_BACK and not (len(landed) > 1 and landed == [*row.plan[1 : len(landed)], row.plan[0]]):
        yield f"I10: rolled back with the effects {landed}"


def _fences(record: Record) -> Iterable[str]:
    for fence, times in Counter(one.fence for one in record.writes if one.fence).items():
        if times > 1:
            yield f"I7: the fence {fence} was written {times} times"
    services = {one.switch: "" for one in record.entries if one.action == "REQUESTED" and "from" in one.body}  # a row may have been deleted
    services |= {row.id: row.service_uid for row in record.rows}
    begun = dict[tuple[str, int], datetime]()
    for one in [one for one in record.entries if one.action == "CLAIMED" and one.switch in services]:
        begun.setdefault((services[one.switch], one.body["epoch"]), one.at)
    for write in [one for one in record.writes if one.fence]:
        epoch = int(write.fence.split(":")[-2])
        if not any((uid, epoch) in begun and begun[uid, epoch] <= write.at for uid in (write.uid, "")):
            yield f"I7: the fence {write.fence} of a claim that the audit did not have yet"
    claims = {(one.switch, one.body["epoch"]) for one in record.entries if one.action == "CLAIMED"}
    newest: dict[str, int] = {}
    for effect in [one for one in record.writes if one.marker]:
        switch, epoch = effect.marker.partition(":")[0], int(effect.annotations[FENCE].split(":")[-2])
        if (switch, epoch) not in claims or epoch < newest.get(switch, 0):
            yield f"I7: the effect {effect.marker} in claim {epoch}, after one in claim {newest.get(switch)}"
        newest[switch] = epoch


def _numbers_of_writes(record: Record) -> Iterable[str]:
    """Of one Service its switches write once for each look that they mark and once for each INTENT, the effect or the seal; none of them after
    somebody else's change ended it. Whose a mark or a seal is tells the claim in its fence.
    """
    marks = [one for one in record.writes if one.fence]
    told, allowed = Counter(one.uid for one in marks), Counter[str]()
    for row in record.rows:
        allowed[row.service_uid] += len(record.of(row.id, "PREFLIGHT", "INTENT"))
    for uid, looks in allowed.items():
        if told[uid] > looks:
            yield f"I17: {told[uid]} writes to {uid}, and {looks} looks and INTENTs"
    for row in [one for one in record.rows if one.state == State.REVERTED_EXTERNALLY]:
        others = {claim for one in record.rows if one is not row and one.service_uid == row.service_uid for claim in _claims(record, one)}
        after = [one for one in marks if one.uid == row.service_uid and one.at > record.of(row.id, "CLOSED")[0].at]
        if any(one.fence.rpartition(":")[0] in _claims(record, row) - others for one in after):
            yield f"I17: a write after somebody else's change had ended it ({row.id})"


def _claims(record: Record, row: Row) -> set[str]:
    """The beginnings of the fences that this switch's executors write."""
    return {f"{one.body['holder']}:{one.body['epoch']}" for one in record.of(row.id, "CLAIMED")}


def _overlaps(record: Record) -> Iterable[str]:
    """From INTENT to OUTCOME one Service is one switch's."""
    uids = {row.id: row.service_uid for row in record.rows}
    between: dict[str, set[str]] = defaultdict(set)
    for entry in sorted(record.entries, key=lambda one: one.sequence):
        uid = uids.get(entry.switch)
        if uid is None:
            continue
        if entry.action == "INTENT":
            if others := between[uid] - {entry.switch}:
                yield f"I4: an INTENT of {entry.switch} between those of {', '.join(sorted(others))}"
            between[uid].add(entry.switch)
        elif entry.action == "OUTCOME":
            between[uid].discard(entry.switch)


def stored(log: Iterable[Mapping[str, Any]]) -> list[Write]:
    """The writes of Services in an API server's audit log, each with the version before it; refused ones at their place, dry runs left out."""
    asked = [one for one in log if one.get("objectRef", {}).get("resource") == "services" and "dryRun" not in one.get("requestURI", "")]
    asked = [one for one in asked if "subresource" not in one["objectRef"] and one.get("verb") in ("create", "patch", "update")]
    before: dict[str, Mapping[str, Any]] = {}
    writes: list[Write] = []
    for one in sorted(asked, key=_order):
        at, code = datetime.fromisoformat(one["requestReceivedTimestamp"]), one["responseStatus"]["code"]
        service = one["responseObject"] if code < 300 else None
        uid = service["metadata"]["uid"] if service else one["objectRef"].get("uid", "")
        last = before.get(uid)
        writes.append(_write(uid=uid, code=code, at=at, number=len(writes), service=service, last=last))
        if service:
            before[uid] = service
    return writes


def _order(one: Mapping[str, Any]) -> tuple[int, str]:
    """Stored versions by their number; a refusal tells none, so it stands first."""
    version = one.get("responseObject", {}).get("metadata", {}).get("resourceVersion", "0") if one["responseStatus"]["code"] < 300 else "0"
    return int(version), one["requestReceivedTimestamp"]


def _write(
    *, uid: str, code: int, at: datetime, number: int, service: Mapping[str, Any] | None, last: Mapping[str, Any] | None
) -> Write:
    def part(of: Mapping[str, Any] | None, *path: str) -> Any:
        for name in path:
            of = (of or {}).get(name)
        return of or {}

    return Write(
        uid=uid, code=code, at=at, number=number,
        version=part(service, "metadata", "resourceVersion") or "", version_before=part(last, "metadata", "resourceVersion") or "",
        selector=part(service, "spec", "selector"), selector_before=part(last, "spec", "selector"),
        annotations=part(service, "metadata", "annotations"), annotations_before=part(last, "metadata", "annotations"),
    )  # fmt: skip
