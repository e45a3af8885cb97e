"""Every test that has to do with the database, on a PostgreSQL of its own. A test run takes those along there that say most of it for their time."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ["access", "api", "management", "postgres", "recording", "traffic", "views", "test_consumers.py"]
WITH_THEIR_OWN = ["traffic/test_crash.py", "traffic/test_on_postgres.py", "management/test_migrate.py"]  # databases; see `soak crash --database-url`


def soak() -> bool:
    """This will run them; false where one fails, which pytest tells."""
    with server() as environment:
        line = [sys.executable, "-m", "pytest", "-q", *(f"tests/{name}" for name in TESTS), *(f"--ignore=tests/{name}" for name in WITH_THEIR_OWN)]
        return subprocess.run(line, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode == 0


@contextlib.contextmanager
def server() -> Iterator[dict[str, str]]:
    """A server while this lasts, as an environment for tests."""
    from tests.postgres_servers import PostgresServer  # pytest wants to be the first to import it, and a module that needs this one is a plugin

    made = PostgresServer()
    try:
        made.start()
        yield made.make_database("soak").environment
    finally:
        made.remove()
