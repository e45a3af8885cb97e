"""Everything that may happen at any time without an executor's doing: requests land, claims are taken, executors end, answers are lost, people
ask and forbid, and others write the object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clusterview.traffic.states import TERMINAL, State
from tests.traffic.model import executing
from tests.traffic.model.labels import Asked, Claimed, Failed, Label, Landed, Move, Wished, Wrote
from tests.traffic.model.worlds import (
    BLUE,
    EFFECT,
    EMPTY,
    LAST_SEAL,
    LOOKS,
    MARK,
    NO_MARKER,
    OLD,
    SEAL,
    SMALLER,
    THEIRS,
    Bounds,
    Commit,
    Effect,
    Executor,
    Guards,
    Marker,
    Request,
    Row,
    Service,
    World,
    claim_of,
    holds,
    source_of,
    target_of,
    with_executor,
)

S = State
LOSSES = ((SMALLER, "the new side is smaller than the old one"), (EMPTY, "nobody is left on the new side"))


def moves(world: World, *, guards: Guards, bounds: Bounds) -> Iterator[Move]:
    """This will give every next step of the whole world."""
    for executor in world.executors:
        yield from executing.moves(world, executor, guards=guards, bounds=bounds)
    yield from landings(world, guards=guards, bounds=bounds)
    yield from claims(world, guards=guards, bounds=bounds)
    if world.around.faults:
        yield from faults(world, guards=guards)
        if bounds.webhooks and not world.around.policy:
            around = world.around._replace(policy=True, faults=world.around.faults - 1)
            yield Move(Wished("a webhook begins to take our annotations away"), world._replace(around=around), free=False)
    yield from wishes(world)
    if world.around.asked:
        yield from requests(world, guards=guards, bounds=bounds)
    if world.around.foreign:
        yield from writes(world, guards=guards, bounds=bounds)


# The API server


def landings(world: World, *, guards: Guards, bounds: Bounds) -> Iterator[Move]:
    """Any request on the wire may be taken up next; its sender, if it still waits, has the answer at once. An effect may come twice on its way,
    of which the second is refused.
    """
    for index, request in enumerate(world.wire):
        if index and request == world.wire[index - 1]:
            continue
        accepted = _accepts(world.service, request, guards)
        after = _written(world, request, guards=guards) if accepted else world
        moved = after.service.version != world.service.version
        after = after._replace(wire=tidied((*world.wire[:index], *world.wire[index + 1 :]), after.service.version, guards))
        label = Landed(request, accepted, moved)
        sender = _sender(world, request)
        if sender is None:
            yield Move(label, after, free=True)
            continue
        doing = executing.answered(after, sender, accepted=accepted, moved=moved, guards=guards)
        yield Move(label, _does(after, sender, doing, guards), free=True)
        if request.kind == EFFECT and moved and after.around.faults:
            doing = executing.answered(after, sender, accepted=False, moved=False, guards=guards)
            yield Move(label._replace(twice=True), _fault(_does(after, sender, doing, guards)), free=False)


def _does(world: World, executor: Executor, doing: Commit | None, guards: Guards) -> World:
    wire = world.wire
    if doing is None:
        return world._replace(executors=with_executor(world, executor, None))
    if doing.action == "INTENT" and not guards.intent_before_effect:
        row = executor.row
        early = Request(executor.op, row.epoch, EFFECT, doing.version, row.step + 1, source_of(row), target_of(row), awaited=False)
        wire = tuple(sorted((*wire, early)))
    return world._replace(executors=with_executor(world, executor, executor._replace(doing=doing)), wire=wire)


def _accepts(service: Service, request: Request, guards: Guards) -> bool:
    same_version = request.version == service.version
    if request.kind == EFFECT:
        return (same_version or not guards.effect_tests_version) and (request.source == service.selector or not guards.effect_tests_selector)
    return same_version or not (guards.mark_tests_version if request.kind == MARK else guards.seal_tests_version)


def _written(world: World, request: Request, *, guards: Guards) -> World:
    """The object and the audit's secret knowledge after a request that was accepted. An API server that has nothing to change changes nothing."""
    service, around, effects, policy = world.service, world.around, world.effects, world.around.policy
    fence = "" if guards.fence_is_fresh else "always the same"
    if request.kind != EFFECT:
        if policy or (not guards.fence_is_fresh and service.fence == fence):
            return world
        service = versioned(service, world, fence=fence)
    else:
        named = (request.op, request.step if guards.marker_names_step else 0)
        marker = NO_MARKER if policy else named if guards.effect_writes_marker else service.marker
        service = versioned(service, world, selector=request.target, marker=marker, fence=fence)
        effects = tuple(one._replace(landed=one.landed + 1) if (one.op, one.step) == (request.op, request.step) else one for one in effects)
        around = around._replace(touched=False)
    around = around._replace(newest=max(around.newest, (request.op, request.epoch)))
    return world._replace(service=service, effects=effects, around=around)


def versioned(service: Service, world: World, **changes: Any) -> Service:
    """The next version of the object, kept for those who watch from an unsettled INTENT on."""
    after = service._replace(version=service.version + 1, **changes)
    if any(not one.outcome for one in world.effects):
        after = after._replace(since=(*service.since, (after.version, after.marker, after.selector)))
    return after


def tidied(wire: tuple[Request, ...], version: int, guards: Guards) -> tuple[Request, ...]:
    """The wire without requests that nobody awaits and that test a version which is gone for ever."""
    tests = {MARK: guards.mark_tests_version, SEAL: guards.seal_tests_version, EFFECT: guards.effect_tests_version}
    tests[LAST_SEAL] = guards.seal_tests_version
    return tuple(one for one in wire if one.awaited or one.version == version or not tests[one.kind])


def _sender(world: World, request: Request) -> Executor | None:
    if not request.awaited:
        return None
    waiting = (one for one in world.executors if claim_of(one) == (request.op, request.epoch) and one.doing == request.kind)
    return next(waiting, None)


# Executors come and go


def claims(world: World, *, guards: Guards, bounds: Bounds) -> Iterator[Move]:
    """Leases may run out at any moment: a claim is free where nobody works on the newest one, else it is a fault."""
    if len(world.executors) >= bounds.executors:
        return
    for op, row in enumerate(world.rows):
        if row.state in TERMINAL:
            continue
        is_held = any(one.op == op and one.row.epoch == row.epoch for one in world.executors)
        if is_held and not (world.around.faults and guards.leases_end):
            continue
        if row.epoch and not is_held and not guards.leases_end:
            continue
        taken = row._replace(epoch=row.epoch + (1 if guards.claim_raises_epoch or not row.epoch else 0))
        rows = (*world.rows[:op], taken, *world.rows[op + 1 :])
        executors = tuple(sorted((*world.executors, Executor(op, taken, LOOKS)), key=claim_of))
        after = world._replace(rows=rows, executors=executors)
        yield Move(Claimed(op, taken.epoch, row.state), _fault(after) if is_held else after, free=not is_held)


def faults(world: World, *, guards: Guards) -> Iterator[Move]:
    """An executor ends (or gives up for now, which is the same), its answer is lost, or the API server turns it away. One that the API server does
    not let in for long ends a switch as a defect does that it meets twice.

    An executor that was superseded is spared: whatever it does next, it finds that out and ends.
    """
    for executor in world.executors:
        if not holds(world, executor):
            continue
        asked = next((one for one in world.wire if one.awaited and _sender(world, one) is executor), None)
        wire = _forsaken(world, asked, guards)
        gone = world._replace(executors=with_executor(world, executor, None), wire=wire)
        yield Move(Failed("ends", *claim_of(executor)), _fault(gone), free=False)
        aside = gone._replace(executors=with_executor(world, executor, executor._replace(doing=executing.set_aside(executor))))
        yield Move(Failed("meets a defect", *claim_of(executor)), _fault(aside), free=False)
        if isinstance(executor.doing, Commit) and executor.doing.action == "INTENT" and not executor.look:
            old = world._replace(executors=with_executor(world, executor, executor._replace(look=OLD)))
            yield Move(Failed("its look grows old", *claim_of(executor)), _fault(old), free=False)
        if asked is None:
            continue
        for how, doing, left in _troubles(executor, guards):
            after = world._replace(wire=wire if left else tuple(one for one in world.wire if one is not asked))
            after = after._replace(executors=with_executor(after, executor, executor._replace(doing=doing)))
            yield Move(Failed(how, *claim_of(executor)), _fault(after), free=False)
        if not guards.client_sends_once and asked.kind == EFFECT:
            again = tuple(sorted((*world.wire, asked._replace(awaited=False))))
            yield Move(Failed("its client sends the request again", *claim_of(executor)), _fault(world._replace(wire=again)), free=False)


def _troubles(executor: Executor, guards: Guards) -> Iterator[tuple[str, Commit, bool]]:
    """What may come instead of the answer: (how, what the executor does next, whether the request is still on its way)."""
    match executor.doing:
        case "mark":
            yield "the mark's answer is lost", executing.MARK_TURNED_AWAY, True
            yield "its look has grown old", executing.LOOK_GREW_OLD, True
            yield "the mark is forbidden", executing.not_sent(executor.row, S.FAILED_NO_CHANGE, guards=guards, lacks_right=True), False
        case "seal":
            yield "the seal's answer is lost", executing.SEAL_MISSED, True
        case "effect":
            yield "the effect's answer is lost", executing.UNKNOWN if guards.lost_is_unknown else executing.REJECTED, True
            yield "the effect is turned away", executing.TURNED_AWAY, False
            yield "its look has grown old before the effect", executing.NOT_SENT_AFTER_ALL, False
            for how, lacks_right in (("forbidden", True), ("impossible", False)):
                end = executing.end_of(executor.row, S.FAILED_NO_CHANGE, guards=guards, lacks_right=lacks_right)
                yield f"the effect is {how}", executing.REJECTED._replace(to=end), False


def _forsaken(world: World, request: Request | None, guards: Guards) -> tuple[Request, ...]:
    """The wire when nobody waits for this request any more; it may still land."""
    if request is None:
        return world.wire
    wire = tuple(sorted(one._replace(awaited=False) if one is request else one for one in world.wire))
    return tidied(wire, world.service.version, guards)


def _fault(world: World) -> World:
    return world._replace(around=world.around._replace(faults=world.around.faults - 1))


# People


def wishes(world: World) -> Iterator[Move]:
    """Somebody asks to go back, or permissions change."""
    yield from permissions(world)
    if not world.around.wishes:
        return
    around = world.around._replace(wishes=world.around.wishes - 1)
    for op, row in enumerate(world.rows):
        if row.state not in TERMINAL and not row.going_back:
            yield Move(Wished("go back", op), turned(world, op)._replace(around=around), free=False)


def permissions(world: World) -> Iterator[Move]:
    """The person loses the role; the cluster is disarmed. What waits for it to be armed sees that in the end."""
    if not world.around.armed:
        yield Move(Wished("the cluster is armed again"), world._replace(around=world.around._replace(armed=True)), free=True)
    if not world.around.wishes:
        return
    around = world.around._replace(wishes=world.around.wishes - 1)
    if around.may:
        yield Move(Wished("the role is taken away"), world._replace(around=around._replace(may=False)), free=False)
    if around.armed:
        yield Move(Wished("the cluster is disarmed"), world._replace(around=around._replace(armed=False)), free=False)


def turned(world: World, op: int) -> World:
    """The world after somebody asked an open operation to go back."""
    return world._replace(rows=(*world.rows[:op], world.rows[op]._replace(going_back=True), *world.rows[op + 1 :]))


def requests(world: World, *, guards: Guards, bounds: Bounds) -> Iterator[Move]:
    """One operation after the other: the same again, or the way back of a finished one, from the new side or from both. What was seen may be out of
    date by now.

    An effect comes first only where the object keeps our annotations.
    """
    around = world.around
    if not (around.may and around.armed):
        return
    if guards.one_open and any(row.state not in TERMINAL for row in world.rows):
        return
    after = world._replace(around=around._replace(asked=around.asked - 1))
    for plan, reverses in ((bounds.plan, False), *(((left, bounds.plan[0]), True) for left in bounds.plan[1:])):
        if len(world.executors) < bounds.executors and not around.lacking:
            yield asked(after, plan=plan, begins=MARK, reverses=reverses)
            if not bounds.policy:
                yield asked(after, plan=plan, begins=EFFECT, reverses=reverses)
        yield asked(after, plan=plan, begins="", reverses=reverses)


def asked(world: World, *, plan: tuple[str, ...], begins: str, reverses: bool) -> Move:
    """The move of accepting one more operation. The process that accepts it has looked before; it begins at once, with the mark or with the
    effect, unless the operation waits for another one of its group.
    """
    op, now = len(world.rows), world.service
    label = Asked(op, plan, begins)
    if not begins:
        return Move(label, world._replace(rows=(*world.rows, Row(uid=now.uid, plan=plan, state=S.QUEUED, reverses=reverses))), free=False)
    row = Row(uid=now.uid, plan=plan, state=S.MARKING, epoch=1, tries=1, reverses=reverses)
    looked_at = now.version if now.selector == plan[0] else now.version - 1
    if begins == EFFECT:
        return Move(label, _sent_at_once(world, op, row, looked_at), free=False)
    mark = Request(op, row.epoch, MARK, looked_at, 0, "", "", awaited=True)
    executors = tuple(sorted((*world.executors, Executor(op, row, MARK)), key=claim_of))
    return Move(label, world._replace(rows=(*world.rows, row), executors=executors, wire=tuple(sorted((*world.wire, mark)))), free=False)


def _sent_at_once(world: World, op: int, row: Row, looked_at: int) -> World:
    """The world after an operation was accepted together with the INTENT of its first effect."""
    now, row = world.service, row._replace(state=S.APPLYING, step=1, intent=looked_at)
    effect = Request(op, row.epoch, EFFECT, looked_at, 1, source_of(row), target_of(row), awaited=True)
    since = ((now.version, now.marker, now.selector),) if now.version > looked_at else ()
    return world._replace(
        service=now._replace(since=since), rows=(*world.rows, row), wire=tuple(sorted((*world.wire, effect))),
        executors=tuple(sorted((*world.executors, Executor(op, row, EFFECT)), key=claim_of)),
        effects=(*world.effects, Effect(op, 1, looked_at, source_of(row), target_of(row))),
    )  # fmt: skip


# Others


def writes(world: World, *, guards: Guards, bounds: Bounds) -> Iterator[Move]:
    """Others set a selector of their own, put the old one back, strip our annotations (`kubectl replace`), do both, or make the object anew."""
    now = world.service
    for lacking, what in LOSSES if bounds.empties and not world.around.lacking else ():
        around = world.around._replace(foreign=world.around.foreign - 1, lacking=lacking)
        yield Move(Wished(what), world._replace(around=around), free=False)
    effects: dict[str, tuple[str, Marker, int]] = {
        "sets": (THEIRS, now.marker, now.uid),
        "puts back": (BLUE, now.marker, now.uid),
        "strips": (now.selector, NO_MARKER, now.uid),
        "replaces whole": (BLUE, NO_MARKER, now.uid),
        "recreates": (now.selector, NO_MARKER, now.uid + 1),
    }
    reached = set()
    for how in bounds.writes:
        if (left := effects[how]) not in reached:
            reached.add(left)
            selector, marker, uid = left
            after = world._replace(around=world.around._replace(foreign=world.around.foreign - 1))
            yield written(after, how=how, selector=selector, marker=marker, uid=uid, guards=guards)


def written(world: World, *, how: str, selector: str, marker: Marker, uid: int, guards: Guards) -> Move:
    """The move of one write by somebody else."""
    fence = world.service.fence if marker == world.service.marker else ""
    service = versioned(world.service, world, uid=uid, selector=selector, marker=marker, fence=fence)
    around = world.around._replace(touched=True)
    after = world._replace(service=service, around=around, wire=tidied(world.wire, service.version, guards))
    label: Label = Wrote(how, selector, marker)
    return Move(label, after, free=False)
