"""Django's sessions in the database, asked for no key with NUL: a cookie may hold it, and PostgreSQL does not take it."""

from __future__ import annotations

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: str | None) -> bool:
        return is_key(key) and bool(super()._validate_session_key(key))  # type: ignore[misc]


def is_key(text: str | None) -> bool:
    """Whether it can be the key of a session."""
    return text is not None and "\0" not in text
