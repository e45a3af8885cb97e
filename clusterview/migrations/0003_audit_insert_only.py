"""An entry of the audit is added and never changed: the database refuses it, to whoever tries by accident.

Whoever owns the tables can remove the triggers again. On PostgreSQL the processes therefore use a role that does not own them (`access.granting`);
on SQLite, as everywhere, the hash chain tells. SQLite loses the triggers when a later migration makes the table anew; it has to add them again.
"""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MADE = {
    "sqlite": [
        """CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON clusterview_auditentry
           BEGIN SELECT RAISE(ABORT, 'an entry of the audit is never changed'); END""",
        """CREATE TRIGGER audit_entry_is_kept BEFORE DELETE ON clusterview_auditentry
           BEGIN SELECT RAISE(ABORT, 'an entry of the audit is never changed'); END""",
        # REPLACE deletes without calling the trigger above.
        """CREATE TRIGGER audit_entry_is_not_replaced BEFORE INSERT ON clusterview_auditentry
           WHEN EXISTS (SELECT 1 FROM clusterview_auditentry WHERE sequence = NEW.sequence OR hash = NEW.hash)
           BEGIN SELECT RAISE(ABORT, 'an entry of the audit is never changed'); END""",
    ],
    "postgresql": [
        """CREATE FUNCTION clusterview_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'an entry of the audit is never changed'; END $$""",
        """CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON clusterview_auditentry
           FOR EACH STATEMENT EXECUTE FUNCTION clusterview_audit_stays()""",
    ],
}
REMOVED = {
    "sqlite": [f"DROP TRIGGER {name}" for name in ("audit_entry_stays", "audit_entry_is_kept", "audit_entry_is_not_replaced")],
    "postgresql": ["DROP TRIGGER audit_entry_stays ON clusterview_auditentry", "DROP FUNCTION clusterview_audit_stays()"],
}


def keep(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """This will have the database refuse every change of an entry."""
    for statement in MADE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def let_go(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """This will take the refusal back."""
    for statement in REMOVED[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ("clusterview", "0002_plans_and_groups"),
    ]

    operations = [
        migrations.RunPython(keep, let_go),
    ]
