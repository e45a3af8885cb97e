from __future__ import annotations

import secrets
import uuid

from django.conf import settings
from django.db import models


def fresh_mark() -> str:
    """What tells this installation's operations from those of others in the same cluster."""
    return secrets.token_hex(4)


class Cluster(models.Model):
    """A cluster that this installation watches. Switching is off until an administrator arms it.

    `lost_marks` are operations of this installation (`<id>:<step>`, with the object that carries the mark) of which its database knew nothing: it is
    older than the cluster.
    """

    id = models.SlugField(primary_key=True, max_length=100)
    name = models.CharField(max_length=253, help_text="the kubeconfig's context")
    identity = models.CharField(max_length=100, blank=True, help_text="uid of the namespace kube-system, or a weaker fingerprint")
    identity_is_weak = models.BooleanField(default=False)
    active = models.BooleanField(default=True, help_text="opened by the present installation")
    armed_at = models.DateTimeField(null=True, blank=True)
    armed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    mark = models.CharField(max_length=8, default=fresh_mark, help_text="the ids of this installation's operations begin with it")
    frozen_at = models.DateTimeField(null=True, blank=True, help_text="when the database was found to be older than the cluster")
    lost_marks = models.JSONField(default=dict)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def fresh_operation(self) -> uuid.UUID:
        """This will make the id of a new operation."""
        return uuid.UUID(hex=self.mark + secrets.token_hex(12))

    @property
    def is_known_weakly(self) -> bool:
        """Whether the one that was armed would be taken for another one behind the same address and CA."""
        return bool(self.identity) and self.identity_is_weak

    @property
    def armed(self) -> bool:
        return self.armed_at is not None
