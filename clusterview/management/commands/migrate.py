"""`manage.py migrate`: Django's own, as the owner of the tables where there is one; the role of DATABASE_URL then gets its rights anew.

On PostgreSQL one at a time: two that start on the same database would each make the same tables.
"""

from __future__ import annotations

import contextlib
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction

from clusterview.access import granting, transacting

LOCK = 0x636C7573746572  # any number that nobody else takes in this database
INSUFFICIENT_PRIVILEGE = "42501"


class Command(migrate.Command):
    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)  # type: ignore[arg-type]
        parser.set_defaults(database=granting.OWNER if granting.has_owner() else DEFAULT_DB_ALIAS)

    def handle(self, *arguments: Any, **options: Any) -> None:
        try:
            with alone(alias=options["database"]):
                with everywhere(alias=options["database"]):
                    super().handle(*arguments, **options)
                if options["database"] == granting.OWNER:
                    granting.grant()
        except granting.SameRole as problem:
            raise CommandError("DATABASE_OWNER_URL and DATABASE_URL name the same role; give DATABASE_URL another one.") from problem
        except DatabaseError as problem:
            if INSUFFICIENT_PRIVILEGE not in transacting.sqlstates(problem):
                raise
            raise CommandError("The role of DATABASE_URL may not change the tables. Name their owner in DATABASE_OWNER_URL.") from problem


@contextlib.contextmanager
def everywhere(*, alias: str) -> Iterator[None]:
    """This will let the code inside a migration, which names no database, reach this one too."""
    usual = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[alias]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = usual


@contextlib.contextmanager
def alone(*, alias: str) -> Iterator[None]:
    """This will let one migration at a time work on the database, however long that takes; the server ends the lock with the connection."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    connection.connection.is_patient = True
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '10min'")
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        connection.connection.is_patient = False
