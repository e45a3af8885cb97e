"""Switches as the audit tells them: who asked for what and when, and how it ended.

The row is what the executors work with, and only it says how far an open switch is. Whoever has the database can edit it, though, so what the audit
says is put over it, and where the row said anything else, that is named. A switch whose row is gone is told as well.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from django.db.models import OuterRef, Subquery

from clusterview.models import AuditEntry, Operation, Sizing, Switch
from clusterview.traffic.errors import NotListed

# What is compared, by the names that REST has for it. The row's times are not: it is written a moment before its entry.
NAMES = {
    "cluster_id": "cluster", "namespace": "namespace", "service": "service", "key": "key", "from_value": "from", "to_value": "to",
    "actor": "actor", "reverses_id": "reverses", "open": "open", "state": "state", "reason": "reason",
}  # fmt: skip
BEGIN, VERIFIED, END, AFTERWARDS = "REQUESTED", "VERIFIED", "CLOSED", "REVERTED_AFTERWARDS"
BEGINS = (BEGIN, "PLANNED", "SET_ASIDE")  # where it may stand what a change of sizes is about

Kind = TypeVar("Kind", bound=Operation)


class Retold(NamedTuple):
    """A switch, not to be saved. `differs` are the names of what its row says otherwise; `row` where there is none any more, `audit` where there is
    one that no entry asks for which can be read: it is then told as it is. `moved_seconds` is how long after the request the EndpointSlices held only
    the pods of where it leads.
    """

    switch: Switch
    differs: list[str]
    moved_seconds: float | None = None


def newest_first(*, clusters: Collection[str], limit: int, before: uuid.UUID | None = None) -> list[Retold]:
    """The newest switches that the audit knows in these clusters, of those that were asked for `before` that one. Bodies are looked into here: SQLite
    fails at the first one that is no JSON. Raises NotListed.
    """
    asked = AuditEntry.objects.filter(action=BEGIN, cluster__in=clusters).order_by("-sequence")
    if before:
        last = asked.filter(switch_id=before)
        if not last.exists():
            raise NotListed
        asked = asked.filter(sequence__lt=last.values("sequence")[:1])
    return _retold(itertools.islice(filter(_leads_somewhere, asked.iterator(chunk_size=limit)), limit))


def retold(switch: Switch) -> Retold:
    """One switch as the audit tells it."""
    found = _retold(AuditEntry.objects.filter(action=BEGIN, switch_id=switch.pk)[:1])
    return found[0] if found else Retold(switch, ["audit"])


def subjects(operations: Collection[uuid.UUID]) -> dict[uuid.UUID | None, str]:
    """What each of these operations is about: `store/shop: blue → green` of a switch, `store/shop: green` of a change of sizes.

    Nobody asks for a side to be kept, so of that the first entry of its own says it, and before that there is only the row.
    """
    told: dict[uuid.UUID | None, str] = {
        one.pk: f"{one.namespace}/{one.service}: {one.side}" for one in Sizing.objects.filter(pk__in=operations)
    }
    for one in AuditEntry.objects.filter(action__in=BEGINS, switch_id__in=operations):
        if not one.is_readable or not (one.action == BEGIN or "side" in one.body):
            continue
        facts = _asked_for(one)
        sides = text(one.body.get("side")) or f"{facts['from_value']} → {facts['to_value']}"
        told[one.switch_id] = f"{facts['namespace']}/{facts['service']}: {sides}"
    return told


def _leads_somewhere(asked: AuditEntry) -> bool:
    """A change of sizes leads `to` nowhere. Of an entry that cannot be read only a row can say what was asked for."""
    return "to" in asked.body if asked.is_readable else Switch.objects.filter(pk__in=[asked.operation]).exists()


def _retold(asked: Iterable[AuditEntry]) -> list[Retold]:
    """One statement reads a row with the entries that belonged to it then, so that a switch which ends meanwhile is not taken for an edited one."""
    entries = {one.operation: one for one in asked if one.operation}
    bodies = {"verified": _of_row(VERIFIED, "body"), "end": _of_row(END, "body"), "afterwards": _of_row(AFTERWARDS, "body")}
    rows = {row.pk: row for row in Switch.objects.filter(pk__in=entries).annotate(**bodies, ended_at=_of_row(END, "at"))}
    return [_compared(rows[pk], one) if pk in rows else _without_row(pk, one) for pk, one in entries.items()]


def _of_row(action: str, field: str) -> Subquery:
    return Subquery(AuditEntry.objects.filter(switch_id=OuterRef("pk"), action=action).order_by("sequence").values(field)[:1])


def _compared(row: Any, asked: AuditEntry) -> Retold:
    if not asked.is_readable:
        return Retold(row, ["audit"])
    facts = _asked_for(asked) | ended(row.end, afterwards=row.afterwards)
    differs = [NAMES[field] for field, value in facts.items() if _plain(getattr(row, field)) != value]
    if not row.end and not row.open:
        differs.append("state")
    return Retold(saying(row, facts | {"requested_at": asked.at, "finished_at": _time(row.ended_at)}), differs, _moved(row.verified))


def _without_row(identifier: uuid.UUID, asked: AuditEntry) -> Retold:
    ends = {one.action: one for one in AuditEntry.objects.filter(switch_id=identifier, action__in=[VERIFIED, END, AFTERWARDS])}
    body = {action: one.body for action, one in ends.items()}
    facts = _asked_for(asked) | ended(body.get(END), afterwards=body.get(AFTERWARDS))
    times = {"requested_at": asked.at, "finished_at": ends[END].moment if END in ends else None}
    return Retold(saying(Switch(pk=identifier, open=False, state=""), facts | times), ["row"], _moved(body.get(VERIFIED)))


def _asked_for(asked: AuditEntry) -> dict[str, Any]:
    body = mapping(asked.body)
    before, after = mapping(body.get("from")), mapping(body.get("to"))
    key = next((name for name in after if before.get(name) != after[name]), "")
    facts = {"cluster_id": asked.cluster, "actor": asked.actor, "key": key}
    left = body.get("leaves") or before.get(key)  # from both sides, the selector does not say which one is left
    told = {"namespace": body.get("namespace"), "service": body.get("service"), "from_value": left, "to_value": after.get(key)}
    if "reverses" in body:
        facts["reverses_id"] = text(body["reverses"]) or None
    return facts | {name: text(value) for name, value in told.items()}


def ended(end: Any, *, afterwards: Any = None) -> dict[str, Any]:
    """What the body of an operation's end says of its row; nothing where there is none."""
    return {"open": False, "state": text(mapping(end).get("state")), "reason": text(mapping(afterwards or end).get("reason"))} if end else {}


def _moved(verified: Any) -> float | None:
    milliseconds = mapping(verified).get("since_request")
    return milliseconds / 1000 if isinstance(milliseconds, int) and abs(milliseconds) < 2**63 else None


def mapping(value: Any) -> dict[str, Any]:
    """A fact of an entry as a map; whoever edits an entry may leave anything there."""
    return value if isinstance(value, dict) else {}


def text(fact: Any) -> str:
    """A fact of an entry as text, whatever stands there."""
    return fact if isinstance(fact, str) else "" if fact is None else str(fact)


def _time(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def saying(row: Kind, facts: dict[str, Any]) -> Kind:
    """The row with these facts in it."""
    for field, value in facts.items():
        setattr(row, field, value)
    return row
