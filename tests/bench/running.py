"""The product on a lab, for whoever asks it over REST: a real `up` with the rights that it prints itself, armed, and an operator's token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

from tests.journeys.dashboard import Dashboard, wait_for
from tests.lab.cluster import Cluster
from tests.lab.fixtures import free_ports, with_shop
from tests.ports import free_port

USER = "clusterview"


def shop(*, folder: Path) -> AbstractContextManager[Cluster]:
    """This will start a lab with the shop in it, blue live; afterwards it is ended."""
    return with_shop(Cluster(state=folder / "lab", port=free_ports()))


@contextmanager
def product(lab: Cluster, *, folder: Path, nodes_follow: bool = False) -> Iterator[httpx.Client]:
    """This will start it and give the client once the cluster is live; afterwards it is ended."""
    with installation(lab, folder=folder, nodes_follow=nodes_follow) as (_, rest):
        yield rest


@contextmanager
def installation(
    lab: Cluster, *, folder: Path, nodes_follow: bool = False, kubeconfig: Path | None = None, namespace: str = "store"
) -> Iterator[tuple[Dashboard, httpx.Client]]:
    """The same with its processes. It may switch in this namespace, and reaches the lab by this kubeconfig of USER where there is another way."""
    way = kubeconfig or lab.token_kubeconfig(USER)
    dashboard = Dashboard(state=folder / "state", port=free_port(), kubeconfig=way, nodes_follow=nodes_follow)
    lab.kubectl("apply", "-f", "-", input=dashboard.manage("rbac", "--switch", namespace, "--user", USER))
    try:
        dashboard.start()
        dashboard.manage("arm", lab.context)
        with dashboard.rest(token=dashboard.token(name="operator", role="operator")) as rest:
            wait_for(lambda: rest.get("/clusters").json()[0]["state"] == "live", seconds=30, what="live")
            yield dashboard, rest
    finally:
        dashboard.stop()
