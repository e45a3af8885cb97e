from __future__ import annotations

from django.conf import settings
from django.db import models


class Cluster(models.Model):
    """A cluster that this installation watches. Switching is off until an administrator arms it."""

    id = models.SlugField(primary_key=True, max_length=100)
    name = models.CharField(max_length=253, help_text="the kubeconfig's context")
    identity = models.CharField(max_length=100, blank=True, help_text="uid of the namespace kube-system, or a weaker fingerprint")
    identity_is_weak = models.BooleanField(default=False)
    active = models.BooleanField(default=True, help_text="opened by the present installation")
    armed_at = models.DateTimeField(null=True, blank=True)
    armed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def armed(self) -> bool:
        return self.armed_at is not None
