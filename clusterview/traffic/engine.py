"""Brings one switch from where it is to its end, one small step after another.

Everything a step needs is in the row and in the cluster, so any executor can go on where another stopped. The order is always the same: look,
mark the object, commit the INTENT, send the effect once, read what became of it, wait for the endpoints. A lost answer is never followed
by another patch: `doubts` finds out what became of it.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

from clusterview.access import transacting
from clusterview.kube import errors, patching
from clusterview.models import Cluster, Operation, Switch
from clusterview.traffic import balancers, confirming, doubts, holding, looking, moving_on, planning, preflight, reporting, restoring, selectors
from clusterview.traffic.errors import AskedBack, Superseded
from clusterview.traffic.situations import ServiceNow, Situation
from clusterview.traffic.states import State

log = logging.getLogger(__name__)

HOLDER = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"
LONGEST_TRIES = 5
LONGEST_TRIES_BACK = 12 * LONGEST_TRIES  # with a pause after each LONGEST_TRIES: traffic stays on the side that is to be left until it is gone
AGAIN_SECONDS = 5.0  # until a way back whose object others change again and again is tried further
MOST_FAILURES = 5
BACK_NOT_CONVERGED = "back-not-converged"
DEADLY = "nobody came back from it"
AFTER_DATABASE_SECONDS = 1.0
BEGIN_WITHIN = timedelta(minutes=2)
OLDEST_LOOK_SECONDS = 2.0
CONVERGE_SECONDS = 30.0
EMPTY_SECONDS = 1.0
CAUGHT_UP_SECONDS = 1.0  # until who writes the slices has followed an API server that was away
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.25
WATCHED_SECONDS = 2.0
HELD_SECONDS = 10.0
REFUSED_SECONDS = 5.0  # until a seal is tried again that a policy stands against
WAITING_SECONDS = 5.0  # of a group's later members, whom the one before them takes along
OLD_SIDE_SECONDS = 60.0  # for which a way back waits for a ready pod where it leads: traffic cannot be worse off for that
SHUT_OUT_SECONDS = 60.0  # a credential that is exchanged, and the rights while an API server starts, are missing for less
LONGEST_GAP_SECONDS = 30.0  # between two tries of which nobody came in between
FORGOTTEN_SECONDS = 7200.0  # twice the longest overlap
ROUNDS = 200

NOTHING_SENT = frozenset({State.REQUESTED, State.QUEUED, State.PREPARING, State.MARKING})
IN_DOUBT = frozenset({State.APPLYING, State.UNKNOWN, State.SEALING})
NO_TRIES = frozenset({"slow-cluster", "lost-answers", "no-writes", "no-credential-now"})  # what `_no_try` says
ACTIONS = {State.HELD: "HELD", State.ROLLING_BACK: "TURNING_BACK"}
GONE = frozenset({"no-ready", "target-missing"})
WAIT_FOR_A_RIGHT = frozenset({"not_armed", "read_only", "missing-right"})

SHUT_OUT = (*errors.NO_CREDENTIAL, errors.Forbidden)

IN_WORK: set[uuid.UUID] = set()
ENDING = threading.Event()  # this process ends: what it carries out is left at the next step's border, to be taken up at once
_effects: dict[uuid.UUID, tuple[int, float]] = {}  # whose endpoints are watched: the step of the effect, and when it was (monotonic)
_shut_out: dict[uuid.UUID, tuple[float, float]] = {}  # since when the cluster turns us away, and when it was tried last


class Later(Exception):
    """Nothing more can be done now; look again in so many seconds. `held_for` is what people are told that it waits for."""

    def __init__(self, why: str, *, seconds: float = 1.0, held_for: str = "") -> None:
        super().__init__(why)
        self.seconds, self.held_for = seconds, held_for


class Rest(Later):
    """All is as it should be until then."""


class NotOpen(Later):
    """This process has no connections to the cluster."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a preflight saw of the object, and when it began to look (monotonic seconds): an effect never rests on an older look than two seconds.
    `leaving` is how many pods of the side that is left were ready.
    """

    service: ServiceNow
    pod_labels: list[dict[str, str]]
    leaving: int = 0
    returning: bool = False
    began: float

    @property
    def is_old(self) -> bool:
        return time.monotonic() - self.began > OLDEST_LOOK_SECONDS


def look_of(situation: Situation, *, began: float) -> Look:
    """This will keep of a situation what the effect needs."""
    labels = [dict(pod.labels) for pod in situation.ready_of(situation.to_selector)]
    leaving = len(situation.ready_of(situation.from_selector))
    return Look(service=situation.service, pod_labels=labels, leaving=leaving, returning=situation.returning, began=began)


def advance(*, switch_id: uuid.UUID | str, opened: looking.Opener = looking.cluster) -> None:
    """This will claim the switch and bring it as far as it goes now. Safe to call at any time, any number of times, anywhere."""
    switch = moving_on.claim(switch_id=switch_id, holder=HOLDER)
    if switch is not None:
        _carry_on(switch, opened=opened)


def begin(switch: Switch, *, look: Look, opened: looking.Opener = looking.cluster) -> None:
    """This will go on with a switch that was accepted, claimed and looked at by this process just now: with its mark, or with its effect."""
    _carry_on(switch, opened=opened, look=look)


def _carry_on(switch: Switch, *, opened: looking.Opener, look: Look | None = None) -> None:
    shut_out = asking(switch, shut_out=lambda problem: _end_shut_out(switch, problem))
    with carrying(switch, failed=lambda defect: _failed(switch, defect, opened=opened)), shut_out:
        if is_deadly(switch):
            _set_aside(switch, defect=DEADLY, opened=opened)
        else:
            _go_through(switch, reach(switch, opened), look=look)
    if switch.state == State.SUCCEEDED and (following := moving_on.next_in_group(switch)):
        advance(switch_id=following, opened=opened)


def _go_through(switch: Switch, cluster: looking.Cluster, *, look: Look | None) -> None:
    if look is not None:
        (_apply if switch.state == State.APPLYING else _mark)(switch, cluster, look=look)
    for _ in range(ROUNDS):
        if not switch.open:
            break
        leave_when_ending()
        STEPS[State(switch.state)](switch, cluster)


def leave_when_ending() -> None:
    """Raises Later where this process ends. Everything is in the row and in the cluster, so another executor goes on from here."""
    if ENDING.is_set():
        raise Later("this process ends, another one goes on", seconds=0)


@contextmanager
def carrying(operation: Operation, *, failed: Callable[[Exception], None]) -> Iterator[None]:
    """Around what is done for a claimed operation: whatever stops it, the operation is left so that it can be taken up again. `failed` is told of a
    defect of ours.
    """
    IN_WORK.add(operation.pk)
    try:
        yield
    except Superseded:
        log.info("operation %s went on elsewhere", operation.pk)
    except (InterfaceError, OperationalError) as problem:
        transacting.note(problem)
        log.warning("operation %s stands still in %s, for the database does not answer: %s", operation.pk, operation.state, problem)
        IN_WORK.discard(operation.pk)
        with suppress(DatabaseError, InterfaceError):  # who comes back from it is not lost
            transacting.keep_what_works()
            moving_on.release(operation, again_in_seconds=AFTER_DATABASE_SECONDS)
    except (Later, errors.KubeError) as problem:
        wait(operation, problem)
    except Exception as defect:
        log.exception("operation %s was stopped in %s by a defect", operation.pk, operation.state)
        failed(defect)
    finally:
        IN_WORK.discard(operation.pk)


@contextmanager
def asking(operation: Operation, *, shut_out: Callable[[Exception], None]) -> Iterator[None]:
    """Around what asks the operation's cluster. `shut_out` is told when it has turned us away for so long that nobody has to wait for it."""
    try:
        yield
    except (errors.KubeError, NotOpen) as problem:
        if not _turns_away(problem) or not _is_shut_out(operation, problem):
            raise
        del _shut_out[operation.pk]
        shut_out(problem)
    except Later:
        _shut_out.pop(operation.pk, None)
        raise
    else:
        _shut_out.pop(operation.pk, None)


def reach(operation: Operation, opened: looking.Opener) -> looking.Cluster:
    """This will give the connections to the operation's cluster. Raises NotOpen where this process does not have them."""
    try:
        return opened(operation.cluster_id)
    except LookupError as problem:
        raise NotOpen("its cluster is not open here") from problem


def wait(operation: Operation, problem: Later | errors.KubeError) -> None:
    """This will let go of the operation until it can go on."""
    if not isinstance(problem, Rest):
        log.warning("operation %s waits in %s: %s", operation.pk, operation.state, getattr(problem, "sentence", problem))
    moving_on.release(operation, again_in_seconds=_pause_after(problem), held_for=getattr(problem, "held_for", ""))


def _pause_after(problem: Later | errors.KubeError) -> float:
    """Seconds; a cluster that asks for time gets it, as far as nobody gives the operation up meanwhile."""
    if isinstance(problem, Later):
        return problem.seconds
    if isinstance(problem, errors.TooManyRequests):
        return min(problem.retry_after_seconds, LONGEST_GAP_SECONDS / 2)
    return REFUSED_SECONDS if doubts.is_refusal(problem) else 1.0


def source_of(switch: Switch) -> dict[str, str]:
    """The selector that is expected on the object before the present step's effect."""
    return dict(switch.plan[switch.at])


def target_of(switch: Switch) -> dict[str, str]:
    """The selector that the present step's effect writes."""
    return dict(switch.plan[0] if switch.returning else switch.plan[switch.at + 1])


def intention_of(switch: Switch) -> dict[str, Any]:
    """What an INTENT says of the present step."""
    return {"from": source_of(switch), "to": target_of(switch), "returning": switch.returning}


def needs_mark(look: Look) -> bool:
    """This will tell whether an effect on what was looked at has to be preceded by a mark.

    A mark shows that the object keeps our annotations, without which a lost effect could neither be recognised nor locked out. One that stands
    there already shows the same. Nothing of a switch that begins is on its way yet, so there is nothing else that a mark would lock out.
    """
    return look.is_old or not look.service.annotation(planning.FENCE)


def marker_of(switch: Operation) -> str:
    """What marks the present step's effect on its object."""
    return planning.marker(operation=switch.pk, step=switch.step)


# Steps


def _queue(switch: Switch, _: looking.Cluster) -> None:
    moving_on.step(switch, State.QUEUED, action="QUEUED")


def _begin(switch: Switch, _: looking.Cluster) -> None:
    before = moving_on.previous_in_group(switch)
    if before is not None and before.open:
        raise Later("the switch before it in its group runs", seconds=WAITING_SECONDS)
    if before is not None and before.state != State.SUCCEEDED and not _stays_back(before):
        moving_on.step(switch, State.CANCELLED, action="GIVEN_UP", reason="group-stopped")
    elif _is_too_late(switch):
        moving_on.step(switch, State.EXPIRED, action="GIVEN_UP", reason="too-late")
    else:
        moving_on.step(switch, State.PREPARING, action="PREPARING")


def _prepare(switch: Switch, cluster: looking.Cluster) -> None:
    """Looks once more at everything, then marks the object and goes through to the effect."""
    if _has_waited_in_group(switch) and not switch.going_back and (undone := _undone_before(switch, cluster)):
        _not_sent(switch, reason="group-undone", state=State.CANCELLED, detail=undone)
        return
    moving_on.renew(switch)
    if switch.going_back and not switch.returning:
        _not_sent(switch, reason="asked" if switch.at else "turned-back", state=State.CANCELLED)
        return
    if _is_too_late(switch):
        _not_sent(switch, reason="too-late", state=State.EXPIRED)
        return
    if switch.tries >= (LONGEST_TRIES_BACK if _only_old_side(switch) else LONGEST_TRIES):
        _not_sent(switch, reason="kept-moving", state=State.CONFLICT)
        return
    has_moved = switch.tries and switch.tries % LONGEST_TRIES == 0 and switch.held_for not in NO_TRIES
    if has_moved and not moving_on.has_waited(switch, seconds=AGAIN_SECONDS):
        raise Later("others change its object again and again", seconds=AGAIN_SECONDS, held_for="moving-now")
    began = time.monotonic()
    found = _service(switch, cluster)
    if found is None:
        return
    if _is_ahead(switch, found[0]) or not _as_expected(switch, found[0]):
        return
    service, residents = found
    left, entered = (switch.to_selector, switch.from_selector) if switch.returning else (switch.from_selector, switch.to_selector)
    situation = cluster.situation(
        service=service, residents=residents, key=switch.key, source=left, target=entered, returning=_only_old_side(switch)
    )
    checks = preflight.check(situation)
    against = preflight.blocks(checks)
    if _has_waited_in_group(switch):
        situation = restoring.among_others(switch.cluster, cluster.surrounded(situation, at_once=True))
        checks = preflight.check_in_group(situation, services=moving_on.services_of_group(switch))
        accepted = confirming.ticked(checks, accept=set(switch.accepted), shown=switch.shown_warnings)
        against = preflight.standing(checks, accepted=accepted, returning=False)
    blocked = [one.code for one in against]
    is_gone = switch.returning and not GONE.isdisjoint(blocked)
    if is_gone and not moving_on.has_waited(switch, seconds=OLD_SIDE_SECONDS):
        raise Later("the old side has no ready pod", held_for="old-side-not-ready")
    if blocked:
        lacks_right = set(blocked) == {"missing-right"}
        reason = "old-side-gone" if is_gone else "missing-right" if lacks_right else "preflight"
        detail = ", ".join([f"{one.verb} {one.resource}" for one in situation.missing_rights] if lacks_right else blocked)
        _not_sent(switch, reason=reason, state=State.FAILED_NO_CHANGE, detail=detail)
        return
    if switch.between and not switch.at and not switch.returning and not balancers.may_overlap(situation):
        _not_sent(switch, reason="overlap-over-others", state=State.FAILED_NO_CHANGE)
        return
    if forbidden := moving_on.why_not(switch):
        _not_sent(switch, reason=forbidden, state=State.CANCELLED)
        return
    moving_on.step(switch, State.MARKING, action="PREFLIGHT", body=preflight.digest(checks), tries=switch.tries + 1)
    _mark(switch, cluster, look=look_of(situation, began=began))


def _mark(switch: Switch, cluster: looking.Cluster, *, look: Look) -> None:
    leave_when_ending()
    look = _renewed(switch, cluster, look)
    service, fence = look.service, planning.fresh_fence(holder=HOLDER, epoch=switch.epoch)
    operations = planning.mark_patch(uid=service.uid, resource_version=service.resource_version, annotations=service.annotations, fence=fence)
    try:
        marked = cluster.patch(namespace=switch.namespace, name=switch.service, operations=operations)
    except (errors.Conflict, errors.Invalid, errors.ServerError) as problem:
        if doubts.is_refusal(problem):
            _not_sent(switch, reason="refused", state=State.FAILED_NO_CHANGE, detail=problem.sentence)
            return
        moving_on.step(switch, State.PREPARING, action="MARK_MISSED", body={"why": problem.sentence}, held_for="")
        return
    except (errors.LostAnswer, *doubts.NOT_NOW, *errors.NO_CREDENTIAL) as problem:
        held_for = doubts.not_taken_for(problem)
        moving_on.step(switch, State.PREPARING, action="MARK_MISSED", body={"why": problem.sentence}, **_no_try(switch, held_for=held_for))
        raise
    except errors.Forbidden as problem:
        _not_sent(switch, reason="missing-right", state=State.FAILED_NO_CHANGE, detail=problem.sentence)
        return
    version = str(marked.get("metadata", {}).get("resourceVersion", ""))
    look = _renewed(switch, cluster, look)
    if not version or version == service.resource_version:
        moving_on.step(switch, State.PREPARING, action="MARK_MISSED", body={"why": "the mark moved nothing"}, held_for="")
        return
    leave_when_ending()
    if reason := moving_on.arm(switch, intent_rv=version, fence=fence, body=intention_of(switch)):
        _not_sent(switch, reason=reason, state=State.CANCELLED)
        return
    _apply(switch, cluster, look=look)


def _renewed(switch: Switch, cluster: looking.Cluster, look: Look) -> Look:
    """The look, which a slow cluster has made old. On a way back all depends on pods that are ready on the side that it leads to, so only these are
    looked at again. Else everything is, later: the Service has not moved away under the switch, so this counts as no try.
    """
    if look.is_old and look.returning:
        again = msgspec.structs.replace(look, began=time.monotonic())
        look = again if cluster.has_ready(namespace=switch.namespace, selector=target_of(switch)) else look
    if not look.is_old:
        return look
    body = {"why": "the look had grown old"}
    moving_on.step(switch, State.PREPARING, action="MARK_MISSED", body=body, **_no_try(switch, held_for="slow-cluster"))
    raise Later("the cluster answers too slowly to act on what was seen")


def _no_try(switch: Switch, *, held_for: str) -> dict[str, Any]:
    """What the row says while the cluster takes no writes, is slow, or its answers are lost: that it is waited for, and no try less, for the Service
    has not moved away.
    """
    return {"tries": switch.tries - 1, "held_for": held_for}


def _apply(switch: Switch, cluster: looking.Cluster, *, look: Look) -> None:
    """Sends the effect, once."""
    if look.is_old:
        _not_applied(switch, State.PREPARING, result="void", detail="the look had grown old")
        return
    try:
        operations = planning.effect_patch(
            uid=look.service.uid, resource_version=switch.intent_rv, annotations=(look.service.annotations or {}) | {planning.FENCE: switch.fence},
            expected=source_of(switch), target=target_of(switch), pod_labels=list(look.pod_labels), marker=marker_of(switch), fence=switch.fence,
        )  # fmt: skip
    except planning.UnsafeSelector:
        _not_applied(switch, State.FAILED_NO_CHANGE, result="void", reason="preflight", detail="no pod matches the new selector")
        return
    reply = doubts.send(switch, _effect(switch, cluster), operations)
    if reply.result == "applied":
        _applied(switch, version=reply.version, how=reply.how, leaving=look.leaving)
    elif reply.result == "not_taken" and reply.problem:
        held_for = doubts.not_taken_for(reply.problem)
        _not_applied(switch, State.PREPARING, result="rejected", detail=reply.said, **_no_try(switch, held_for=held_for))
        raise reply.problem
    elif reply.is_answered:
        _classify(switch, cluster, is_lost=False)
    elif reply.result == "refused":
        reason = "missing-right" if isinstance(reply.problem, errors.Forbidden) else "refused"
        _not_applied(switch, State.FAILED_NO_CHANGE, result="rejected", reason=reason, detail=reply.said)


def _marking_again(switch: Switch, _: looking.Cluster) -> None:
    """Found in `marking`: no effect was sent, so it begins anew."""
    moving_on.step(switch, State.PREPARING, action="TAKEN_OVER")


def _classify(switch: Switch, cluster: looking.Cluster, *, is_lost: bool = True) -> None:
    """Where the answer was lost again, nothing is in the way but the line, so that counts as no try."""
    found = doubts.settle(switch, _effect(switch, cluster))
    if found.result == "applied":
        _applied(switch, version=found.version, how=found.how)
    elif found.result == "void":
        is_lost_again = is_lost and found.how == doubts.SEALED and switch.tries > 1
        body = {"result": "void", "step": switch.step, "how": found.how}
        moving_on.step(switch, State.PREPARING, action="OUTCOME", body=body, **(_no_try(switch, held_for="lost-answers") if is_lost_again else {}))
        if is_lost_again:
            raise Later("the cluster's answers are lost, and its object does not move")
    else:
        body = {"result": "unclear", "step": switch.step, "how": found.how}
        moving_on.step(switch, State.NEEDS_HUMAN, action="OUTCOME", body=body, reason=found.reason)


def _effect(switch: Switch, cluster: looking.Cluster) -> doubts.Effect[ServiceNow]:
    """The present step's effect, which may have been sent."""
    namespace, name = switch.namespace, switch.service
    return doubts.Effect(
        uid=switch.service_uid, marker=marker_of(switch), intent_rv=switch.intent_rv,
        read=lambda: cluster.service(namespace=namespace, name=name),
        history=lambda until: cluster.history(namespace=namespace, name=name, after=switch.intent_rv, until=until),
        patch=lambda operations: cluster.patch(namespace=namespace, name=name, operations=operations),
        has=lambda version: version.selector == target_of(switch),
        fence=lambda: planning.fresh_fence(holder=HOLDER, epoch=switch.epoch),
    )  # fmt: skip


def _watch_endpoints(switch: Switch, _: looking.Cluster) -> None:
    moving_on.step(switch, State.VERIFYING, action="VERIFYING")


def _verify(switch: Switch, cluster: looking.Cluster) -> None:
    """Reads until the endpoints are those of the new selector, at most 30 s after the effect; somebody else's change ends it at once. While both
    sides take traffic a pod of neither one ends that.

    A side that nobody is left of is not waited for, as long as there is one to go back to; a way back has none. Nodes follow the endpoints, and no
    API tells when: so they have `FOLLOW_SECONDS` for it before this is called the end.
    """
    pause, began = FIRST_PAUSE, time.monotonic()
    filled_at, watched_until = began, began + WATCHED_SECONDS
    converged: tuple[float, float] | None = None  # since when (monotonic seconds), and how long after the effect
    while True:
        time.sleep(pause)  # before the first look too: it would only keep from their work those who write the slices
        pause = min(pause * 2, LONGEST_PAUSE)
        leave_when_ending()
        moving_on.renew(switch)
        service = _still_ours(switch, cluster)
        if service is None:
            return
        if switch.going_back and not switch.returning:
            _turn_back(switch, reason="asked")
            return
        since_effect = _since_effect(switch)
        seen = cluster.convergence(service=service, sides=(switch.from_selector, switch.to_selector))
        filled_at = time.monotonic() if seen.ready or _only_old_side(switch) else filled_at
        if time.monotonic() - filled_at >= EMPTY_SECONDS and cluster.has_ready(namespace=switch.namespace, selector=switch.from_selector):
            _turn_back(switch, reason="emptied")
            return
        converged = converged if seen.ready else None  # the nodes that had followed lead nowhere now
        if seen.converged and not _is_overlapping(switch):
            converged = converged or (time.monotonic(), since_effect)
            if time.monotonic() - converged[0] >= settings.FOLLOW_SECONDS:
                with suppress(AskedBack):
                    _succeed(switch, ready=len(seen.ready), took=converged[1])
                return
            watched_until = max(watched_until, converged[0] + settings.FOLLOW_SECONDS + LONGEST_PAUSE)
            continue
        if (seen.converged and since_effect >= switch.overlap_seconds) or (seen.others and _is_overlapping(switch)):
            moving_on.step(switch, State.PREPARING, action="OVERLAPPED", body={"seconds": round(since_effect), "others": len(seen.others)})
            return
        limit = CONVERGE_SECONDS + (switch.overlap_seconds if _is_overlapping(switch) else 0)
        if not seen.converged and since_effect > limit and time.monotonic() - began >= CAUGHT_UP_SECONDS:
            _not_converged(switch, missing=len(seen.missing), strangers=len(seen.strangers))
            return
        if time.monotonic() > watched_until:
            raise Later("the endpoints are watched", seconds=LONGEST_PAUSE)


def _since_effect(switch: Switch) -> float:
    """Seconds since the present effect. Clocks tell how old it was when this process first came to it, and no clock that jumps what follows."""
    now = time.monotonic()
    step, began = _effects.get(switch.pk, (0, 0.0))
    if step != switch.step:
        by_clocks = (moving_on.now() - switch.applied_at).total_seconds() if switch.applied_at else 0.0
        began = now - max(0.0, by_clocks)
        for one in [one for one, (_, long_ago) in list(_effects.items()) if now - long_ago > FORGOTTEN_SECONDS]:
            _effects.pop(one, None)
        _effects[switch.pk] = switch.step, began
    return now - began


def _return(switch: Switch, _: looking.Cluster) -> None:
    moving_on.step(switch, State.PREPARING, action="PREPARING", returning=True, going_back=True, tries=0)


def _hold(switch: Switch, _: looking.Cluster) -> None:
    """Goes on when what it waits for may be there again. A right in the cluster shows only when it is tried."""
    moving_on.renew(switch)
    if reason := moving_on.why_not(switch):
        raise Later(f"it is held: {reason}")
    if switch.held_for == "missing-right" and not moving_on.has_waited(switch, seconds=HELD_SECONDS):
        raise Later("it is held until the right is tried again")
    moving_on.step(switch, State.PREPARING, action="RESUMED", tries=0, held_for="")


# What the steps have in common


def _is_too_late(switch: Switch) -> bool:
    """Nothing was changed yet, and too long ago somebody asked for it (or the one before it in its group ended)."""
    if switch.at or switch.returning:
        return False
    before = moving_on.previous_in_group(switch)
    return max(switch.requested_at, (before and before.finished_at) or switch.requested_at) < timezone.now() - BEGIN_WITHIN


def _stays_back(switch: Switch) -> bool:
    """A way back whose endpoints are late, which is no reason for the rest of its group to stay on the side that is left. One that was turned around
    is: nobody wants that way any more.
    """
    return switch.reverses_id is not None and not switch.returning and switch.reason == BACK_NOT_CONVERGED


def _is_overlapping(switch: Switch) -> bool:
    """Both sides take traffic now, on the way forward."""
    return not switch.returning and 0 < switch.at < len(switch.plan) - 1


def _service(switch: Switch, cluster: looking.Cluster) -> tuple[ServiceNow, looking.Residents] | None:
    """The Service and who lives around it, if it is the one that was asked for; else the switch has ended."""
    try:
        shared = dict(switch.from_selector.items() & switch.to_selector.items())
        found = cluster.service_among(namespace=switch.namespace, name=switch.service, labels=shared, returning=_only_old_side(switch))
    except errors.NotFound:
        found = None
    if found is not None and found[0].uid == switch.service_uid:
        return found
    reason = "gone" if found is None else "replaced"
    end = State.REVERTED_EXTERNALLY if switch.at or switch.returning else State.CONFLICT
    moving_on.step(switch, end, action="ENDED", body={"reason": reason}, reason=reason)
    return None


def _is_ahead(switch: Switch, service: ServiceNow) -> bool:
    """Whether the Service carries an effect that the database does not know, as after its restoration from a copy; then the switch has ended."""
    if not restoring.is_lost(switch.cluster, service) and not restoring.is_ahead(switch, service):
        return False
    moving_on.step(switch, State.NEEDS_HUMAN, action="ENDED", body={"reason": "restored"}, reason="restored")
    return True


def _as_expected(switch: Switch, service: ServiceNow) -> bool:
    if service.selector == source_of(switch):
        return True
    detail = who_wrote(service)
    body = {"selector": service.selector, "manager": service.selector_manager}
    if switch.returning or switch.at:
        moving_on.step(switch, State.REVERTED_EXTERNALLY, action="REVERTED", body=body, reason="reverted", detail=detail)
    else:
        moving_on.step(switch, State.CONFLICT, action="CONFLICT", body=body, reason="selector-changed", detail=detail)
    return False


def who_wrote(service: ServiceNow) -> str:
    """Whose selector it is, in words."""
    return f"{service.selector_manager or 'somebody'} wrote {selectors.text(service.selector)}"


def _still_ours(switch: Switch, cluster: looking.Cluster) -> ServiceNow | None:
    try:
        service = cluster.service(namespace=switch.namespace, name=switch.service)
    except errors.NotFound:
        moving_on.step(switch, State.REVERTED_EXTERNALLY, action="REVERTED", reason="gone")
        return None
    if service.annotation(planning.OP) != marker_of(switch) and _is_ahead(switch, service):
        return None
    if service.uid == switch.service_uid and service.selector == source_of(switch):
        return service
    detail = f"an admission made it {selectors.text(service.selector)}" if _is_our_own(switch, service) else who_wrote(service)
    moving_on.step(
        switch, State.REVERTED_EXTERNALLY, action="REVERTED", body={"selector": service.selector, "manager": service.selector_manager},
        reason="reverted", detail=detail,
    )  # fmt: skip
    return None


def _is_our_own(switch: Switch, service: ServiceNow) -> bool:
    """Nobody has written the selector since this switch did: what it is otherwise was made of that on its way in."""
    return service.annotation(planning.OP) == marker_of(switch) and service.selector_manager == patching.FIELD_MANAGER


def _has_waited_in_group(switch: Switch) -> bool:
    """It may begin minutes after its click, so all is looked at as at the click once more, and warnings that were not ticked stop it. A look that
    took too long is repeated with what it has found around the Service, which is believed for ten seconds.
    """
    return bool(switch.position) and not switch.at and not _only_old_side(switch)


def _undone_before(switch: Switch, cluster: looking.Cluster) -> str:
    """The Service of one before it in its group that was taken back, or changed by somebody else; empty where each leads where it was brought."""
    for one in moving_on.before_in_group(switch):
        if one.reason == reporting.REVERTED_AFTERWARDS or not reporting.newest(one):
            return one.service
        try:
            service = cluster.service(namespace=one.namespace, name=one.service)
        except errors.NotFound:
            return one.service
        if service.uid != one.service_uid or service.selector != one.to_selector:
            return one.service
    return ""


def _only_old_side(switch: Switch) -> bool:
    """A way back depends on the side it leads to and on nothing else."""
    return switch.returning or switch.reverses_id is not None


def _not_sent(switch: Switch, *, reason: str, state: State, detail: str = "") -> None:
    """The present step's effect was not sent."""
    end = _end(switch, reason=reason, state=state)
    moving_on.step(switch, end, action=ACTIONS.get(end, "ENDED"), body={"reason": reason, "detail": detail}, **_why(end, reason, detail))


def _not_applied(switch: Switch, to: State, *, result: str, reason: str = "", detail: str = "", **fields: Any) -> None:
    """The present step's effect was not applied, and never will be."""
    end = to if to is State.PREPARING else _end(switch, reason=reason, state=to)
    body = {"result": result, "step": switch.step, "detail": detail}
    moving_on.step(switch, end, action="OUTCOME", body=body, **_why(end, reason, detail), **fields)


def _why(end: State, reason: str, detail: str) -> dict[str, Any]:
    if not reason:
        return {}
    return {"held_for": reason, "detail": detail} if end is State.HELD else {"reason": reason, "detail": detail}


def _end(switch: Switch, *, reason: str, state: State) -> State:
    """Where a switch goes whose present effect does not come to be. Nothing has changed only before the first one; a half-done switch goes back,
    and a way back that cannot go on waits for the right that it lacks, or for a person.
    """
    if switch.returning:
        return State.HELD if reason in WAIT_FOR_A_RIGHT else State.NEEDS_HUMAN
    return State.ROLLING_BACK if switch.at else state


def _applied(switch: Switch, *, version: str, how: str, leaving: int = 0) -> None:
    """With the first effect of a way forward, traffic begins to leave the old side: from then on it is kept as large as it was."""
    is_first = not switch.at and not switch.returning and switch.reverses_id is None
    body = {"result": "applied", "step": switch.step, "rv": version, "how": how}
    at = 0 if switch.returning else switch.at + 1
    moving_on.step(
        switch, State.APPLIED, action="OUTCOME", body=body, applied_rv=version, applied_at=moving_on.now(), tries=0, at=at,
        also=partial(holding.begin, switch, size=leaving) if is_first else None,
    )  # fmt: skip


def _succeed(switch: Switch, *, ready: int, took: float) -> None:
    """`took` are the seconds from the effect to the endpoints. Raises AskedBack.

    What a way back has left is not kept; until then it is only looked whether somebody else changes the Service.
    """
    to_effect = max(0.0, ((switch.applied_at or timezone.now()) - switch.requested_at).total_seconds())  # by the clocks of two hosts, perhaps
    body = {"ready": ready, "milliseconds": round(1000 * took), "since_request": round(1000 * (to_effect + took))}
    if switch.returning:
        moving_on.step(switch, State.ROLLED_BACK, action="VERIFIED", body=body, reason=switch.reason or "asked")
    else:
        until, is_wanted = timezone.now() + timedelta(seconds=switch.keep_seconds), partial(moving_on.expect_not_asked_back, switch)
        moving_on.step(switch, State.SUCCEEDED, action="VERIFIED", body=body, keeping_old_until=until, also=is_wanted)


def _not_converged(switch: Switch, *, missing: int, strangers: int) -> None:
    """A way back stays where it was asked to lead: whoever asked for it did not want the side that it has left."""
    body = {"missing": missing, "strangers": strangers}
    if _only_old_side(switch):
        moving_on.step(switch, State.NEEDS_HUMAN, action="NOT_CONVERGED", body=body, reason=BACK_NOT_CONVERGED)
    else:
        _turn_back(switch, reason="not-converged", body=body)


def _turn_back(switch: Switch, *, reason: str, body: dict[str, Any] | None = None) -> None:
    moving_on.step(switch, State.ROLLING_BACK, action="TURNING_BACK", body={"reason": reason} | (body or {}), reason=reason)


def _failed(switch: Switch, defect: Exception, *, opened: looking.Opener) -> None:
    """Counts a defect of ours. A switch that always meets one is set aside, so that the others go on."""
    if moving_on.count_failure(switch) >= MOST_FAILURES:
        _set_aside(switch, defect=type(defect).__name__, opened=opened)


def is_deadly(operation: Operation) -> bool:
    """Whether so many executors in a row never let go of it that it may be what ends them, as one for which there is not enough memory."""
    return operation.lost >= moving_on.MOST_LOST


def _set_aside(switch: Switch, *, defect: str, opened: looking.Opener) -> None:
    body: dict[str, Any] = {"defect": defect}
    if switch.state in IN_DOUBT and switch.lost >= 2 * moving_on.MOST_LOST:  # to lock it out ends them too
        body |= {"result": "unclear", "step": switch.step, "how": doubts.MAY_LAND}
        moving_on.step(switch, State.NEEDS_HUMAN, action="OUTCOME", body=body, reason="defect-may-land")
    elif switch.state in IN_DOUBT:
        _set_aside_in_doubt(switch, body, opened=opened)
    elif switch.state in NOTHING_SENT and not switch.at and not switch.returning:
        moving_on.step(switch, State.CANCELLED, action="SET_ASIDE", body=body, reason="defect")
    else:
        moving_on.step(switch, State.NEEDS_HUMAN, action="SET_ASIDE", body=body, reason="defect")


def _set_aside_in_doubt(switch: Switch, body: dict[str, Any], *, opened: looking.Opener) -> None:
    """Locks out first what of ours may still be on its way, and is tried again where the cluster does not let it now. Where it can never be
    locked out, the end says that it may still land.
    """
    try:
        moving_on.renew(switch)
        moving_on.record_claim(switch)
        found = doubts.lock_out(_effect(switch, reach(switch, opened)))
    except (Superseded, DatabaseError, InterfaceError):
        raise
    except Exception as problem:
        if isinstance(problem, (Later, errors.KubeError)) and not isinstance(problem, errors.Forbidden):
            if is_deadly(switch):
                raise  # who asks counts for how long it is turned away
            wait(switch, problem)
            return
        log.exception("the last patch of switch %s could not be locked out", switch.pk)
        found = doubts.Verdict("unclear", doubts.MAY_LAND)
    reason = "defect-may-land" if found.how == doubts.MAY_LAND else "defect"
    body |= {"result": found.result, "step": switch.step, "how": found.how}
    moving_on.step(switch, State.NEEDS_HUMAN, action="OUTCOME", body=body, reason=reason)


def _turns_away(problem: Exception) -> bool:
    """Whether it says that the cluster does not let us, or that nobody has it open: what ends a switch when it lasts."""
    return isinstance(problem, (*SHUT_OUT, NotOpen)) or doubts.is_refusal(problem)


def _is_shut_out(operation: Operation, problem: Exception) -> bool:
    """Whether the cluster has turned us away for so long that nobody has to wait for it. What is held waits for a person already."""
    if isinstance(problem, NotOpen) and Cluster.objects.filter(pk=operation.cluster_id, active=True).exists():
        return False  # another process has it open
    now = time.monotonic()
    since, tried_at = _shut_out.get(operation.pk, (now, now))
    since = since if now - tried_at <= LONGEST_GAP_SECONDS else now
    _shut_out[operation.pk] = since, now
    return operation.state != State.HELD and now - since >= SHUT_OUT_SECONDS


def _end_shut_out(switch: Switch, problem: Exception) -> None:
    """Nothing can be read or nothing be locked out, so a person gets it, with what is known. An effect of which nobody knows may still land."""
    why = getattr(problem, "sentence", str(problem))
    reason, lacking = "no-credential", ""
    if isinstance(problem, errors.Forbidden) or doubts.is_refusal(problem):
        reason, lacking = "no-right" if isinstance(problem, errors.Forbidden) else "turned-away", f"{why} "
    body: dict[str, Any] = {"why": why}
    if switch.state in IN_DOUBT:
        body |= {"result": "unclear", "step": switch.step, "how": doubts.MAY_LAND}
        detail = f"{lacking}version {switch.intent_rv} had {source_of(switch)}; the patch of it to {target_of(switch)} was sent"
        moving_on.step(switch, State.NEEDS_HUMAN, action="OUTCOME", body=body, reason=f"{reason}-may-land", detail=detail)
    elif switch.state in NOTHING_SENT and not switch.at and not switch.returning:
        moving_on.step(switch, State.CANCELLED, action="SET_ASIDE", body=body, reason=f"{reason}-unchanged", detail=lacking.rstrip())
    else:
        detail = f"{lacking}version {switch.applied_rv} had {source_of(switch)}, which was written at {switch.applied_at}"
        moving_on.step(switch, State.NEEDS_HUMAN, action="SET_ASIDE", body=body, reason=reason, detail=detail)


STEPS: dict[State, Callable[[Switch, looking.Cluster], None]] = {
    State.REQUESTED: _queue,
    State.QUEUED: _begin,
    State.PREPARING: _prepare,
    State.MARKING: _marking_again,
    State.APPLYING: doubts.taken_over,
    State.UNKNOWN: _classify,
    State.SEALING: doubts.sealing_again,
    State.APPLIED: _watch_endpoints,
    State.VERIFYING: _verify,
    State.ROLLING_BACK: _return,
    State.HELD: _hold,
}
