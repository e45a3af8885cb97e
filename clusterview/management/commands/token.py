"""`manage.py token create NAME --role …`, `token revoke NAME`, `token list`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from clusterview.access import auditing, names, tokens
from clusterview.management import telling
from clusterview.models import ApiToken
from clusterview.models.people import Role


class Command(BaseCommand):
    help = "Makes, ends and lists bearer tokens for the REST API; the token is the last word printed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create")
        create.add_argument("name")
        create.add_argument("--role", choices=Role.values, required=True)
        actions.add_parser("revoke").add_argument("name")
        actions.add_parser("list", help="which there are; the tokens themselves are not kept")

    def handle(self, *_: Any, **options: Any) -> None:
        getattr(self, f"do_{options['action']}")(options)

    def do_create(self, options: dict[str, Any]) -> None:
        name = names.as_kept(options["name"])
        with transaction.atomic():
            try:
                token = tokens.create(name=name, role=options["role"])
            except ValueError as problem:
                raise CommandError(str(problem)) from problem
            auditing.record(actor=names.COMMAND_LINE, action="TOKEN_CREATED", body={"name": name, "role": options["role"]})
        self.stdout.write(f"Keep this token for {name}; it is shown only now: {token}")

    def do_revoke(self, options: dict[str, Any]) -> None:
        name = names.as_kept(options["name"])
        with transaction.atomic():
            if not tokens.revoke(name=name):
                raise CommandError(f"There is no token called {name}. `manage.py token list` shows which there are.")
            auditing.record(actor=names.COMMAND_LINE, action="TOKEN_REVOKED", body={"name": name})
        telling.revoked()
        self.stdout.write(f"{name} is revoked.")

    def do_list(self, _: dict[str, Any]) -> None:
        for token in ApiToken.objects.order_by("name"):
            self.stdout.write(f"{token.name:30} {token.role:10} {'revoked' if token.revoked_at else ''}")
