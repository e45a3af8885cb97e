"""The clusters of one story, in one process: one as a rule, several where the story has them, each with its own port, folder and objects.

They share an event loop and nothing else, so a slow one (`slow-api`) does not delay another. One kubeconfig has all their contexts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from clusterview.practice import cluster
from clusterview.practice.cluster import Cluster, Options
from clusterview.practice.stories import telling
from clusterview.practice.timing import USUAL, Timing


class Campus:
    """The clusters of a story in a folder. The first one listens on `port`; 0 and the others: where they did last, else on any free port."""

    def __init__(self, *, folder: Path, story: str, port: int = 0, timing: Timing = USUAL) -> None:
        self.kubeconfig = folder / "kubeconfig"
        contexts = telling.contexts(story)
        places = [folder] if len(contexts) == 1 else [folder / context for context in contexts]
        ports = [port or cluster.last_port(folder=places[0]), *(cluster.last_port(folder=place) for place in places[1:])]
        self.clusters = [
            Cluster(Options(folder=place, port=number, story=story, timing=timing, context=context))
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
