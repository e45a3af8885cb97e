"""The audit for people: which of its entries somebody may read, and what is wrong with those that are shown.

What is shown is held against the entries beside it, so a page of the audit says as much of itself as `auditing.verify` says of the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.db.models import QuerySet

from clusterview.access import auditing, clusters, roles
from clusterview.access.auditing import End
from clusterview.access.people import Person
from clusterview.models import AuditEntry
from clusterview.models.people import Role


def entries(*, person: Person) -> QuerySet[AuditEntry]:
    """What this person may read: administrators everything, everybody else what belongs to an open cluster. So who signed in, for whom links were
    made, and whose rights were changed is for administrators.
    """
    if roles.allows(person.role, Role.ADMIN):
        return AuditEntry.objects.all()
    return AuditEntry.objects.filter(cluster__in=clusters.ids())


def problems(shown: Collection[AuditEntry]) -> dict[int, list[str]]:
    """What is wrong with each of these entries or with how it stands in the chain, one sentence each, by its number.

    The end is read before the neighbours: entries that are written meanwhile are no problem.
    """
    end = auditing.end_noted()
    wanted = {one.number + step for one in shown for step in (-1, 1)}
    beside = {one.sequence: one for one in AuditEntry.objects.filter(pk__in=wanted).only("sequence", "hash", "previous_hash")}
    return {one.number: list(_of_one(one, beside=beside, end=end)) for one in shown}


def _of_one(entry: AuditEntry, *, beside: dict[int, AuditEntry], end: End) -> Iterator[str]:
    if not entry.number:
        yield from auditing.problems_of(entry, after=End())
        return
    before, after = beside.get(entry.number - 1), beside.get(entry.number + 1)
    reached = End(before.sequence, before.hash) if before else End()
    if before is None and entry.sequence > 1:
        yield f"Entry {entry.sequence - 1} is missing."
        reached = End(entry.sequence - 1, entry.previous_hash)
    yield from auditing.problems_of(entry, after=reached)
    if after and after.previous_hash != entry.hash:
        yield f"Entry {after.sequence} does not follow the one before it."
    if after is None and end.sequence > entry.sequence:
        yield f"Entry {entry.sequence + 1} is missing."
    if end.sequence == entry.sequence and end.hash != entry.hash:
        yield "The end of the audit was cut off or replaced."
