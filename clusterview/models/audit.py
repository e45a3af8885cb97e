from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One line of the audit. `hash` covers the entry and `previous_hash`, so an edit anywhere breaks the chain from there on."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=160)
    action = models.CharField(max_length=40)
    cluster = models.CharField(max_length=100, blank=True)
    switch_id = models.UUIDField(null=True, blank=True, db_index=True)
    body = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["sequence"]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} by {self.actor}"


class AuditHead(models.Model):
    """The one row that orders the audit: it is locked while an entry is written (a chain without it forks under concurrent writers)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"audit at {self.sequence}"
