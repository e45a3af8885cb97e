from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ClusterviewConfig(AppConfig):
    name = "clusterview"
    label = "clusterview"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(begin_the_audit, sender=self)


def begin_the_audit(*, using: str, **_: Any) -> None:
    from clusterview.access import auditing  # its models are ready only now

    auditing.begin(using=using)
