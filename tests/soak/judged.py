"""What a real `up` has done, from its database and the API server's own list of writes, and not from what it says of it."""

from __future__ import annotations

import os
from datetime import datetime

import django

from tests.journeys.dashboard import Dashboard
from tests.lab.cluster import Cluster
from tests.traffic import judging


def record(*, dashboard: Dashboard, lab: Cluster, since: datetime) -> judging.Record:
    """The switches that were asked for since then, with what was written meanwhile."""
    from tests import environment  # noqa: F401 (it changes this process' own, which other soaks are not to have)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    django.setup()
    from tests.traffic import clerking  # its models need Django to be ready
    from tests.traffic.executor import Clerk, Place

    assert dashboard.kubeconfig is not None
    clerk = Clerk(Place(folder=dashboard.state, kubeconfig=dashboard.kubeconfig))
    try:
        rows, entries = clerk.ask(clerking.rows), clerk.ask(clerking.entries)
    finally:
        clerk.end()
    asked = {one.switch for one in entries if one.action == "REQUESTED" and one.at >= since}
    writes = [one for one in judging.stored(lab.writes()) if one.at >= since]
    return judging.Record(writes=writes, entries=entries, rows=[one for one in rows if one.id in asked])
