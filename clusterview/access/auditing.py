"""The audit: a chain of entries in which each one carries the hash of the one before.

Concurrent writers would fork a naive chain, so one row, `AuditHead`, is locked while an entry is written; it also remembers the end, so
that a cut tail is seen. Whoever can rewrite the whole chain and the head is found only by an export that lies elsewhere (`exporting`).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec
from django.db import transaction
from django.db.models import Subquery
from django.utils import timezone

from clusterview.access import transacting
from clusterview.models import AuditEntry, AuditHead

START = "0" * 64
GAP = "AUDIT_GAP"  # the database was found to be older than a cluster: entries before this one are missing


class Somebody(Protocol):
    """Who asked for something, and from where (`sources`)."""

    @property
    def name(self) -> str: ...
    @property
    def asked_from(self) -> Mapping[str, str]: ...


class By(NamedTuple):
    """Somebody of whom no more is known than this."""

    name: str
    asked_from: Mapping[str, str]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry says, before it has its place in the chain. The command line and the product itself are a name alone."""

    actor: str | Somebody
    action: str
    cluster: str = ""
    switch_id: uuid.UUID | None = None
    body: dict[str, Any] = {}


class End(NamedTuple):
    """How far the chain goes, and the hash of its last entry."""

    sequence: int = 0
    hash: str = START


def record(
    *, actor: str | Somebody, action: str, cluster: str = "", switch_id: uuid.UUID | None = None, body: dict[str, Any] | None = None
) -> AuditEntry:
    """This will add one entry. Call it inside the transaction whose effect it tells, so that both are there or neither.

    Raises TransactionManagementError outside a transaction.
    """
    return record_all([Line(actor=actor, action=action, cluster=cluster, switch_id=switch_id, body=body or {})])[0]


def record_all(lines: Iterable[Line]) -> list[AuditEntry]:
    """This will add several entries in this order, as `record` adds one."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an audit entry is written inside the transaction that it tells of")
    head = AuditHead.objects.select_for_update().get(pk=1)
    entries = []
    for line in lines:
        by = By(line.actor, {}) if isinstance(line.actor, str) else line.actor
        asked_from = {AuditEntry.ASKED_FROM: dict(by.asked_from)} if by.asked_from else {}
        entry = AuditEntry(
            sequence=head.sequence + 1, at=timezone.now(), actor=by.name, action=line.action, cluster=line.cluster, switch_id=line.switch_id,
            body=lasting({**line.body, **asked_from}), previous_hash=head.hash,
        )  # fmt: skip
        entry.hash = hash_of(entry=entry)
        head.sequence, head.hash = entry.sequence, entry.hash
        entries.append(entry)
    AuditEntry.objects.bulk_create(entries)
    AuditHead.objects.filter(pk=1).update(sequence=head.sequence, hash=head.hash)
    transaction.on_commit(transacting.note_written)
    return entries


def begin(*, using: str) -> None:
    """This will make the one row that orders the audit, where it is not there yet. Migrations do it: the processes' role may not."""
    AuditHead.objects.using(using).get_or_create(pk=1)


def lasting(value: Any) -> Any:
    """The value as every database gives it back, so that its hash stays what it was.

    PostgreSQL takes neither NUL nor half a surrogate pair, which an API server's words may hold, and writes numbers its own way (1e16, -0.0).
    """
    if isinstance(value, str):
        return value.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return {lasting(str(name)): lasting(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [lasting(one) for one in value]
    return value


def hash_of(*, entry: AuditEntry) -> str:
    """SHA-256 over the entry's canonical JSON, the previous hash included."""
    content = [
        entry.sequence, moment(entry.at), entry.actor, entry.action, entry.cluster, str(entry.switch_id or ""), entry.body, entry.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass")).hexdigest()


def moment(at: datetime) -> str:
    return at.astimezone(timezone.get_default_timezone()).isoformat(timespec="microseconds")


def verify() -> list[str]:
    """What is wrong with the audit, one sentence each; empty when every entry is as it was written and none is missing.

    Entries that are written meanwhile are no problem: each row brings the end that belonged to it along.
    """
    head = AuditHead.objects.filter(pk=1)
    begun = end_noted()
    entries = AuditEntry.objects.order_by("sequence").annotate(
        end_sequence=Subquery(head.values("sequence")), end_hash=Subquery(head.values("hash"))
    )  # fmt: skip
    rows = ((entry, End(entry.end_sequence or 0, entry.end_hash or START)) for entry in entries.iterator())
    return list(problems(rows, end=begun))


def end_noted() -> End:
    """Where the audit ends, as the head has it."""
    head = AuditHead.objects.filter(pk=1).first()
    return End(head.sequence, head.hash) if head else End()


def problems(rows: Iterable[tuple[AuditEntry, End]], *, end: End) -> Iterator[str]:
    """What is wrong with entries in the order of their numbers. Each comes with the end as it was then; `end` is for where there is none."""
    reached = End()
    for entry, noted in rows:
        yield from problems_of(entry, after=reached)
        reached, end = End(entry.number, entry.hash) if entry.number else reached, noted
    if end != reached:
        yield "The end of the audit was cut off or replaced."


def problems_of(entry: AuditEntry, *, after: End) -> Iterator[str]:
    """What is wrong with one entry where the chain has reached `after`."""
    if not entry.number:
        yield f"An entry has no number: {str(entry.sequence)!r} stands there."
        return
    if entry.sequence <= after.sequence:
        yield f"Entry {entry.sequence} was never written here."
    elif entry.sequence > after.sequence + 1:
        yield f"Entries {after.sequence + 1} to {entry.sequence - 1} are missing."
    if entry.previous_hash != after.hash:
        yield f"Entry {entry.sequence} does not follow the one before it."
    if not entry.is_readable:
        yield f"Entry {entry.sequence} cannot be read: what it holds was destroyed."
    elif entry.hash != hash_of(entry=entry):
        yield f"Entry {entry.sequence} was changed."
    if entry.action == GAP:
        marks = entry.told.get("marks")
        told = ", ".join(f"{mark} on {where}" for mark, where in sorted(marks.items())) if isinstance(marks, dict) else "nothing that can be read"
        yield f"Entries before {entry.sequence} are missing: the database was restored from an older copy. {entry.cluster} carries {told}."
