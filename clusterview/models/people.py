from __future__ import annotations

from django.conf import settings
from django.db import models


class Role(models.TextChoices):
    """What a person or token may do; each role includes the ones before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Grant(models.Model):
    """One person's role. The first form knows one grant per person, over all clusters and namespaces."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grant")
    role = models.CharField(max_length=10, choices=Role.choices)

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"


class LoginLink(models.Model):
    """A link that signs a person in once. Only the token's SHA-256 is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="login_links")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link for {self.user}"


class ApiToken(models.Model):
    """A bearer token for the REST API with a role of its own. Only the token's SHA-256 is kept."""

    name = models.CharField(max_length=100, unique=True)
    role = models.CharField(max_length=10, choices=Role.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
