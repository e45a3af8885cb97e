from __future__ import annotations

from django.db import models
from django.db.models import Q

from clusterview.models.operations import Operation


class Switch(Operation):
    """One operation that moves a Service's traffic from one side to the other."""

    SCHEMA = 2  # executors leave rows of a newer schema alone, so that old and new code can meet

    schema = models.PositiveSmallIntegerField(default=SCHEMA)
    key = models.CharField(max_length=317, help_text="the label that tells the sides apart")
    from_value = models.CharField(max_length=63)
    to_value = models.CharField(max_length=63)
    from_selector = models.JSONField()
    to_selector = models.JSONField()
    between = models.JSONField(default=list, help_text="selectors on the way from one to the other: the widened one of an overlap")
    at = models.PositiveSmallIntegerField(default=0, help_text="which selector of the plan the last applied effect wrote")
    overlap_seconds = models.PositiveSmallIntegerField(default=0, help_text="how long both sides take traffic before the old one is left")
    group = models.UUIDField(null=True, blank=True, db_index=True, help_text="switches that were asked for together, done one after another")
    position = models.PositiveSmallIntegerField(default=0, help_text="its place in the group")
    reverses = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversals")
    accepted = models.JSONField(default=list, help_text="codes of the warnings that were ticked")
    shown_warnings = models.JSONField(null=True, blank=True, help_text="what they were about, where a person confirmed what was shown")
    applied_rv = models.CharField(max_length=64, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    keep_seconds = models.PositiveIntegerField(default=600, db_default=600, help_text="how long the old side is kept after a success")
    keeping_old_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-requested_at"]
        indexes = [models.Index(fields=["cluster", "keeping_old_until"], name="switches_that_keep")]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "service_uid"], condition=Q(open=True), name="one_open_switch_per_service"),
            models.UniqueConstraint(
                fields=["actor", "idempotency_key"], condition=Q(idempotency_key__isnull=False), name="one_switch_per_idempotency_key"
            ),
        ]

    @property
    def plan(self) -> list[dict[str, str]]:
        """The selectors that the Service goes through, from the old side's to the new one's."""
        return [self.from_selector, *self.between, self.to_selector]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.service}: {self.from_value} to {self.to_value} ({self.state})"
