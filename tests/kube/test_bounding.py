"""A cluster that goes on without end is stopped by kind and as a whole, and what it may hold comes back with what it gives up."""

from __future__ import annotations

import pytest

from clusterview.kube import bounding, errors
from clusterview.kube.bounding import Bounds
from clusterview.kube.kinds import named


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> Bounds:
    monkeypatch.setattr(bounding, "OBJECTS_OF_A_KIND", 10)
    monkeypatch.setattr(bounding, "OBJECTS_OF_A_CLUSTER", 20)
    monkeypatch.setattr(bounding, "BYTES_OF_A_CLUSTER", 1000)
    return Bounds()


def read(bounds: Bounds, kind: str, objects: int, size: int = 0) -> None:
    bounds.read(spec=named(kind), objects=objects, size=size)


def test_kinds_that_are_large_each_are_too_large_together_t36(bounds: Bounds) -> None:
    read(bounds, "Pod", 9)
    read(bounds, "Node", 9)
    with pytest.raises(errors.NotKubernetes, match="21 objects and 0 bytes with all other kinds"):
        read(bounds, "Service", 3)
    read(bounds, "Service", 2)


def test_bytes_are_counted_over_all_kinds_t36(bounds: Bounds) -> None:
    read(bounds, "Pod", 1, size=600)
    with pytest.raises(errors.NotKubernetes):
        read(bounds, "Node", 1, size=401)
    read(bounds, "Node", 1, size=400)


def test_a_list_that_is_read_again_counts_once(bounds: Bounds) -> None:
    for _ in range(5):
        read(bounds, "Pod", 9, size=900)
    read(bounds, "Node", 9, size=100)


def test_a_list_that_was_refused_leaves_room_for_the_others(bounds: Bounds) -> None:
    with pytest.raises(errors.NotKubernetes):
        read(bounds, "Pod", 11)
    read(bounds, "Node", 10)
    read(bounds, "Service", 10)


def test_what_a_watch_has_brought_counts_for_the_next_list(bounds: Bounds) -> None:
    assert bounds.watched(objects={"Pod": 10, "Node": 5}) == set()
    with pytest.raises(errors.NotKubernetes):
        read(bounds, "Service", 6)
    assert bounds.watched(objects={"Pod": 11, "Node": 5}) == {"Pod"}
    assert bounds.watched(objects={"Pod": 10, "Node": 9, "Service": 2}) == {"Pod"}
    assert bounds.watched(objects={"Pod": 3, "Node": 9, "Service": 2}) == set()
    read(bounds, "Job", 6)
