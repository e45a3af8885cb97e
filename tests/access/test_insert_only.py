"""An entry of the audit is added and never changed: the database itself refuses it, also to the owner of the tables."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, connections, transaction

from clusterview.access import auditing
from clusterview.models import AuditEntry
from dashboard.installing import ROOT
from tests import databases

REFUSAL = "an entry of the audit is never changed"
ATTEMPTS = [
    "UPDATE clusterview_auditentry SET actor = 'eve' WHERE sequence = 1",
    "UPDATE clusterview_auditentry SET sequence = 9",
    "DELETE FROM clusterview_auditentry",
    "DELETE FROM clusterview_auditentry WHERE sequence = 2",
]
ATTEMPTS_BY_VENDOR = {
    "sqlite": ["REPLACE INTO clusterview_auditentry SELECT sequence, at, 'eve', action, cluster, switch_id, body, previous_hash, hash"
               " FROM clusterview_auditentry WHERE sequence = 1"],
    "postgresql": ["TRUNCATE clusterview_auditentry"],
}  # fmt: skip


@pytest.fixture
def kept(transactional_db: None) -> Iterator[None]:
    """Two entries, and the triggers as they are outside tests."""
    with databases.kept_audit():
        for name in ("ada", "bob"):
            with transaction.atomic():
                auditing.record(actor=name, action="ARMED")
        yield


@pytest.mark.django_db(transaction=True)
def test_every_change_of_an_entry_is_refused_and_changes_nothing(kept: None) -> None:
    connection = connections[databases.owner()]
    before = list(AuditEntry.objects.values())
    for attempt in ATTEMPTS + ATTEMPTS_BY_VENDOR[connection.vendor]:
        with pytest.raises(DatabaseError, match=REFUSAL), connection.cursor() as cursor:
            cursor.execute(attempt)
    assert list(AuditEntry.objects.values()) == before
    assert auditing.verify() == []


@pytest.mark.django_db(transaction=True)
def test_further_entries_are_added(kept: None) -> None:
    with transaction.atomic():
        auditing.record(actor="cy", action="ARMED")
    assert [entry.actor for entry in AuditEntry.objects.all()] == ["ada", "bob", "cy"]
    assert auditing.verify() == []


def test_all_migrations_together_leave_the_refusal_there(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("a key for tests only, as long as a real one")
    known = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    environment = known | {"CLUSTERVIEW_STATE": str(tmp_path), "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], cwd=ROOT, env=environment, check=True, timeout=60)
    connection = sqlite3.connect(tmp_path / "clusterview.sqlite3")
    try:
        connection.execute(
            "INSERT INTO clusterview_auditentry (sequence, at, actor, action, cluster, body, previous_hash, hash)"
            " VALUES (1, '2026-01-01', 'ada', 'ARMED', '', '{}', '', 'a')"
        )
        for attempt in ATTEMPTS + ATTEMPTS_BY_VENDOR["sqlite"]:
            with pytest.raises(sqlite3.IntegrityError, match=REFUSAL):
                connection.execute(attempt.replace("sequence = 2", "sequence = 1"))
    finally:
        connection.close()
