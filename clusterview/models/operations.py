from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Operation(models.Model):
    """Something that is done to a cluster for somebody, one guarded patch after another. The row is the truth.

    `state` is one of traffic.states; terminal ones are absorbing and `open` is false there. `epoch` grows with every claim, and every
    write to the row compares it, so an executor that lost its lease changes nothing.
    """

    told_epoch = 0  # the claim that this process has written to the audit

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cluster = models.ForeignKey("clusterview.Cluster", on_delete=models.PROTECT, related_name="+")
    cluster_identity = models.CharField(max_length=100)
    namespace = models.CharField(max_length=63)
    service = models.CharField(max_length=63)
    service_uid = models.CharField(max_length=64)

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    requested_by_token = models.ForeignKey("clusterview.ApiToken", null=True, on_delete=models.PROTECT, related_name="+")
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
    returning = models.BooleanField(default=False, help_text="its present steps lead back to how it was before")
    failures = models.PositiveSmallIntegerField(default=0, help_text="times that a defect of ours ended a step")
    lost = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="executors, one after another, that never let go of it")
    tries = models.PositiveIntegerField(default=0, help_text="preparations since the last applied effect")
    step = models.PositiveIntegerField(default=0, help_text="effects that were begun")
    epoch = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    look_again_at = models.DateTimeField(null=True, blank=True)
    intent_rv = models.CharField(max_length=64, blank=True)
    fence = models.CharField(max_length=128, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
