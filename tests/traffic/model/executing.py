"""The steps of an executor, as `clusterview.traffic.engine` and `moving_on` take them: look, mark, INTENT, effect, what became of it, endpoints.

Each function says what the engine's function of that name decides; where the world outside decides, all its answers are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clusterview.traffic.states import TERMINAL, State
from tests.traffic.model.labels import Committed, Looked, Move, Superseded
from tests.traffic.model.worlds import (
    EFFECT,
    EMPTY,
    LAST_SEAL,
    LOCKS_OUT,
    LOOKS,
    MARK,
    OLD,
    REPLAYS,
    SEAL,
    SMALLER,
    Bounds,
    Commit,
    Effect,
    Executor,
    Guards,
    Marker,
    Request,
    Row,
    World,
    claim_of,
    source_of,
    target_of,
    with_executor,
)

S = State

BEGIN = Commit(S.PREPARING, "PREPARING")
GIVE_UP = Commit(S.CANCELLED, "GIVEN_UP")
TOO_LATE = Commit(S.EXPIRED, "GIVEN_UP")
MARK_MISSED = Commit(S.PREPARING, "MARK_MISSED")
MARK_TURNED_AWAY = Commit(S.PREPARING, "MARK_MISSED", how="the cluster takes no writes", leaves=True)
LOOK_GREW_OLD = Commit(S.PREPARING, "MARK_MISSED", how="the look had grown old", leaves=True)
UNKNOWN = Commit(S.UNKNOWN, "UNKNOWN")
REFUSED = UNKNOWN._replace(how="the object had moved on")
SEALING = Commit(S.SEALING, "SEALING")
SEAL_MISSED = Commit(S.UNKNOWN, "SEAL_MISSED", leaves=True)
REJECTED = Commit(S.PREPARING, "OUTCOME", result="rejected")
TURNED_AWAY = REJECTED._replace(how="the cluster takes no writes", leaves=True)
NOT_SENT_AFTER_ALL = Commit(S.PREPARING, "OUTCOME", result="void")
VERIFYING = Commit(S.VERIFYING, "VERIFYING")
UNCLEAR = Commit(S.NEEDS_HUMAN, "OUTCOME", result="unclear")
UNMARKED = UNCLEAR._replace(how="unmarked")
MAY_LAND = Commit(S.NEEDS_HUMAN, "OUTCOME", result="unclear", how="may land")
SET_ASIDE_SEALED = Commit(S.NEEDS_HUMAN, "OUTCOME", result="void", how="defect")
OVERLAPPED = Commit(S.PREPARING, "OVERLAPPED")
RETURN = Commit(S.PREPARING, "PREPARING", how="returning")
RESUMED = Commit(S.PREPARING, "RESUMED")
NOTHING_SENT = frozenset({S.QUEUED, S.PREPARING, S.MARKING})
IN_DOUBT = frozenset({S.APPLYING, S.UNKNOWN, S.SEALING})
ACTIONS = {S.HELD: "HELD", S.ROLLING_BACK: "TURNING_BACK"}

WITHOUT_READING: dict[State, tuple[Commit, ...]] = {
    S.QUEUED: (BEGIN, GIVE_UP, TOO_LATE),
    S.MARKING: (Commit(S.PREPARING, "TAKEN_OVER"),),
    S.APPLYING: (UNKNOWN,),
    S.SEALING: (Commit(S.UNKNOWN, "TAKEN_OVER"),),
    S.APPLIED: (VERIFYING,),
    S.ROLLING_BACK: (RETURN,),
}


def moves(world: World, executor: Executor, *, guards: Guards, bounds: Bounds) -> Iterator[Move]:
    """This will give every next step of one executor; none while it waits for an answer."""
    doing, state = executor.doing, executor.row.state
    if isinstance(doing, Commit):
        yield _commit(world, executor, doing, guards=guards)
    elif doing == REPLAYS:
        yield from (_looked(world, executor, one) for one in _replay(world, executor, guards=guards, bounds=bounds))
    elif doing == LOCKS_OUT:
        yield _lock_out(world, executor, guards=guards)
    elif doing != LOOKS:
        return
    elif state == S.APPLYING and not guards.takeover_reads_first:
        yield _commit(world, executor, Commit(S.PREPARING, "TAKEN_OVER"), guards=guards)
    elif state in WITHOUT_READING:
        for one in WITHOUT_READING[state]:
            yield _commit(world, executor, one, guards=guards)
    elif not _is_mine(world, executor, guards=guards):
        yield _superseded(world, executor)
    else:
        renewed = executor._replace(row=executor.row._replace(going_back=world.rows[executor.op].going_back))
        world = world._replace(executors=with_executor(world, executor, renewed))
        yield from (_looked(world, renewed, one) for one in LOOKING[state](world, renewed, guards, bounds))


def answered(world: World, executor: Executor, *, accepted: bool, moved: bool, guards: Guards) -> Commit | None:
    """What an executor does next when its request was answered; None where it leaves."""
    version, kind = world.service.version, executor.doing
    if kind == MARK:
        counts = accepted and (moved or not guards.mark_must_move)
        return Commit(S.APPLYING, "INTENT", version=version, allowed=allowed(world, executor.row)) if counts else MARK_MISSED
    if kind == LAST_SEAL:
        return (SET_ASIDE_SEALED if moved or not guards.seal_must_move else MAY_LAND) if accepted else None
    if kind == SEAL:
        sealed = SEALED_AGAIN if executor.row.tries > 1 and executor.look != REFUSED.how else SEALED
        return (sealed if moved or not guards.seal_must_move else MAY_LAND) if accepted else SEAL_MISSED
    return _applied(version, "answered") if accepted else REFUSED if guards.rejection_is_read else REJECTED


def allowed(world: World, row: Row) -> bool:
    """`why_not`: a way back asks for no role, but a cluster that was disarmed is left alone."""
    return world.around.armed and (world.around.may or row.returning)


def not_sent(row: Row, state: State, *, guards: Guards, lacks_right: bool = False) -> Commit:
    """The present effect was not sent."""
    end = end_of(row, state, guards=guards, lacks_right=lacks_right)
    return Commit(end, ACTIONS.get(end, "ENDED"))


def end_of(row: Row, state: State, *, guards: Guards, lacks_right: bool = False) -> State:
    """Nothing has changed only before the first effect; a half-done switch goes back, a way back waits for its right or for a person."""
    if row.returning:
        return S.HELD if lacks_right else S.NEEDS_HUMAN
    return S.ROLLING_BACK if row.at and guards.half_done_goes_back else state


def set_aside(executor: Executor) -> Commit | str:
    """A switch on which a defect of ours stops every executor is left to a person; one in doubt is locked out first, if it can be."""
    row = executor.row
    if row.state in IN_DOUBT:
        return MAY_LAND if executor.doing in (LOCKS_OUT, LAST_SEAL, MAY_LAND, SET_ASIDE_SEALED) else LOCKS_OUT
    return Commit(S.CANCELLED if row.state in NOTHING_SENT and not row.at and not row.returning else S.NEEDS_HUMAN, "SET_ASIDE")


def marker_of(op: int, row: Row, guards: Guards) -> Marker:
    return op, row.step if guards.marker_names_step else 0


SEALED = Commit(S.PREPARING, "OUTCOME", result="void", how="sealed")
SEALED_AGAIN = SEALED._replace(leaves=True)


def _applied(version: int, how: str) -> Commit:
    return Commit(S.APPLIED, "OUTCOME", result="applied", how=how, version=version)


# What an executor reads


def _prepare(world: World, executor: Executor, guards: Guards, bounds: Bounds) -> Iterator[Commit]:
    row, seen = executor.row, world.service
    if row.going_back and not row.returning:
        yield not_sent(row, S.CANCELLED, guards=guards)
    elif row.tries >= (bounds.tries_back if row.returning or row.reverses else bounds.tries):
        yield not_sent(row, S.CONFLICT, guards=guards)
    elif guards.prepare_checks_uid and seen.uid != row.uid:
        yield Commit(S.REVERTED_EXTERNALLY if row.at or row.returning else S.CONFLICT, "ENDED")
    elif guards.prepare_checks_selector and seen.selector != source_of(row):
        reverted = row.at or row.returning
        yield Commit(S.REVERTED_EXTERNALLY if reverted else S.CONFLICT, "REVERTED" if reverted else "CONFLICT", seen=seen.selector)
    else:
        lacking = "" if row.returning else world.around.lacking
        is_seen = {SMALLER: guards.preflight_compares_sizes, EMPTY: guards.preflight_counts_pods}
        if not row.at and not row.returning:
            yield not_sent(row, S.EXPIRED, guards=guards)
        yield not_sent(row, S.FAILED_NO_CHANGE, guards=guards)
        yield not_sent(row, S.FAILED_NO_CHANGE, guards=guards, lacks_right=True)
        if not allowed(world, row):
            yield not_sent(row, S.CANCELLED, guards=guards, lacks_right=True)
        elif not is_seen.get(lacking):
            yield Commit(S.MARKING, "PREFLIGHT", version=seen.version, how=lacking)


def _classify(world: World, executor: Executor, guards: Guards, bounds: Bounds) -> Iterator[Commit | str]:
    row, seen = executor.row, world.service
    if seen.uid == row.uid and seen.marker == marker_of(executor.op, row, guards):
        yield _applied(seen.version, "marker seen")
    elif seen.version == row.intent and not guards.doubt_sends_nothing:
        yield Commit(S.APPLYING, "SENT_AGAIN")
    elif seen.version == row.intent:
        yield SEALING if guards.seals_before_void else Commit(S.PREPARING, "OUTCOME", result="void")
    else:
        yield REPLAYS if guards.replays else Commit(S.PREPARING, "OUTCOME", result="void", how="replayed")


def _replay(world: World, executor: Executor, *, guards: Guards, bounds: Bounds) -> Iterator[Commit]:
    """Every version since the INTENT's passes by once more, in order, or the API server has forgotten them."""
    wanted, void = marker_of(executor.op, executor.row, guards), Commit(S.PREPARING, "OUTCOME", result="void", how="replayed")
    passing = [one for one in world.service.since if one[0] > executor.row.intent]
    passing = passing[0 if guards.replay_sees_first else 1 :][: None if guards.replay_sees_last else -1]
    ours = next((version for version, marker, _ in passing if marker == wanted), None)
    is_unmarked = bool(passing) and passing[0][2] == target_of(executor.row) and guards.unmarked_is_unclear
    yield _applied(ours, "replayed") if ours else UNMARKED if is_unmarked else void
    if world.around.faults:
        yield UNCLEAR if guards.expired_is_unclear else void


def _lock_out(world: World, executor: Executor, *, guards: Guards) -> Move:
    """Our marker, or a seal; an object that moved on has locked it out already."""
    row, seen = executor.row, world.service
    if not _is_mine(world, executor, guards=guards):
        return _superseded(world, executor)
    if seen.uid == row.uid and seen.marker == marker_of(executor.op, row, guards):
        return _looked(world, executor, _applied(seen.version, "defect")._replace(to=S.NEEDS_HUMAN))
    if seen.uid != row.uid or seen.version != row.intent or not guards.locks_out_first:
        return _looked(world, executor, UNCLEAR._replace(how="defect"))
    seal = Request(executor.op, row.epoch, LAST_SEAL, row.intent, 0, "", "", awaited=True)
    return _looked(world._replace(wire=tuple(sorted((*world.wire, seal)))), executor, LAST_SEAL)


def _verify(world: World, executor: Executor, guards: Guards, bounds: Bounds) -> Iterator[Commit]:
    row, seen = executor.row, world.service
    if guards.reads_back and (seen.uid, seen.selector) != (row.uid, source_of(row)):
        yield Commit(S.REVERTED_EXTERNALLY, "REVERTED", seen=seen.selector)
    elif row.going_back and not row.returning:
        yield Commit(S.ROLLING_BACK, "TURNING_BACK", how="asked")
    else:
        if row.returning or row.at == len(row.plan) - 1:
            yield Commit(S.ROLLED_BACK if row.returning else S.SUCCEEDED, "VERIFIED", seen=seen.selector)
        else:
            yield OVERLAPPED
        is_back = row.returning or (row.reverses and guards.way_back_stays)
        yield Commit(S.NEEDS_HUMAN, "NOT_CONVERGED") if is_back else Commit(S.ROLLING_BACK, "TURNING_BACK", how="not-converged")


def _hold(world: World, executor: Executor, guards: Guards, bounds: Bounds) -> Iterator[Commit]:
    """It waits as long as the permission is missing; a right in the cluster shows only when it is tried."""
    if allowed(world, executor.row):
        yield RESUMED


LOOKING = {S.PREPARING: _prepare, S.UNKNOWN: _classify, S.VERIFYING: _verify, S.HELD: _hold}


def _looked(world: World, executor: Executor, doing: Commit | str) -> Move:
    forgotten = executor.doing == REPLAYS and doing == UNCLEAR
    around = world.around._replace(faults=world.around.faults - 1) if forgotten else world.around
    executors = with_executor(world, executor, executor._replace(doing=doing))
    return Move(Looked(*claim_of(executor), doing), world._replace(executors=executors, around=around), free=not forgotten)


# What an executor writes


def _is_mine(world: World, executor: Executor, *, guards: Guards) -> bool:
    """The comparison in the WHERE of every write to a row."""
    row = world.rows[executor.op]
    return row.state == executor.row.state and (row.epoch == executor.row.epoch or not guards.transactions_compare_epoch)


def _commit(world: World, executor: Executor, commit: Commit, *, guards: Guards) -> Move:
    op, mine = executor.op, executor.row
    if commit.action == "INTENT" and not (allowed(world, mine) if guards.permission_in_transaction else commit.allowed):
        return _looked(world, executor, not_sent(mine, S.CANCELLED, guards=guards, lacks_right=True))
    if not _is_mine(world, executor, guards=guards):
        return _superseded(world, executor)
    if commit.to == S.SUCCEEDED and world.rows[op].going_back and guards.success_asks_once_more:
        return _looked(world, executor, LOOKS)
    fields: dict[str, Any] = {"state": commit.to} | _fields(mine, commit)
    known = mine._replace(**fields)
    row = world.rows[op]._replace(**fields)
    if commit.to in TERMINAL:
        row = row._replace(at=0, step=0, intent=0, returning=False, going_back=False, tries=0, reverses=False)
    rows = (*world.rows[:op], row, *world.rows[op + 1 :])
    request = _request(op, known, commit, guards)
    leaves = commit.leaves or commit.to in TERMINAL
    seen = commit.how if commit.action == "PREFLIGHT" or commit == REFUSED else executor.look if commit == SEALING else ""
    next_one = None if leaves else Executor(op, known, request.kind if request else LOOKS, seen)
    if commit.action == "INTENT" and executor.look == OLD and guards.look_must_be_young:
        request, next_one = None, Executor(op, known, NOT_SENT_AFTER_ALL)
    wire = tuple(sorted((*world.wire, request))) if request else world.wire
    effects = _audited(world.effects, op, known, commit, guards)
    if commit.to in TERMINAL:
        effects = tuple(one for one in effects if one.op != op or one.given_up)
    since = world.service.since if any(not one.outcome for one in effects) else ()
    after = World(world.service._replace(since=since), rows, with_executor(world, executor, next_one), wire, effects, world.around)
    return Move(Committed(op, mine.epoch, mine.state, commit), after, free=True)


def _superseded(world: World, executor: Executor) -> Move:
    return Move(Superseded(*claim_of(executor)), world._replace(executors=with_executor(world, executor, None)), free=True)


def _fields(row: Row, commit: Commit) -> dict[str, Any]:
    """What a transaction writes to the row beside the state."""
    match commit.action:
        case "PREFLIGHT":
            return {"tries": row.tries + 1}
        case "RESUMED":
            return {"tries": 0}
        case "MARK_MISSED" if commit.how:
            return {"tries": row.tries - 1}
        case "OUTCOME" if commit in (TURNED_AWAY, SEALED_AGAIN):
            return {"tries": row.tries - 1}
        case "INTENT":
            return {"intent": commit.version, "step": row.step + 1}
        case "OUTCOME" if commit.result == "applied":
            return {"tries": 0, "at": 0 if row.returning else row.at + 1}
        case "PREPARING" if commit == RETURN:
            return {"returning": True, "going_back": True, "tries": 0}
    return {}


def _request(op: int, row: Row, commit: Commit, guards: Guards) -> Request | None:
    """The request that follows a transaction: the mark tests what was read, seal and effect test what the INTENT names."""
    if commit.to == S.MARKING:
        return Request(op, row.epoch, MARK, commit.version, 0, "", "", awaited=True)
    if commit.to == S.SEALING:
        return Request(op, row.epoch, SEAL, row.intent, 0, "", "", awaited=True)
    if commit.to == S.APPLYING:
        return Request(op, row.epoch, EFFECT, row.intent, row.step, source_of(row), target_of(row), awaited=True)
    return None


def _audited(effects: tuple[Effect, ...], op: int, row: Row, commit: Commit, guards: Guards) -> tuple[Effect, ...]:
    """The audit after a transaction."""
    if commit.action == "INTENT":
        return (*effects, Effect(op, row.step, row.intent, source_of(row), target_of(row)))
    if commit.action == "OUTCOME":
        if (commit.result == "rejected" and not guards.outcome_of_refusal) or (commit.how == "sealed" and not guards.outcome_of_seal):
            return effects
        outcome: dict[str, Any] = {"outcome": commit.result, "given_up": commit.how == MAY_LAND.how}
        return tuple(one._replace(**outcome) if (one.op, one.step) == (op, row.step) else one for one in effects)
    return effects
