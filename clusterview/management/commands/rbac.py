"""`manage.py rbac [--switch NAMESPACE]`: the least rights that Clusterview needs, for `kubectl apply -f -`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from clusterview.kube import rights


class Command(BaseCommand):
    help = "Prints the least-rights manifest: watching the cluster, and with --switch moving traffic in a namespace."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--switch", action="append", default=[], metavar="NAMESPACE", help="also the right to switch there (repeatable)")
        subject = parser.add_mutually_exclusive_group()
        subject.add_argument("--user", default="", help="bind to this user instead of a ServiceAccount")
        subject.add_argument("--service-account", default="clusterview", help="bind to this ServiceAccount of the namespace clusterview")

    def handle(self, *_: Any, **options: Any) -> None:
        who = {"user": options["user"]} if options["user"] else {"service_account": options["service_account"]}
        texts = [rights.viewer_manifest(**who), *(rights.switcher_manifest(namespace, **who) for namespace in options["switch"])]
        self.stdout.write("---\n".join(texts))
