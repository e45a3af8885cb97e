from __future__ import annotations

from django.db import models
from django.db.models import Q

from clusterview.models.operations import Operation
from clusterview.models.switches import Switch


class Sizing(Operation):
    """One operation that changes how many pods a side has, or how few its autoscaler may leave.

    `plan` are its steps in order (traffic.sizing.Step), each a number of one object: of a HorizontalPodAutoscaler the least, `spec.minReplicas`,
    of a Deployment or StatefulSet `spec.replicas`. What was raised at an autoscaler is put back in the end.
    """

    class Purpose(models.TextChoices):
        KEEP = "keep", "keeps the old side as large as it was"
        WARM_UP = "warm_up", "makes the new side as large as the live one"
        SCALE_DOWN = "scale_down", "makes the old side smaller"

    SCHEMA = 1  # executors leave rows of a newer schema alone, so that old and new code can meet

    schema = models.PositiveSmallIntegerField(default=SCHEMA)
    purpose = models.CharField(max_length=12, choices=Purpose)
    switch = models.ForeignKey(Switch, null=True, blank=True, on_delete=models.PROTECT, related_name="sizings")
    side = models.CharField(max_length=63, help_text="the value of the label that tells the sides apart")
    selector = models.JSONField(help_text="the selector of the side")
    target = models.PositiveIntegerField(default=0, help_text="how many pods the side is to have")
    plan = models.JSONField(default=list)
    planned = models.BooleanField(default=False, help_text="`plan` is what was found to be done, even if that is nothing")
    at = models.PositiveSmallIntegerField(default=0, help_text="how many steps of the plan stand")
    left_alone = models.BooleanField(default=False, help_text="somebody else changed what was to be put back")
    until = models.DateTimeField(null=True, blank=True, help_text="when what was raised is put back at the latest")

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "service_uid"], condition=Q(open=True) & ~Q(purpose="keep"), name="one_open_sizing_per_service"
            ),
            models.UniqueConstraint(
                fields=["actor", "idempotency_key"], condition=Q(idempotency_key__isnull=False), name="one_sizing_per_idempotency_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.service}: {self.purpose} of {self.side} ({self.state})"
