"""The only writes to an operation's row: each compares state and epoch, and commits together with its line of the audit.

An executor that lost its claim therefore changes nothing. Whoever watches is told after the commit. A claim or its renewal is one statement, which
waits for others while it holds nothing that they could wait for; what takes more is done again where the database asks for it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, TypeVar

import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone

from clusterview.access import auditing, names, people, roles, transacting
from clusterview.access.people import Person
from clusterview.models import AuditEntry, Cluster, Operation, Sizing, Switch
from clusterview.stream import notices, publishing
from clusterview.traffic import states
from clusterview.traffic.errors import AskedBack, Superseded
from clusterview.traffic.states import State

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=1)  # nobody asks for as much; what lies further ahead was written before the clock went back
AT_ONCE = 50
MOST_LOST = 5  # executors, one after another: what they were at may be what ends them
EXECUTOR = names.PRODUCT

Row = TypeVar("Row", bound=Model)
Kind = TypeVar("Kind", Switch, Sizing)


def now() -> datetime:
    """The database's clock, so that executors on several machines agree who holds a claim; on SQLite that is this machine's."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def rows_of(operation: Operation) -> QuerySet[Any]:
    """This will give the operation's row, wherever it is kept."""
    return type(operation)._default_manager.filter(pk=operation.pk)


def table_of(operation: Operation) -> Mapping[State, frozenset[State]]:
    """The states that such an operation goes through."""
    return states.SIZING if isinstance(operation, Sizing) else states.LEADS_TO


def claim(*, switch_id: Any, holder: str) -> Switch | None:
    """This will take the switch for `holder`; None when it is finished or somebody else holds it."""
    return claim_of(Switch, operation_id=switch_id, holder=holder)


def claim_of(kind: type[Kind], *, operation_id: Any, holder: str) -> Kind | None:
    """This will take an operation of a kind for `holder`; None when it is finished or somebody else holds it. That the one before never let go of it
    is counted; what was counted is forgotten with the first who lets go of it, unless it is to be set aside.
    """
    rows = kind._default_manager
    with transaction.atomic():
        seen = rows.filter(pk=operation_id, open=True, schema__lte=kind.SCHEMA).first()
        if seen is None:
            return None
        at, kept = now(), seen.lost if seen.lost >= MOST_LOST else 0
        lost = kept if seen.lease_until is None else min(seen.lost + 1, 2 * MOST_LOST)
        taken = rows.filter(_free(at), pk=operation_id, open=True, epoch=seen.epoch).update(
            epoch=seen.epoch + 1, holder=holder, lease_until=at + LEASE, lost=lost
        )
    if taken and seen.lease_until is not None:
        log.info("%s was taken over in %s from %s, which never let go of it", named(seen), seen.state, seen.holder)
    return rows.get(pk=operation_id) if taken else None


def claimed_at_once(switch: Switch, *, holder: str, path: tuple[State, ...]) -> None:
    """This will make a row that is about to be saved belong to `holder`, in the last state of the path."""
    states.check(path=path)
    switch.state, switch.epoch, switch.holder, switch.lease_until, switch.tries, switch.step = path[-1], 1, holder, now() + LEASE, 1, 0


def intent(switch: Operation, *, intent_rv: str, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The line of the audit that comes before the next effect."""
    return ("INTENT", body | {"step": switch.step + 1, "intent_rv": intent_rv, "epoch": switch.epoch})


def beat(operation_ids: Collection[uuid.UUID], *, holder: str) -> None:
    """This will hold the claims of a living executor for longer."""
    for kind in (Switch, Sizing):
        kind._default_manager.filter(pk__in=operation_ids, holder=holder, open=True).update(lease_until=now() + LEASE)


def _free(at: datetime) -> Q:
    """Whose claim nobody holds at that moment. One that ends later than any does was written before the clock went back."""
    return Q(lease_until=None) | Q(lease_until__lt=at) | Q(lease_until__gt=at + 2 * LEASE)


def release(switch: Operation, *, again_in_seconds: float, held_for: str = "") -> None:
    """This will let anybody take the operation up again, not before so many seconds, and say what it waits for, if that is a code."""
    again = now() + timedelta(seconds=again_in_seconds)
    said = {"held_for": held_for} if held_for else {}
    released = rows_of(switch).filter(epoch=switch.epoch, open=True).update(lease_until=None, holder="", look_again_at=again, **said)
    if released and held_for and held_for != switch.held_for:
        tell(switch, state=switch.state)


def due(kind: type[Switch] | type[Sizing] = Switch) -> list[uuid.UUID]:
    """The open operations of a kind that nobody holds and that are to be looked at now, those that wait longest first."""
    at = now()
    waited = Q(look_again_at=None) | Q(look_again_at__lte=at) | Q(look_again_at__gt=at + LONGEST_REST)
    found = kind._default_manager.filter(_free(at), waited, open=True, schema__lte=kind.SCHEMA).order_by(
        F("look_again_at").asc(nulls_first=True), "requested_at"
    )
    return list(found.values_list("pk", flat=True)[:AT_ONCE])


def renew(switch: Operation) -> None:
    """This will hold the claim for longer, and read what others asked for meanwhile. Raises Superseded."""
    held = rows_of(switch).filter(epoch=switch.epoch, state=switch.state).update(lease_until=now() + LEASE)
    if not held:
        raise Superseded(str(switch.pk))
    switch.refresh_from_db(fields=["going_back"])


def step(
    switch: Operation, to: State, *, action: str, body: dict[str, Any] | None = None, actor: str | Person = EXECUTOR,
    also: Callable[[], object] | None = None, **fields: Any,
) -> None:  # fmt: skip
    """This will bring the row to another state, write the audit and do what belongs to it also, all or nothing. Raises Superseded when the claim is
    lost.
    """
    states.check(path=(State(switch.state), to), table=table_of(switch))
    values = {"state": to, "open": to not in states.TERMINAL, "lease_until": now() + LEASE} | fields
    if "detail" in values:
        values["detail"] = auditing.lasting(values["detail"])
    if to in states.TERMINAL:
        values |= {"finished_at": timezone.now(), "lease_until": None, "holder": "", "held_for": ""}

    @transacting.whole
    def commit() -> None:
        if not rows_of(switch).filter(epoch=switch.epoch, state=switch.state).update(**values):
            raise Superseded(str(switch.pk))
        if also:
            also()
        reason = fields.get("reason", switch.reason)
        closed = ("CLOSED", {"state": to, "reason": reason})
        record(switch, (action, body or {}), *([closed] if to in states.TERMINAL else []), actor=actor)
        transaction.on_commit(lambda: tell(switch, state=to))
        if to in states.TERMINAL:
            transaction.on_commit(lambda: log.info("%s ended as %s%s", named(switch), to, f", {reason}" if reason else ""))

    commit()
    for name, value in values.items():
        setattr(switch, name, value)


def expect_not_asked_back(switch: Operation) -> None:
    """This will hold off who asks for the way back until the end of the caller's transaction. Raises AskedBack for one who came before."""
    if is_asked_back(switch):
        raise AskedBack(str(switch.pk))


def is_asked_back(operation: Operation) -> bool:
    """Whether somebody has asked for the way back; whoever has not is held off until the end of the caller's transaction."""
    return bool(rows_of(operation).select_for_update(no_key=True).values_list("going_back", flat=True).first())


def arm(
    switch: Operation, *, intent_rv: str, fence: str, body: dict[str, Any], unless: Callable[[], str | None] | None = None,
    also: Callable[[], None] | None = None,
) -> str | None:  # fmt: skip
    """This will commit the INTENT and enter `applying`, if the one who asked still may and nothing else is against it; else it returns why not and
    changes nothing. `also` is done in the same transaction.

    This transaction comes before the effect is sent, always.
    """

    @transacting.whole
    def commit() -> tuple[str | None, dict[str, Any]]:
        if reason := why_not(switch, hold=True) or (unless and unless()):
            return reason, {}
        states.check(path=(State(switch.state), State.ARMED, State.APPLYING), table=table_of(switch))
        values = {"state": State.APPLYING, "intent_rv": intent_rv, "fence": fence, "step": switch.step + 1, "lease_until": now() + LEASE}
        values["held_for"] = ""
        if not rows_of(switch).filter(epoch=switch.epoch, state=switch.state).update(**values):
            raise Superseded(str(switch.pk))
        if also:
            also()
        record(switch, intent(switch, intent_rv=intent_rv, body=body))
        transaction.on_commit(lambda: tell(switch, state=State.APPLYING))
        return None, values

    reason, values = commit()
    for name, value in values.items():
        setattr(switch, name, value)
    return reason


def count_failure(switch: Operation) -> int:
    """This will remember that a defect ended a step, let go of the claim, and return how often that happened. The row is read again."""
    again = now() + timedelta(seconds=1)
    rows_of(switch).filter(epoch=switch.epoch, open=True).update(
        failures=F("failures") + 1, lease_until=None, holder="", look_again_at=again
    )
    epoch, holder = switch.epoch, switch.holder
    switch.refresh_from_db()
    if switch.epoch != epoch:
        return 0
    switch.holder = holder  # whose claim it was, for the audit that tells of it
    return switch.failures if switch.open else 0


def has_waited(switch: Operation, *, seconds: float) -> bool:
    """This will tell whether the last line of its audit but claims is older than so many seconds. One that lies as far ahead was written before the
    clock went back; one that lies ahead by less, perhaps by a host whose clock is ahead.
    """
    entries = AuditEntry.objects.filter(switch_id=switch.pk).exclude(action="CLAIMED").order_by("-sequence")
    last = entries.values_list("at", flat=True).first()
    return not isinstance(last, datetime) or abs((timezone.now() - last).total_seconds()) >= seconds


def previous_in_group(switch: Switch) -> Switch | None:
    """The switch that has to succeed before this one begins."""
    if switch.group is None or switch.position == 0:
        return None
    return Switch.objects.get(group=switch.group, position=switch.position - 1)


def before_in_group(switch: Switch) -> list[Switch]:
    """The switches of its group that come before this one, in their order."""
    return list(Switch.objects.filter(group=switch.group, position__lt=switch.position).order_by("position"))


def next_in_group(switch: Switch) -> uuid.UUID | None:
    """The switch that waits for this one."""
    if switch.group is None:
        return None
    return Switch.objects.filter(group=switch.group, position=switch.position + 1, open=True).values_list("pk", flat=True).first()


def services_of_group(switch: Switch) -> set[str]:
    """The Services of those that were asked for together with it, its own among them."""
    return set(Switch.objects.filter(group=switch.group).values_list("service", flat=True))


def why_not(switch: Operation, *, hold: bool = False) -> str | None:
    """Why the one who asked for this operation may not have it done now; None when they may.

    A way back that the product itself began is not the person's act any more, so it asks for no role; a cluster that was disarmed is left
    alone either way. With `hold`, inside a transaction, the right stays as it is until the end of it: whoever takes it away was first, or waits.
    """
    if reason := _why_nobody(cluster=switch.cluster_id, hold=hold):
        return reason
    return None if switch.returning else _why_not_they(user=switch.requested_by_id, token=switch.requested_by_token_id, hold=hold)


def why_not_by(person: Person, *, cluster: str) -> str | None:
    """Why this person may not change anything in the cluster now; None when they may. Inside a transaction, the right stays until the end of it."""
    return _why_nobody(cluster=cluster, hold=True) or _why_not_they(user=person.user_id, token=person.token_id, hold=True)


def why_not_they(person: Person) -> str | None:
    """As `why_not_by`, for what changes nothing in a cluster."""
    return "read_only" if settings.READ_ONLY else _why_not_they(user=person.user_id, token=person.token_id, hold=True)


def _why_nobody(*, cluster: str, hold: bool) -> str | None:
    if settings.READ_ONLY:
        return "read_only"
    return None if _held(Cluster.objects.filter(pk=cluster, active=True, armed_at__isnull=False), hold=hold) else "not_armed"


def _why_not_they(*, user: int | None, token: int | None, hold: bool) -> str | None:
    return None if roles.allows(people.role_now(user_id=user, token_id=token, hold=hold), "operator") else "not_allowed"


def _held(rows: QuerySet[Row], *, hold: bool) -> Row | None:
    return (rows.select_for_update(no_key=True) if hold else rows).first()


def record(switch: Operation, *lines: tuple[str, dict[str, Any]], actor: str | Person = EXECUTOR) -> None:
    """This will add lines (action and body) to the audit of this operation, inside the caller's transaction."""
    auditing.record_all(entries(switch, *lines, actor=actor))


def record_claim(operation: Operation) -> None:
    """This will have the claim in the audit before a write that no other line of it comes before."""
    if operation.told_epoch != operation.epoch:
        with transaction.atomic():
            record(operation)


def entries(switch: Operation, *lines: tuple[str, dict[str, Any]], actor: str | Person = EXECUTOR) -> list[auditing.Line]:
    """What `record` adds. The first ones of a claim come with the claim itself; nobody claims an operation that has ended."""
    if actor == EXECUTOR and switch.open and switch.told_epoch != switch.epoch:
        lines = (("CLAIMED", {"epoch": switch.epoch, "state": switch.state, "holder": switch.holder}), *lines)
        transaction.on_commit(lambda: setattr(switch, "told_epoch", switch.epoch))
    return [auditing.Line(actor=actor, action=action, cluster=switch.cluster_id, switch_id=switch.pk, body=body) for action, body in lines]


@lru_cache(maxsize=1)
def _redis() -> redis.Redis:
    return publishing.connect(url=settings.REDIS_URL)


@lru_cache(maxsize=1)
def _teller() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="telling")


def tell_of_arming(cluster: str, *, armed: bool) -> None:
    """This will ring for the open pages, when the transaction is over: what may be switched at all is another thing than before."""
    state = "armed" if armed else "disarmed"
    transaction.on_commit(partial(_ring, id="", cluster=cluster, namespace="", service="", state=state))


def tell_of_beginning(operation: Operation) -> None:
    """This will ring for the open pages, and note in the log that the operation was accepted."""
    tell(operation, state=operation.state)
    log.info("%s begins", named(operation))


def named(operation: Operation) -> str:
    """What stands about an operation in the log."""
    kind = "change of sizes" if isinstance(operation, Sizing) else "switch"
    return f"{kind} {operation.pk} of {operation.namespace}/{operation.service} in {operation.cluster_id}, asked for by {operation.actor},"


def tell(switch: Operation, *, state: str) -> None:
    """This will ring for the open pages, from a thread of its own: a Redis that hangs must not hold a switch up. Pages ask again by themselves."""
    _ring(id=str(switch.pk), cluster=switch.cluster_id, namespace=switch.namespace, service=switch.service, state=str(state))


def _ring(**about: str) -> None:
    _teller().submit(notices.operation, redis=_redis(), **about)
