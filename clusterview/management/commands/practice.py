"""`manage.py practice up [--story NAME] [--port P]`: a cluster to try everything in, on this machine, where nothing can break."""

from __future__ import annotations

import asyncio
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clusterview.practice import cluster
from clusterview.practice.stories import telling


class Command(BaseCommand):
    help = "Runs the practice cluster until Ctrl-C and prints KUBECONFIG=<path>."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["up"])
        parser.add_argument("--story", default=telling.SHOP, choices=telling.names(), help="what is in it (default: %(default)s)")
        parser.add_argument("--port", type=int, default=0, help="where it listens on 127.0.0.1 (default: where it did last, else any free one)")

    def handle(self, *_: Any, **options: Any) -> None:
        folder = Path(settings.STATE_DIR) / "practice"
        chosen = cluster.Options(folder=folder, port=options["port"] or cluster.last_port(folder=folder), story=options["story"])
        try:
            asyncio.run(self._run(cluster.Cluster(chosen)))
        except OSError as problem:
            raise CommandError(
                f"The practice cluster cannot listen on 127.0.0.1 port {chosen.port}: {problem}. Choose another with --port."
            ) from problem

    async def _run(self, made: cluster.Cluster) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, made.stop)
        await made.run(ready=lambda: self.stdout.write(f"KUBECONFIG={made.options.kubeconfig}"))
