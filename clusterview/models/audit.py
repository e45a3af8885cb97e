from __future__ import annotations

from typing import Any

from django.db import models


class Body(models.JSONField):
    """A map in JSON. Where somebody wrote what is none, it is given as the text that stands there: one destroyed entry must not hide the others."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        try:
            return super().from_db_value(value, expression, connection)
        except (ValueError, TypeError, RecursionError):
            return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

    def deconstruct(self) -> Any:
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.JSONField", arguments, options


class AuditEntry(models.Model):
    """One line of the audit. `hash` covers the entry and `previous_hash`, so an edit anywhere breaks the chain from there on."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=160)
    action = models.CharField(max_length=40)
    cluster = models.CharField(max_length=100, blank=True)
    switch_id = models.UUIDField(null=True, blank=True, db_index=True)
    body = Body(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["sequence"]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} by {self.actor}"

    @property
    def is_readable(self) -> bool:
        return isinstance(self.body, dict)

    @property
    def told(self) -> dict[str, Any]:
        """What it holds; what stands there as `unreadable`, where that is no map."""
        return self.body if self.is_readable else {"unreadable": str(self.body)}


class AuditHead(models.Model):
    """The one row that orders the audit: it is locked while an entry is written (a chain without it forks under concurrent writers)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"audit at {self.sequence}"
