"""On PostgreSQL the processes may use a role that adds entries to the audit and can change none; this gives that role exactly what it needs.

The tables belong to another role, the owner. Only migrations use it, by DATABASE_OWNER_URL, and the processes never learn it. Without an
owner, and on SQLite, whoever writes the audit could also rewrite it, and only the hash chain tells.
"""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from clusterview.models import AuditEntry, AuditHead

OWNER = "owner"
USUAL = "SELECT, INSERT, UPDATE, DELETE"
LESS = {AuditEntry._meta.db_table: "SELECT, INSERT", AuditHead._meta.db_table: "SELECT, UPDATE", "django_migrations": "SELECT"}
ALONE = "protected by its hash chain alone"
MAY_CHANGE = """
    SELECT has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege(oid, 'UPDATE') OR pg_has_role(relowner, 'MEMBER')
    FROM pg_class WHERE oid = to_regclass(%s)
"""


class SameRole(Exception):
    """DATABASE_OWNER_URL and DATABASE_URL name one role, which then owns the audit that it should not be able to change."""


def has_owner() -> bool:
    """Whether this process knows the owner's address; of ours only the commands do that change the tables."""
    return OWNER in connections.settings


def grant() -> None:
    """This will give the role of DATABASE_URL exactly the rights that the product needs, as the owner. Raises SameRole. Safe to repeat."""
    role, owner = current_role(connections[DEFAULT_DB_ALIAS]), connections[OWNER]
    if role == current_role(owner):
        raise SameRole
    quoted = owner.ops.quote_name(role)
    with transaction.atomic(using=OWNER), owner.cursor() as cursor:
        for table in sorted({*owner.introspection.django_table_names(only_existing=True), "django_migrations"}):
            name = owner.ops.quote_name(table)
            cursor.execute(f"REVOKE ALL ON {name} FROM {quoted}")
            cursor.execute(f"GRANT {LESS.get(table, USUAL)} ON {name} TO {quoted}")


def current_role(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


def can_change_the_audit() -> bool:
    """Whether this process could change or delete entries, as far as the database is concerned."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute(MAY_CHANGE, [AuditEntry._meta.db_table])
        return bool(cursor.fetchone()[0])
