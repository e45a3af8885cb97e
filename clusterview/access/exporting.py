"""The audit for other places: as lines of JSON or as a table, and an earlier export held against what the database says now.

An export that lies elsewhere is the anchor that the database does not have: whoever can rewrite every entry and the head, or has cut both, is
found by it and by nothing else.
"""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from clusterview.access import auditing
from clusterview.models import AuditEntry

FIELDS = ("sequence", "at", "actor", "action", "cluster", "switch_id", "body", "previous_hash", "hash")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
AT_ONCE = 1000


def entries(*, since: datetime | None = None, until: datetime | None = None, switch: uuid.UUID | None = None) -> QuerySet[AuditEntry]:
    """The entries of a time, `since` included and `until` not, and of one switch; of all times and switches where none is named."""
    asked = {"at__gte": since, "at__lt": until, "switch_id": switch}
    return AuditEntry.objects.filter(**{name: value for name, value in asked.items() if value is not None}).order_by("sequence")


def as_json(found: QuerySet[AuditEntry]) -> Iterator[str]:
    """Each entry as one line of JSON, with everything that its hash covers."""
    for entry in found.iterator():
        yield json.dumps(_told(entry), ensure_ascii=False)


def as_csv(found: QuerySet[AuditEntry]) -> Iterator[str]:
    """A line of names, then one for each entry. Nothing in it is a formula to a spreadsheet, whatever people called things."""
    yield _line(FIELDS)
    for entry in found.iterator():
        told = _told(entry)
        yield _line(_plain(json.dumps(value, ensure_ascii=False) if name == "body" else str(value)) for name, value in told.items())


def differences(lines: Iterable[str]) -> Iterator[str]:
    """What an export in JSON holds and the database does not, or says otherwise; one sentence for each."""
    compared, batch = 0, list[AuditEntry]()
    for number, line in enumerate(lines, start=1):
        entry = _entry(line)
        if entry is None or entry.hash != auditing.hash_of(entry=entry):
            yield f"Line {number} of the export is not as it was written, so it proves nothing."
            continue
        batch.append(entry)
        compared += 1
        if len(batch) == AT_ONCE:
            yield from _missed(batch)
            batch = []
    yield from _missed(batch)
    if not compared:
        yield "The export holds no entry, so nothing was compared."


def _missed(exported: list[AuditEntry]) -> Iterator[str]:
    there = dict(AuditEntry.objects.filter(pk__in=[one.sequence for one in exported]).values_list("sequence", "hash"))
    for one in exported:
        if one.sequence not in there:
            yield f"Entry {one.sequence} was exported and is missing."
        elif there[one.sequence] != one.hash:
            yield f"Entry {one.sequence} is not the one that was exported."


def _told(entry: AuditEntry) -> dict[str, Any]:
    fields = {name: getattr(entry, name) for name in FIELDS}
    return fields | {"at": auditing.moment(entry.moment) if entry.moment else str(entry.at or ""), "switch_id": str(entry.switch_id or "")}


def _entry(line: str) -> AuditEntry | None:
    """The entry of a line of an export, or None where the line is none."""
    try:
        told = json.loads(line)
        switch_id = uuid.UUID(told["switch_id"]) if told["switch_id"] else None
        found = AuditEntry(**{name: told[name] for name in FIELDS} | {"at": parse_datetime(told["at"]), "switch_id": switch_id})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if found.at and isinstance(found.sequence, int) else None


def _plain(cell: str) -> str:
    """https://owasp.org/www-community/attacks/CSV_Injection"""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
    return written.getvalue()
