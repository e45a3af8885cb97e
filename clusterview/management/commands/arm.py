"""`manage.py arm CONTEXT [--off] [--looked]`: switching is off for a cluster until somebody does this."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clusterview.access import names
from clusterview.models import Cluster
from clusterview.traffic import requesting
from clusterview.traffic.errors import Refused

WEAK = (
    "The cluster is known by its address and CA alone, for which another one that is built behind them would pass. "
    "Grant `get` on namespaces/kube-system (`manage.py rbac` prints the rights) and arm it again."
)

UNKNOWN = (
    "The cluster did not answer this command, so the first one that answers at a click is taken for the one that is armed. "
    "`manage.py doctor` says what is in the way; then arm it again."
)


FROZEN = (
    "Switching is frozen in {name}: the database is older than the cluster and does not know of\n  {marks}\n"
    "Look at what became of them. Then `manage.py arm {name} --looked` says that somebody has, and allows switching."
)


class Command(BaseCommand):
    help = "Arms switching traffic in a cluster, as the page's button of that name does; with --off, disarms it again."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("context")
        parser.add_argument("--off", action="store_true")
        parser.add_argument("--looked", action="store_true", help="somebody has looked at what froze it")

    def handle(self, *_: Any, **options: Any) -> None:
        found = Cluster.objects.filter(name=options["context"], active=True).first()
        if found is None:
            known = ", ".join(Cluster.objects.filter(active=True).values_list("name", flat=True)) or "none"
            raise CommandError(f"No open cluster is called {options['context']}. Open are: {known}.")
        try:
            armed = self.act(found, **options)
        except Refused as refusal:
            found.refresh_from_db()
            raise CommandError(frozen(found) if refusal.code == "frozen" else refusal.body["sentence"]) from refusal
        self.stdout.write(f"Switching is {'off' if options['off'] else 'armed'} in {found.name}.")
        if not options["off"] and (armed.is_known_weakly or not armed.identity):
            self.stdout.write(WEAK if armed.identity else UNKNOWN)

    def act(self, found: Cluster, *, off: bool, looked: bool, **_: Any) -> Cluster:
        if off:
            return requesting.disarm(cluster=found.pk, actor=names.COMMAND_LINE)
        return requesting.arm(cluster=found.pk, actor=names.COMMAND_LINE, looked=found.lost_marks if looked else ())


def frozen(found: Cluster) -> str:
    marks = "\n  ".join(f"{mark} on {where}" for mark, where in sorted(found.lost_marks.items()))
    return FROZEN.format(name=found.name, marks=marks)
