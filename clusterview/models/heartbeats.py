from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When a kind of worker last did what it is there for, whichever of them it was. Here and not in Redis, without which it works as well."""

    worker = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()
