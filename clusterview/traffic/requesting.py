"""What people ask for: a look before, a switch, the way back, and keeping the old side for longer.

A request is accepted by one transaction that reads the permission, writes the row and the audit, and claims the row for this process, which begins
at once after the commit. The API server is asked before that transaction and never inside it.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from clusterview.access import auditing, clusters, roles, transacting
from clusterview.access.people import Person
from clusterview.kube import errors, reading
from clusterview.models import Cluster, Sizing, Switch
from clusterview.traffic import (
    balancers,
    confirming,
    engine,
    executing,
    holding,
    keeping,
    looking,
    moving_on,
    pairing,
    planning,
    preflight,
    recipes,
    reporting,
    restoring,
    selectors,
    words,
)
from clusterview.traffic.errors import Refused
from clusterview.traffic.preflight import Check
from clusterview.traffic.situations import ServiceNow, Situation
from clusterview.traffic.states import State

LONGEST_KEEP_MINUTES = 1440
LARGEST_GROUP = 20
OVERLAP_SECONDS = 30
LONGEST_OVERLAP_SECONDS = 3600
TO_THE_MARK = (State.REQUESTED, State.QUEUED, State.PREPARING, State.MARKING)
TO_THE_EFFECT = (*TO_THE_MARK, State.ARMED, State.APPLYING)


def preview(
    *, person: Person, cluster: str, namespace: str, service: str, to: str, overlap_seconds: int | None = None,
    opened: looking.Opener = looking.cluster,
) -> dict[str, Any]:  # fmt: skip
    """This will say what a switch would check and send, and change nothing; `overlap_seconds` as for the switch. Raises Refused."""
    found = cluster_of(cluster)
    situation = situation_of(cluster=cluster, namespace=namespace, service=service, to=to, opened=opened)
    situation = _surrounded(situation, found=found, opened=opened, at_once=False, try_it=True)
    looked = confirming.Looked(situation, preflight.check(situation), _overlap(situation, asked=overlap_seconds))
    confirm = confirming.confirm([looked], person=person, cluster=_identified(cluster, opened=opened))
    return _previewed(looked, context=found.name) | {"confirm": confirm}


def preview_group(
    *, person: Person, cluster: str, namespace: str, services: Sequence[str], to: str, opened: looking.Opener = looking.cluster
) -> dict[str, Any]:
    """This will say of each Service, in their order, what a switch of them all would check and send, and change nothing. Raises Refused."""
    _must_be_group(services)
    found = cluster_of(cluster)
    looked = list[confirming.Looked]()
    for service in services:
        with naming(service):
            situation = situation_of(cluster=cluster, namespace=namespace, service=service, to=to, opened=opened)
            situation = _surrounded(situation, found=found, opened=opened, at_once=bool(looked), try_it=True)
        looked.append(confirming.Looked(situation, preflight.check_in_group(situation, services=services), _overlap(situation)))
    members = [_previewed(one, context=found.name) for one in looked]
    return {
        "members": members,
        "ready": all(one["ready"] for one in members),
        "confirm": confirming.confirm(looked, person=person, cluster=_identified(cluster, opened=opened)),
    }


def _previewed(looked: confirming.Looked, *, context: str) -> dict[str, Any]:
    situation, checks, overlap_seconds = looked
    service = situation.service
    try:
        patch = planning.effect_patch(
            uid=service.uid, resource_version=service.resource_version, annotations=service.annotations,
            expected=situation.from_selector, target=situation.to_selector, pod_labels=[pod.labels for pod in situation.pods],
            marker="<operation>:1", fence="<never used before>",
        )  # fmt: skip
    except planning.UnsafeSelector:
        patch = []
    return {
        "service": service.name,
        "checks": [told(one) for one in checks],
        "recipes": recipes.told(recipes.recipes(service, selector=situation.to_selector)),
        "ready": not preflight.blocks(checks),
        "patch": patch,
        "kubectl": planning.kubectl_equivalent(
            context=context, namespace=service.namespace, service=service.name, expected=situation.from_selector, target=situation.to_selector
        ),
        "from": situation.from_selector.get(situation.key, ""),
        "to": situation.to_selector[situation.key],
        "expected_selector": situation.from_selector,
        "new_selector": situation.to_selector,
        "overlap_seconds": overlap_seconds,
    }


def request_switch(
    *, person: Person, cluster: str, namespace: str, service: str, to: str, expected: dict[str, str] | None = None,
    accept: Iterable[str] = (), overlap_seconds: int | None = None, keep_seconds: int | None = None, idempotency_key: str | None = None,
    reverses: Switch | None = None, confirm: str | None = None,
    opened: looking.Opener = looking.cluster,
) -> Switch:  # fmt: skip
    """This will begin a switch and return its row. Raises Refused: 403, 404, 409 with the fresh state, 422 with the checks, 503.

    `confirm` is what the preflight gave to this person: with it, what is switched is what was shown, the warnings that were ticked included.
    `overlap_seconds` is how long both sides take traffic before the old one is left: None lets the Service's kind decide, 0 means not at all.
    `keep_seconds` is how long the old side is kept after a success.
    """
    kept = [] if keep_seconds is None else [keep_seconds]
    body_hash = hash_of(cluster, namespace, service, to, expected, sorted(accept), overlap_seconds, str(reverses.pk) if reverses else "", *kept)
    if idempotency_key and (known := _known(person=person, key=idempotency_key, body_hash=body_hash)):
        return known
    found = allowed(person=person, cluster=cluster, opened=opened)
    situation, began = _at_the_click(
        found, namespace=namespace, service=service, to=to, reverses=reverses, is_tried=confirm is not None, opened=opened
    )
    shown = None if confirm is None else confirming.read(confirm)[0]
    overlap = _overlap(situation, asked=overlap_seconds)
    _refuse_other(situation, overlap_seconds=overlap, shown=shown, person=person, cluster=cluster, opened=opened)
    _refuse_changed(situation, cluster=cluster, expected=expected)
    if reverses is not None and situation.from_selector not in reverses.plan[1:]:
        raise _changed(situation, cluster=cluster)
    if reverses is not None and situation.from_selector == reverses.to_selector:
        _refuse_not_kept(reverses)
    checks = preflight.check(situation)
    accept = {*accept, *(["no-overlap"] if overlap_seconds == 0 else [])}  # whoever asks for none needs no tick for it
    accept = confirming.ticked(checks, accept=accept, shown=shown and shown.warnings)
    _refuse_blocked(checks, accept=accept, returning=reverses is not None)
    row = _row(found, person=person, situation=situation, accept=accept, reverses=reverses, overlap_seconds=overlap)
    row.idempotency_key, row.body_hash = idempotency_key, body_hash
    if keep_seconds is not None:
        row.keep_seconds = _kept(keep_seconds)
    look = engine.look_of(situation, began=began)
    saved = _save([row], person=person, checks=checks, look=look)
    if saved[0] is row:
        carry_out(row, look=look, opened=opened)
    return saved[0]


def request_group(
    *, person: Person, cluster: str, namespace: str, services: Sequence[str], to: str, expected: Mapping[str, dict[str, str]] | None = None,
    accept: Iterable[str] = (), keep_seconds: int | None = None, idempotency_key: str | None = None, reverses: Mapping[str, Switch] | None = None,
    confirm: str | None = None, opened: looking.Opener = looking.cluster,
) -> list[Switch]:  # fmt: skip
    """This will begin the switches of several Services, checked as a whole and done one after another in this order.

    `expected` is the selector of each Service as whoever asks saw it, `confirm` what the group's preflight gave to this person, `keep_seconds` how
    long the old side of each is kept. A Service of which `reverses` names a switch leads to where that came from, whatever `to` is. Where one of them
    does not succeed, those after it are cancelled; those before it stay, and can be taken back in reverse. Raises Refused.
    """
    _must_be_group(services)
    expected = expected or {}
    kept = [] if keep_seconds is None else [keep_seconds]
    body_hash = hash_of(cluster, namespace, list(services), to, dict(expected), sorted(accept), *kept)
    if idempotency_key and (known := _known(person=person, key=idempotency_key, body_hash=body_hash)):
        return _members(known)
    found = allowed(person=person, cluster=cluster, opened=opened)
    shown: Sequence[confirming.Shown | None]
    shown = [None] * len(services) if confirm is None else confirming.read(confirm, services=len(services))
    reverses, rows, refused, first = reverses or {}, [], [], None
    group = uuid.uuid4()
    for position, (service, seen) in enumerate(zip(services, shown, strict=True)):
        with naming(service):
            situation, began = _at_the_click(
                found, namespace=namespace, service=service, to=to, reverses=reverses.get(service), is_tried=seen is not None, opened=opened
            )
            overlap = _overlap(situation)
            _refuse_other(situation, overlap_seconds=overlap, shown=seen, person=person, cluster=cluster, opened=opened)
        _refuse_changed(situation, cluster=cluster, expected=expected.get(service))
        checks = preflight.check_in_group(situation, services=services)
        warnings = seen and seen.warnings
        accepted = confirming.ticked(checks, accept=set(accept), shown=warnings)
        standing = preflight.standing(checks, accepted=accepted, returning=service in reverses)
        refused += [told(one) | {"service": service} for one in standing]
        row = _row(found, person=person, situation=situation, accept=accepted, reverses=reverses.get(service), overlap_seconds=overlap)
        row.group, row.position, row.shown_warnings = group, position, warnings
        if keep_seconds is not None:
            row.keep_seconds = _kept(keep_seconds)
        rows.append(row)
        first = first or (engine.look_of(situation, began=began), checks)
    if refused or first is None:
        raise Refused(422, "preflight", {"checks": refused})
    look, checks = first
    rows[0].idempotency_key, rows[0].body_hash = idempotency_key, body_hash
    saved = _save(rows, person=person, checks=checks, look=look)
    if saved is not rows:
        return _members(saved[0])
    carry_out(rows[0], look=look, opened=opened)
    return rows


def _members(switch: Switch) -> list[Switch]:
    """The switches that were asked for together with this one, in their order."""
    return list(Switch.objects.filter(group=switch.group).order_by("position")) if switch.group else [switch]


def recipes_for(switch: Switch, *, opened: looking.Opener = looking.cluster) -> list[dict[str, str]]:
    """What keeps others from writing the selector back, for a switch that somebody else reverted; empty where the cluster cannot be asked."""
    if switch.state != State.REVERTED_EXTERNALLY and switch.reason != reporting.REVERTED_AFTERWARDS:
        return []
    try:
        service = opened(switch.cluster_id).service(namespace=switch.namespace, name=switch.service)
    except (LookupError, errors.KubeError):
        return []
    return recipes.told(recipes.recipes(service, selector=dict(switch.to_selector)))


def request_back(*, switch: Switch, person: Person, opened: looking.Opener = looking.cluster) -> Switch:
    """This will turn an open switch around, or begin the opposite one after a success, or where a person has to look. From a
    way back that has ended nobody goes back: the side that it left is not kept, so that takes a new switch with its checks. Raises Refused.
    """
    found = cluster_of(switch.cluster_id)
    must(person=person, cluster=found)
    with transaction.atomic():
        must_still(person=person, cluster=switch.cluster_id)
        if Switch.objects.filter(pk=switch.pk, open=True, going_back=False).update(going_back=True, look_again_at=None):
            moving_on.record(switch, ("BACK_REQUESTED", {}), actor=person)
            switch.going_back = True
            return switch
    switch.refresh_from_db()
    if switch.open:
        return switch
    if switch.reverses_id or (switch.state != State.SUCCEEDED and not reporting.is_half_done(switch)):
        raise Refused(409, "finished")
    if not reporting.newest(switch):
        raise Refused(409, "superseded")
    return request_switch(
        person=person, cluster=switch.cluster_id, namespace=switch.namespace, service=switch.service, to=switch.from_value,
        expected=dict(switch.to_selector) if switch.state == State.SUCCEEDED else None, reverses=switch, opened=opened,
    )  # fmt: skip


def keep(*, switch: Switch, person: Person, minutes: int) -> Switch:
    """This will keep the old side for so many minutes from now. Raises Refused, also where it is kept for as long already, or to be smaller."""
    if not 1 <= minutes <= LONGEST_KEEP_MINUTES:
        raise Refused(422, "bad-minutes")
    must(person=person, cluster=cluster_of(switch.cluster_id))
    with transaction.atomic():
        must_still(person=person, cluster=switch.cluster_id)
        held = Switch.objects.select_for_update(no_key=True).get(pk=switch.pk)
        if not reporting.kept(held):
            raise Refused(409, "keeping-ended")
        if held.sizings.filter(purpose=Sizing.Purpose.SCALE_DOWN, open=True).exists():
            raise Refused(409, "scaling-down")
        until = timezone.now() + timedelta(minutes=minutes)
        if held.keeping_old_until and until <= held.keeping_old_until:
            raise Refused(409, "kept-longer", {"until": held.keeping_old_until.isoformat()})
        Switch.objects.filter(pk=switch.pk).update(keeping_old_until=until)
        moving_on.record(switch, ("KEEP", {"minutes": minutes, "until": until.isoformat()}), actor=person)
    switch.keeping_old_until = until
    moving_on.tell(switch, state=switch.state)
    return switch


def leave(*, switch: Switch, person: Person) -> Switch:
    """This will end a switch that is held, and leave the traffic where it is to a person: nothing of it is on its way then. The cluster need not be
    armed, for that may be what it waits for. Raises Refused.
    """
    with transaction.atomic():
        if reason := moving_on.why_not_they(person):
            raise Refused(403, reason)
        held = Switch.objects.select_for_update(no_key=True).get(pk=switch.pk)
        if held.state != State.HELD:
            raise Refused(409, "not-held")
        body = {"held_for": held.held_for}
        moving_on.step(held, State.NEEDS_HUMAN, action="LEFT", actor=person, body=body, reason="left", held_for="")
    return held


def told(one: Check) -> dict[str, Any]:
    """A check as REST tells it, with its English sentence and remedy."""
    sentence, remedy = words.check(code=one.code, level=str(one.level), params=one.params)
    fields: dict[str, Any] = msgspec.to_builtins(one)
    return fields | {"sentence": sentence, "remedy": remedy}


def fresh(*, cluster: str, selector: dict[str, str], key: str, service_uid: str) -> dict[str, Any]:
    """How the Service is now, for somebody who saw it otherwise."""
    return {"selector": selector, "live": selector.get(key, "")} | reporting.of_service(cluster=cluster, service_uid=service_uid)


def carry_out(switch: Switch, *, look: engine.Look, opened: looking.Opener) -> None:
    """This will begin the switch in a thread of this process."""
    executing.of_this_process().begin(switch, look=look, opened=opened)


def situation_of(
    *, cluster: str, namespace: str, service: str, to: str, opened: looking.Opener, reverses: Switch | None = None, at_once: bool = False
) -> Situation:
    """The situation of a switch to `to`, as it is now (`at_once`: the workloads as known). One that `reverses` another leads to where that came
    from and by its key, whether there still are two sides or not. Raises Refused.
    """
    with asking():
        reached = opened(cluster)
        now, residents = reached.service_among(
            namespace=namespace, name=service, at_once=at_once, to="" if reverses else to, returning=reverses is not None
        )
        if reverses and now.uid != reverses.service_uid:
            raise Refused(409, "service-replaced")
        key = reverses.key if reverses else looking.key_of(service=now, workloads=residents.workloads)
        if key is None:
            raise _without_sides(now, workloads=residents.workloads)
        target = dict(reverses.from_selector) if reverses else selectors.exchanged(selector=now.selector, key=key, value=to)
        return reached.situation(
            service=now, key=key, source=now.selector, target=target, returning=reverses is not None, residents=residents
        )


def _at_the_click(
    found: Cluster, *, namespace: str, service: str, to: str, reverses: Switch | None, is_tried: bool, opened: looking.Opener
) -> tuple[Situation, float]:
    """The situation with what stands around the Service, and with a dry run unless the preflight that was shown had one; a way back asks for neither.
    Also when the look began (monotonic seconds). That somebody else has changed the Service since its last switch is told on the way.
    """
    kept = keeping.kept_of(cluster=found.pk, namespace=namespace, service=service)  # before it is read: an old read accuses nobody
    known = keeping.newer_than(kept) if kept is not None else 0
    began = time.monotonic()
    situation = situation_of(cluster=found.pk, namespace=namespace, service=service, to=to, opened=opened, reverses=reverses, at_once=True)
    must_be_known(situation.service, cluster=found)
    if kept is not None:
        keeping.compare(kept, situation.service, known=known)
    return (situation if reverses else _surrounded(situation, found=found, opened=opened, try_it=not is_tried)), began


def _without_sides(service: ServiceNow, *, workloads: list[pairing.Switchable]) -> Refused:
    """Why a Service cannot be switched at all, with the checks that say so."""
    situation = Situation(service=service, key="", from_selector=service.selector, to_selector=service.selector, workloads=tuple(workloads))
    checks = preflight.check_alone(situation)
    return Refused(422, "preflight" if checks else "no-pair", {"checks": [told(one) for one in checks]})


@contextmanager
def naming(service: str) -> Iterator[None]:
    """What is refused of one of several Services says of which."""
    try:
        yield
    except Refused as refused:
        refused.body["service"] = service
        raise


@contextmanager
def asking() -> Iterator[None]:
    """What a cluster refuses, or cannot say, as a refusal of ours."""
    try:
        yield
    except ValueError as problem:
        raise Refused(422, "bad-name") from problem
    except LookupError as problem:
        raise Refused(404, "no-cluster") from problem
    except errors.NotFound as problem:
        raise Refused(404, "no-service") from problem
    except errors.Forbidden as problem:
        raise Refused(403, "forbidden", {"detail": problem.sentence}) from problem
    except errors.KubeError as problem:
        raise Refused(503, "unreachable", {"detail": problem.sentence}) from problem


def _surrounded(situation: Situation, *, found: Cluster, opened: looking.Opener, at_once: bool = True, try_it: bool = False) -> Situation:
    """The situation with what stands around the Service (`at_once`: as known), and with a dry run if asked and allowed."""
    with asking():
        reached = opened(found.pk)
        around = restoring.among_others(found, reached.surrounded(situation, at_once=at_once))
        return reached.tried(around) if try_it and not situation.missing_rights else around


def _row(
    cluster: Cluster, *, person: Person, situation: Situation, accept: Iterable[str], reverses: Switch | None, overlap_seconds: int
) -> Switch:
    """The row of a switch, not saved yet."""
    service = situation.service
    left = reverses.to_value if reverses else ""  # which a way back leaves, from both sides too
    return Switch(
        id=cluster.fresh_operation(),
        cluster=cluster, cluster_identity=cluster.identity, namespace=service.namespace, service=service.name, service_uid=service.uid,
        key=situation.key, from_value=situation.from_selector.get(situation.key, left), to_value=situation.to_selector[situation.key],
        from_selector=situation.from_selector, between=[balancers.wide_of(situation)] if overlap_seconds else [],
        to_selector=situation.to_selector, overlap_seconds=overlap_seconds,
        reverses=reverses, requested_by_id=person.user_id, requested_by_token_id=person.token_id, actor=person.name, state=State.REQUESTED,
        accepted=sorted(accept),
    )  # fmt: skip


def _overlap(situation: Situation, *, asked: int | None = None) -> int:
    """For how many seconds both sides take traffic before the old one is left, where that is `asked` or their kind decides. A way back never
    overlaps: it leaves the side that may be broken at once. Raises Refused.
    """
    seconds = (OVERLAP_SECONDS if balancers.follow_late(situation) else 0) if asked is None else asked
    if not 0 <= seconds <= LONGEST_OVERLAP_SECONDS:
        raise Refused(422, "bad-overlap")
    if not seconds or situation.returning:
        return 0
    if balancers.may_overlap(situation):
        return seconds
    if asked is not None:
        raise Refused(422, "no-overlap")
    return 0


def _kept(seconds: int) -> int:
    if not holding.SHORTEST_KEEP_SECONDS <= seconds <= holding.LONGEST_KEEP_SECONDS:
        raise Refused(422, "bad-keep")
    return seconds


def _must_be_group(services: Sequence[str]) -> None:
    if not 2 <= len(set(services)) == len(services) <= LARGEST_GROUP:
        raise Refused(422, "bad-group")


def _refuse_other(
    situation: Situation, *, overlap_seconds: int, shown: confirming.Shown | None, person: Person, cluster: str, opened: looking.Opener
) -> None:
    if shown is None:
        return
    if not shown.is_now(situation, overlap_seconds=overlap_seconds, person=person, cluster=_identified(cluster, opened=opened)):
        raise _changed(situation, cluster=cluster)


def _refuse_changed(situation: Situation, *, cluster: str, expected: dict[str, str] | None) -> None:
    if expected is not None and expected != situation.from_selector:
        raise _changed(situation, cluster=cluster)


def _refuse_not_kept(half_done: Switch) -> None:
    """From the new side alone a new switch leads back, with all of its checks."""
    if reporting.is_half_done(half_done) and not reporting.is_kept_half_done(half_done):
        raise Refused(409, "keeping-ended")


def _changed(situation: Situation, *, cluster: str) -> Refused:
    service = situation.service
    state = fresh(cluster=cluster, selector=situation.from_selector, key=situation.key, service_uid=service.uid)
    return Refused(409, "changed", {"service": service.name, "fresh": state})


def _identified(cluster: str, *, opened: looking.Opener) -> str:
    """The cluster that answers under this name now."""
    with asking():
        return f"{cluster} {opened(cluster).identity().value}"


def _refuse_blocked(checks: list[Check], *, accept: set[str], returning: bool) -> None:
    if preflight.standing(checks, accepted=accept, returning=returning):
        raise Refused(422, "preflight", {"checks": [told(one) for one in checks]})


def cluster_of(identifier: str) -> Cluster:
    """An open cluster. Raises Refused 404."""
    found = Cluster.objects.filter(pk=identifier, active=True).first()
    if found is None:
        raise Refused(404, "no-cluster")
    return found


def must(*, person: Person, cluster: Cluster) -> None:
    """Raises Refused 403 where this person may not change anything in this cluster now."""
    if settings.READ_ONLY:
        raise Refused(403, "read_only")
    if not roles.allows(person.role, "operator"):
        raise Refused(403, "not_allowed")
    if not cluster.armed:
        raise Refused(403, "frozen" if cluster.frozen_at else "not_armed")


def must_still(*, person: Person, cluster: str) -> None:
    """As `must`, inside the transaction that writes what they asked for; the right stays until its end. Raises Refused 403."""
    if reason := moving_on.why_not_by(person, cluster=cluster):
        raise Refused(403, reason)


def must_be_known(service: ServiceNow, *, cluster: Cluster) -> None:
    """Raises Refused 409 where the Service carries an effect of ours that the database does not know."""
    if restoring.is_lost(cluster, service):
        raise Refused(409, "frozen")


def is_the_armed_one(cluster: Cluster, *, opened: looking.Opener) -> None:
    """Armed is a cluster, not a name: where another one answers under it now, switching is off until somebody arms that one. One that does not
    say now which it is, as an API server that starts and refuses everybody, is no other one. One that was not known yet and is armed under another
    name is switched under that one alone. Raises Refused.
    """
    with asking():
        seen = opened(cluster.pk).identity()
    if cluster.identity == seen.value:
        return
    if seen.is_weak and cluster.identity and not cluster.identity_is_weak:
        raise Refused(503, "unidentified")
    with _armed_here_alone():
        is_it = clusters.identify(cluster=cluster.pk, identity=seen.value, is_weak=seen.is_weak)
    if not is_it:
        moving_on.tell_of_arming(cluster.pk, armed=False)
        raise Refused(409, "another-cluster")
    cluster.identity = seen.value


def allowed(*, person: Person, cluster: str, opened: looking.Opener) -> Cluster:
    """The open cluster, if this person may change something in it now and it is the one that is armed. Raises Refused."""
    found = cluster_of(cluster)
    must(person=person, cluster=found)
    is_the_armed_one(found, opened=opened)
    return found


def arm(*, cluster: str, actor: Person | str, looked: Collection[str] = (), opened: looking.Opener = looking.cluster) -> Cluster:
    """This will allow switching in the cluster that answers now; in one that does not answer, in the first that does. Raises PermissionDenied where
    they may not any more, Cluster.DoesNotExist, and Refused where it is armed under another name, or frozen for marks that `looked` does not name.
    """
    try:
        seen = opened(cluster).identity()
    except (LookupError, errors.KubeError):
        seen = reading.Identity("", is_weak=True)
    try:
        with _armed_here_alone():
            armed = clusters.arm(cluster=cluster, actor=actor, identity=seen.value, identity_is_weak=seen.is_weak, looked=looked)
    except clusters.Frozen as problem:
        raise Refused(409, "frozen") from problem
    moving_on.tell_of_arming(cluster, armed=True)
    return armed


@contextmanager
def _armed_here_alone() -> Iterator[None]:
    try:
        yield
    except clusters.ArmedElsewhere as problem:
        raise Refused(409, "armed-elsewhere", {"context": problem.other.name}) from problem


def disarm(*, cluster: str, actor: Person | str) -> Cluster:
    """This will forbid switching in the cluster. Raises PermissionDenied and Cluster.DoesNotExist as `arm`."""
    found = clusters.disarm(cluster=cluster, actor=actor)
    moving_on.tell_of_arming(cluster, armed=False)
    return found


def _known(*, person: Person, key: str, body_hash: str) -> Switch | None:
    found = Switch.objects.filter(actor=person.name, idempotency_key=key).first()
    if found and found.body_hash != body_hash:
        raise Refused(409, "idempotency-key")
    return found


def _save(rows: list[Switch], *, person: Person, checks: list[Check], look: engine.Look) -> list[Switch]:
    """This will accept the switches, or give the one that was accepted before under the same key."""
    first = rows[0]
    try:
        _accept(rows, person=person, checks=checks, look=look)
    except IntegrityError as problem:
        known = _known(person=person, key=first.idempotency_key, body_hash=first.body_hash) if first.idempotency_key else None
        if known:
            return [known]
        for row in rows:
            state = fresh(cluster=row.cluster_id, selector=row.from_selector, key=row.key, service_uid=row.service_uid)
            if state["open_switch"] or row is rows[-1]:
                body = {"service": row.service, "fresh": state, "switch": state["open_switch"]}
                raise Refused(409, "open-switch", body) from problem
    return rows


@transacting.whole
def _accept(rows: list[Switch], *, person: Person, checks: list[Check], look: engine.Look) -> None:
    """The transaction that accepts the switches: permission, rows and audit. The first one belongs to this process from the start, with its INTENT
    where no mark is needed.

    Two groups that name the same Services in another order wait for each other; the database ends one of them, which then learns of the other.
    """
    first = rows[0]
    if reason := moving_on.why_not(first, hold=True):
        raise Refused(403, reason)
    if Sizing.objects.filter(cluster=first.cluster_id, namespace=first.namespace, purpose=Sizing.Purpose.SCALE_DOWN, open=True).exists():
        raise Refused(409, "scaling-down")
    for row in rows[1:]:
        row.state = State.QUEUED
    at_once = not engine.needs_mark(look)
    moving_on.claimed_at_once(first, holder=engine.HOLDER, path=TO_THE_EFFECT if at_once else TO_THE_MARK)
    then = [("PREFLIGHT", preflight.digest(checks))]
    if at_once:
        version = look.service.resource_version
        then.append(moving_on.intent(first, intent_rv=version, body=engine.intention_of(first)))
        first.intent_rv, first.fence, first.step = version, planning.fresh_fence(holder=engine.HOLDER, epoch=first.epoch), 1
    entries = []
    for row in rows:
        row.save(force_insert=True)
        asked: dict[str, Any] = {"namespace": row.namespace, "service": row.service, "from": row.from_selector, "to": row.to_selector}
        asked |= {"reverses": str(row.reverses_id) if row.reverses_id else None}
        asked |= {"overlap_seconds": row.overlap_seconds} if row.between else {}
        asked |= {"leaves": row.from_value} if row.key not in row.from_selector else {}
        entries += moving_on.entries(row, ("REQUESTED", asked | {"accepted": row.accepted}), actor=person)
        transaction.on_commit(partial(moving_on.tell_of_beginning, row))
    auditing.record_all([*entries, *moving_on.entries(first, *then)])


def hash_of(*parts: Any) -> str:
    """What tells the body of a request from another one under the same key."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def find(identifier: uuid.UUID) -> Switch | None:
    """A switch of an open cluster."""
    return Switch.objects.select_related("cluster").filter(pk=identifier, cluster__active=True).first()
