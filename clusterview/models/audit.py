from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import models

from clusterview.models.columns import Body, Identifier, Moment, Number, Rubbish, Text


class AuditEntry(models.Model):
    """One line of the audit. `hash` covers the entry and `previous_hash`, so an edit anywhere breaks the chain from there on."""

    ASKED_FROM = "asked_from"  # what a body calls from where it was asked for

    sequence = Number(primary_key=True)
    at = Moment()
    actor = Text(max_length=160)
    action = Text(max_length=40)
    cluster = Text(max_length=100, blank=True)
    switch_id = Identifier(null=True, blank=True, db_index=True)
    body = Body(default=dict)
    previous_hash = Text(max_length=64)
    hash = Text(max_length=64, unique=True)

    class Meta:
        ordering = ["sequence"]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} by {self.actor}"

    @property
    def is_readable(self) -> bool:
        """Whether each column holds a value of its own."""
        written = (self.sequence, self.at, self.actor, self.action, self.cluster, self.switch_id, self.previous_hash, self.hash)
        return isinstance(self.body, dict) and isinstance(self.at, datetime) and not any(isinstance(one, Rubbish) for one in written)

    @property
    def told(self) -> dict[str, Any]:
        """What it holds beside `asked_from`; what stands there as `unreadable`, where that is no map."""
        if not isinstance(self.body, dict):
            return {"unreadable": str(self.body)}
        return {name: value for name, value in self.body.items() if not (name == self.ASKED_FROM and isinstance(value, dict))}

    @property
    def asked_from(self) -> dict[str, str]:
        """From where it was asked for (`access.sources`); empty where that was not written down, as in entries of before."""
        found = self.body.get(self.ASKED_FROM) if isinstance(self.body, dict) else None
        return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}

    @property
    def number(self) -> int:
        """Its place in the audit; 0 where it has none."""
        return self.sequence if isinstance(self.sequence, int) else 0

    @property
    def moment(self) -> datetime | None:
        """When it was written, where that can be read."""
        return self.at if isinstance(self.at, datetime) else None

    @property
    def operation(self) -> uuid.UUID | None:
        """The switch or change of sizes that it belongs to, where it does and that can be read."""
        return self.switch_id if isinstance(self.switch_id, uuid.UUID) else None


class AuditHead(models.Model):
    """The one row that orders the audit: it is locked while an entry is written (a chain without it forks under concurrent writers)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"audit at {self.sequence}"
