"""`manage.py practice up` and `practice do ACT`: a cluster to try everything in, on this machine, where nothing can break."""

from __future__ import annotations

import asyncio
import gc
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clusterview.kube import errors, kubeconfigs, practising
from clusterview.kube.connections import Connection
from clusterview.practice import campus, sizes
from clusterview.practice.campus import Campus
from clusterview.practice.stories import telling

GARBAGE_AFTER = 50_000  # new objects before it is looked for; a store that only replaces what it holds leaves none


class Command(BaseCommand):
    help = "Runs the practice cluster until Ctrl-C and prints KUBECONFIG=<path>; `do ACT` makes something happen in the one that runs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        up = what.add_parser("up", help="run it")
        up.add_argument("--story", default=telling.SHOP, choices=telling.names(), help="what is in it (default: %(default)s)")
        up.add_argument("--port", type=int, default=0, help="where it listens on 127.0.0.1 (default: where it did last, else any free one)")
        sizes.add_options(up)
        do = what.add_parser("do", help="make something happen, as the buttons of the page do; without a name, list what can")
        do.add_argument("act", nargs="?", default="", help="such as break-green or reset")
        do.add_argument("--context", default="", help="in which cluster of the story (default: the first)")

    def handle(self, *_: Any, **options: Any) -> None:
        folder = Path(settings.STATE_DIR) / "practice"
        if options["what"] == "up":
            size = size_of(story=options["story"], nodes=options["nodes"], pods=options["pods"])
            self._up(folder=folder, story=options["story"], port=options["port"], size=size)
            return
        try:
            access = kubeconfigs.contexts([str(folder / "kubeconfig")], [options["context"]] if options["context"] else [])[0]
            self._do(Connection(access), act=options["act"])
        except errors.NotFound as problem:
            raise CommandError(f"There is nothing called {options['act']} in this story; `practice do` lists what there is.") from problem
        except errors.KubeError as problem:
            raise CommandError(f"{problem.sentence} Does the practice cluster run on this state folder (--state DIR)?") from problem

    def _up(self, *, folder: Path, story: str, port: int, size: sizes.Size | None) -> None:
        try:
            with campus.hold(folder):
                self._run_in(folder, story=story, port=port, size=size)
        except campus.Busy as problem:
            raise CommandError(f"{problem} Stop it, or choose another state folder with --state DIR.") from problem
        except KeyboardInterrupt:
            raise CommandError("Stopped before it listened.") from None
        kept = "The next start makes it anew." if size else f"It is kept in {folder}, and the next start goes on from there."
        self.stdout.write(f"The practice cluster has stopped. {kept}")

    def _run_in(self, folder: Path, *, story: str, port: int, size: sizes.Size | None) -> None:
        gc.disable()  # it would look again and again through what is made here, none of which is garbage
        made = Campus(folder=folder, story=story, port=port, size=size)
        gc.freeze()
        gc.set_threshold(GARBAGE_AFTER)
        gc.enable()
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._run(made))
        except* OSError as problems:
            taken = f"The practice cluster cannot listen on 127.0.0.1 port {port}: {problems.exceptions[0]}. Choose another with --port."
            raise CommandError(taken) from problems

    async def _run(self, made: Campus) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, made.stop)
        await made.run(ready=lambda: self.stdout.write(f"KUBECONFIG={made.kubeconfig}"))

    def _do(self, connection: Connection, *, act: str) -> None:
        if not act:
            for one in practising.acts(connection):
                self.stdout.write(f"{one.metadata.name:16} {one.does['en']}")
            return
        played = practising.play(connection, name=act)
        for changed in played.status.changed:
            self.stdout.write(f"{changed.kind} {changed.namespace}/{changed.name}".replace(" /", " "))
        count = len(played.status.changed)
        self.stdout.write(f"{played.title['en']}: {count} object{'s' * (count != 1)} changed.")


def size_of(*, story: str, nodes: int | None, pods: int | None) -> sizes.Size | None:
    """The size of a large cluster; None for the other stories. Raises CommandError where it cannot be."""
    try:
        return sizes.chosen(story=story, nodes=nodes, pods=pods, by="--story")
    except ValueError as problem:
        raise CommandError(str(problem)) from problem
