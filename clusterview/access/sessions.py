"""Django's sessions in the database, asked only for keys that it could have made: a cookie may hold NUL, which PostgreSQL does not take."""

from __future__ import annotations

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: str | None) -> bool:
        return is_key(key) and bool(super()._validate_session_key(key))  # type: ignore[misc]


def is_key(text: str | None) -> bool:
    """Whether it can be the key of a session."""
    return text is not None and text.isalnum()
