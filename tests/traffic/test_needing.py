"""How much a quota lacks for more pods: by what their template asks for, and never more than they surely take."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.kube import kinds
from clusterview.traffic import needing
from clusterview.traffic.situations import Bound, Quota


def container(*, cpu: str = "", memory: str = "", limit: str = "", **fields: Any) -> dict[str, Any]:
    requests = {name: value for name, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": "web", "resources": {"requests": requests, "limits": {"cpu": limit} if limit else {}}} | fields


def pod_of(*containers: dict[str, Any], init: tuple[dict[str, Any], ...] = (), **spec: Any) -> needing.Needs:
    """What a pod of a Deployment with these containers takes."""
    metadata = {"uid": "u", "name": "shop-green", "namespace": "store", "resourceVersion": "5"}
    template = {"spec": {"containers": containers, "initContainers": init} | spec}
    return needing.of_pod(kinds.asking("Deployment").decoder().decode(msgspec.json.encode({"metadata": metadata, "spec": {"template": template}})))


SIDECAR = {"restartPolicy": "Always"}


@pytest.mark.parametrize(
    ("needs", "cpu"),
    [
        (pod_of(container(cpu="500m"), container(cpu="1")), "1.5"),
        (pod_of(container(cpu="500m"), init=(container(cpu="2"), container(cpu="1"))), "2"),
        (pod_of(container(cpu="500m"), init=(container(cpu="100m", **SIDECAR), container(cpu="300m"))), "0.6"),
        (pod_of(container(cpu="100m"), init=(container(cpu="100m", **SIDECAR), container(cpu="300m"))), "0.4"),
        (pod_of(container(limit="700m")), "0.7"),
        (pod_of(container(cpu="500m"), overhead={"cpu": "250m"}), "0.75"),
        (pod_of(container()), "0"),
    ],
    ids=["beside each other", "one before the other", "a sidecar", "before, beside a sidecar", "a limit alone", "overhead", "nothing named"],
)
def test_a_pod_takes_what_its_containers_take_at_the_same_time(needs: needing.Needs, cpu: str) -> None:
    assert needs["cpu"] == needs["requests.cpu"] == Decimal(cpu)
    assert (needs["pods"], needs["count/pods"]) == (1, 1)


def test_limits_are_counted_apart_from_requests() -> None:
    assert (found := pod_of(container(cpu="100m", limit="1"), container(cpu="100m")))["limits.cpu"] == 1
    assert (found["requests.cpu"], found["limits.memory"]) == (Decimal("0.2"), 0)


def test_overhead_is_limited_only_where_something_is() -> None:
    """https://kubernetes.io/docs/concepts/scheduling-eviction/pod-overhead/"""
    assert pod_of(container(cpu="100m"), overhead={"cpu": "250m"})["limits.cpu"] == 0
    assert pod_of(container(limit="1"), overhead={"cpu": "250m"})["limits.cpu"] == Decimal("1.25")


NEEDS = pod_of(container(cpu="250m", memory="100Mi"))


@pytest.mark.parametrize(
    ("bound", "told"),
    [
        (Bound("pods", "5", "6"), ["pods 5/6 (3)"]),
        (Bound("count/pods", "6", "6"), ["count/pods 6/6 (4)"]),
        (Bound("pods", "5", "9"), []),
        (Bound("requests.cpu", "1500m", "2"), ["requests.cpu 1500m/2 (500m)"]),
        (Bound("cpu", "1", "2"), []),
        (Bound("memory", "700Mi", "1Gi"), ["memory 700Mi/1Gi (76Mi)"]),
        (Bound("limits.cpu", "1", "2"), []),
        (Bound("limits.cpu", "2", "2"), ["limits.cpu 2/2"]),
    ],
    ids=str,
)
def test_what_is_missing_for_four_more_pods_is_said(bound: Bound, told: list[str]) -> None:
    assert needing.missing(Quota("small", (bound,)), needs=NEEDS, pods=4) == told


def test_a_quota_for_some_pods_only_is_told_where_it_is_used_up() -> None:
    some = Quota("some", (Bound("pods", "6", "6"), Bound("cpu", "1900m", "2")), is_scoped=True)
    assert needing.missing(some, needs=NEEDS, pods=4) == ["pods 6/6"]


@given(used=st.integers(0, 9), hard=st.integers(0, 9), pods=st.integers(1, 9))
def test_so_many_pods_come_exactly_where_a_quota_leaves_room_for_them(used: int, hard: int, pods: int) -> None:
    missing = needing.missing(Quota("small", (Bound("pods", str(used), str(hard)),)), needs=needing.EACH_POD, pods=pods)
    assert bool(missing) == (used + pods > hard)
