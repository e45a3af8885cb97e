"""A list of pods is kept as if each had been translated by itself, whichever are like the one before them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterview.kube import structs
from clusterview.observer.reporting import Gathered
from clusterview.observer.translating import sighting
from clusterview.topology.objects import Kind

OWNER = structs.Owner(kind="ReplicaSet", name="shop", uid="rs", controller=True)
RUNNING = structs.ContainerStatus(name="web", ready=True, state=structs.ContainerState(running=structs.Present()))
NOW = "2026-01-02T03:04:05Z"


def token(end: str) -> structs.Volume:
    return structs.Volume(name=f"kube-api-access-{end}", projected=structs.Present())


USUAL = structs.Pod(
    metadata=structs.Metadata(
        uid="odd", name="shop-abcde", resource_version="1", namespace="store", creation_timestamp=NOW, labels={"app": "shop"},
        owner_references=(OWNER,),
    ),
    spec=structs.PodSpec(node_name="node-1", containers=(structs.Container(name="web"),), volumes=(token("a"),)),
    status=structs.PodStatus(
        phase="Running", pod_ip="10.0.0.1", conditions=(structs.Condition(type="Ready", status="True"),), container_statuses=(RUNNING,)
    ),
)
OTHERWISE: dict[str, dict[str, list[Any]]] = {
    "metadata": {
        "name": ["shop-fghij", "shop-longer-than-eight", "other"],
        "resource_version": ["2", "none"],
        "namespace": ["bank"],
        "creation_timestamp": [None, "1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"],
        "deletion_timestamp": [NOW],
        "labels": [{}],
        "annotations": [structs.Annotations(op="x")],
        "owner_references": [()],
    },
    "spec": {
        "node_name": ["", "node-2"],
        "containers": [(structs.Container(name="web", image="two"),), ()],
        "init_containers": [(structs.Container(name="first"),)],
        "volumes": [(token("b"),), (), (structs.Volume(name="data"),), (token("a"), structs.Volume(name="data"))],
    },
    "status": {
        "phase": ["Pending"],
        "reason": ["Evicted"],
        "pod_ip": ["", "10.0.0.2", "fd00::1"],
        "conditions": [(), (structs.Condition(type="Ready", status="False"),)],
        "container_statuses": [(), (msgspec.structs.replace(RUNNING, restart_count=3),), (msgspec.structs.replace(RUNNING, ready=False),)],
        "init_container_statuses": [(structs.ContainerStatus(name="first"),)],
    },
}
CHANGES = [(part, field, value) for part, fields in OTHERWISE.items() for field, values in fields.items() for value in values]


def uid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def changed(pod: structs.Pod, part: str, field: str, value: Any) -> structs.Pod:
    return msgspec.structs.replace(pod, **{part: msgspec.structs.replace(getattr(pod, part), **{field: value})})


def expect_translated(pods: list[structs.Pod]) -> None:
    gathered = Gathered(kind=Kind.POD)
    for pod in pods:
        gathered.append(pod)
    assert gathered.pods is not None
    found = {one.record.uid: (one.record, one.version) for one in gathered.sightings}
    found |= {gathered.pods.uid(slot): (gathered.pods.get(slot), str(gathered.pods.notes[slot])) for slot in gathered.pods.slots()}
    told = [sighting(kind=Kind.POD, item=pod) for pod in pods]
    assert found == {one.record.uid: (one.record, one.version) for one in told}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[1]} {change[2]}"[:40])
def test_a_pod_that_is_another_in_one_thing_is_kept_as_it_is(change: tuple[str, str, Any]) -> None:
    first, second = (changed(USUAL, "metadata", "uid", uid(number)) for number in (1, 2))
    expect_translated([first, changed(second, *change)])
    expect_translated([changed(first, *change), second])


@given(acts=st.lists(st.tuples(st.sampled_from([*CHANGES, None]), st.booleans()), max_size=12))
@settings(max_examples=100, deadline=None)
def test_what_is_gathered_is_what_each_translates_to(acts: list[tuple[tuple[str, str, Any] | None, bool]]) -> None:
    """Each pod is the one before it with a change that stays or does not."""
    pods, now = [], USUAL
    for number, (change, stays) in enumerate(acts, start=1):
        pod = changed(now, *change) if change else now
        pods.append(changed(pod, "metadata", "uid", uid(number) if number % 5 else f"odd-{number}"))
        now = pod if stays else now
    expect_translated(pods)


def test_one_that_is_like_the_one_before_it_is_not_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    gathered = Gathered(kind=Kind.POD)
    gathered.append(changed(USUAL, "metadata", "uid", uid(1)))
    monkeypatch.setattr("clusterview.observer.reporting.sighting", None)
    gathered.append(changed(changed(USUAL, "metadata", "uid", uid(2)), "metadata", "name", "shop-fghij"))
    assert gathered.pods is not None and len(gathered.pods) == 2 and not gathered.poison


def test_a_pod_that_is_told_twice_is_there_once() -> None:
    siblings = [changed(changed(USUAL, "metadata", "uid", uid(number)), "metadata", "resource_version", str(number)) for number in (1, 2, 3)]
    gathered = Gathered(kind=Kind.POD)
    for pod in [*siblings, siblings[1], siblings[0]]:
        gathered.append(pod)
    assert gathered.pods is not None and not gathered.sightings
    assert sorted(gathered.pods.uid(slot) for slot in gathered.pods.slots()) == [uid(1), uid(2), uid(3)]


def test_what_was_like_a_pod_that_does_not_fit_any_more_is_kept() -> None:
    first, last = (changed(USUAL, "metadata", "uid", uid(number)) for number in (1, 2))
    odd = changed(changed(first, "metadata", "creation_timestamp", "1970-01-01T00:00:00Z"), "status", "phase", "Pending")
    gathered = Gathered(kind=Kind.POD)
    for pod in [first, odd, last]:
        gathered.append(pod)
    assert [one.record.uid for one in gathered.sightings] == [uid(1)]
    assert gathered.pods is not None and [gathered.pods.uid(slot) for slot in gathered.pods.slots()] == [uid(2)]
