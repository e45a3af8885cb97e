"""The same promises hold on PostgreSQL, for the role that may not change the audit: the tests of the database run there once more, in a process of
their own, since a process has one database.

Of the tests of switches those come along that say most of transactions for their time: several rows that are accepted or not at all (`test_groups`),
and what is written while a cluster turns us away, again and again (`test_turned_away`). A few ways of the state machine come along too
(`test_invariants`); many more: `manage.py soak machine --postgresql`.
"""

from __future__ import annotations

import pytest

from tests.apart import run_apart
from tests.postgres_servers import PostgresServer
from tests.soak import machine

pytestmark = pytest.mark.slow

FOLDERS = ["tests/postgres", "tests/access", "tests/api", "tests/views", "tests/management"]
OF_SWITCHES = ["tests/traffic/test_full_disk.py", "tests/traffic/test_groups.py", "tests/traffic/test_turned_away.py"]
A_FEW_WAYS = 6
OF_THE_MACHINE = ["tests/traffic/test_invariants.py", "-p", "tests.soak.machine"]
OF_THE_DATABASE = ["-m", "not lab", *FOLDERS, *OF_SWITCHES]
WITH_THEIR_OWN = ["--ignore=tests/management/test_migrate.py"]


def run_on(server: PostgresServer, *, name: str, selected: list[str], **environment: str) -> None:
    """This will run tests with a database of their own on this server."""
    urls = server.make_database(name)
    run_apart(selected, **urls.environment, **environment)


def test_the_promises_of_the_database_hold_on_postgresql(postgres: PostgresServer) -> None:
    selected = [*OF_THE_DATABASE, *WITH_THEIR_OWN, *OF_THE_MACHINE]
    run_on(postgres, name="promises", selected=selected, **{machine.NAME: str(A_FEW_WAYS)})
