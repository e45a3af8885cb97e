"""The same promises hold on PostgreSQL, for the role that may not change the audit: the tests of the database run there once more, in a process of
their own, since a process has one database.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dashboard.installing import ROOT
from tests.lab.cluster import Cluster
from tests.postgres_servers import PostgresServer

OF_THE_DATABASE = ["-m", "not lab", "tests/postgres", "tests/access", "tests/api", "tests/views", "tests/management"]
WITH_THEIR_OWN = ["--ignore=tests/management/test_migrate.py"]
OF_SWITCHES = ["tests/traffic/test_engine.py", "tests/postgres/test_lost_commits.py"]
OF_OTHER_CLOCKS = ["-k", "not frozen_api_server"]  # 45 s of the API server's own time-outs, whatever the database


def run_on(server: PostgresServer, *, name: str, selected: list[str], **named: str) -> None:
    """This will run tests with a database of their own on this server; what they say is told when one fails or is skipped."""
    urls = server.make_database(name)
    environment = os.environ | {"CLUSTERVIEW_TESTS_DATABASE_URL": urls.role, "CLUSTERVIEW_TESTS_DATABASE_OWNER_URL": urls.owner} | named
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *selected]
    done = subprocess.run(line, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout.splitlines()[-1]
    assert " skipped" not in done.stdout.splitlines()[-1], done.stdout


def test_the_promises_of_the_database_hold_on_postgresql(postgres: PostgresServer) -> None:
    run_on(postgres, name="promises", selected=[*OF_THE_DATABASE, *WITH_THEIR_OWN])


@pytest.mark.lab
def test_the_promises_of_a_switch_hold_on_postgresql(postgres: PostgresServer, lab_shop: Cluster) -> None:
    run_on(postgres, name="switches", selected=[*OF_SWITCHES, *OF_OTHER_CLOCKS], CLUSTERVIEW_LAB_RUNNING=str(lab_shop.state))
