"""Bearer tokens for the REST API."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from clusterview.access import names, secrets
from clusterview.models import ApiToken


def create(*, name: str, role: str) -> str:
    """This will make a token and return it; it is shown this once. Raises ValueError when the name is taken, by a person too."""
    name = names.as_kept(name)
    names.expect_free(name)
    token = secrets.new()
    try:
        with transaction.atomic():
            ApiToken.objects.create(name=name, role=role, token_hash=secrets.digest(token))
    except IntegrityError as problem:  # of two at once
        raise names.taken(name, by="token") from problem
    return token


def revoke(*, name: str) -> bool:
    """This will end a token for good; False when there is no such token."""
    return bool(ApiToken.objects.filter(name=name, revoked_at=None).update(revoked_at=timezone.now()))
