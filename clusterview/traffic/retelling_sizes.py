"""Changes of sizes as the audit tells them, as `retelling` does it for switches.

Nobody asks for a side to be kept: what a hold is about stands in the first entry of its own. It is in no list before that, for where nothing is to be
held its row goes away without a trace. A number that one operation leaves to another is in the audit of that other one too.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, Subquery, TextField
from django.db.models.functions import Cast

from clusterview.models import AuditEntry, Sizing
from clusterview.traffic import retelling
from clusterview.traffic.errors import NotListed

NAMES = {
    "cluster_id": "cluster", "namespace": "namespace", "service": "service", "side": "side", "purpose": "purpose", "target": "target",
    "actor": "actor", "plan": "numbers", "open": "open", "state": "state", "reason": "reason",
}  # fmt: skip
ABOUT = "purpose"  # only what a change of sizes is about has one


class Retold(NamedTuple):
    """A change of sizes, not to be saved, with its entries; `differs` as of a switch."""

    sizing: Sizing
    differs: list[str]
    entries: list[AuditEntry]


def newest_first(*, clusters: Collection[str], limit: int, before: uuid.UUID | None = None) -> list[Retold]:
    """The newest changes of sizes that the audit knows in these clusters, of those that come after `before` in this order.

    Raises NotListed.
    """
    begun = AuditEntry.objects.filter(action__in=retelling.BEGINS, cluster__in=clusters)
    begun = begun.annotate(has_row=Exists(Sizing.objects.filter(pk=OuterRef("switch_id")))).alias(written=Cast("body", TextField()))
    known = begun.filter(Q(written__contains=f'"{ABOUT}"') | Q(has_row=True))
    found = _operations(known.order_by("-sequence").iterator(chunk_size=limit))
    if before and before not in found:  # which goes on after it then
        raise NotListed
    return _retold(list(itertools.islice(found, limit)))


def retold(sizing: Sizing) -> Retold:
    """One change of sizes as the audit tells it."""
    found = _retold([sizing.pk])
    return found[0] if found else Retold(sizing, [], [])


def is_about(entry: AuditEntry) -> bool:
    """Whether it says what a change of sizes is about."""
    return entry.is_readable and entry.action in retelling.BEGINS and ABOUT in entry.body


def _operations(begun: Iterable[AuditEntry]) -> Iterator[uuid.UUID]:
    """Each once. Of an entry that cannot be read, or that somebody has changed, only a row can say what it begins."""
    seen = set[uuid.UUID]()
    for one in begun:
        if one.operation and one.operation not in seen and (is_about(one) or not one.is_readable or one.has_row):  # type: ignore[attr-defined]
            seen.add(one.operation)
            yield one.operation


def _retold(operations: list[uuid.UUID]) -> list[Retold]:
    """A row is read with the number of its newest entry, so that one which goes on meanwhile is not taken for an edited one."""
    last = AuditEntry.objects.filter(switch_id=OuterRef("pk")).order_by("-sequence").values("sequence")[:1]
    newest = Subquery(last, output_field=TextField())  # as a number Django would convert it, and raise at what is none
    rows = {row.pk: row for row in Sizing.objects.filter(pk__in=operations).annotate(newest=newest)}
    told: dict[uuid.UUID | None, list[AuditEntry]] = {one: [] for one in operations}
    for entry in AuditEntry.objects.filter(switch_id__in=operations).order_by("sequence"):
        row = rows.get(entry.operation)  # type: ignore[arg-type]
        if row is None or not isinstance(row.newest, int) or entry.number <= row.newest:
            told[entry.operation].append(entry)
    return [one for pk in operations if (one := _one(pk, rows.get(pk), told[pk]))]


def _one(pk: uuid.UUID, row: Sizing | None, entries: list[AuditEntry]) -> Retold | None:
    begin, end = _first(entries, *retelling.BEGINS, about=True), _first(entries, retelling.END)
    how = retelling.ended(end.body if end else None)
    if begin is None:
        is_new = row is not None and row.purpose == Sizing.Purpose.KEEP and row.open and not row.planned
        return Retold(retelling.saying(row, how), [] if is_new else ["audit"], entries) if row else None
    facts = _asked_for(begin) | {"plan": _plan(entries)} | how
    differs = [NAMES[field] for field, value in facts.items() if _of_row(row, field) != value] if row else ["row"]
    if row and not row.open and not end:
        differs.append("state")
    times = {"requested_at": begin.at, "finished_at": end.moment if end else None}
    return Retold(retelling.saying(row or Sizing(pk=pk, open=False, state=""), facts | times), differs, entries)


def _first(entries: list[AuditEntry], *actions: str, about: bool = False) -> AuditEntry | None:
    return next((one for one in entries if one.action in actions and (is_about(one) or not about)), None)


def _asked_for(begin: AuditEntry) -> dict[str, Any]:
    body = begin.body
    texts = {name: retelling.text(body.get(name)) for name in ("namespace", "service", "side", "purpose")}
    actor = begin.actor if begin.action == retelling.BEGIN else retelling.text(body.get("actor"))
    return {"cluster_id": begin.cluster, "actor": actor, "target": _whole(body.get("target"))} | texts


def _plan(entries: list[AuditEntry]) -> list[dict[str, Any]]:
    """The numbers as they were planned last, with what was left to it and what somebody else has lowered since."""
    plan = list[dict[str, Any]]()
    for one in (one for one in entries if one.is_readable):
        if "plan" in one.body:
            plan = _steps(one.body["plan"])
        elif one.action == "TOOK_OVER":
            taken = {"to": _whole(one.body.get("to")), "back": _whole(one.body.get("back"))}
            plan = [step | taken if step["uid"] == one.body.get("uid") else step for step in plan]
        elif one.action == "LOWERED":
            which = (one.body.get("kind"), one.body.get("name"))
            plan = [step | {"lowered": True} if (step["kind"], step["name"]) == which else step for step in plan]
    return plan


def _steps(plan: Any) -> list[dict[str, Any]]:
    """What is told of a plan, whatever stands there."""
    steps = [retelling.mapping(one) for one in plan] if isinstance(plan, list) else []
    return [
        {name: retelling.text(one.get(name)) for name in ("kind", "name", "uid")}
        | {name: _whole(one.get(name)) for name in ("to", "back")}
        | {"lowered": bool(one.get("lowered"))}
        for one in steps
    ]


def _of_row(row: Sizing, field: str) -> Any:
    return _steps(row.plan) if field == "plan" else getattr(row, field)


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
