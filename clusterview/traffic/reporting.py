"""Switches as REST and History tell them: what the audit says, with the present state of what is open."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from clusterview.models import AuditEntry, Operation, Sizing, Switch
from clusterview.traffic import retelling, retelling_sizes, states, words
from clusterview.traffic.states import State

REVERTED_AFTERWARDS = "reverted-afterwards"
AS_ASKED = ("asked", "turned-back")
TOLD_FOR = timedelta(hours=1)


def newest_first(*, clusters: Collection[str], limit: int, before: uuid.UUID | None = None) -> list[dict[str, Any]]:
    """A line for each of the newest switches that the audit knows in these clusters, of those that were asked for `before` that one.

    Raises NotListed.
    """
    return [_line(one) for one in retelling.newest_first(clusters=clusters, limit=limit, before=before)]


def summary(switch: Switch) -> dict[str, Any]:
    """One line of the list."""
    return _line(retelling.retold(switch))


def _line(retold: retelling.Retold) -> dict[str, Any]:
    switch = retold.switch
    why = (switch.open and switch.held_for) or switch.reason
    return {
        "id": str(switch.pk),
        "cluster": switch.cluster_id,
        "namespace": switch.namespace,
        "service": switch.service,
        "key": switch.key,
        "from": switch.from_value,
        "to": switch.to_value,
        "state": switch.state,
        "open": switch.open,
        "actor": switch.actor,
        "requested_at": switch.requested_at,
        "applied_at": switch.applied_at,
        "moved_seconds": retold.moved_seconds,
        "finished_at": switch.finished_at,
        "keeping_old_until": None if switch.reverses_id else switch.keeping_old_until,
        "overlap_seconds": switch.overlap_seconds,
        "group": str(switch.group) if switch.group else None,
        "position": switch.position,
        "held_for": switch.held_for,
        "reverses": str(switch.reverses_id) if switch.reverses_id else None,
        "reason": switch.reason,
        "sentence": words.reason(why) if why else "",
        "detail": switch.detail,
        "differs": retold.differs,
    }


def as_dict(switch: Switch) -> dict[str, Any]:
    """One switch with its steps and every entry of the audit."""
    sizes = [size(one) for one in switch.sizings.order_by("requested_at")]
    retold = retelling.retold(switch)
    return _line(retold) | {"entries": entries(switch), "steps": steps(retold.switch), "can_go_back": can_go_back(switch), "sizes": sizes}


def newest_sizes(*, clusters: Collection[str], limit: int, before: uuid.UUID | None = None) -> list[dict[str, Any]]:
    """The newest changes of sizes that the audit knows in these clusters, of those that were asked for `before` that one, each as `size` tells it.

    Raises NotListed.
    """
    return [_size(one) for one in retelling_sizes.newest_first(clusters=clusters, limit=limit, before=before)]


def size(sizing: Sizing) -> dict[str, Any]:
    """One change of sizes with its numbers and every entry of the audit."""
    return _size(retelling_sizes.retold(sizing))


def _size(retold: retelling_sizes.Retold) -> dict[str, Any]:
    sizing = retold.sizing
    return {
        "id": str(sizing.pk),
        "cluster": sizing.cluster_id,
        "namespace": sizing.namespace,
        "service": sizing.service,
        "side": sizing.side,
        "purpose": sizing.purpose,
        "state": sizing.state,
        "open": sizing.open,
        "actor": sizing.actor,
        "requested_at": sizing.requested_at,
        "finished_at": sizing.finished_at,
        "held_for": sizing.held_for,
        "reason": sizing.reason,
        "sentence": words.reason(why) if (why := (sizing.open and sizing.held_for) or sizing.reason) else "",
        "detail": sizing.detail,
        "target": sizing.target,
        "numbers": numbers(sizing),
        "entries": [_entry(one) for one in retold.entries],
        "differs": retold.differs,
    }


def numbers(sizing: Sizing) -> list[dict[str, Any]]:
    """The numbers that it changes; `stands` while one is as this operation wrote it, as far as that is known."""
    plan = enumerate(sizing.plan)
    return [
        {"kind": step["kind"], "name": step["name"], "was": step["back"], "to": step["to"], "stands": number < sizing.at and not step.get("lowered")}
        for number, step in plan
    ]


def entries(operation: Operation) -> list[dict[str, Any]]:
    """What the audit says of one operation."""
    found = AuditEntry.objects.filter(switch_id=operation.pk).order_by("sequence")
    return [_entry(one) for one in found]


def _entry(one: AuditEntry) -> dict[str, Any]:
    return {"sequence": one.number, "at": one.moment, "actor": one.actor, "action": one.action, "body": one.told}


def steps(switch: Switch) -> list[dict[str, str]]:
    """The usual way, and how far the switch is on it: `done`, `now` or `ahead`. Where it left that way: what it did of it, and where it is."""
    way: list[str] = [state for state in states.USUAL_WAY if state is not State.ARMED]
    if switch.state not in way:
        in_doubt = switch.state in (State.UNKNOWN, State.SEALING)
        reached = State.APPLIED if switch.applied_at else State.APPLYING if in_doubt else State.REQUESTED
        way = [*way[: way.index(reached) + 1], switch.state]
    at = way.index(switch.state)
    told = ["done" if number < at or switch.state == State.SUCCEEDED else "now" if number == at else "ahead" for number in range(len(way))]
    return [{"name": name, "state": state} for name, state in zip(way, told, strict=True)]


def can_go_back(switch: Switch) -> bool:
    """Whether `back` would be accepted for it now, as far as the database tells."""
    if switch.open:
        return not switch.going_back
    if is_half_done(switch):
        return _leads_back(switch) and newest(switch)
    return switch.state == State.SUCCEEDED and kept(switch) and newest(switch)


def is_half_done(switch: Switch) -> bool:
    """Whether it was left to a person while the Service led where it had brought it, or led to both sides."""
    return switch.state == State.NEEDS_HUMAN and switch.reverses_id is None and switch.at > 0


def leads_to_both(switch: Switch) -> bool:
    """Whether a half-done switch left the traffic on both sides, from which nothing but its way back leads."""
    return switch.at < len(switch.plan) - 1


def _leads_back(half_done: Switch) -> bool:
    """Whether its way back is open, where nothing has moved traffic since."""
    return leads_to_both(half_done) or is_kept_half_done(half_done)


def is_kept_half_done(switch: Switch) -> bool:
    """Whether the old side of a half-done switch is kept, which it is for as long as after a success."""
    return switch.finished_at is not None and switch.finished_at + timedelta(seconds=switch.keep_seconds) > timezone.now()


def kept(switch: Switch) -> bool:
    """Whether its old side is kept. A way back keeps none, and is only looked after for as long."""
    return switch.reverses_id is None and is_looked_after(switch)


def is_looked_after(switch: Switch) -> bool:
    """Whether somebody else's change of its Service is told as one that came after its success."""
    return switch.keeping_old_until is not None and switch.keeping_old_until > timezone.now()


def newest(switch: Switch) -> bool:
    """Whether no later switch of the same Service has changed anything, or may."""
    return later(switch) is None


def later(switch: Switch) -> Switch | None:
    """The last one of the later switches of the same Service that have changed something, or may."""
    return moved(after(switch)).first()


def after(switch: Switch) -> QuerySet[Switch]:
    """The later switches of the same Service, the last one first."""
    return Switch.objects.filter(cluster=switch.cluster_id, service_uid=switch.service_uid, requested_at__gt=switch.requested_at)


def moved(switches: QuerySet[Switch]) -> QuerySet[Switch]:
    """Those of the switches that have changed something, or may. One that went back has left the traffic as it was."""
    went_back = Q(state=State.ROLLED_BACK) | Q(state=State.NEEDS_HUMAN, returning=True, at=0)
    return switches.filter(Q(open=True) | Q(applied_at__isnull=False)).exclude(went_back)


def switched(*, cluster: str) -> dict[str, str]:
    """The key of each Service, by uid, of which a switch runs, keeps its old side, or was left half-done."""
    half_done = Switch.objects.filter(cluster=cluster, state=State.NEEDS_HUMAN)
    led = {one.service_uid: one.key for one in half_done if is_half_done(one) and can_go_back(one)}
    switches = Switch.objects.filter(Q(open=True) | Q(state=State.SUCCEEDED, keeping_old_until__gt=timezone.now()), cluster=cluster)
    return led | dict(switches.order_by("requested_at").values_list("service_uid", "key"))


def of_service(*, cluster: str, service_uid: str) -> dict[str, Any]:
    """The Service's open switch, the old side that is kept to go back to, the side that was left, the last switch where somebody else has undone it
    after its success, or where it was left half-done and can be taken back, the newest switch where it failed lately, the open change of sizes, and
    the last warm-up that has ended since traffic moved. After a way back there is nothing to go back to.
    """
    switches = Switch.objects.filter(cluster=cluster, service_uid=service_uid)
    opened = switches.filter(open=True).first()
    latest = switches.first()
    failed = latest if latest and not opened and _failed_lately(latest) else None
    last = moved(switches).exclude(applied_at=None).first()
    keeping = last if last and not opened and last.state == State.SUCCEEDED and kept(last) else None
    reverted = last if last and not opened and last.reason == REVERTED_AFTERWARDS else None
    left = last if last and not opened and not reverted and last.state == State.SUCCEEDED else None
    half_done = last if last and not opened and is_half_done(last) and _leads_back(last) else None
    sizes = Sizing.objects.filter(cluster=cluster, service_uid=service_uid)
    sizing = sizes.filter(open=True).exclude(purpose=Sizing.Purpose.KEEP).first()
    ended = sizes.filter(open=False, purpose=Sizing.Purpose.WARM_UP)
    warm_up = (ended.filter(requested_at__gt=last.requested_at) if last else ended).first()
    return {
        "open_switch": str(opened.pk) if opened else None,
        "keeping": _keeping(keeping) if keeping else None,
        "left": {"switch": str(left.pk), "side": left.from_value} if left else None,
        "reverted": str(reverted.pk) if reverted else None,
        "half_done": str(half_done.pk) if half_done else None,
        "failed": summary(failed) if failed else None,
        "sizing": size(sizing) if sizing else None,
        "warm_up": size(warm_up) if warm_up else None,
    }


def _failed_lately(switch: Switch) -> bool:
    """Whether it has ended otherwise than anybody asked for, and whoever asked may still be looking for it."""
    is_as_asked = switch.state == State.SUCCEEDED or switch.reason in AS_ASKED
    return not is_as_asked and switch.finished_at is not None and switch.finished_at > timezone.now() - TOLD_FOR


def _keeping(switch: Switch) -> dict[str, Any]:
    hold = switch.sizings.filter(purpose=Sizing.Purpose.KEEP).order_by("-requested_at").first()
    return {
        "hold": size(hold) if hold else None,
        "switch": str(switch.pk), "until": switch.keeping_old_until, "key": switch.key, "from": switch.from_value, "to": switch.to_value,
        "group": str(switch.group) if switch.group else None,
    }  # fmt: skip
