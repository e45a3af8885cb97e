"""The protocol of a hold as a model that is explored exhaustively: two operations that keep one autoscaler's least number raised, executors, the API
server, the network and other people, one small step after another, in every order. It is `clusterview.traffic.sizing` as far as a hold goes.

As in the model of a switch a transaction and the request that follows it are one step, and so are a landing and its answer. The object has one
number; `theirs` is what is to be there in the end: what was there at first, or what somebody else wrote last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from clusterview.traffic.states import SIZING, TERMINAL, State
from tests.traffic.model import exploring

S = State
LEAST, OTHER, LIVE = 1, 2, 3
LOOKS, EFFECT, SEAL = "looks", "effect", "seal"
NOBODY = (-1, 0)

Marker = tuple[int, int]


class Object(NamedTuple):
    """`since` is what a watch from the unsettled INTENT would bring: (version, marker, number), empty while none is unsettled."""

    version: int
    number: int
    is_ours: bool
    marker: Marker
    since: tuple[tuple[int, Marker, int], ...] = ()


class Row(NamedTuple):
    """`at` is 1 while the number stands; `now`, `to` and `back` are the plan, and `order` tells which of several was made last."""

    state: State
    epoch: int = 0
    at: int = 0
    step: int = 0
    intent: int = 0
    returning: bool = False
    is_over: bool = False
    now: int = 0
    to: int = 0
    back: int = 0
    order: int = 0
    left_alone: bool = False


class Doing(NamedTuple):
    """What an executor does next: LOOKS, waits for the answer to EFFECT or SEAL, or a step on what it has read."""

    what: str
    version: int = 0
    row: Row | None = None
    others: tuple[Row, ...] = ()


class Executor(NamedTuple):
    op: int
    row: Row
    doing: Doing


class Request(NamedTuple):
    op: int
    step: int
    kind: str
    version: int
    expected: int
    target: int
    returning: bool
    epoch: int
    awaited: bool


class Effect(NamedTuple):
    op: int
    step: int
    outcome: str = ""
    landed: int = 0


class World(NamedTuple):
    object: Object
    rows: tuple[Row, ...]
    executors: tuple[Executor, ...]
    wire: tuple[Request, ...]
    effects: tuple[Effect, ...]
    theirs: int
    foreign: int
    faults: int
    asked: int


@dataclass(frozen=True, slots=True)
class Bounds:
    foreign: int = 1
    faults: int = 2
    asked: int = 2
    executors: int = 2


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps the promises. Taking one away makes a mutant."""

    tests_version: bool = True
    transactions_compare_epoch: bool = True
    seals_before_void: bool = True
    reads_history: bool = True
    asks_who_wrote: bool = True
    plan_is_checked_under_the_lock: bool = True
    put_back_is_checked_under_the_lock: bool = True
    hands_over: bool = True
    latest_is_told: bool = True
    shares_only_what_stands: bool = True
    rejection_is_read: bool = True


PROMISES = {
    "S1": "an effect lands at most once",
    "S3": "an operation that ended has an OUTCOME for each INTENT",
    "S5": "nothing lands after its OUTCOME",
    "S6": "an effect lands on the number that it expects",
    "S10": "what is put back is what was there before, and never over somebody else's number",
    "S14": "an OUTCOME is true",
    "HELD": "while it is held, and nobody else wrote, the number is what was raised",
    "S19": "when all has ended, the number is theirs, or somebody was told",
    "END": "everything can end without a further fault",
    "TABLE": "every transition is in the table",
}


class Broken(Exception):
    """A promise that does not hold."""


class Move(NamedTuple):
    label: str
    world: World
    free: bool = True
    broken: str = ""
    went: tuple[State, State] | None = None


def first_world(bounds: Bounds) -> World:
    return World(Object(1, LEAST, False, NOBODY), (), (), (), (), LEAST, bounds.foreign, bounds.faults, bounds.asked)


def moves(world: World, *, guards: Guards, bounds: Bounds) -> Iterator[Move]:
    """This will give every next step of everybody."""
    for executor in world.executors:
        yield from _of_executor(world, executor, guards)
    for request in dict.fromkeys(world.wire):
        yield from _landing(world, request, guards)
    yield from _others(world)
    yield from _faults(world)
    for op, row in enumerate(world.rows):
        held = [one for one in world.executors if one.op == op and one.row.epoch == row.epoch]
        if row.state not in TERMINAL and not held and len(world.executors) < bounds.executors:
            claimed = row._replace(epoch=row.epoch + 1)
            world_ = _with_row(world, op, claimed)._replace(executors=_sorted((*world.executors, Executor(op, claimed, Doing(LOOKS)))))
            yield Move(f"{op} is claimed", world_)
        if row.state not in TERMINAL and not row.is_over:
            yield Move(f"{op} is over", _with_row(world, op, row._replace(is_over=True)))
    if world.asked:
        yield Move("a hold is asked for", world._replace(rows=(*world.rows, Row(S.QUEUED)), asked=world.asked - 1), free=False)


def _others(world: World) -> Iterator[Move]:
    if not world.foreign:
        return
    seen, left = world.object, world._replace(foreign=world.foreign - 1)
    for number in (LEAST, OTHER, LIVE):
        if number != seen.number:
            changed = _written(seen, number=number, is_ours=False, marker=seen.marker)
            yield Move(f"somebody writes {number}", left._replace(object=changed, theirs=number), free=False)
    touched = _written(seen, number=seen.number, is_ours=seen.is_ours, marker=seen.marker)
    yield Move("the status is written", left._replace(object=touched), free=False)
    if seen.marker != NOBODY:
        stripped = _written(seen, number=seen.number, is_ours=seen.is_ours, marker=NOBODY)
        yield Move("the annotations are taken off", left._replace(object=stripped), free=False)


def _faults(world: World) -> Iterator[Move]:
    if not world.faults:
        return
    left = world._replace(faults=world.faults - 1)
    for executor in world.executors:
        rest = tuple(one for one in world.executors if one is not executor)
        wire = tuple(one._replace(awaited=False) if (one.op, one.epoch) == (executor.op, executor.row.epoch) else one for one in world.wire)
        yield Move(f"{executor.op}.{executor.row.epoch} dies", left._replace(executors=rest, wire=wire), free=False)
        op = executor.op
        if world.rows[op].epoch == executor.row.epoch and world.rows[op].state not in TERMINAL and len(world.executors) < 3:
            claimed = world.rows[op]._replace(epoch=executor.row.epoch + 1)
            taken = _with_row(left, op, claimed)._replace(executors=_sorted((*world.executors, Executor(op, claimed, Doing(LOOKS)))))
            yield Move(f"{op} is claimed while {executor.row.epoch} stands still", taken, free=False)
    for request in world.wire:
        executor = _waiting(world, request)
        if executor is not None:
            wire = _sorted(one if one is not request else one._replace(awaited=False) for one in world.wire)
            yield from _commit(left._replace(wire=wire), executor, "UNKNOWN", {"state": S.UNKNOWN}, guards=Guards(), free=False)


def _of_executor(world: World, executor: Executor, guards: Guards) -> Iterator[Move]:
    row, doing = executor.row, executor.doing
    if doing.what in (EFFECT, SEAL):
        return
    if doing.what == "plans":
        yield from _planned(world, executor, guards)
    elif doing.what == "looks at the number":
        yield from _queued(world, executor, guards)
    elif doing.what == "arms":
        yield from _armed(world, executor, guards)
    elif doing.what == "puts back":
        yield from _put_back(world, executor, guards)
    elif doing.what == "seals":
        sealed = Request(executor.op, row.step, SEAL, row.intent, 0, 0, False, row.epoch, awaited=True)
        yield from _commit(world, executor, "SEALING", {"state": S.SEALING}, guards=guards, request=sealed, then=SEAL)
    elif row.state == S.QUEUED:
        yield _reads(world, executor, Doing("looks at the number", others=_others_of(world, executor.op)))
    elif row.state == S.PREPARING:
        yield from _prepare(world, executor, guards)
    elif row.state == S.APPLYING:
        yield from _commit(world, executor, "UNKNOWN", {"state": S.UNKNOWN}, guards=guards)
    elif row.state == S.SEALING:
        yield from _commit(world, executor, "TAKEN_OVER", {"state": S.UNKNOWN}, guards=guards)
    elif row.state == S.UNKNOWN:
        yield from _classify(world, executor, guards)
    elif row.state == S.HOLDING:
        if world.rows[executor.op].is_over:
            yield from _commit(world, executor, "RESTORING", {"state": S.ROLLING_BACK}, guards=guards)
        else:
            yield _leaves(world, executor)
    elif row.state == S.ROLLING_BACK:
        yield from _commit(world, executor, "PREPARING", {"state": S.PREPARING, "returning": True}, guards=guards)


def _prepare(world: World, executor: Executor, guards: Guards) -> Iterator[Move]:
    row, seen = executor.row, world.object
    if row.returning and not row.at:
        end = S.REVERTED_EXTERNALLY if row.left_alone else S.SUCCEEDED
        yield from _commit(world, executor, "ENDED", {"state": end}, guards=guards)
    elif row.returning and guards.hands_over and (sharing := _sharing(world, executor.op)):
        yield from _handed_over(world, executor, sharing, guards)
    elif row.returning:
        yield _reads(world, executor, Doing("puts back"))
    elif row.at:
        yield from _commit(world, executor, "HOLDING", {"state": S.HOLDING}, guards=guards)
    elif seen.number == row.to:
        yield from _commit(world, executor, "AS_WANTED", {"state": S.PREPARING, "at": 1}, guards=guards)
    elif seen.number != row.now:
        yield from _commit(world, executor, "ENDED", {"state": S.CONFLICT}, guards=guards)
    else:
        yield _reads(world, executor, Doing("arms", version=seen.version))


def _put_back(world: World, executor: Executor, guards: Guards) -> Iterator[Move]:
    """It has found nobody to hand over to, and reads the object."""
    row, seen = executor.row, world.object
    if seen.number == row.back:
        yield from _commit(world, executor, "AS_BEFORE", {"state": S.PREPARING, "at": 0}, guards=guards)
    elif seen.number != row.to or (guards.asks_who_wrote and not seen.is_ours):
        yield from _commit(world, executor, "LEFT_ALONE", {"state": S.PREPARING, "at": 0, "left_alone": True}, guards=guards)
    else:
        yield _reads(world, executor, Doing("arms", version=seen.version))


def _queued(world: World, executor: Executor, guards: Guards) -> Iterator[Move]:
    """The plan, on the number that is read now and on what other operations had done before."""
    number, others = world.object.number, executor.doing.others
    if any(one.at and one.returning for one in others):
        yield _leaves(world, executor)
        return
    sharing = sorted((one for one in others if one.at), key=lambda one: one.order)[-1:]
    order = sharing[0].order + 1 if sharing else 1
    if guards.shares_only_what_stands and sharing and not (world.object.is_ours and number == sharing[0].to):
        sharing = []
    back = sharing[0].back if sharing else number
    row = executor.row._replace(state=S.PREPARING, now=number, to=max(number, LIVE), back=back, at=int(number >= LIVE), order=order)
    if number < LIVE or sharing:
        yield _reads(world, executor, Doing("plans", row=row, others=others))
    else:
        yield from _commit(world, executor, "FORGOTTEN", {"state": S.CANCELLED}, guards=guards)


def _planned(world: World, executor: Executor, guards: Guards) -> Iterator[Move]:
    plan = executor.doing.row
    assert plan is not None
    others = _others_of(world, executor.op)
    is_ahead = any(one.to and not one.at and not one.returning for one in others)
    if guards.plan_is_checked_under_the_lock and (others != executor.doing.others or is_ahead):
        yield _leaves(world, executor)
        return
    fields = {"state": plan.state, "now": plan.now, "to": plan.to, "back": plan.back, "at": plan.at, "order": plan.order}
    yield from _commit(world, executor, "PLANNED", fields, guards=guards)


def _others_of(world: World, op: int) -> tuple[Row, ...]:
    """What the plan rests on of the other operations that are open."""
    others = (one for other, one in enumerate(world.rows) if other != op and one.state not in TERMINAL)
    return tuple(Row(S.QUEUED, at=one.at, returning=one.returning, to=one.to, back=one.back, order=one.order) for one in others)


def _armed(world: World, executor: Executor, guards: Guards) -> Iterator[Move]:
    """The INTENT, and the effect on the version that was read."""
    row, version = executor.row, executor.doing.version
    if row.returning and guards.put_back_is_checked_under_the_lock and _sharing(world, executor.op):
        yield _reads(world, executor, Doing(LOOKS))
        return
    expected, target = (row.to, row.back) if row.returning else (row.now, row.to)
    fields = {"state": S.APPLYING, "step": row.step + 1, "intent": version}
    request = Request(executor.op, row.step + 1, EFFECT, version, expected, target, row.returning, row.epoch, awaited=True)
    yield from _commit(world, executor, "INTENT", fields, guards=guards, request=request, then=EFFECT)


def _handed_over(world: World, executor: Executor, sharing: list[tuple[int, Row]], guards: Guards) -> Iterator[Move]:
    """Who planned last knows what is to be put back. The other one's claim ends with this, so that it reads its plan again."""
    op, other = max(sharing, key=lambda one: one[1].order)
    for move in _commit(world, executor, "HANDED_OVER", {"state": S.PREPARING, "at": 0}, guards=guards):
        mine = executor.row
        changed = other._replace(to=mine.to, back=mine.back, order=mine.order, epoch=other.epoch + 1)
        is_told = move.went is not None and (mine.order > other.order or not guards.latest_is_told)
        yield move._replace(world=_with_row(move.world, op, changed)) if is_told else move


def _classify(world: World, executor: Executor, guards: Guards) -> Iterator[Move]:
    row, seen, mine = executor.row, world.object, (executor.op, executor.row.step)
    target = row.back if row.returning else row.to
    void = {"state": S.PREPARING, "outcome": "void"}
    if seen.marker == mine:
        yield from _commit(world, executor, "OUTCOME", _done(row), guards=guards)
    elif seen.version == row.intent:
        if guards.seals_before_void:
            yield _reads(world, executor, Doing("seals"))
        else:
            yield from _commit(world, executor, "OUTCOME", void, guards=guards)
    else:
        passed = [one for one in seen.since if one[0] > row.intent]
        if not guards.reads_history:
            yield from _commit(world, executor, "OUTCOME", void, guards=guards)
        elif any(marker == mine for _, marker, _ in passed):
            yield from _commit(world, executor, "OUTCOME", _done(row), guards=guards)
        elif passed and passed[0][2] == target:
            yield from _commit(world, executor, "OUTCOME", {"state": S.NEEDS_HUMAN, "outcome": "unclear"}, guards=guards)
        else:
            yield from _commit(world, executor, "OUTCOME", void, guards=guards)


def _done(row: Row) -> dict[str, object]:
    return {"state": S.PREPARING, "outcome": "applied", "at": 0 if row.returning else 1}


def _landing(world: World, request: Request, guards: Guards) -> Iterator[Move]:
    seen = world.object
    wire = list(world.wire)
    wire.remove(request)
    accepted = seen.version == request.version or (not guards.tests_version and request.kind == EFFECT)
    accepted = accepted and (request.kind == SEAL or seen.number == request.expected or not guards.tests_version)
    after, broken = world._replace(wire=tuple(wire)), ""
    mine = (request.op, request.step)
    if accepted and request.kind == EFFECT:
        broken = _wrong_landing(world, request)
        changed = _written(seen, number=request.target, is_ours=True, marker=mine)
        effects = tuple(one._replace(landed=one.landed + 1) if (one.op, one.step) == mine else one for one in world.effects)
        after = after._replace(object=changed, effects=effects)
    elif accepted:
        after = after._replace(object=_written(seen, number=seen.number, is_ours=seen.is_ours, marker=seen.marker))
    label = f"{request.kind} {request.step} of {request.op} {'lands' if accepted else 'is refused'}"
    executor = _waiting(world, request)
    if executor is None:
        yield Move(label, after, broken=broken)
        return
    if request.kind == SEAL:
        fields: dict[str, object] = {"state": S.PREPARING, "outcome": "void"} if accepted else {"state": S.UNKNOWN}
    else:
        refused: dict[str, object] = {"state": S.UNKNOWN} if guards.rejection_is_read else {"state": S.PREPARING, "outcome": "rejected"}
        fields = _done(executor.row) if accepted else dict(refused)
        if accepted and after.faults:
            for move in _commit(after._replace(faults=after.faults - 1), executor, f"{label}, and comes again", refused, guards=guards, free=False):
                yield move._replace(broken=broken or move.broken)
    for move in _commit(after, executor, label, fields, guards=guards):
        yield move._replace(broken=broken or move.broken)


def _waiting(world: World, request: Request) -> Executor | None:
    """Who waits for the answer."""
    if not request.awaited:
        return None
    return next((one for one in world.executors if (one.op, one.row.epoch, one.doing.what) == (request.op, request.epoch, request.kind)), None)


def _wrong_landing(world: World, request: Request) -> str:
    effect = next(one for one in world.effects if (one.op, one.step) == (request.op, request.step))
    if effect.landed:
        return "S1"
    if effect.outcome:
        return "S5"
    if world.object.number != request.expected:
        return "S6"
    if request.returning and (not world.object.is_ours or request.target != world.theirs):
        return "S10"
    return ""


# What an executor writes


def _commit(
    world: World, executor: Executor, label: str, fields: dict[str, object], *, guards: Guards, request: Request | None = None, then: str = LOOKS,
    free: bool = True,
) -> Iterator[Move]:  # fmt: skip
    op, row = executor.op, world.rows[executor.op]
    if row.state != executor.row.state or (row.epoch != executor.row.epoch and guards.transactions_compare_epoch):
        yield Move(f"{op}.{executor.row.epoch} is superseded", world._replace(executors=_without(world, executor)), free=free)
        return
    outcome = str(fields.pop("outcome", "") or "")
    changed = row._replace(**fields)  # type: ignore[arg-type]
    effects, broken = world.effects, ""
    if request and request.kind == EFFECT:
        effects = (*effects, Effect(op, changed.step))
    if outcome:
        [told] = [one for one in effects if (one.op, one.step) == (op, row.step)]
        if outcome != "unclear" and (outcome == "applied") != (told.landed == 1):
            broken = "S14"
        effects = tuple(one._replace(outcome=outcome) if one is told else one for one in effects)
    if changed.state in TERMINAL:
        if any(one.op == op and not one.outcome for one in effects):
            broken = "S3"
        next_one = ()
    else:
        next_one = (Executor(op, changed, Doing(then)),)
    if changed.state not in SIZING[row.state] and not (row.state == S.PREPARING and changed.state == S.APPLYING):
        broken = broken or "TABLE"
    wire = _sorted((*world.wire, request)) if request else world.wire
    since = world.object.since if any(not one.outcome for one in effects) else ()
    after = _with_row(world, op, changed)._replace(
        executors=_sorted((*_without(world, executor), *next_one)), wire=wire, effects=effects, object=world.object._replace(since=since)
    )
    yield Move(f"{op}.{row.epoch} commits {label}", after, free=free, broken=broken or _wrong(after), went=(row.state, changed.state))


def _wrong(world: World) -> str:
    """What must hold in every state."""
    for row in world.rows:
        if row.state == S.HOLDING and world.object.is_ours and world.object.number < row.to:
            return "HELD"
    if world.rows and all(one.state in TERMINAL for one in world.rows) and world.object.number != world.theirs:
        told = any(one.left_alone or one.state == S.NEEDS_HUMAN for one in world.rows)
        return "" if told else "S19"
    return ""


def _reads(world: World, executor: Executor, doing: Doing) -> Move:
    executors = _sorted((*_without(world, executor), executor._replace(doing=doing)))
    return Move(f"{executor.op}.{executor.row.epoch} reads, then {doing.what}", world._replace(executors=executors))


def _leaves(world: World, executor: Executor) -> Move:
    return Move(f"{executor.op}.{executor.row.epoch} leaves", world._replace(executors=_without(world, executor)))


def _sharing(world: World, op: int) -> list[tuple[int, Row]]:
    return [(other, row) for other, row in enumerate(world.rows) if other != op and row.state not in TERMINAL and row.at]


def _written(seen: Object, *, number: int, is_ours: bool, marker: Marker) -> Object:
    version = seen.version + 1
    return Object(version, number, is_ours, marker, (*seen.since, (version, marker, number)))


def _with_row(world: World, op: int, row: Row) -> World:
    return world._replace(rows=(*world.rows[:op], row, *world.rows[op + 1 :]))


def _without(world: World, executor: Executor) -> tuple[Executor, ...]:
    return tuple(one for one in world.executors if one is not executor)


def _sorted(found: Iterable[object]) -> tuple:  # type: ignore[type-arg]
    several = tuple(found)
    return several if len(several) < 2 else tuple(sorted(several, key=repr))


# Every state


@dataclass
class Explored:
    states: int
    is_whole: bool
    broken: str
    trace: tuple[str, ...]
    went: set[tuple[State, State]]


def explore(*, bounds: Bounds, guards: Guards | None = None, most: int = 1 << 40) -> Explored:
    """This will visit every state, at most `most`, nearest first, and stop at the first broken promise."""
    with exploring.without_collecting():
        return _explore(bounds=bounds, guards=guards or Guards(), most=most)


def _explore(*, bounds: Bounds, guards: Guards, most: int) -> Explored:
    """A world is looked up once for each way that leads to it: its hash is most of what that costs."""
    first = first_world(bounds)
    numbers, worlds = {first: 0}, [first]
    came: list[tuple[int, str]] = [(0, "")]
    back: list[list[int]] = [[]]
    went = set[tuple[State, State]]()
    at = 0
    while at < len(worlds) < most:
        for move in moves(worlds[at], guards=guards, bounds=bounds):
            if move.went:
                went.add(move.went)
            if move.broken:
                return Explored(len(worlds), False, move.broken, (*_trace(came, at), move.label), went)
            world = _plain(move.world, guards)
            to = numbers.setdefault(world, len(worlds))
            if to == len(worlds):
                worlds.append(world)
                came.append((at, move.label))
                back.append([])
            if move.free:
                back[to].append(at)
        at += 1
    is_whole = at == len(worlds)
    if is_whole and (stuck := _stuck(worlds, back)) is not None:
        return Explored(len(worlds), True, "END", _trace(came, stuck), went)
    return Explored(len(worlds), is_whole, "", (), went)


def _plain(world: World, guards: Guards) -> World:
    """The world without what nothing can tell apart any more: the past of what has ended, late requests that can never land, and the size of numbers
    that are only compared.
    """
    rows = tuple([Row(one.state, left_alone=one.left_alone) if one.state in TERMINAL else one for one in world.rows])
    wire = [one for one in world.wire if one.awaited or not guards.tests_version or one.version >= world.object.version]
    asked = {(one.op, one.step) for one in wire}
    effects = tuple([one for one in world.effects if not one.outcome or (one.op, one.step) in asked])
    kept = [one for one in effects if not one.outcome]
    oldest = min([rows[one.op].intent for one in kept], default=0)
    since = tuple([one for one in world.object.since if one[0] > oldest]) if kept else ()
    rows = tuple([_unsettled(one) for one in rows])
    executors = [one._replace(row=row) if (row := _unsettled(one.row)) is not one.row else one for one in world.executors]
    used = {world.object.version, *(one[0] for one in since), *(one.version for one in wire), *(one.intent for one in rows)}
    used |= {number for one in executors for number in (one.row.intent, one.doing.version)} - {0}
    versions = {0: 0} | {version: number for number, version in enumerate(sorted(used - {0}), start=1)}
    epochs = [
        {epoch: number for number, epoch in enumerate(sorted(
            {row.epoch} | {one.row.epoch for one in executors if one.op == op} | {one.epoch for one in wire if one.op == op}
        ))}
        for op, row in enumerate(rows)
    ]  # fmt: skip

    def renumbered(row: Row, op: int) -> Row:
        epoch, intent = epochs[op][row.epoch], versions[row.intent]
        return row if (epoch, intent) == (row.epoch, row.intent) else row._replace(epoch=epoch, intent=intent)

    return world._replace(
        object=world.object._replace(version=versions[world.object.version], since=tuple([(versions[one[0]], *one[1:]) for one in since])),
        rows=tuple([renumbered(one, op) for op, one in enumerate(rows)]),
        executors=_sorted([
            one._replace(row=renumbered(one.row, one.op), doing=one.doing._replace(version=versions[one.doing.version])) for one in executors
        ]),
        wire=_sorted([one._replace(version=versions[one.version], epoch=epochs[one.op][one.epoch]) for one in wire]),
        effects=effects,
    )  # fmt: skip


def _unsettled(row: Row) -> Row:
    """The row without the version of an INTENT that nobody asks about any more."""
    return row if not row.intent or row.state in (S.APPLYING, S.UNKNOWN, S.SEALING) else row._replace(intent=0)


def _trace(came: list[tuple[int, str]], at: int) -> tuple[str, ...]:
    labels: list[str] = []
    while at:
        at, label = came[at]
        labels.append(label)
    return tuple(reversed(labels))


def _stuck(worlds: list[World], back: list[list[int]]) -> int | None:
    """A state from which not everything that was begun can end by itself."""
    ahead = [at for at, one in enumerate(worlds) if all(row.state in TERMINAL for row in one.rows)]
    ending = set(ahead)
    while ahead:
        for before in back[ahead.pop()]:
            if before not in ending:
                ending.add(before)
                ahead.append(before)
    return next((at for at in range(len(worlds)) if at not in ending), None)
