"""A PostgreSQL of the tests' own: in a temporary folder, on 127.0.0.1, without fsync; to stop, to kill and to freeze.

PostgreSQL refuses to run as root, so where the tests are root it runs as another user, in a folder outside pytest's, which only root may enter.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil
import psycopg
import pytest
from psycopg import sql

from tests.lab.cluster import die_with_parent
from tests.lab.fixtures import wait_until
from tests.ports import free_port

SUPERUSER, OWNER, ROLE = "postgres", "clusterview_owner", "clusterview"
PASSWORD = "p@ss/wörd"
FOLDERS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin", "usr/local/opt/postgresql*/bin")


@dataclass(frozen=True)
class Urls:
    """One database as its owner reaches it, and as the role does that may do no more than it was granted."""

    owner: str
    role: str

    @property
    def environment(self) -> dict[str, str]:
        """What tells a test run to use it."""
        return {"CLUSTERVIEW_TESTS_DATABASE_URL": self.role, "CLUSTERVIEW_TESTS_DATABASE_OWNER_URL": self.owner}


class PostgresServer:
    """A server on a port of its own. It comes back on the same port with what was committed, whichever way it ended."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="clusterview-postgres-"))
        self._data = self._folder / "data"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._as_user = _user()
        if self._as_user:
            shutil.chown(self._folder, *self._as_user)

    def start(self) -> None:
        """This will start the server and return when it answers."""
        if not self._data.exists():
            self._make()
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": self._folder, "fsync": "off", "full_page_writes": "off"}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        line = [f"{programs()}/postgres", "-D", str(self._data), "-p", str(self.port), *words]
        with (self._folder / "postgres.log").open("ab") as log:
            self._process = self._run(line, log=log)
        wait_until(self._answers, seconds=20, what="PostgreSQL answers")

    def stop(self) -> None:
        """This will end every session and then the server, in order."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """This will end the server at once, as a crash would: what was under way is undone at the next start."""
        self._end(signal.SIGQUIT)

    def freeze(self) -> None:
        """This will stop the server and every session's process, with all their connections open and silent."""
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        """This will let them go on."""
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def remove(self) -> None:
        """This will end the server and delete what it kept."""
        if self._process is not None:
            self.thaw()
            self.kill()
        shutil.rmtree(self._folder)

    def make_database(self, name: str) -> Urls:
        """This will make an empty database that belongs to OWNER and that ROLE may connect to."""
        with self.superuser() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
        return Urls(owner=self.url(user=OWNER, name=name), role=self.url(user=ROLE, name=name))

    def url(self, *, user: str, name: str, port: int | None = None) -> str:
        """A DATABASE_URL; `port` is that of something in between."""
        return f"postgres://{user}:{quote(PASSWORD, safe='')}@127.0.0.1:{port or self.port}/{name}"

    def superuser(self, name: str = "postgres") -> psycopg.Connection:
        """A connection that may do everything, each statement in a transaction of its own."""
        return psycopg.connect(host=str(self._folder), port=self.port, user=SUPERUSER, dbname=name, autocommit=True, connect_timeout=3)

    def _make(self) -> None:
        line = [f"{programs()}/initdb", "-D", str(self._data), "-U", SUPERUSER, "--auth-local=trust", "--auth-host=scram-sha-256"]
        made = self._run([*line, "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"], log=subprocess.DEVNULL)
        assert made.wait(60) == 0, "initdb failed"
        self.start()
        with self.superuser() as connection:
            for role, rights in ((OWNER, "LOGIN CREATEDB"), (ROLE, "LOGIN")):
                line_of_sql = sql.SQL("CREATE ROLE {} {} PASSWORD {}")
                connection.execute(line_of_sql.format(sql.Identifier(role), sql.SQL(rights), sql.Literal(PASSWORD)))
        self.stop()

    def _run(self, line: list[str], *, log: int | IO[bytes]) -> subprocess.Popen[bytes]:
        user, group = self._as_user or (None, None)
        return subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self._folder, user=user, group=group,
            extra_groups=[] if user is not None else None, preexec_fn=die_with_parent,
        )  # fmt: skip

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(20)
            self._process = None

    def _processes(self) -> list[psutil.Process]:
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        return [server, *server.children(recursive=True)]

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError((self._folder / "postgres.log").read_text()[-2000:])
        try:
            with self.superuser():
                return True
        except psycopg.OperationalError:
            return False


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run, for tests that leave it running."""
    yield from running()


def running() -> Iterator[PostgresServer]:
    """This will give a server that runs, and remove it afterwards: the body of a fixture. The test is left out where none is installed."""
    if reason := missing():
        pytest.skip(reason)
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def missing() -> str | None:
    """What this machine lacks for a PostgreSQL of the tests' own, in words, or None."""
    return None if programs() else "PostgreSQL is not installed (Debian and Ubuntu: apt install postgresql)"


@cache
def programs() -> Path | None:
    """The folder of the newest server's programs, which most systems keep off PATH."""
    found = [path for folder in FOLDERS for path in Path("/").glob(f"{folder}/postgres") if path.with_name("initdb").exists()]
    if on_path := shutil.which("postgres"):
        found.append(Path(on_path).resolve())
    return max(found).parent if found else None


def _user() -> tuple[int, int] | None:
    """Whom the server runs as where we are root: (user, group)."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    chosen = names.get("postgres") or names["nobody"]
    return chosen.pw_uid, chosen.pw_gid
