"""`manage.py migrate` on PostgreSQL: as the owner, one at a time, and with a word for whoever is not the owner."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from clusterview.management.commands import migrate
from dashboard.installing import ROOT
from tests.dashboard.waiting import wait_for
from tests.postgres_servers import PostgresServer

LINE = [sys.executable, "-m", "django", "migrate", "-v0"]


@pytest.fixture
def environment(postgres: PostgresServer, tmp_path: Path) -> dict[str, str]:
    """A state folder and an empty database, with both its roles."""
    (tmp_path / "secret-key").write_text("a key for tests only, as long as a real one")
    urls = postgres.make_database(f"migrate_{tmp_path.name}")
    named = {"DATABASE_URL": urls.role, "DATABASE_OWNER_URL": urls.owner}
    return os.environ | named | {"CLUSTERVIEW_STATE": str(tmp_path), "DJANGO_SETTINGS_MODULE": "dashboard.settings"}


def test_two_at_once_do_not_get_in_each_others_way(environment: dict[str, str]) -> None:
    started = [subprocess.Popen(LINE, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [(one.communicate(timeout=120)[1], one.returncode) for one in started]
    assert ends == [("", 0)] * 2
    with psycopg.connect(environment["DATABASE_URL"]) as role:
        assert role.execute("SELECT count(*) FROM clusterview_audithead").fetchone() == (1,)


IMPATIENT = """
from django.core.management import execute_from_command_line
from dashboard.postgres import base
base.ANSWER_SECONDS = 3.0
execute_from_command_line(["manage.py", "migrate", "-v0"])
"""
WAITED = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event = 'advisory' AND clock_timestamp() - query_start > '5s' AND datname = current_database()
"""


def test_a_migration_waits_for_an_answer_for_as_long_as_it_takes(environment: dict[str, str]) -> None:
    with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [migrate.LOCK])
        line = [sys.executable, "-c", IMPATIENT]
        waiting = subprocess.Popen(line, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: waiting.poll() is not None or other.execute(WAITED).fetchone() == (1,), what="it has waited for long", seconds=60)
    assert (waiting.communicate(timeout=120)[1], waiting.returncode) == ("", 0)


def test_a_role_that_may_not_make_tables_is_told_whom_to_name(environment: dict[str, str]) -> None:
    alone = environment | {"DATABASE_OWNER_URL": ""}
    done = subprocess.run(LINE, cwd=ROOT, env=alone, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("may not change the tables. Name their owner in DATABASE_OWNER_URL.")


def test_a_role_that_may_not_make_tables_goes_on_where_their_owner_has_made_them(environment: dict[str, str]) -> None:
    for named in (environment, environment | {"DATABASE_OWNER_URL": ""}):
        done = subprocess.run(LINE, cwd=ROOT, env=named, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, "")
