"""Columns of the audit. Where somebody wrote what is no value of its column, the text that stands there is given, as `Rubbish`: one destroyed entry
must not hide the others.

SQLite keeps anything in any column, and PostgreSQL has times that Python has not. Django's own converters raise at those, for a query as a whole.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import models

FIRST, LAST = "'0001-01-01 00:00+00'", "'9999-12-31 23:59:59.999999+00'"


class Rubbish(str):
    """What stands in a column and is no value of it."""


class Tolerant:
    """A column of which each value is read by `read`, which raises at what is none."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        try:
            return None if value is None else self.read(value)
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return Rubbish(value.decode(errors="replace") if isinstance(value, bytes) else value)

    def read(self, value: Any) -> Any:
        raise NotImplementedError

    def deconstruct(self) -> Any:
        """To migrations it is the Django field that it is made of."""
        name, _, arguments, options = super().deconstruct()  # type: ignore[misc]
        return name, f"django.db.models.{type(self).__mro__[2].__name__}", arguments, options


class Body(Tolerant, models.JSONField):
    """A map in JSON, of values that can be written as JSON again: without NaN and half a surrogate pair."""

    def read(self, value: Any) -> Any:
        found = json.loads(_of(str, value))
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
        return found


class Text(Tolerant, models.CharField):  # type: ignore[type-arg]
    """A text. The same bytes as a BLOB are none: no condition finds them."""

    def read(self, value: Any) -> Any:
        return _of(str, value)


class Number(Tolerant, models.BigIntegerField):  # type: ignore[type-arg]
    """A whole number."""

    def read(self, value: Any) -> Any:
        return _of(int, value)


class Identifier(Tolerant, models.UUIDField):  # type: ignore[type-arg]
    """A UUID."""

    def read(self, value: Any) -> uuid.UUID:
        return value if isinstance(value, uuid.UUID) else uuid.UUID(value)

    def get_internal_type(self) -> str:
        return "Identifier"  # Django's converter, which comes before ours, is chosen by the name "UUIDField"

    def db_type(self, connection: Any) -> str | None:
        return models.UUIDField().db_type(connection)


class Moment(Tolerant, models.DateTimeField):  # type: ignore[type-arg]
    """A point in time of the years from 1 to 9999; PostgreSQL gives no value for any other, nor for the first and last moment of these."""

    def read(self, value: Any) -> datetime:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)

    def get_internal_type(self) -> str:
        return "Moment"  # as above

    def db_type(self, connection: Any) -> str | None:
        return models.DateTimeField().db_type(connection)

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        """Drivers convert times before Django does: psycopg by the type of the result, sqlite3 by that of the column where nothing but it is read."""
        if compiler.connection.vendor == "sqlite":
            return f"+{sql}", params
        return f"NULLIF(NULLIF(LEAST(GREATEST({sql}, {FIRST}), {LAST}), {FIRST}), {LAST})", params


def _of(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(value)
    return value
