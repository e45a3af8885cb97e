"""The lab as pytest fixtures: one cluster for the whole run, and a shop that begins each test in blue."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from tests.lab import building
from tests.lab.cluster import KEPT_ALIVE, Cluster, Running, shop_manifests
from tests.patience import Patience

PORTS_USED, ROOMS = 7, 800
AnyCluster = TypeVar("AnyCluster", bound=Cluster)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running cluster with the shop in it, every pod ready. With CLUSTERVIEW_LAB_OLDER=true in the environment, of an older Kubernetes.

    CLUSTERVIEW_LAB_RUNNING names the state folder of one that runs already, and is left running.
    """
    if state := os.environ.get("CLUSTERVIEW_LAB_RUNNING"):
        yield Running(state=Path(state))
        return
    is_older = os.environ.get("CLUSTERVIEW_LAB_OLDER") == "true"
    need("controlplane", "definitions", *(["older"] if is_older else []))
    with with_shop(Cluster(state=tmp_path_factory.mktemp("lab"), port=free_ports(), is_older=is_older)) as cluster:
        yield cluster


@contextmanager
def with_shop(cluster: AnyCluster, *more: Path) -> Iterator[AnyCluster]:
    """This will start a cluster with the shop and more manifests in it, and wait until blue is live; afterwards the cluster is ended."""
    try:
        cluster.up()
        for manifest in [*shop_manifests(), *more]:
            cluster.kubectl("apply", "-f", str(manifest))
        settle(lab=cluster)
        yield cluster
    finally:
        cluster.down()


def need(*parts: str) -> None:
    """This will leave the test out where parts of the lab are neither built nor can be; with CI=true that is a failure."""
    if (reason := building.missing()) and not all(building.PARTS[name].folder().is_dir() for name in parts):
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def lab_shop(lab: Cluster) -> Cluster:
    """The shop as it was applied: blue is live, three pods on each side."""
    reset_shop(lab=lab)
    return lab


def reset_shop(*, lab: Cluster) -> None:
    """This will bring the shop back to how it was applied, and wait until it is settled."""
    for slot in ("blue", "green"):
        lab.patch(f"/apis/apps/v1/namespaces/store/deployments/shop-{slot}", {"spec": {"replicas": 3}})
    unmarked = {"metadata": {"annotations": {"clusterview.io/op": None}}}  # the database that knew the mark is gone
    lab.patch("/api/v1/namespaces/store/services/shop", unmarked | {"spec": {"selector": {"app": "shop", "slot": "blue"}}})
    settle(lab=lab)


def settle(*, lab: Cluster) -> None:
    """This will wait until the shop's Deployments are as large and as ready as asked and nobody leaves, and only blue pods are behind the Service."""

    def settled() -> bool:
        lab.check()
        deployments = lab.get("/apis/apps/v1/namespaces/store/deployments")["items"]
        looked_at = all(item["status"].get("observedGeneration") == item["metadata"]["generation"] for item in deployments)
        sizes = [(item["spec"]["replicas"], item["status"].get("replicas"), item["status"].get("readyReplicas")) for item in deployments]
        slices = lab.get("/apis/discovery.k8s.io/v1/namespaces/store/endpointslices?labelSelector=kubernetes.io/service-name%3Dshop")["items"]
        names = [endpoint["targetRef"]["name"] for item in slices for endpoint in item.get("endpoints") or []]
        leaving = any("deletionTimestamp" in pod["metadata"] for pod in lab.get("/api/v1/namespaces/store/pods")["items"])
        as_asked = looked_at and all(a == b == c for a, b, c in sizes) and not leaving
        return as_asked and len(names) == 3 and all(name.startswith("shop-blue") for name in names)

    wait_until(settled, seconds=60, what="the shop is settled")
    wait_until(lambda: led(lab=lab), seconds=60, what="controllers and scheduler have leaders")


def led(*, lab: Cluster) -> bool:
    """Whether both leaders renewed their leases just now: a frozen API server costs them their leases, and the next leaders wait for their end."""
    now = datetime.now(UTC)
    for name in KEPT_ALIVE:
        spec = lab.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{name}")["spec"]
        if now - datetime.fromisoformat(spec["renewTime"]) > timedelta(seconds=4):
            return False
    return True


def wait_until(look: Callable[[], bool], *, seconds: float, what: str) -> None:
    """This will look every tenth of a second, and fail when it has not become true in time (see Patience)."""
    patience = Patience(seconds=seconds)
    while not look():
        if patience.is_over:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.1)


def free_ports() -> int:
    """The first of as many neighbouring ports as a lab uses, all of them free. Each process looks elsewhere first: two that start at once would
    both see the same ones free.
    """
    for number in range(ROOMS):
        first = 21_000 + 10 * ((37 * os.getpid() + number) % ROOMS)
        if all(is_free(port) for port in range(first, first + PORTS_USED)):
            return first
    raise RuntimeError("no free ports between 21000 and 29000")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def stays(look: Callable[[], bool], *, seconds: float, what: str) -> None:
    """This will look again and again for so long, and fail as soon as it is not true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert look(), f"it was to stay so for {seconds:.0f} s: {what}"
        time.sleep(0.1)


@contextmanager
def meanwhile(look: Callable[[], bool], *, what: str) -> Iterator[None]:
    """This will look again and again from another thread, and fail in the end where it was not true once, or could not be looked at."""
    is_over, has_looked, seen = threading.Event(), threading.Event(), list[bool]()

    def watch() -> None:
        try:
            while not is_over.is_set() and all(seen[-1:]):
                seen[-1:] = [look()]
                has_looked.set()
        except BaseException:
            seen[-1:] = [False]
            raise
        finally:
            has_looked.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    assert has_looked.wait(60), what
    try:
        yield
    finally:
        is_over.set()
        watcher.join(60)
    assert seen and all(seen), f"it was to be so all the time: {what}"
