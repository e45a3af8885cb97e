"""What people ask for about sizes: the old side scaled down, the new one warmed up. A look before, the click, and the way out.

As with a switch one transaction reads the permission, writes the row and the audit; `sizing` does the rest, and looks again before each effect. While
a side is scaled down no switch begins in its namespace, and while one runs no side is scaled down.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from clusterview.access import transacting
from clusterview.access.people import Person
from clusterview.models import Cluster, Sizing, Switch
from clusterview.topology import objects
from clusterview.traffic import holding, keeping, looking, moving_on, needing, pairing, preflight, reporting, requesting, selectors
from clusterview.traffic.checking import of_sizes
from clusterview.traffic.errors import Refused
from clusterview.traffic.preflight import Check
from clusterview.traffic.situations import Situation
from clusterview.traffic.sizing import AUTOSCALER, Step
from clusterview.traffic.states import State

MOST_REPLICAS = 10_000
WARM_FOR = timedelta(minutes=30)


class Plan(NamedTuple):
    """What a change would do: the numbers, how many pods the side is to have, and what stands against it."""

    situation: Situation
    steps: list[Step]
    target: int
    checks: list[Check]

    @property
    def is_open(self) -> bool:
        return not preflight.blocks(self.checks)


def preview(plan: Plan) -> dict[str, Any]:
    """A plan as REST tells it."""
    return {
        "checks": [requesting.told(one) for one in plan.checks],
        "ready": plan.is_open,
        "target": plan.target,
        "numbers": [{"kind": one["kind"], "name": one["name"], "was": one["now"], "to": one["to"], "stands": False} for one in plan.steps],
    }


def to_scale_down(switch: Switch, *, replicas: int = 0, opened: looking.Opener = looking.cluster) -> Plan:
    """This will say what making the side that a switch left so small would do, and change nothing. Raises Refused."""
    if not 0 <= replicas <= MOST_REPLICAS:
        raise Refused(422, "bad-replicas")
    if switch.state != State.SUCCEEDED:
        raise Refused(409, "not-succeeded")
    if not switch.reverses_id and switch.finished_at and switch.finished_at > timezone.now() - timedelta(seconds=holding.SHORTEST_KEEP_SECONDS):
        raise Refused(409, "just-switched")
    with requesting.asking():
        reached = opened(switch.cluster_id)
        service, residents = reached.service_among(namespace=switch.namespace, name=switch.service)
        if service.uid != switch.service_uid:
            raise Refused(409, "changed")
        seen = reached.situation(service=service, residents=residents, key=switch.key, source=_left(switch), target=service.selector)
        seen = reached.surrounded(seen)
        steps = [
            Step(kind=str(objects.kind_of(one)), name=one.name, uid=one.uid, now=one.wanted, to=replicas, back=one.wanted, order=0)
            for one in seen.workloads_of(_left(switch))
        ]
        seen = _with_rights(seen, steps, reached)
    checks = list(of_sizes.scale_down(seen, replicas=replicas, kept=_kept_elsewhere(switch, seen)))
    return Plan(seen, steps, replicas, _sorted(checks))


def scale_down(*, switch: Switch, person: Person, replicas: int = 0, opened: looking.Opener = looking.cluster) -> Sizing:
    """This will begin to make the old side smaller; its keeping ends with the first effect. Raises Refused."""
    cluster = requesting.allowed(person=person, cluster=switch.cluster_id, opened=opened)
    plan = to_scale_down(switch, replicas=replicas, opened=opened)
    requesting.must_be_known(plan.situation.service, cluster=cluster)
    _refuse_blocked(plan)
    row = _row(cluster, person=person, plan=plan, purpose=Sizing.Purpose.SCALE_DOWN, side=switch.from_value, selector=_left(switch))
    row.switch = switch
    return _save(row, person=person, plan=plan)


def to_warm_up(*, cluster: str, namespace: str, service: str, to: str, opened: looking.Opener = looking.cluster) -> Plan:
    """This will say what making the side `to` as large as the live one would do, and change nothing. Raises Refused.

    The target is the largest of what is ready, what the workload wants and what its autoscaler wants.
    """
    requesting.cluster_of(cluster)
    seen = requesting.situation_of(cluster=cluster, namespace=namespace, service=service, to=to, opened=opened)
    with requesting.asking():
        reached = opened(cluster)
        seen = reached.surrounded(seen)
        live, side = seen.workloads_of(seen.from_selector), seen.workloads_of(seen.to_selector)
        desired = [one.desired for one in of_sizes.autoscalers_of(seen, live)]
        target = max([len(seen.ready_of(seen.from_selector)), *desired, *(one.wanted for one in live)])
        raised = [
            Step(kind=AUTOSCALER, name=one.name, uid=one.uid, now=one.minimum, to=target, back=one.minimum, order=0)
            for one in of_sizes.autoscalers_of(seen, side)
            if one.minimum < target
        ]
        scaled = [
            Step(kind=str(objects.kind_of(one)), name=one.name, uid=one.uid, now=one.wanted, to=target, back=one.wanted, order=0)
            for one in side
            if one.wanted < target
        ]
        seen = _with_rights(seen, [*raised, *scaled], reached)
        needs = _needs(seen, side, reached) if of_sizes.pods_to_come(seen, target=target) > 0 else needing.EACH_POD
    return Plan(seen, [*raised, *scaled], target, _sorted(of_sizes.warm_up(seen, target=target, needs=needs)))


def warm_up(
    *, person: Person, cluster: str, namespace: str, service: str, to: str, target: int | None = None, idempotency_key: str | None = None,
    opened: looking.Opener = looking.cluster,
) -> Sizing:  # fmt: skip
    """This will begin to make the side `to` as large as the live one; `target` is the number that was shown. Raises Refused, also where it would be a
    larger one now.
    """
    body_hash = requesting.hash_of(cluster, namespace, service, to, *([] if target is None else [target]))
    if idempotency_key and (known := _known(person=person, key=idempotency_key, body_hash=body_hash)):
        return known
    found = requesting.allowed(person=person, cluster=cluster, opened=opened)
    plan = to_warm_up(cluster=cluster, namespace=namespace, service=service, to=to, opened=opened)
    requesting.must_be_known(plan.situation.service, cluster=found)
    _refuse_blocked(plan)
    if target is not None and plan.target > target:
        raise Refused(409, "larger-than-shown", {"target": plan.target})
    row = _row(found, person=person, plan=plan, purpose=Sizing.Purpose.WARM_UP, side=to, selector=plan.situation.to_selector)
    row.until, row.idempotency_key, row.body_hash = timezone.now() + WARM_FOR, idempotency_key, body_hash
    return _save(row, person=person, plan=plan)


def cancel(*, sizing: Sizing, person: Person) -> Sizing:
    """This will stop a warm-up, and have put back what was raised at an autoscaler; pods that were added stay. A scaling down is stopped only where
    nothing was sent of it, for nobody makes the side as large again. Raises Refused.
    """
    requesting.must(person=person, cluster=requesting.cluster_of(sizing.cluster_id))
    stoppable = moving_on.rows_of(sizing).filter(open=True, going_back=False, returning=False)
    with transaction.atomic():
        requesting.must_still(person=person, cluster=sizing.cluster_id)
        warm_up, unsent = Q(purpose=Sizing.Purpose.WARM_UP), Q(purpose=Sizing.Purpose.SCALE_DOWN, step=0)
        if not stoppable.filter(warm_up | unsent).update(going_back=True, look_again_at=None):
            raise Refused(409, "finished")
        moving_on.record(sizing, ("BACK_REQUESTED", {}), actor=person)
    sizing.refresh_from_db()
    return sizing


def find(identifier: uuid.UUID) -> Sizing | None:
    """A change of sizes in an open cluster."""
    return Sizing.objects.select_related("cluster").filter(pk=identifier, cluster__active=True).first()


def _needs(seen: Situation, side: list[pairing.Switchable], reached: looking.Cluster) -> needing.Needs:
    """What each pod of the side takes of a quota. Its template is read for that only where there is a quota."""
    if len(side) != 1 or seen.around is None or not seen.around.quotas:
        return needing.EACH_POD
    return reached.needs(kind=str(objects.kind_of(side[0])), namespace=seen.service.namespace, name=side[0].name)


def _with_rights(seen: Situation, steps: list[Step], reached: looking.Cluster) -> Situation:
    missing = reached.missing(of_sizes.rights_for({one["kind"] for one in steps}), namespace=seen.service.namespace)
    return msgspec.structs.replace(seen, missing_rights=tuple(missing))


def _left(switch: Switch) -> dict[str, str]:
    """What selects the side that is left. A way back from both sides begins at a selector that does not tell them apart."""
    return selectors.exchanged(selector=switch.to_selector, key=switch.key, value=switch.from_value)


def _kept_elsewhere(switch: Switch, seen: Situation) -> list[str]:
    return keeping.elsewhere(switch, labels=[one.template_labels for one in seen.workloads_of(_left(switch))])


def _sorted(checks: Iterable[Check]) -> list[Check]:
    return sorted(checks, key=lambda one: preflight.ORDER.index(one.level))


def _refuse_blocked(plan: Plan) -> None:
    if not plan.is_open:
        raise Refused(422, "preflight-size", {"checks": [requesting.told(one) for one in plan.checks]})


def _row(cluster: Cluster, *, person: Person, plan: Plan, purpose: Sizing.Purpose, side: str, selector: dict[str, str]) -> Sizing:
    service = plan.situation.service
    return Sizing(
        id=cluster.fresh_operation(),
        cluster=cluster, cluster_identity=cluster.identity, namespace=service.namespace, service=service.name, service_uid=service.uid,
        purpose=purpose, side=side, selector=selector, target=plan.target, plan=plan.steps, planned=True, state=State.QUEUED,
        requested_by_id=person.user_id, requested_by_token_id=person.token_id, actor=person.name,
    )  # fmt: skip


def _save(row: Sizing, *, person: Person, plan: Plan) -> Sizing:
    try:
        _accept(row, person=person, plan=plan)
    except IntegrityError as problem:
        known = _known(person=person, key=row.idempotency_key, body_hash=row.body_hash) if row.idempotency_key else None
        if known:
            return known
        raise Refused(409, "open-size") from problem
    return row


@transacting.whole
def _accept(row: Sizing, *, person: Person, plan: Plan) -> None:
    """The transaction that accepts a change: permission, row and audit."""
    if reason := moving_on.why_not(row, hold=True):
        raise Refused(403, reason)
    if row.purpose == Sizing.Purpose.SCALE_DOWN:
        if Switch.objects.filter(cluster=row.cluster_id, namespace=row.namespace, open=True).exists():
            raise Refused(409, "switch-runs")
        if row.switch is None or not reporting.newest(row.switch):
            raise Refused(409, "superseded")
        if kept := _kept_elsewhere(row.switch, plan.situation):
            _refuse_blocked(plan._replace(checks=list(of_sizes.scale_down(plan.situation, replicas=plan.target, kept=kept))))
    row.save(force_insert=True)
    body = {"namespace": row.namespace, "service": row.service, "side": row.side, "purpose": row.purpose, "target": row.target, "plan": row.plan}
    moving_on.record(row, ("REQUESTED", body), actor=person)
    transaction.on_commit(partial(moving_on.tell_of_beginning, row))


def _known(*, person: Person, key: str, body_hash: str) -> Sizing | None:
    found = Sizing.objects.filter(actor=person.name, idempotency_key=key).first()
    if found and found.body_hash != body_hash:
        raise Refused(409, "idempotency-key")
    return found
