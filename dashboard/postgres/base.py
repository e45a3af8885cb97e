"""Django's backend for PostgreSQL, whose connections do not wait for an answer for ever.

libpq has time-outs for what the network does not acknowledge, and PostgreSQL for what it works on. A server that froze, and whatever stands before
it and swallows answers, acknowledge everything and say nothing (https://www.postgresql.org/docs/current/libpq-connect.html). The connection
is closed then; whether a COMMIT counted that was sent before is read anew by whoever goes on. Only who changes the tables waits for as long as that
takes.
"""

from __future__ import annotations

from types import ModuleType
from typing import TypeVar

import psycopg
from django.db.backends.postgresql import base
from psycopg.abc import PQGen

ANSWER_SECONDS = 30.0  # longer than the server lets anybody wait for a lock

RV = TypeVar("RV")


class Connection(psycopg.Connection):
    """A connection that ends with the answer that does not come, unless it `is_patient`."""

    is_patient = False

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, ANSWER_SECONDS if timeout is None and not self.is_patient else timeout)
        except psycopg.errors._WaitTimeout as silence:
            self.close()
            raise psycopg.OperationalError(f"the database did not answer within {ANSWER_SECONDS:.0f} s") from silence


def _driver() -> ModuleType:
    """psycopg, whose `connect` makes such connections."""
    driver = ModuleType(psycopg.__name__)
    vars(driver).update(vars(psycopg) | {"connect": Connection.connect})
    return driver


class DatabaseWrapper(base.DatabaseWrapper):
    Database = _driver()
