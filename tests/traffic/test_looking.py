"""What a click believes of the workloads in a namespace, and when it reads them again."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from clusterview.topology import objects
from clusterview.traffic import looking
from clusterview.traffic.situations import ServiceNow
from tests.traffic import making


class Asked(looking.Cluster):
    """Connections to nothing, which count what they are asked for. A pod of each of `owners` is there."""

    def __init__(self) -> None:
        self._known = {}
        self.kinds: list[str] = []
        self.owners = ["uid-blue-1"]

    def at_once(self, *asked: Callable[[], Any]) -> list[Any]:
        return [ask() for ask in asked]

    def service(self, *, namespace: str, name: str) -> ServiceNow:
        return making.service_now(name=name)

    def records(self, *, kind: str, namespace: str) -> list[Any]:
        self.kinds.append(kind)
        if kind != "Pod":
            return [f"{kind} of {' '.join(self.owners)}"]
        return [making.pod(one, labels={}, owner=objects.Owner("ReplicaSet", one, objects.Uid(one))) for one in self.owners]

    def look(self, *, at_once: bool = True) -> tuple[list[Any], list[str]]:
        """The workloads that are told, and the kinds that were asked for."""
        self.kinds = []
        _, residents = self.service_among(namespace="store", name="shop", at_once=at_once)
        return residents.workloads, self.kinds


READ = (["Deployment of uid-blue-1", "StatefulSet of uid-blue-1"], ["Pod", "Deployment", "StatefulSet"])


def test_workloads_are_believed_at_the_click_for_ten_seconds_and_pods_never(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(looking, "time", SimpleNamespace(monotonic=lambda: now))
    asked = Asked()
    assert asked.look() == READ
    assert asked.look() == (READ[0], ["Pod"])
    assert asked.look(at_once=False) == READ, "who does not click reads everything"
    now += looking.AROUND_SECONDS + 0.1
    assert asked.look() == READ


def test_a_pod_of_a_workload_that_is_not_known_yet_has_them_read_again() -> None:
    asked = Asked()
    asked.look()
    asked.owners = ["uid-blue-1", "uid-green-1"]
    assert asked.look()[0] == ["Deployment of uid-blue-1 uid-green-1", "StatefulSet of uid-blue-1 uid-green-1"]
    asked.owners = ["uid-green-1"]
    assert asked.look()[1] == ["Pod"], "one that has gone is no reason"
