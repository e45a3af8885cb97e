"""Brings one change of sizes from where it is to its end, one number after another.

Each number is written as a switch writes a selector: look, commit the INTENT, send the effect once on exactly that version, find out what became of
it. What was raised at an autoscaler is put back in the end, whatever happened meanwhile; where somebody else wrote another number since, or
replaced the object, it is left as it is and said.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NotRequired, TypedDict

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from clusterview.access import auditing
from clusterview.kube import errors, patching
from clusterview.models import Cluster, Sizing, Switch
from clusterview.topology import objects
from clusterview.traffic import doubts, engine, holding, looking, moving_on, planning, resizable, restoring, selectors
from clusterview.traffic.situations import SizeNow
from clusterview.traffic.states import State

AUTOSCALER = "HorizontalPodAutoscaler"
LOOK_SECONDS = 5.0
AWAIT_SECONDS = 1.0
HELD_SECONDS = 10.0
ROUNDS = 100

OURS = (patching.FIELD_MANAGER, "")  # who wrote the number last, where anybody is named

SHARED = "shared"
_looking = threading.Lock()

TRIED_AGAIN = frozenset({"missing-right-size", "no-credential-size"})

ENDS = {"not_armed": State.CANCELLED, "not_allowed": State.CANCELLED, "read_only": State.CANCELLED, "asked": State.CANCELLED}
ENDS |= {"not-needed": State.CANCELLED, "preflight-size": State.FAILED_NO_CHANGE, "not-written": State.FAILED_NO_CHANGE}
ENDS |= {"resized": State.CONFLICT, "kept-moving": State.CONFLICT}


class Step(TypedDict):
    """One number: `now` is what it was when it was planned, `to` what it becomes, `back` what it is put back to in the end. Of several
    operations on one object `order` tells which was planned last, and so knows what was there before. `lowered` is set where somebody else made it
    smaller while it was held.
    """

    kind: str
    name: str
    uid: str
    now: int
    to: int
    back: int
    order: int
    lowered: NotRequired[bool]


def steps_of(sizing: Sizing) -> list[Step]:
    """The numbers that it changes, in order."""
    return list(sizing.plan)


def advance(*, sizing_id: uuid.UUID | str, opened: looking.Opener = looking.cluster) -> None:
    """This will claim the change and bring it as far as it goes now. Safe to call at any time, any number of times, anywhere."""
    sizing = moving_on.claim_of(Sizing, operation_id=sizing_id, holder=engine.HOLDER)
    if sizing is None:
        return
    shut_out = engine.asking(sizing, shut_out=lambda problem: _shut_out(sizing, problem))
    with engine.carrying(sizing, failed=lambda defect: _failed(sizing, defect)), shut_out:
        if engine.is_deadly(sizing):
            _set_aside(sizing, defect=engine.DEADLY)
            return
        cluster = engine.reach(sizing, opened)
        for _ in range(ROUNDS):
            if not sizing.open:
                break
            engine.leave_when_ending()
            STEPS[State(sizing.state)](sizing, cluster)


# Steps


def _queue(sizing: Sizing, cluster: looking.Cluster) -> None:
    """Finds out what is to be done. A hold on a side that no autoscaler may shrink is nothing to remember."""
    if not sizing.planned and holding.is_over(sizing):
        _forget(sizing)
        return
    if sizing.going_back:
        moving_on.step(sizing, State.CANCELLED, action="ENDED", reason="asked")
        return
    others = _others(sizing)
    try:
        joined, raised = _to_change(sizing, cluster, others) if sizing.planned else _to_hold(sizing, cluster, others)
    except errors.Forbidden as problem:
        moving_on.step(sizing, State.FAILED_NO_CHANGE, action="ENDED", reason="missing-right-size", detail=problem.sentence)
        return
    if not joined and not raised and not sizing.planned:
        _forget(sizing)
        return
    plan = [*joined, *raised]
    with _one_at_a_time(sizing):
        now = _others(sizing)
        if _gist(now) != _gist(others) or _is_ahead(now, plan, of=sizing):
            raise engine.Later("another operation changes its autoscaler")
        body = _about(sizing) | {"plan": plan}
        moving_on.step(sizing, State.PREPARING, action="PLANNED", body=body, plan=plan, planned=True, at=len(joined))


def _about(sizing: Sizing) -> dict[str, Any]:
    """What a hold is about, for nobody asks for one: the first entry of its own says it. Of the others the request did."""
    if sizing.purpose != Sizing.Purpose.KEEP:
        return {}
    names = ("namespace", "service", "side", "purpose", "target", "actor")
    return {name: getattr(sizing, name) for name in names}


def _prepare(sizing: Sizing, cluster: looking.Cluster) -> None:
    """Does the next step, or the one before the last if what was raised is put back."""
    moving_on.renew(sizing)
    if sizing.returning:
        if sizing.at:
            _put_back(sizing, cluster, steps_of(sizing)[sizing.at - 1])
        else:
            _end(sizing)
    elif sizing.going_back:
        _undo(sizing, reason="asked")
    elif sizing.at == len(sizing.plan):
        _reached(sizing)
    elif sizing.purpose == Sizing.Purpose.KEEP and holding.is_over(sizing):
        _undo(sizing, reason="not-needed")
    else:
        _write(sizing, cluster, steps_of(sizing)[sizing.at])


def _reached(sizing: Sizing) -> None:
    """Every number of the plan stands."""
    if sizing.purpose == Sizing.Purpose.KEEP:
        moving_on.step(sizing, State.HOLDING, action="HOLDING")
    elif sizing.purpose == Sizing.Purpose.WARM_UP:
        moving_on.step(sizing, State.WAITING, action="WAITING")
    else:
        moving_on.step(sizing, State.SUCCEEDED, action="ENDED")


def _write(sizing: Sizing, cluster: looking.Cluster, step: Step) -> None:
    """The next number. A side that has the traffic again by now, or that others lead to alone, is not made smaller."""
    found = _size(sizing, cluster, step)
    if found is not None and _is_there(sizing, found, step):
        moving_on.step(sizing, State.PREPARING, action="AS_WANTED", body={"number": found.number}, at=sizing.at + 1, tries=0)
    elif sizing.purpose == Sizing.Purpose.SCALE_DOWN and (blocked := resizable.against(sizing, cluster)):
        _undo(sizing, reason="preflight-size", detail=blocked)
    elif found is None or found.number != step["now"]:
        _undo(sizing, reason="resized", detail=_who(sizing, found))
    elif sizing.tries >= engine.LONGEST_TRIES:
        _undo(sizing, reason="not-written" if sizing.held_for else "kept-moving")
    elif reason := _arm(sizing, found, expected=step["now"], target=step["to"]):
        _undo(sizing, reason=reason)
    else:
        _send(sizing, cluster, found)


def _is_there(sizing: Sizing, found: SizeNow, step: Step) -> bool:
    """Whether somebody else wrote what is wanted, as an autoscaler does once its least was raised."""
    return found.number == step["to"] or (sizing.purpose == Sizing.Purpose.WARM_UP and found.number > step["to"])


def _put_back(sizing: Sizing, cluster: looking.Cluster, step: Step) -> None:
    """What somebody else still needs stays; what somebody else wrote is theirs."""
    if step["kind"] != AUTOSCALER:
        moving_on.step(sizing, State.PREPARING, action="AS_BEFORE", at=sizing.at - 1)
        return
    if _hand_over(sizing, step):
        return
    found = _size(sizing, cluster, step)
    if found is not None and found.number == step["back"]:
        moving_on.step(sizing, State.PREPARING, action="AS_BEFORE", at=sizing.at - 1, tries=0)
    elif found is None or found.number != step["to"] or not _is_ours(sizing, found):
        body, detail = _seen(step, found), _who(sizing, found)
        moving_on.step(sizing, State.PREPARING, action="LEFT_ALONE", body=body, at=sizing.at - 1, tries=0, left_alone=True, detail=detail)
    elif reason := _arm(sizing, found, expected=step["to"], target=step["back"]):
        if reason != SHARED:
            moving_on.step(sizing, State.HELD, action="HELD", body={"reason": reason}, held_for=reason)
    else:
        _send(sizing, cluster, found)


def _arm(sizing: Sizing, found: SizeNow, *, expected: int, target: int) -> str | None:
    """The INTENT, on the version that was read; why not, where that is not allowed any more."""
    body = {"kind": found.kind, "name": found.name, "from": expected, "to": target, "returning": sizing.returning}
    fence = planning.fresh_fence(holder=engine.HOLDER, epoch=sizing.epoch)
    return moving_on.arm(
        sizing, intent_rv=found.resource_version, fence=fence, body=body, unless=lambda: _against(sizing, found.uid),
        also=partial(_end_keeping, sizing) if sizing.purpose == Sizing.Purpose.SCALE_DOWN else None,
    )  # fmt: skip


def _end_keeping(sizing: Sizing) -> None:
    """A side of which nothing is smaller yet is kept; from here on nobody can count on it."""
    Switch.objects.filter(sizings=sizing, keeping_old_until__gt=timezone.now()).update(keeping_old_until=timezone.now())


def _against(sizing: Sizing, uid: str) -> str | None:
    """What is put back is not needed by anybody else, and what nobody puts back was not called off, in the very transaction of the INTENT."""
    if sizing.purpose == Sizing.Purpose.SCALE_DOWN:
        return "asked" if moving_on.is_asked_back(sizing) else None
    return SHARED if sizing.returning and _sharing(_others(sizing), uid=uid) else None


def _send(sizing: Sizing, cluster: looking.Cluster, found: SizeNow) -> None:
    """Sends the effect, once."""
    expected, target = _numbers(sizing)
    operations = planning.size_patch(
        kind=found.kind, uid=found.uid, resource_version=sizing.intent_rv, annotations=found.annotations, expected=expected, target=target,
        marker=engine.marker_of(sizing), fence=sizing.fence,
    )  # fmt: skip
    reply = doubts.send(sizing, _effect(sizing, cluster), operations)
    if reply.result == "applied":
        _applied(sizing, version=reply.version, how=reply.how)
    elif reply.result == "not_taken" and reply.problem:
        _void(sizing, result="rejected", how=reply.said, held_for=doubts.not_taken_for(reply.problem))
        raise reply.problem
    elif reply.is_answered:
        _classify(sizing, cluster, is_lost=False)
    elif reply.result == "refused":
        _refused(sizing, reply)


def _classify(sizing: Sizing, cluster: looking.Cluster, *, is_lost: bool = True) -> None:
    """That the object moved on meanwhile says little: our seal of a Deployment has its controller write to it."""
    found = doubts.settle(sizing, _effect(sizing, cluster))
    if found.result == "applied":
        _applied(sizing, version=found.version, how=found.how)
    elif found.result == "void":
        _void(sizing, result="void", how=found.how, held_for="lost-answers" if is_lost else "")
        if is_lost:
            raise engine.Later("the cluster's answer was lost")
    else:
        body = {"result": "unclear", "step": sizing.step, "how": found.how}
        moving_on.step(sizing, State.NEEDS_HUMAN, action="OUTCOME", body=body, reason=found.reason)


def _effect(sizing: Sizing, cluster: looking.Cluster) -> doubts.Effect[SizeNow]:
    """The present step's effect, which may have been sent."""
    step, (_, target) = _step(sizing), _numbers(sizing)
    kind, namespace, name = step["kind"], sizing.namespace, step["name"]
    return doubts.Effect(
        uid=step["uid"], marker=engine.marker_of(sizing), intent_rv=sizing.intent_rv,
        read=lambda: cluster.size(kind=kind, namespace=namespace, name=name),
        history=lambda until: cluster.size_history(kind=kind, namespace=namespace, name=name, after=sizing.intent_rv, until=until),
        patch=lambda operations: cluster.resize(kind=kind, namespace=namespace, name=name, operations=operations),
        has=lambda version: version.number == target and version.manager in OURS,  # an autoscaler writes the same number by itself
        fence=lambda: planning.fresh_fence(holder=engine.HOLDER, epoch=sizing.epoch),
    )  # fmt: skip


def _hold(sizing: Sizing, cluster: looking.Cluster) -> None:
    """What was raised stays raised until it is not needed any more. Somebody else who makes it smaller is not written over, and named."""
    moving_on.renew(sizing)
    if sizing.going_back or holding.is_over(sizing):
        moving_on.step(sizing, State.ROLLING_BACK, action="RESTORING")
        return
    if _looking.acquire(blocking=False):
        try:
            _look_after(sizing, cluster)
        finally:
            _looking.release()
    raise engine.Rest("the old side is kept", seconds=LOOK_SECONDS)


def _look_after(sizing: Sizing, cluster: looking.Cluster) -> None:
    """Nothing is decided by what is held, so nothing waits for an answer about it, and of the threads that switches need it takes one at most."""
    for number, step in enumerate(steps_of(sizing)):
        if step["kind"] != AUTOSCALER or step.get("lowered"):
            continue
        try:
            found = _size(sizing, cluster, step)
        except errors.KubeError:
            return
        if found is None or found.number < step["to"]:
            plan = [one | {"lowered": True} if place == number else one for place, one in enumerate(sizing.plan)]
            moving_on.step(sizing, State.HOLDING, action="LOWERED", body=_seen(step, found), plan=plan, left_alone=True, detail=_who(sizing, found))


def _wait_for_pods(sizing: Sizing, cluster: looking.Cluster) -> None:
    """Reads until enough pods are ready, and says what keeps them from it. Nothing is done about that."""
    moving_on.renew(sizing)
    if sizing.going_back:
        _undo(sizing, reason="asked")
        return
    ready, why, detail = resizable.progress(sizing, cluster)
    if ready >= sizing.target:
        is_held = any(step["kind"] == AUTOSCALER for step in steps_of(sizing))
        moving_on.step(sizing, State.HOLDING if is_held else State.SUCCEEDED, action="READY", body={"ready": ready}, held_for="", detail="")
    elif sizing.until is not None and sizing.until <= timezone.now():
        _undo(sizing, reason="not-ready-in-time", detail=f"{ready} of {sizing.target}")
    else:
        if why and why != sizing.held_for:
            moving_on.step(sizing, State.WAITING, action="BLOCKED", body={"why": why, "detail": detail}, held_for=why, detail=detail)
        elif not why and sizing.held_for:
            moving_on.step(sizing, State.WAITING, action="RESUMED", held_for="", detail="")
        raise engine.Rest("the pods are awaited", seconds=AWAIT_SECONDS)


def _return(sizing: Sizing, _: looking.Cluster) -> None:
    moving_on.step(sizing, State.PREPARING, action="PREPARING", returning=True, tries=0)


def _held(sizing: Sizing, cluster: looking.Cluster) -> None:
    """Goes on when what it waits for may be there again. A right or a credential in the cluster shows only when it is tried. Who may not change it
    any more is asked when it is changed.
    """
    moving_on.renew(sizing)
    if sizing.returning and (reason := moving_on.why_not(sizing)):
        raise engine.Later(f"it is held: {reason}", seconds=HELD_SECONDS)
    if sizing.held_for in TRIED_AGAIN and not moving_on.has_waited(sizing, seconds=HELD_SECONDS):
        raise engine.Later("it is held until it is tried again")
    try:
        if sizing.returning or sizing.at < len(sizing.plan):  # of what is written already there is nothing to try
            _size(sizing, cluster, _step(sizing))
    except engine.SHUT_OUT as problem:
        raise engine.Later(problem.sentence, seconds=HELD_SECONDS) from problem
    moving_on.step(sizing, State.PREPARING, action="RESUMED", tries=0, held_for="", **_telling(sizing, ""))


# What the steps have in common


def _step(sizing: Sizing) -> Step:
    """The step that is being done."""
    return steps_of(sizing)[sizing.at - 1 if sizing.returning else sizing.at]


def _numbers(sizing: Sizing) -> tuple[int, int]:
    """The number that the present step's effect expects, and the one that it writes."""
    step = _step(sizing)
    return (step["to"], step["back"]) if sizing.returning else (step["now"], step["to"])


def _size(sizing: Sizing, cluster: looking.Cluster, step: Step) -> SizeNow | None:
    """The object as it is now, if it is the one that was planned for."""
    try:
        found = cluster.size(kind=step["kind"], namespace=sizing.namespace, name=step["name"])
    except errors.NotFound:
        return None
    return found if found.uid == step["uid"] else None


def _seen(step: Step, found: SizeNow | None) -> dict[str, Any]:
    """What the audit says of an object that is not as we wrote it."""
    number, manager = (found.number, found.manager) if found else (None, "")
    return {"kind": step["kind"], "name": step["name"], "number": number, "manager": manager}


def _who(sizing: Sizing, found: SizeNow | None) -> str:
    if found is None:
        return "it was deleted, or created again"
    is_foreign = found.manager in OURS and not _is_ours(sizing, found)
    return f"{'another Clusterview' if is_foreign else found.manager or 'somebody'} wrote {found.number}"


def _is_ours(sizing: Sizing, found: SizeNow) -> bool:
    """Whether nobody else is known to have written the number last. Another installation writes by our name, and leaves its mark; where somebody has
    taken ours off, the number is ours all the same.
    """
    return found.manager in OURS and not restoring.foreign_mark(sizing.cluster, found)


def _telling(sizing: Sizing, detail: str) -> dict[str, Any]:
    """What the row says beside its code: who wrote what was left alone, from then to the end."""
    return {} if sizing.left_alone else {"detail": detail}


def _applied(sizing: Sizing, *, version: str, how: str) -> None:
    body = {"result": "applied", "step": sizing.step, "rv": version, "how": how}
    moving_on.step(sizing, State.PREPARING, action="OUTCOME", body=body, at=sizing.at + (-1 if sizing.returning else 1), tries=0)


def _void(sizing: Sizing, *, result: str, how: str, held_for: str = "") -> None:
    """The effect was not applied, and never will be: its object had moved, unless `held_for` says otherwise. What somebody asked for is tried a few
    times; what is put back, or held, for as long as it takes.
    """
    body = {"result": result, "step": sizing.step, "how": how}
    is_try = not (held_for and (sizing.returning or sizing.purpose == Sizing.Purpose.KEEP))
    moving_on.step(sizing, State.PREPARING, action="OUTCOME", body=body, tries=sizing.tries + int(is_try), held_for=held_for)
    if is_try and sizing.returning and sizing.tries % engine.LONGEST_TRIES == 0:
        raise engine.Later("it changes again and again", seconds=LOOK_SECONDS)


def _refused(sizing: Sizing, reply: doubts.Reply) -> None:
    reason = "missing-right-size" if isinstance(reply.problem, errors.Forbidden) else "refused-size"
    body = {"result": "rejected", "step": sizing.step, "how": reply.said}
    if sizing.returning:
        moving_on.step(sizing, State.HELD, action="OUTCOME", body=body, held_for="missing-right-size", **_telling(sizing, reply.said))
    elif sizing.at:
        moving_on.step(sizing, State.ROLLING_BACK, action="OUTCOME", body=body, reason=reason, detail=reply.said, going_back=True)
    else:
        moving_on.step(sizing, State.FAILED_NO_CHANGE, action="OUTCOME", body=body, reason=reason, detail=reply.said)


def _undo(sizing: Sizing, *, reason: str, detail: str = "") -> None:
    """It goes no further, and what it did already is put back."""
    body = {"reason": reason, "detail": detail}
    if sizing.at or sizing.state == State.WAITING:
        moving_on.step(sizing, State.ROLLING_BACK, action="TURNING_BACK", body=body, reason=reason, detail=detail, going_back=True)
    else:
        moving_on.step(sizing, ENDS[reason], action="ENDED", body=body, reason=reason, detail=detail)


def _end(sizing: Sizing) -> None:
    """All that was raised is as it was before, or somebody else's."""
    if sizing.left_alone:
        moving_on.step(sizing, State.REVERTED_EXTERNALLY, action="ENDED", reason="resized", detail=sizing.detail)
    elif sizing.going_back:
        moving_on.step(sizing, State.ROLLED_BACK, action="ENDED", reason=sizing.reason or "asked")
    else:
        moving_on.step(sizing, State.SUCCEEDED, action="ENDED")


def _forget(sizing: Sizing) -> None:
    """Nothing was done and nothing is to be told."""
    moving_on.rows_of(sizing).filter(epoch=sizing.epoch, state=sizing.state).delete()
    sizing.open = False


# Who shares an autoscaler


def _to_hold(sizing: Sizing, cluster: looking.Cluster, others: list[Sizing]) -> tuple[list[Step], list[Step]]:
    """The autoscalers that may make the side smaller than it is: those that are raised for somebody else already, and those to be raised."""
    namespace = sizing.namespace
    autoscalers, *workloads = (cluster.records(kind=kind, namespace=namespace) for kind in (AUTOSCALER, "Deployment", "StatefulSet"))
    side = [one for found in workloads for one in found if selectors.matches(selector=sizing.selector, labels=one.template_labels)]
    joined, raised = list[Step](), list[Step]()
    for one in autoscalers:
        workload = next((of for of in side if (one.target_kind, one.target_name) == (str(objects.kind_of(of)), of.name)), None)
        if workload is None or not workload.wanted:
            continue
        step = Step(kind=AUTOSCALER, name=one.name, uid=one.uid, now=0, to=0, back=0, order=0)
        found = _size(sizing, cluster, step)
        if found is None:
            raise engine.Later("its autoscaler is another one now")
        live = min(max(workload.wanted, workload.ready, sizing.target if len(side) == 1 else 0), found.maximum)
        step |= {"now": found.number, "to": max(live, found.number)}
        if _rests_on(sizing, found, others, step):
            (raised if live > found.number else joined).append(step)
        elif live > found.number:
            raised.append(step)
    return joined, raised


def _to_change(sizing: Sizing, cluster: looking.Cluster, others: list[Sizing]) -> tuple[list[Step], list[Step]]:
    """The plan that was accepted, with what is to be put back where another operation has raised an autoscaler of it already."""
    for step in (plan := steps_of(sizing)):
        if (found := _size(sizing, cluster, step)) is not None:
            _rests_on(sizing, found, others, step)
    return [], plan


def _rests_on(sizing: Sizing, found: SizeNow, others: list[Sizing], step: Step) -> bool:
    """This will note in the step what is to be put back: the number that is there, or what was there before another operation of ours wrote it.
    Returns whether one did.
    """
    sharing = _sharing(others, uid=found.uid)
    if any(other.returning for other, _ in sharing):
        raise engine.Later("what another operation has raised is put back now")
    latest = max((one for _, one in sharing), key=lambda one: one["order"], default=None)
    is_ours = latest is not None and found.number == latest["to"] and _is_ours(sizing, found)
    step["back"] = latest["back"] if latest is not None and is_ours else step["now"]
    step["order"] = latest["order"] + 1 if latest is not None else 1
    return is_ours


def _others(sizing: Sizing) -> list[Sizing]:
    """The other operations of the namespace that are open."""
    return list(Sizing.objects.filter(cluster=sizing.cluster_id, namespace=sizing.namespace, open=True).exclude(pk=sizing.pk).order_by("pk"))


def _gist(others: list[Sizing]) -> list[tuple[Any, ...]]:
    """What a plan rests on of other operations."""
    return [(one.pk, one.at, one.returning, one.plan) for one in others if one.planned]


def _sharing(others: list[Sizing], *, uid: str) -> list[tuple[Sizing, Step]]:
    """Those that have this object changed."""
    return [(other, step) for other in others for step in steps_of(other)[: other.at] if step["uid"] == uid]


def _is_ahead(others: list[Sizing], plan: list[Step], *, of: Sizing) -> bool:
    """Whether one of them is about to change an object of the plan. Of two that wait, the one that was asked for first goes first."""
    uids, mine = {step["uid"] for step in plan}, (of.requested_at, of.pk)
    first = [one for one in others if not one.returning and (one.state != State.QUEUED or (one.requested_at, one.pk) < mine)]
    return any(step["uid"] in uids for other in first for step in steps_of(other)[other.at :])


@contextmanager
def _one_at_a_time(sizing: Sizing) -> Iterator[None]:
    """A transaction in which what other operations have planned and done stays as it is."""
    with transaction.atomic():
        Cluster.objects.select_for_update(no_key=True).get(pk=sizing.cluster_id)
        yield


def _hand_over(sizing: Sizing, step: Step) -> bool:
    """This will leave what was raised to another operation that still needs it and puts it back later. Whichever of them was planned last knows to
    what, and tells it.
    """
    with _one_at_a_time(sizing):
        sharing = _sharing(_others(sizing), uid=step["uid"])
        if not sharing:
            return False
        other, theirs = max(sharing, key=lambda one: one[1]["order"])
        also = partial(_tell, other, step) if step["order"] > theirs["order"] else None
        moving_on.step(sizing, State.PREPARING, action="HANDED_OVER", body={"name": step["name"]}, also=also, at=sizing.at - 1, tries=0)
    return True


def _tell(other: Sizing, step: Step) -> None:
    """This will have another operation put back what the step would, inside the caller's transaction: its row first, and then the audit."""
    other = moving_on.rows_of(other).select_for_update(no_key=True).get()
    told = {"to": step["to"], "back": step["back"], "order": step["order"]}
    plan = [one | told if one["uid"] == step["uid"] else one for one in other.plan]
    moving_on.rows_of(other).update(plan=plan, epoch=F("epoch") + 1, lease_until=None, holder="", look_again_at=None)
    told_of = {"kind": step["kind"], "name": step["name"], "uid": step["uid"]}
    auditing.record(actor=moving_on.EXECUTOR, action="TOOK_OVER", cluster=other.cluster_id, switch_id=other.pk, body=told_of | told)


def _failed(sizing: Sizing, defect: Exception) -> None:
    """Counts a defect of ours. A change that always meets one is set aside."""
    if moving_on.count_failure(sizing) >= engine.MOST_FAILURES:
        _set_aside(sizing, defect=type(defect).__name__)


def _set_aside(sizing: Sizing, *, defect: str) -> None:
    """Says what may still be on its way."""
    body: dict[str, Any] = {"defect": defect}
    if sizing.state in engine.IN_DOUBT:
        body |= {"result": "unclear", "step": sizing.step, "how": doubts.MAY_LAND}
        moving_on.step(sizing, State.NEEDS_HUMAN, action="OUTCOME", body=body, reason="defect-may-land")
    elif sizing.state == State.QUEUED:
        moving_on.step(sizing, State.CANCELLED, action="SET_ASIDE", body=_about(sizing) | body, reason="defect")
    else:
        moving_on.step(sizing, State.NEEDS_HUMAN, action="SET_ASIDE", body=body, reason="defect")


def _shut_out(sizing: Sizing, problem: Exception) -> None:
    """Nobody waits for what was not begun, nor for a scaling down, which keeps everybody in its namespace from switching, nor for a policy to let a
    doubt be settled. What was raised is put back as soon as that can be, and says meanwhile why it is not.
    """
    is_begun = bool(sizing.at) or sizing.returning or sizing.state in engine.IN_DOUBT
    is_refused = doubts.is_refusal(problem) and sizing.state in engine.IN_DOUBT
    if is_refused or sizing.purpose == Sizing.Purpose.SCALE_DOWN or (sizing.purpose == Sizing.Purpose.WARM_UP and not is_begun):
        _end_shut_out(sizing, is_begun=is_begun, is_forbidden=isinstance(problem, errors.Forbidden), why=_said(problem))
        return
    reason = "missing-right-size" if isinstance(problem, errors.Forbidden) else "no-credential-size"
    if sizing.state == State.PREPARING:
        moving_on.step(sizing, State.HELD, action="HELD", body={"reason": reason}, held_for=reason, **_telling(sizing, _said(problem)))
    elif sizing.state == State.WAITING and sizing.held_for != reason:
        moving_on.step(sizing, State.WAITING, action="BLOCKED", body={"why": reason}, held_for=reason, detail=_said(problem))
    raise problem


def _end_shut_out(sizing: Sizing, *, is_begun: bool, is_forbidden: bool, why: str) -> None:
    body: dict[str, Any] = {"why": why}
    if sizing.state in engine.IN_DOUBT:
        body |= {"result": "unclear", "step": sizing.step, "how": doubts.MAY_LAND}
        moving_on.step(sizing, State.NEEDS_HUMAN, action="OUTCOME", body=body, reason="shut-out-size", detail=why)
    elif is_begun:
        moving_on.step(sizing, State.NEEDS_HUMAN, action="SET_ASIDE", body=body, reason="shut-out-size", detail=why)
    elif is_forbidden:
        moving_on.step(sizing, State.FAILED_NO_CHANGE, action="SET_ASIDE", body=body, reason="missing-right-size", detail=why)
    else:
        moving_on.step(sizing, State.CANCELLED, action="SET_ASIDE", body=body, reason="no-credential-unchanged", detail=why)


def _said(problem: Exception) -> str:
    return str(getattr(problem, "sentence", problem))


STEPS: dict[State, Callable[[Sizing, looking.Cluster], None]] = {
    State.QUEUED: _queue,
    State.PREPARING: _prepare,
    State.APPLYING: doubts.taken_over,
    State.UNKNOWN: _classify,
    State.SEALING: doubts.sealing_again,
    State.WAITING: _wait_for_pods,
    State.HOLDING: _hold,
    State.ROLLING_BACK: _return,
    State.HELD: _held,
}
