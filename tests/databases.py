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
from django.core.management.commands import flush
from django.db import DEFAULT_DB_ALIAS, connections

from clusterview.access import auditing, granting

# What somebody may leave in a column of JSON in SQLite.
RUBBISH = {"text": "'rubbish'", "bytes": "X'ff00'", "a list": "'[1]'", "too deep": "'" + "[" * 200_000 + "'", "no UTF-8": "CAST(X'ff22' AS TEXT)"}
EVERY = [DEFAULT_DB_ALIAS, granting.OWNER]


def sweep_by_rows() -> None:
    """From now on a test that commits costs what it wrote: TRUNCATE makes new files for each table and index of PostgreSQL, and a flush would write
    content types and permissions anew, which nobody reads. PostgreSQL is asked once for all tables. The audit begins anew.
    """
    quoted = connections[owner()].ops.quote_name
    deletions = [f"DELETE FROM {quoted(name)}" for name in connections[owner()].introspection.django_table_names(only_existing=True)]
    swept = deletions if is_sqlite() else ["; ".join(deletions)]
    flush.sql_flush = lambda *_, **__: swept
    flush.emit_post_migrate_signal = lambda verbosity, interactive, database: auditing.begin(using=database)


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


def destroy(*, sequence: int, rubbish: str, column: str = "body") -> None:
    """This will write what is no value of its column into an entry of the audit: for a body a kind of RUBBISH; on PostgreSQL, which takes nothing but
    JSON, a word. What is written has the number in it where that is possible: some columns hold nothing twice.
    """
    literals = {"text": f"'rubbish {sequence}'", "bytes": f"X'ff0{sequence}'", "number": f"7{sequence}", "a fraction": f"{sequence}.5"}
    literals |= {"nothing": "NULL", "no UTF-8": f"CAST(X'ff3{sequence}' AS TEXT)"}
    if column == "body":
        literals |= RUBBISH if is_sqlite() else dict.fromkeys(RUBBISH, "'\"rubbish\"'")
    write(sequence=sequence, column=column, literal=literals[rubbish])


def is_sqlite() -> bool:
    return connections[owner()].vendor == "sqlite"


def write(*, sequence: int, column: str, literal: str) -> None:
    """This will put what SQL says into a column of an entry, past whatever SQLite checks."""
    statement = f"UPDATE clusterview_auditentry SET {column} = {literal} WHERE sequence = {sequence}"
    with connections[owner()].cursor() as cursor:
        if not is_sqlite():
            cursor.execute(statement)
            return
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        try:
            cursor.execute(statement)
        finally:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def triggers() -> ModuleType:
    return importlib.import_module("clusterview.migrations.0003_audit_insert_only")


def reach_both(items: list[pytest.Item]) -> None:
    """This will let every test of the database reach it as both roles: what the one writes, the other sweeps away."""
    for item in items:
        if granting.has_owner() and (marked := item.get_closest_marker("django_db")):
            item.add_marker(pytest.mark.django_db(**{**marked.kwargs, "databases": EVERY}), append=False)
