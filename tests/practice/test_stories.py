"""Each story begins as it is told, and what it is about shows."""

from __future__ import annotations

import msgspec
import pytest

from clusterview.kube import structs
from clusterview.observer import pod_status
from clusterview.practice.managing import Manager
from clusterview.practice.objects import condition, is_true, labels_of
from clusterview.practice.resources import CLAIMS, NODES, PODS, SLICES
from clusterview.practice.store import Store
from clusterview.practice.stories import telling
from tests.practice.world import BEGUN


def told(story: str, *, seconds: int = 30) -> Store:
    """The story after so many seconds."""
    store = Store()
    telling.tell(store, story=story, now=BEGUN)
    manager = Manager(store)
    manager.begin()
    for tick in range(seconds * 10):
        manager.step(BEGUN + tick / 10)
    return store


def words(store: Store) -> dict[str, set[str]]:
    """What kubectl prints of the pods, by their application."""
    found: dict[str, set[str]] = {}
    for pod in store.all(PODS):
        found.setdefault(labels_of(pod).get("app", ""), set()).add(pod_status.status_of(pod=msgspec.convert(pod, structs.Pod)))
    return found


@pytest.mark.parametrize(("story", "pods"), [("shop", 14), ("bank", 9), ("empty", 0)])
def test_a_story_is_well_half_a_minute_after_it_began(story: str, pods: int) -> None:
    store = told(story)
    assert len(store.all(PODS)) == pods
    assert all(is_true(item, "Ready") for item in (*store.all(PODS), *store.all(NODES)))
    assert {claim["status"]["phase"] for claim in store.all(CLAIMS)} <= {"Bound"}


def test_in_the_bank_three_services_lead_to_the_same_side() -> None:
    store = told("bank")
    behind = {labels_of(one)["kubernetes.io/service-name"]: {end["targetRef"]["name"][:13] for end in one["endpoints"]} for one in store.all(SLICES)}
    assert {name for name, pods in behind.items() if pods == {"payments-blue"}} == {"payments", "payments-internal", "payments-partners"}


def test_in_the_incident_each_trouble_shows_as_what_it_is() -> None:
    store = told("incident", seconds=60)
    found = words(store)
    assert found["search"] == {"CrashLoopBackOff"} and found["reports"] <= {"CrashLoopBackOff", "OOMKilled"}
    assert found["shop"] == {"Running", "ImagePullBackOff"}
    nodes = {node["metadata"]["name"]: node for node in store.all(NODES)}
    assert not is_true(nodes["node-2"], "Ready") and is_true(nodes["node-4"], "DiskPressure")
    assert (condition(nodes["node-1"], "Ready") or {})["status"] == "True"
    assert not {pod["spec"]["nodeName"] for pod in store.all(PODS)} & {"node-2", "node-4"}
