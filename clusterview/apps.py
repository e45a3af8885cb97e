import functools
from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class ClusterviewConfig(AppConfig):
    name = "clusterview"
    label = "clusterview"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(begin_the_audit, sender=self)
        connection_created.connect(read_any_text)


def begin_the_audit(*, using: str, **_: Any) -> None:
    from clusterview.access import auditing  # its models are ready only now

    auditing.begin(using=using)


def read_any_text(*, connection: Any, **_: Any) -> None:
    """SQLite keeps any bytes as a text, and Python's driver refuses a query as a whole for one that is not UTF-8: one destroyed value would hide all
    others. What of it is no UTF-8 is read as U+FFFD, and its entry in the audit is known by its hash.
    """
    if connection.vendor == "sqlite":
        connection.connection.text_factory = functools.partial(str, encoding="utf-8", errors="replace")
