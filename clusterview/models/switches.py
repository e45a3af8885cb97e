from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Switch(models.Model):
    """One operation that moves a Service's traffic from one side to the other. The row is the truth.

    `state` is one of traffic.states; terminal ones are absorbing and `open` is false there. `epoch` grows with every claim, and every
    write to the row compares it, so an executor that lost its lease changes nothing.
    """

    SCHEMA = 2  # executors leave rows of a newer schema alone, so that old and new code can meet
    told_epoch = 0  # the claim that this process has written to the audit

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schema = models.PositiveSmallIntegerField(default=SCHEMA)
    cluster = models.ForeignKey("clusterview.Cluster", on_delete=models.PROTECT, related_name="switches")
    cluster_identity = models.CharField(max_length=100)
    namespace = models.CharField(max_length=63)
    service = models.CharField(max_length=63)
    service_uid = models.CharField(max_length=64)
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

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="switches")
    requested_by_token = models.ForeignKey("clusterview.ApiToken", null=True, on_delete=models.PROTECT, related_name="switches")
    actor = models.CharField(max_length=160, help_text="the person's or token's name when it asked")
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    requested_at = models.DateTimeField(auto_now_add=True)

    state = models.CharField(max_length=24)
    open = models.BooleanField(default=True)
    reason = models.CharField(max_length=64, blank=True, help_text="code of the catalog: why it ended as it did")
    detail = models.TextField(blank=True)
    held_for = models.CharField(max_length=64, blank=True, help_text="code of the catalog: what it waits for in `held`")
    going_back = models.BooleanField(default=False, help_text="somebody asked to go back before it had succeeded")
    returning = models.BooleanField(default=False, help_text="its present steps lead back to `from_selector`")
    failures = models.PositiveSmallIntegerField(default=0, help_text="times that a defect of ours ended a step")
    tries = models.PositiveIntegerField(default=0, help_text="preparations since the last applied effect")
    accepted = models.JSONField(default=list, help_text="codes of the warnings that were ticked")
    step = models.PositiveIntegerField(default=0, help_text="effects that were begun")
    epoch = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    look_again_at = models.DateTimeField(null=True, blank=True)
    intent_rv = models.CharField(max_length=64, blank=True)
    fence = models.CharField(max_length=128, blank=True)
    applied_rv = models.CharField(max_length=64, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    keeping_old_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-requested_at"]
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
