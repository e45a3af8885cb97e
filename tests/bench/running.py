"""The product on a lab, for whoever asks it over REST: a real `up` with the rights that it prints itself, armed, and an operator's token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.journeys.dashboard import Dashboard, wait_for
from tests.lab.cluster import Cluster, shop_manifests
from tests.lab.fixtures import free_ports, settle
from tests.ports import free_port

USER = "clusterview"


@contextmanager
def shop(*, folder: Path) -> Iterator[Cluster]:
    """This will start a lab with the shop in it, blue live; afterwards it is ended."""
    lab = Cluster(state=folder / "lab", port=free_ports())
    try:
        lab.up()
        for manifest in shop_manifests():
            lab.kubectl("apply", "-f", str(manifest))
        settle(lab=lab)
        yield lab
    finally:
        lab.down()


@contextmanager
def product(lab: Cluster, *, folder: Path) -> Iterator[httpx.Client]:
    """This will start it and give the client once the cluster is live; afterwards it is ended."""
    dashboard = Dashboard(state=folder / "state", port=free_port(), kubeconfig=lab.token_kubeconfig(USER))
    lab.kubectl("apply", "-f", "-", input=dashboard.manage("rbac", "--switch", "store", "--user", USER))
    try:
        dashboard.start()
        dashboard.manage("arm", lab.context)
        with dashboard.rest(token=dashboard.token(name="operator", role="operator")) as rest:
            wait_for(lambda: rest.get("/clusters").json()[0]["state"] == "live", seconds=30, what="live")
            yield rest
    finally:
        dashboard.stop()
