"""What a command says to the rest of the product: where the page is, and who has to be signed out at once."""

from __future__ import annotations

import json
import stat
from typing import Any

from django.conf import settings

from clusterview.stream import notices, publishing


def running() -> dict[str, Any]:
    """What `up` wrote about itself, or nothing when it does not run on this state."""
    path = settings.STATE_DIR / "up.json"
    facts: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return facts


CLOSING_KEY = "chmod 600, or `defaultMode: 0400` of the volume where it is mounted from a Secret"


def address() -> str:
    """Where people find the page."""
    return settings.PUBLIC_URL or running().get("public_url") or running().get("url") or "http://127.0.0.1:8000"


def key_is_open() -> bool:
    """This will tell whether everybody on this machine may read the secret key, its folder included."""
    path = settings.SECRET_KEY_FILE
    return bool(path.stat().st_mode & stat.S_IROTH and path.parent.stat().st_mode & stat.S_IXOTH)


def revoked(*, user_id: int | None = None) -> bool:
    """This will have the person's open pages closed; False when nobody could be told (then each page asks again by itself).

    Without a person it is for tokens: every open stream of changes looks whether it is still let in.
    """
    client = publishing.connect(url=settings.REDIS_URL)
    return notices.revoked(redis=client, user_id=user_id)
