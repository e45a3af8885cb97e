"""Without its database the product says so and begins nothing; what was asked for is there once, or not at all."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.db import OperationalError, connections, transaction
from django.test import Client

from clusterview.access import auditing, tokens
from clusterview.api import monitoring
from clusterview.models import AuditEntry, Switch
from clusterview.traffic import requesting
from tests import databases
from tests.ports import free_port
from tests.postgres.shops import Shops
from tests.traffic.test_engine import who_may_switch

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")


class Database:
    """What the threads of `elsewhere` see; they wait for half a second where the product would for 20."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        who_may_switch()
        self.token = tokens.create(name="ci", role="operator")
        self.settings: dict[str, Any] = connections["default"].settings_dict
        self.monkeypatch = monkeypatch

    def elsewhere(self, work: Callable[[], T]) -> T:
        """This will do the work over connections that are opened now."""

        def done() -> T:
            try:
                return work()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(done).result(60)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else writes, and does not end."""
        raise NotImplementedError
        yield

    @contextmanager
    def away(self) -> Iterator[None]:
        """It cannot be reached."""
        raise NotImplementedError
        yield


class Sqlite(Database):
    """A file, since what the tests have in memory is locked in other ways."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, file: Path) -> None:
        super().__init__(monkeypatch)
        with connections["default"].cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(file)])
        self.file = file
        monkeypatch.setitem(self.settings, "NAME", str(file))
        assert self.settings["OPTIONS"]["timeout"] == 20
        monkeypatch.setitem(self.settings["OPTIONS"], "timeout", 0.5)

    @contextmanager
    def locked(self) -> Iterator[None]:
        other = sqlite3.connect(self.file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.close()

    @contextmanager
    def away(self) -> Iterator[None]:
        with self.monkeypatch.context() as patch:
            patch.setitem(self.settings, "NAME", "/nowhere/clusterview.sqlite3")
            yield

    @contextmanager
    def full(self) -> Iterator[None]:
        """The file cannot grow, and its last pages are full of what the audit says already."""
        with closing(sqlite3.connect(self.file)) as other:
            (pages,) = other.execute("PRAGMA page_count").fetchone()
        with self.monkeypatch.context() as patch:
            patch.setitem(self.settings["OPTIONS"], "init_command", f"{self.settings['OPTIONS']['init_command']} PRAGMA max_page_count={pages};")
            with pytest.raises(OperationalError, match="disk is full"):
                self.elsewhere(fill)
            yield


class Postgres(Database):
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        options = self.settings["OPTIONS"]
        assert "lock_timeout=20s" in options["options"]
        monkeypatch.setitem(options, "options", options["options"].replace("lock_timeout=20s", "lock_timeout=500ms"))

    @contextmanager
    def locked(self) -> Iterator[None]:
        other = connections[databases.owner()].copy()
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE clusterview_switch, clusterview_audithead, clusterview_auditentry IN ACCESS EXCLUSIVE MODE")
        try:
            yield
        finally:
            other.rollback()
            other.close()

    @contextmanager
    def away(self) -> Iterator[None]:
        with self.monkeypatch.context() as patch:
            patch.setitem(self.settings, "PORT", free_port())
            yield


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(requesting, "carry_out", lambda *_, **__: None)
    monkeypatch.setattr(requesting, "request_switch", partial(requesting.request_switch, opened=Shops()))
    if connections["default"].vendor == "postgresql":
        return Postgres(monkeypatch)
    return Sqlite(monkeypatch, file=tmp_path / "clusterview.sqlite3")


def fill() -> None:
    for _ in range(1000):
        with transaction.atomic():
            auditing.record(actor="ada", action="ARMED")


def ask(database: Database, *, key: str = "") -> tuple[int, dict[str, Any], str]:
    """Status, body and Retry-After of a request for a switch."""

    def send() -> tuple[int, dict[str, Any], str]:
        client = Client(headers={"Authorization": f"Bearer {database.token}", **({"Idempotency-Key": key} if key else {})})
        asked = {"namespace": "store", "service": "shop", "to": "green"}
        answer = client.post("/api/v1/clusters/lab/switches", asked, content_type="application/json")
        return answer.status_code, answer.json(), answer.get("Retry-After", "")

    return database.elsewhere(send)


def recorded(database: Database) -> tuple[int, int, list[str]]:
    """How many switches and entries there are, and what is wrong with the audit."""
    return database.elsewhere(lambda: (Switch.objects.count(), AuditEntry.objects.count(), auditing.verify()))


@pytest.mark.parametrize("fault", ["locked", "away"])
def test_a_switch_that_cannot_be_recorded_is_refused_with_a_word_and_leaves_nothing_behind_f57_f58(database: Database, fault: str) -> None:
    before = recorded(database)
    begun = time.monotonic()
    with getattr(database, fault)():
        status, body, again = ask(database, key="one")
    assert time.monotonic() - begun < 10
    assert (status, body["code"], again) == (503, "no_database", "1")
    assert body["sentence"].startswith("The database does not answer")
    assert recorded(database) == before


if connections["default"].vendor == "sqlite":  # where PostgreSQL has no room is not for its clients to say

    def test_a_switch_that_the_disk_has_no_room_for_is_refused_and_leaves_nothing_behind_f61(database: Sqlite) -> None:
        with database.full():
            before = recorded(database)
            status, body, again = ask(database, key="one")
            assert (status, body["code"], again) == (503, "no_database", "1")
            assert recorded(database) == before
        assert ask(database, key="one")[0] == 202

    def test_a_process_whose_last_write_had_no_room_is_not_ready_until_one_has_f61(database: Sqlite) -> None:
        def look() -> tuple[int, str]:
            answer = Client(headers={"Authorization": f"Bearer {database.token}"}).get("/readyz?verbose")
            return answer.status_code, answer.content.decode().splitlines()[0]

        database.monkeypatch.setattr(monitoring, "redis_problem", lambda: "")
        assert database.elsewhere(look) == (200, "database: ok")
        with database.full():
            ask(database, key="one")
            assert database.elsewhere(look) == (503, "database: database or disk is full")
        assert ask(database, key="one")[0] == 202
        assert database.elsewhere(look) == (200, "database: ok")


@pytest.mark.parametrize("fault", ["locked", "away"])
def test_the_same_request_is_accepted_once_when_the_database_is_back(database: Database, fault: str) -> None:
    with getattr(database, fault)():
        ask(database, key="one")
    answers = [ask(database, key="one") for _ in range(3)]
    assert [status for status, _, _ in answers] == [202] * 3
    assert len({body["id"] for _, body, _ in answers}) == 1
    switches, _, problems = recorded(database)
    assert (switches, problems) == (1, [])


@pytest.mark.parametrize(("address", "words"), [("/", b"The database does not answer"), ("/people", b"Try again in a moment")])
def test_a_page_says_what_is_missing_and_not_that_it_is_broken(database: Database, address: str, words: bytes) -> None:
    def look() -> tuple[int, bytes, str]:
        client = Client(headers={"Accept-Language": "en"})
        client.cookies["clusterview"] = "a session's key"
        answer = client.get(address)
        return answer.status_code, answer.content, answer["Retry-After"]

    with database.away():
        status, content, again = database.elsewhere(look)
    assert (status, again) == (503, "1")
    assert words in content


def test_the_process_lives_and_is_not_ready(database: Database) -> None:
    with database.away():
        assert database.elsewhere(lambda: Client().get("/livez").status_code) == 200
        assert database.elsewhere(lambda: Client().get("/readyz").status_code) == 503
    with database.locked():
        assert database.elsewhere(lambda: Client().get("/livez").status_code) == 200
