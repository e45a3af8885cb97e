"""`manage.py user add NAME --role …`, `user disable NAME`, `user list`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clusterview.access import links, names, people
from clusterview.management import telling
from clusterview.models import Grant
from clusterview.models.people import Role


class Command(BaseCommand):
    help = "Adds, disables and lists the people who may sign in."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="add a person and print a link that signs them in once")
        add.add_argument("name")
        add.add_argument("--role", choices=Role.values, default=Role.VIEWER)
        actions.add_parser("disable", help="sign a person out everywhere and for good").add_argument("name")
        actions.add_parser("list", help="who there is")

    def handle(self, *_: Any, **options: Any) -> None:
        getattr(self, f"do_{options['action']}")(options)

    def do_add(self, options: dict[str, Any]) -> None:
        try:
            user = people.add(name=options["name"], role=options["role"], actor=names.COMMAND_LINE)
        except ValueError as problem:
            raise CommandError(str(problem)) from problem
        token = links.create(user=user, actor=names.COMMAND_LINE)
        self.stdout.write(f"{user.get_username()} may sign in once with {telling.address()}/login/{token}")

    def do_disable(self, options: dict[str, Any]) -> None:
        name = names.as_kept(options["name"])
        grant = Grant.objects.select_related("user").filter(user__username=name).first()
        if grant is None:
            raise CommandError(f"There is nobody called {name}. `manage.py user list` shows who there is.")
        try:
            people.set_active(user_id=grant.user.pk, active=False, actor=names.COMMAND_LINE)
        except ValueError as problem:
            raise CommandError(str(problem)) from problem
        told = telling.revoked(user_id=grant.user.pk)
        self.stdout.write(f"{name} is signed out." if told else f"{name} is disabled; open pages could not be told.")

    def do_list(self, _: dict[str, Any]) -> None:
        for grant in Grant.objects.select_related("user").order_by("user__username"):
            self.stdout.write(f"{grant.user.get_username():30} {grant.role:10} {'' if grant.user.is_active else 'disabled'}")
