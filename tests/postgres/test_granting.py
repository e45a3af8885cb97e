"""The processes' role adds entries to the audit and can change none; who may is told, and the rights are given again and again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import ProgrammingError, connections, transaction

from clusterview.access import auditing, granting, transacting
from clusterview.management.commands import doctor, prepare
from clusterview.models import AuditEntry
from tests import databases

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED_TO_THE_ROLE = [
    "UPDATE clusterview_auditentry SET actor = 'eve'",
    "UPDATE clusterview_auditentry SET actor = 'eve' WHERE false",
    "DELETE FROM clusterview_auditentry",
    "TRUNCATE clusterview_auditentry",
    "SELECT * FROM clusterview_auditentry FOR UPDATE",
    "DROP TRIGGER audit_entry_stays ON clusterview_auditentry",
    "ALTER TABLE clusterview_auditentry DISABLE TRIGGER ALL",
    "CREATE OR REPLACE FUNCTION clusterview_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    "SET session_replication_role = replica",
    "DROP TABLE clusterview_auditentry",
    "INSERT INTO clusterview_audithead VALUES (2, 0, '')",
    "DELETE FROM clusterview_audithead",
    "TRUNCATE clusterview_audithead",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('clusterview', '0099_ours', now())",
    "CREATE TABLE ours (id int)",
    "SET ROLE clusterview_owner",
]
RIGHTS = """
    SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type) FROM information_schema.role_table_grants
    WHERE grantee = %s GROUP BY 1
"""


def execute(alias: str, statement: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def entry() -> Iterator[None]:
    """One entry, and the triggers as they are outside tests."""
    with databases.kept_audit():
        with transaction.atomic():
            auditing.record(actor="ada", action="ARMED")
        yield


@pytest.fixture
def too_much() -> Iterator[None]:
    """Somebody gave the role a right too many, and took one that it needs."""
    role = granting.current_role(connections["default"])
    execute(granting.OWNER, f"GRANT ALL ON clusterview_auditentry, django_migrations TO {role}")
    execute(granting.OWNER, f"REVOKE INSERT ON clusterview_switch FROM {role}")
    yield
    granting.grant()


@pytest.mark.parametrize("attempt", REFUSED_TO_THE_ROLE)
def test_the_role_can_change_no_entry_nor_what_guards_them(entry: None, attempt: str) -> None:
    with pytest.raises(ProgrammingError) as refused:
        execute("default", attempt)
    assert "42501" in transacting.sqlstates(refused.value)
    assert [one.actor for one in AuditEntry.objects.all()] == ["ada"]


def test_rights_too_many_are_taken_back_and_rights_too_few_are_given(too_much: None) -> None:
    assert granting.can_change_the_audit()
    granting.grant()
    granting.grant()
    assert not granting.can_change_the_audit()
    with connections[granting.OWNER].cursor() as cursor:
        cursor.execute(RIGHTS, [granting.current_role(connections["default"])])
        held = dict(cursor.fetchall())
    special = {"clusterview_auditentry": "INSERT SELECT", "clusterview_audithead": "SELECT UPDATE", "django_migrations": "SELECT"}
    assert held == dict.fromkeys(held, "DELETE INSERT SELECT UPDATE") | special
    assert {"clusterview_switch", "auth_user", "django_session"} < set(held)


def test_the_start_and_the_doctor_say_what_protects_the_audit() -> None:
    assert prepare.weakness() is None
    seen = doctor.audit_seen(vendor="postgresql")
    assert (seen.seen, seen.remedy) == ("the database lets this role add entries and change none; the hash chain tells the rest", "")


@pytest.mark.parametrize("how", ["a right too many", "one column", "the owner itself"])
def test_the_start_and_the_doctor_say_that_the_chain_is_alone(how: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "the owner itself":
        monkeypatch.setattr(granting, "DEFAULT_DB_ALIAS", granting.OWNER)
    else:
        request.getfixturevalue("too_much")
    if how == "one column":
        granting.grant()
        execute(granting.OWNER, f"GRANT UPDATE (actor) ON clusterview_auditentry TO {granting.current_role(connections['default'])}")
    assert str(prepare.weakness()).startswith("The audit is protected by its hash chain alone")
    seen = doctor.audit_seen(vendor="postgresql")
    assert seen.seen.startswith("protected by its hash chain alone")
    assert "DATABASE_OWNER_URL" in seen.remedy
    execute(granting.OWNER, f"REVOKE ALL (actor) ON clusterview_auditentry FROM {granting.current_role(connections['default'])}")


def test_one_role_under_two_names_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(granting, "DEFAULT_DB_ALIAS", granting.OWNER)
    with pytest.raises(granting.SameRole):
        granting.grant()
