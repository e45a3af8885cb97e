"""The clusters of one story, in one process: one as a rule, several where the story has them, each with its own port, folder and objects.

They share an event loop and nothing else, so a slow one (`slow-api`) does not delay another. One kubeconfig has all their contexts.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

from clusterview.practice import cluster
from clusterview.practice.cluster import Cluster, Options
from clusterview.practice.sizes import Size
from clusterview.practice.stories import telling
from clusterview.practice.timing import USUAL, Timing


class Busy(Exception):
    """Another process runs a cluster in this folder."""


def hold(folder: Path) -> IO[str]:
    """This will keep others out of the folder for as long as the file is open, so also until the process is killed. Raises Busy."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = (folder / "lock").open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        held.seek(0)
        with held:
            raise Busy(f"A practice cluster already runs in {folder} (pid {held.read()}).") from problem
    held.truncate(0)
    held.write(str(os.getpid()))
    held.flush()
    return held


class Campus:
    """The clusters of a story in a folder; a large one is of that size.

    The first one listens on `port`; 0 and the others: where they did last, else on any free port.
    """

    def __init__(self, *, folder: Path, story: str, port: int = 0, timing: Timing = USUAL, size: Size | None = None) -> None:
        self.kubeconfig = folder / "kubeconfig"
        contexts = telling.contexts(story)
        places = [folder] if len(contexts) == 1 else [folder / context for context in contexts]
        ports = [port or cluster.last_port(folder=places[0]), *(cluster.last_port(folder=place) for place in places[1:])]
        self.clusters = [
            Cluster(Options(folder=place, port=number, story=story, timing=timing, context=context, size=size))
            for place, number, context in zip(places, ports, contexts, strict=True)
        ]  # fmt: skip

    async def run(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """This will serve until `stop`; `ready` is called when every port is open and the kubeconfig is written."""
        missing = set(map(id, self.clusters))

        def opened(one: Cluster) -> None:
            missing.discard(id(one))
            if not missing:
                self._write_kubeconfig()
                ready()

        async with asyncio.TaskGroup() as tasks:
            for one in self.clusters:
                tasks.create_task(one.run(ready=partial(opened, one)))

    def stop(self) -> None:
        """This will end all of them."""
        for one in self.clusters:
            one.stop()

    def _write_kubeconfig(self) -> None:
        first, *others = (json.loads(one.options.kubeconfig.read_text()) for one in self.clusters)
        if others:
            for part in ("clusters", "users", "contexts"):
                first[part] += [entry for other in others for entry in other[part]]
            cluster.write_privately(self.kubeconfig, json.dumps(first, indent=1))
