"""Whether what was recorded is a run of the model: the audit of the operations on one Service, and the versions that the Service went through.

The two records are read side by side, each in its own order, for their clocks are not compared. What nobody wrote down (claims, reads, refused
requests, lost answers, crashes) is filled in as the model allows. So a line that is missing, doubled or in the wrong place stays
unexplained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from clusterview.traffic import doubts, engine
from clusterview.traffic.states import TERMINAL
from tests.traffic.model import executing, happening
from tests.traffic.model.labels import Asked, Claimed, Committed, Failed, Label, Landed, Move, Wished, Wrote
from tests.traffic.model.worlds import (
    EFFECT,
    LOCKS_OUT,
    LOOKS,
    MARK,
    NO_MARKER,
    Bounds,
    Commit,
    Executor,
    Guards,
    Marker,
    Row,
    World,
    first_world,
    source_of,
    target_of,
)

GUARDS = Guards()
PLENTY = 99
FORBIDDEN = ("not_armed", "read_only", "not_allowed")
HISTORY = ("marker seen in the history", "never in the history")
HOW = {"answered": ("answered",), "marker seen": ("marker seen",), "sealed": ("sealed",), "replayed": HISTORY}
HOW |= {"unmarked": (doubts.UNMARKED,), "may land": (doubts.MAY_LAND,)}

MOST_NODES = 60_000


class Entry(NamedTuple):
    """A line of the audit."""

    operation: str
    action: str
    body: Mapping[str, Any]


class Write(NamedTuple):
    """A version of the Service. Where it is a write of our own also: the version that it tested, the epoch in its fence, whether it is an effect."""

    version: str
    uid: str
    selector: str
    marker: str
    is_ours: bool = False
    tests: str = ""
    epoch: int = 0
    is_effect: bool = False


@dataclass(frozen=True)
class Record:
    """`start` is the Service as it was before, `writes` its later versions; `states` are the states of the operations in the end, where known."""

    entries: Sequence[Entry]
    writes: Sequence[Write]
    start: Write
    states: Mapping[str, str]


@dataclass(frozen=True)
class Explanation:
    """`unexplained` is empty where the model has such a run; `labels` are its steps, else those of the longest beginning that it has.

    `is_given_up` says that neither was found among MOST_NODES worlds: a record that is long in claims has too many runs to look at.
    """

    labels: tuple[Label, ...]
    unexplained: str
    is_given_up: bool = False


def explain(record: Record) -> Explanation:
    """This will look for a run of the model that leaves this record."""
    return _Search(record).run()


def text(selector: Mapping[str, str] | None) -> str:
    """A selector as the model compares it."""
    return json.dumps(selector, sort_keys=True)


class _Node(NamedTuple):
    """A world that explains so many entries and writes. `told` is the newest claim that the audit has told, for each operation."""

    world: World
    entries: int
    writes: int
    told: tuple[int, ...]


class _Search:
    """Depth first: what the record shows, then what executors and the API server do by themselves, then what goes wrong."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.operations = list(dict.fromkeys(one.operation for one in record.entries if one.action == "REQUESTED"))
        self.uids = list(dict.fromkeys([record.start.uid, *(one.uid for one in record.writes)]))
        self.is_forbidden = any(one.body.get("reason") in FORBIDDEN for one in record.entries)
        self.bounds = Bounds(
            tries=engine.LONGEST_TRIES, tries_back=engine.LONGEST_TRIES_BACK, executors=3, foreign=PLENTY, faults=PLENTY, wishes=PLENTY, asked=PLENTY
        )

    def run(self) -> Explanation:
        world = first_world(self.bounds)
        first = _Node(world._replace(service=world.service._replace(selector=self.record.start.selector)), 0, 0, ())
        came: dict[_Node, tuple[_Node, Label] | None] = {first: None}
        ahead, furthest = [first], first
        while ahead:
            if len(came) > MOST_NODES:
                return Explanation(_labels(came, furthest), "", is_given_up=True)
            node = ahead.pop()
            furthest = max(furthest, node, key=lambda one: one.entries + one.writes)
            if self._is_end(node):
                return Explanation(_labels(came, node), "")
            steps = reversed(list(self._onward(node)))  # the last one is looked at first
            for label, after in sorted(steps, key=lambda step: step[1].entries + step[1].writes):
                if after not in came:
                    came[after] = (node, label)
                    ahead.append(after)
        return Explanation(_labels(came, furthest), self._unexplained(furthest))

    def _is_end(self, node: _Node) -> bool:
        if (node.entries, node.writes) != (len(self.record.entries), len(self.record.writes)):
            return False
        return all(self.record.states.get(name, row.state) == row.state for name, row in zip(self.operations, node.world.rows, strict=True))

    def _unexplained(self, node: _Node) -> str:
        states = ", ".join(f"operation {op} is {row.state}" for op, row in enumerate(node.world.rows)) or "nothing is asked for"
        entry, write = self._entry(node), self._write(node)
        audit = f"with {entry.action} {dict(entry.body)} of {entry.operation}" if entry else "no further"
        object_ = f"with version {write.version} ({write})" if write else "no further"
        after = f"After {node.entries} lines and {node.writes} versions {states}."
        return f"{after} No step of the model leads on from there, where the audit goes on {audit}, and the Service {object_}."

    def _entry(self, node: _Node) -> Entry | None:
        return self.record.entries[node.entries] if node.entries < len(self.record.entries) else None

    def _write(self, node: _Node) -> Write | None:
        return self.record.writes[node.writes] if node.writes < len(self.record.writes) else None

    def _version(self, version: int) -> str:
        """The resourceVersion of a version of the model: each write makes one."""
        return {1: self.record.start.version}.get(version) or (self.record.writes[version - 2].version if version > 1 else "")

    def _marker(self, marker: str) -> Marker:
        operation, _, step = marker.rpartition(":")
        return (self.operations.index(operation), int(step)) if operation in self.operations else NO_MARKER

    # The steps

    def _onward(self, node: _Node) -> Iterator[tuple[Label, _Node]]:
        """Every step of the model that the record does not contradict."""
        for move in self._moves(node):
            if after := self._read(node, move):
                around = after.world.around._replace(faults=PLENTY, foreign=PLENTY, wishes=PLENTY, asked=PLENTY)
                yield move.label, after._replace(world=after.world._replace(around=around))

    def _moves(self, node: _Node) -> Iterator[Move]:
        world = node.world
        for executor in world.executors:
            yield from executing.moves(world, executor, guards=GUARDS, bounds=self.bounds)
        yield from happening.landings(world, guards=GUARDS, bounds=self.bounds)
        yield from happening.faults(world, guards=GUARDS)
        yield from self._claims(world, self._entry(node))
        if self.is_forbidden:
            yield from happening.permissions(world)
        yield from self._by_people(world, self._entry(node))
        if (write := self._write(node)) and not write.is_ours:
            marker, uid = self._marker(write.marker), self.uids.index(write.uid)
            yield happening.written(world, how="writes", selector=write.selector, marker=marker, uid=uid, guards=GUARDS)

    def _claims(self, world: World, entry: Entry | None) -> Iterator[Move]:
        """The claim that the audit tells next. One that it never tells wrote nothing, so the run without it is a run as well; whoever is superseded
        by a claim can only end.
        """
        op = self.operations.index(entry.operation) if entry and entry.action == "CLAIMED" and entry.operation in self.operations else len(world.rows)
        if entry is None or op >= len(world.rows) or world.rows[op].epoch >= entry.body["epoch"] or world.rows[op].state in TERMINAL:
            return
        row = world.rows[op]._replace(epoch=entry.body["epoch"])
        wire = tuple(sorted(one._replace(awaited=one.awaited and one.op != op) for one in world.wire))
        executors = (*(one for one in world.executors if one.op != op), Executor(op, row, LOOKS))
        rows = (*world.rows[:op], row, *world.rows[op + 1 :])
        yield Move(Claimed(op, row.epoch, row.state), world._replace(rows=rows, executors=executors, wire=wire), free=True)

    def _by_people(self, world: World, entry: Entry | None) -> Iterator[Move]:
        if entry and entry.action == "REQUESTED" and entry.operation == dict(enumerate(self.operations)).get(len(world.rows)):
            for begins in (MARK, EFFECT, ""):
                yield happening.asked(world, plan=_plan(entry.body), begins=begins, reverses=bool(entry.body.get("reverses")))
        elif entry and entry.action == "BACK_REQUESTED" and entry.operation in self.operations[: len(world.rows)]:
            op = self.operations.index(entry.operation)
            if world.rows[op].state not in TERMINAL and not world.rows[op].going_back:
                yield Move(Wished("go back", op), happening.turned(world, op), free=False)

    # What a step leaves in the record

    def _read(self, before: _Node, move: Move) -> _Node | None:
        """The node after a move, if the record has next what the move leaves in it."""
        node = before._replace(world=move.world)
        match move.label:
            case Asked(op, _, begins):
                return self._asked(node, op, begins)
            case Wished("go back", op):
                return self._take(node, op, "BACK_REQUESTED")
            case Failed("meets a defect", op, epoch) if any(one.op == op and one.doing == LOCKS_OUT for one in move.world.executors):
                # the claim is told before its last seal, if it comes so far
                return self._told(node, op, epoch, before.world.rows[op].state) or node
            case Committed():
                return self._committed(node, move.label, row=before.world.rows[move.label.op])
            case Landed(moved=True):
                return self._landed(node, move.label)
            case Wrote():
                is_new = self.record.writes[node.writes].version != self._version(before.world.service.version)
                return node._replace(writes=node.writes + 1) if is_new else None
        return node

    def _asked(self, node: _Node, op: int, begins: str) -> _Node | None:
        asked = self._take(node._replace(told=(*node.told, 0)), op, "REQUESTED")
        if not asked or not begins:
            return asked
        claimed = self._told(asked, op, 1, "marking" if begins == MARK else "applying")
        looked = claimed and self._take(claimed, op, "PREFLIGHT")
        if not looked or begins == MARK:
            return looked
        row, sent = node.world.rows[op], self._take(looked, op, "INTENT")
        said = Commit(row.state, "INTENT", version=row.intent)
        return sent if sent and self._agrees(self.record.entries[looked.entries], said, row._replace(step=0), row.epoch) else None

    def _take(self, node: _Node, op: int, action: str, **body: object) -> _Node | None:
        """The node after the next line of the audit, if that is the one, with these values in it."""
        entry = self._entry(node)
        if entry is None or (entry.operation, entry.action) != (self.operations[op], action):
            return None
        return node._replace(entries=node.entries + 1) if body.items() <= {**entry.body}.items() else None

    def _told(self, node: _Node, op: int, epoch: int, state: str) -> _Node | None:
        """The node after the audit has told the claim; it does so once, with the first line that the claim writes."""
        if node.told[op] == epoch:
            return node
        told = (*node.told[:op], epoch, *node.told[op + 1 :])
        return self._take(node._replace(told=told), op, "CLAIMED", epoch=epoch, state=state)

    def _committed(self, node: _Node, label: Committed, *, row: Row) -> _Node | None:
        commit, told = label.commit, self._told(node, label.op, label.epoch, label.was)
        taken = told and self._take(told, label.op, commit.action)
        if not told or not taken or not self._agrees(self.record.entries[told.entries], commit, row, label.epoch):
            return None
        return self._take(taken, label.op, "CLOSED", state=commit.to) if taken and commit.to in TERMINAL else taken

    def _agrees(self, entry: Entry, commit: Commit, row: Row, epoch: int) -> bool:
        body = entry.body
        match commit.action:
            case "INTENT":
                said = (body["step"], body["epoch"], body["intent_rv"], text(body["from"]), text(body["to"]))
                return said == (row.step + 1, epoch, self._version(commit.version), source_of(row), target_of(row))
            case "OUTCOME":
                if commit.how == "defect":
                    return "defect" in body and (body["result"], body["step"]) == (commit.result, row.step)
                applied_as = body.get("rv") == self._version(commit.version) if commit.result == "applied" else "rv" not in body
                how = body.get("how") in HOW[commit.how] if commit.how in HOW else "defect" not in body
                return (body["result"], body["step"]) == (commit.result, row.step) and applied_as and how
            case "CONFLICT" | "REVERTED":
                return "selector" not in body or text(body["selector"]) == commit.seen
            case "TURNING_BACK":
                is_by_endpoints = body["reason"] in ("not-converged", "emptied")
                return is_by_endpoints if commit.how == "not-converged" else bool(body["reason"] == commit.how if commit.how else not is_by_endpoints)
        return True

    def _landed(self, node: _Node, label: Landed) -> _Node | None:
        write, request, now = self._write(node), label.request, node.world.service
        if write is None or not write.is_ours:
            return None
        said = (write.tests, write.epoch, write.is_effect, write.selector, self._marker(write.marker))
        true = (self._version(request.version), request.epoch, request.kind == EFFECT, now.selector, now.marker)
        return node._replace(writes=node.writes + 1) if said == true and write.uid == self.uids[now.uid] else None


def _plan(asked: Mapping[str, Any]) -> tuple[str, ...]:
    """The selectors that an operation goes through; an overlap widens to what both sides have."""
    before, after = asked["from"], asked["to"]
    both = {key: value for key, value in before.items() if after.get(key) == value}
    return (text(before), *([text(both)] if "overlap_seconds" in asked else []), text(after))


def _labels(came: Mapping[_Node, tuple[_Node, Label] | None], node: _Node) -> tuple[Label, ...]:
    labels: list[Label] = []
    while step := came[node]:
        node, label = step
        labels.append(label)
    return tuple(reversed(labels))
