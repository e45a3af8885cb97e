"""Every executor dies and freezes at every point of its course, in every scenario: the whole of what the suite takes a sample of."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import django

from tests.bench.table import Line
from tests.lab.cluster import Cluster
from tests.lab.fixtures import free_ports

NODES = 15  # as many cases under way together; each batch of them waits for its end


def run(*, what: str = "switches", share: float = 1.0, database_url: str = "") -> list[Line]:
    """This will start a lab and go through so much of all cases, of `switches`, of `groups` or of changes of `sizes`; on SQLite, or on the PostgreSQL
    of the URL, whose database has to be empty.
    """
    from tests import environment  # it changes this process' own, which other soaks are not to have

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    django.setup()
    from tests.traffic.executor import Place  # its models need Django to be ready
    from tests.traffic.judging import NEXT_EXECUTOR_SECONDS
    from tests.traffic.sweep import Sweep
    from tests.traffic.sweep_groups import GroupSweep
    from tests.traffic.sweep_sizes import SizeSweep

    sweeps = {"switches": Sweep, "groups": GroupSweep, "sizes": SizeSweep}

    with tempfile.TemporaryDirectory(prefix="crash-", dir=environment.STATE) as folder:
        lab = Cluster(state=Path(folder) / "lab", port=free_ports(), nodes=NODES)
        try:
            lab.up()
            place = Place(folder=Path(folder), kubeconfig=lab.kubeconfig, database_url=database_url)
            sweep = sweeps[what](place=place, lab=lab)
            result = sweep.run(choose=lambda cases: random.Random(1).sample(cases, round(len(cases) * share)))
        finally:
            lab.down()
    for problem in [*result.problems, *(f"not reached: {case}" for case in result.missed)]:
        print(problem)
    return [
        Line("crashes and freezes", result.cases, "cases"),
        Line("problems", len(result.problems), "", goal="0", met=not result.problems),
        Line("points not reached", len(result.missed), "", goal="0", met=not result.missed),
        Line("without a known run of the model", result.given_up, "", goal="0", met=not result.given_up),
        Line("taken over, slowest", result.slowest, "s", goal=f"≤ {NEXT_EXECUTOR_SECONDS:.0f} s", met=result.slowest <= NEXT_EXECUTOR_SECONDS),
    ]
