"""A story of several clusters: one kubeconfig, a port and objects for each, and a slow one delays nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterview.kube import errors, kubeconfigs, practising, reading
from clusterview.kube.connections import Connection
from clusterview.practice.campus import Campus
from clusterview.practice.timing import QUICK
from dashboard import settings

NAMES = ["campus-north", "campus-south"]


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Its kubeconfig."""
    made, ready = Campus(folder=tmp_path_factory.mktemp("campus"), story="campus", timing=QUICK), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.run(ready=ready.set)), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield made.kubeconfig
    made.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def both(campus: Path) -> Iterator[list[Connection]]:
    found = [Connection(access) for access in kubeconfigs.contexts([str(campus)], NAMES)]
    yield found
    for one in found:
        one.close()


def test_each_has_its_context_its_port_and_its_identity(campus: Path, both: list[Connection]) -> None:
    assert settings.practice_contexts(kubeconfig=str(campus)) == NAMES
    assert len({one.access.server for one in both}) == len({reading.identity(one).value for one in both}) == 2
    assert campus.stat().st_mode & 0o077 == 0


def test_what_is_done_in_one_is_not_done_in_the_other(both: list[Connection]) -> None:
    north, south = both
    practising.play(north, name="kill-node")
    nodes = [reading.get(one, "/api/v1/nodes/node-2")["metadata"]["annotations"] for one in both]
    assert "practice.clusterview.io/power" in nodes[0] and "practice.clusterview.io/power" not in nodes[1]
    assert practising.play(south, name="reset").status.changed == ()


def test_a_slow_one_delays_nobody_else(both: list[Connection]) -> None:
    north, south = both
    practising.play(north, name="slow-api")
    asking = north.sibling()

    def ask() -> None:
        with contextlib.suppress(errors.KubeError):
            reading.get(asking, "/version", read_seconds=30)

    waiting = threading.Thread(target=ask)
    waiting.start()
    reading.contact(south)
    assert waiting.is_alive(), "the slow one has not answered yet"
    asking.close()
    waiting.join(10)
    practising.play(north, name="quick-api")
    reading.contact(north)
