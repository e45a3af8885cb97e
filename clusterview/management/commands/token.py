"""`manage.py token create NAME --role …`, `token revoke NAME`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from clusterview.access import auditing, names, tokens
from clusterview.management import telling
from clusterview.models.people import Role


class Command(BaseCommand):
    help = "Makes and ends bearer tokens for the REST API; the token is the last word printed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create")
        create.add_argument("name")
        create.add_argument("--role", choices=Role.values, required=True)
        actions.add_parser("revoke").add_argument("name")

    def handle(self, *_: Any, **options: Any) -> None:
        name = options["name"]
        if options["action"] == "revoke":
            self.revoke(name=name)
            return
        name = names.as_kept(name)
        with transaction.atomic():
            try:
                token = tokens.create(name=name, role=options["role"])
            except ValueError as problem:
                raise CommandError(str(problem)) from problem
            auditing.record(actor=names.COMMAND_LINE, action="TOKEN_CREATED", body={"name": name, "role": options["role"]})
        self.stdout.write(f"Keep this token for {name}; it is shown only now: {token}")

    def revoke(self, *, name: str) -> None:
        with transaction.atomic():
            if not tokens.revoke(name=name):
                raise CommandError(f"There is no token called {name}.")
            auditing.record(actor=names.COMMAND_LINE, action="TOKEN_REVOKED", body={"name": name})
        telling.revoked()
        self.stdout.write(f"{name} is revoked.")
