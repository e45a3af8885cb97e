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


def triggers() -> ModuleType:
    return importlib.import_module("clusterview.migrations.0003_audit_insert_only")


def reach_both(items: list[pytest.Item]) -> None:
    """This will let every test of the database reach it as both roles: what the one writes, the other sweeps away."""
    for item in items:
        if granting.has_owner() and (marked := item.get_closest_marker("django_db")):
            item.add_marker(pytest.mark.django_db(**{**marked.kwargs, "databases": EVERY}), append=False)
