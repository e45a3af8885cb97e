"""`manage.py login-link [NAME]`: a link that signs in once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from clusterview.access import links, names
from clusterview.management import telling


class Command(BaseCommand):
    help = "Prints a link that signs a person in once."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="admin")

    def handle(self, *_: Any, **options: Any) -> None:
        name = names.as_kept(options["name"])
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active person called {name}. `manage.py user list` shows who there is.")
        self.stdout.write(f"{telling.address()}/login/{links.create(user=user, actor=names.COMMAND_LINE)}")
