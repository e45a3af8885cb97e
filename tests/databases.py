"""The database of a test run: SQLite, or the PostgreSQL of CLUSTERVIEW_TESTS_DATABASE_URL (see `environment.py`).

On PostgreSQL the tests run as the role that may not change the audit; the tables are made and swept empty as their owner, who is also the one
to tamper with them. The triggers that keep the audit are away while tests run, since sweeping is the very thing that they refuse.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest
from django.db import DEFAULT_DB_ALIAS, connections

from clusterview.access import granting

# What somebody may leave in a column of JSON in SQLite.
RUBBISH = {"text": "'rubbish'", "bytes": "X'ff00'", "a list": "'[1]'", "too deep": "'" + "[" * 200_000 + "'"}
EVERY = [DEFAULT_DB_ALIAS, granting.OWNER]


def owner() -> str:
    """The alias of whoever owns the tables."""
    return granting.OWNER if granting.has_owner() else DEFAULT_DB_ALIAS


def let_the_audit_go() -> None:
    """This will take the triggers away."""
    with connections[owner()].schema_editor() as editor:
        triggers().let_go(None, editor)


@contextlib.contextmanager
def kept_audit() -> Iterator[None]:
    """This will have the triggers there, as they are outside tests."""
    with connections[owner()].schema_editor() as editor:
        triggers().keep(None, editor)
    try:
        yield
    finally:
        let_the_audit_go()


def destroy(*, sequence: int, rubbish: str) -> None:
    """This will write what is no map into an entry of the audit: a kind of RUBBISH; on PostgreSQL, which takes nothing but JSON, a word."""
    is_sqlite = connections[owner()].vendor == "sqlite"
    value = RUBBISH[rubbish] if is_sqlite else "'\"rubbish\"'"
    statements = [f"UPDATE clusterview_auditentry SET body = {value} WHERE sequence = {sequence}"]
    if is_sqlite:
        statements = ["PRAGMA ignore_check_constraints = ON", *statements, "PRAGMA ignore_check_constraints = OFF"]
    with connections[owner()].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def triggers() -> ModuleType:
    return importlib.import_module("clusterview.migrations.0003_audit_insert_only")


def reach_both(items: list[pytest.Item]) -> None:
    """This will let every test of the database reach it as both roles: what the one writes, the other sweeps away."""
    for item in items:
        if granting.has_owner() and (marked := item.get_closest_marker("django_db")):
            item.add_marker(pytest.mark.django_db(**{**marked.kwargs, "databases": EVERY}), append=False)
