"""Pods in columns and endpoints in bytes are what was put in, whatever comes and goes in between."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterview.topology import columns, endpoints
from clusterview.topology.columns import NOWHERE, Came, Passing, Pods
from clusterview.topology.objects import Container, Endpoint, EndpointSlice, Namespace, Owner, Pod, Uid

UIDS = st.integers(0, 6).map(lambda number: Uid("odd" if number == 0 else f"{number:08x}-0000-4000-8000-{number:012x}"))
ADDRESSES = st.sampled_from(["", "0.0.0.0", "10.0.0.1", "010.0.0.1", "255.255.255.255", "fd00::1", "here"])
CONTAINER = Container("web", "image", False, True, 0, "running", "")
PODS = st.builds(
    Pod, uid=UIDS, name=st.sampled_from(["rs-abcde", "rs-", "rs-longer-than-eight", "a b", "ä", ""]), namespace=st.sampled_from(["shop", "bank"]),
    labels=st.sampled_from([{}, {"app": "web"}]), owner=st.none() | st.just(Owner("ReplicaSet", "rs", Uid("rs"))), address=ADDRESSES,
    created_at=st.sampled_from([None, 0, 7, -7, 2**32 - 2, 2**32]), node=st.sampled_from(["", "node-1"]), ready=st.booleans(),
    restarts=st.integers(-1, 1), containers=st.sampled_from([(), (CONTAINER,), (msgspec.structs.replace(CONTAINER, restarts=3),)]),
)  # fmt: skip
ACTS = st.lists(st.tuples(PODS, st.integers(0, 2**64 - 1)) | UIDS, max_size=30)


def lived(acts: list[tuple[Pod, int] | Uid]) -> tuple[Pods, dict[Uid, tuple[Pod, int]]]:
    """The columns after that, and what should be there."""
    pods, there = Pods(), dict[Uid, tuple[Pod, int]]()
    for act in acts:
        if isinstance(act, tuple):
            pod, note = act
            before = there.pop(pod.uid, None)
            came = pods.put(pod, note=note)
            if came is None:
                assert pod.uid == "odd" or pod.created_at in (0, -7, 2**32)
                continue
            assert (came is Came.NEW) == (before is None)
            assert (came is Came.SAME) == (before is not None and before[0] == pod)
            there[pod.uid] = pod, note
        elif (slot := pods.find(act)) != NOWHERE:
            pods.drop(slot)
            del there[act]
    return pods, there


@given(acts=ACTS)
@settings(max_examples=200, deadline=None)
def test_what_is_there_is_what_was_put_last(acts: list[tuple[Pod, int] | Uid]) -> None:
    pods, there = lived(acts)
    assert {pod.uid: pod for pod in pods.values()} == {uid: pod for uid, (pod, _) in there.items()}
    assert len(pods) == len(there)
    for uid, (pod, note) in there.items():
        slot = pods.find(uid)
        assert (pods.get(slot), pods.notes[slot]) == (pod, note)
        named = pods.get(pods.named(namespace=pod.namespace, name=pod.name))
        assert (named.namespace, named.name) == (pod.namespace, pod.name)


@given(acts=ACTS, others=ACTS)
@settings(max_examples=100, deadline=None)
def test_what_is_taken_over_is_the_same_there(acts: list[tuple[Pod, int] | Uid], others: list[tuple[Pod, int] | Uid]) -> None:
    (source, there), (target, kept) = lived(acts), lived(others)
    passing = Passing(source=source, target=target)
    for slot in source.slots():
        if passing.take(slot, note=source.notes[slot]) is None:
            target.put(source.get(slot), note=source.notes[slot])
    assert {pod.uid: pod for pod in target.values()} == {uid: pod for uid, (pod, _) in (kept | there).items()}


@given(acts=ACTS, more=ACTS)
@settings(max_examples=100, deadline=None)
def test_a_copy_goes_on_apart(acts: list[tuple[Pod, int] | Uid], more: list[tuple[Pod, int] | Uid]) -> None:
    (pods, there), (other, _) = lived(acts), lived(acts)
    copy = pods.copy()
    for act in more:
        for one in (copy, other):
            if isinstance(act, tuple):
                one.put(act[0], note=act[1])
            elif (slot := one.find(act)) != NOWHERE:
                one.drop(slot)
    assert sorted(map(repr, copy.values())) == sorted(map(repr, other.values()))
    assert {pod.uid: pod for pod in pods.values()} == {uid: pod for uid, (pod, _) in there.items()}


@given(acts=ACTS)
@settings(max_examples=50, deadline=None)
def test_a_still_copy_stays_while_the_rest_goes_on(acts: list[tuple[Pod, int] | Uid]) -> None:
    pods, there = lived(acts)
    still = pods.still()
    for slot in list(pods.slots()):
        pods.drop(slot)
    assert {pod.uid: pod for pod in still.values()} == {uid: pod for uid, (pod, _) in there.items()}


def come_and_go(pods: Pods, about: Callable[[int], dict[str, Any]]) -> None:
    """Two thousand, of which five are there at a time."""
    uids = [Uid(f"{number:08x}-0000-4000-8000-{number:012x}") for number in range(2_000)]
    for number, uid in enumerate(uids):
        pods.put(Pod(uid=uid, name="web", namespace=Namespace("shop"), **about(number)), note=number)
        if number >= 5:
            pods.drop(pods.find(uids[number - 5]))


def test_many_that_come_and_go_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "SPARE_SHAPES", 10)
    pods = Pods()
    pods._most_shapes = 10
    come_and_go(pods, lambda number: {"labels": {"hash": str(number)}})
    assert {pod.labels["hash"] for pod in pods.values()} == {str(number) for number in range(1_995, 2_000)}
    assert len(pods.shapes.values) < 50
    assert len(pods._by_uid.places) < 100


def test_of_nodes_that_come_and_go_no_more_names_stay_than_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "SPARE_NODES", 10)
    pods = Pods()
    pods._most_nodes = 10
    come_and_go(pods, lambda number: {"node": f"node-{number}"})
    all_of_them = pods, pods.copy(), pods.still()
    assert [{pod.node for pod in one.values()} for one in all_of_them] == [{f"node-{number}" for number in range(1_995, 2_000)}] * 3
    assert max(len(one.nodes.values) for one in all_of_them) < 50


def test_a_pod_in_a_state_too_many_is_refused_and_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST_STATES", 1)
    pods, pod = Pods(), Pod(uid=Uid("00000001-0000-4000-8000-000000000001"), name="web")
    assert pods.put(pod, note=1) is Came.NEW
    assert pods.put(msgspec.structs.replace(pod, status="Odd"), note=2) is None
    assert pods.find(pod.uid) == NOWHERE


def test_a_pod_takes_less_than_a_hundred_bytes() -> None:
    pods = Pods()
    for number in range(10_000):
        uid, address = Uid(f"{number:08x}-0000-4000-8000-{number:012x}"), f"10.0.{number >> 8}.{number & 255}"
        pods.put(Pod(uid=uid, name=f"{number:05}", address=address), note=1)
    lying = [*pods._columns, pods._by_uid.places, pods._by_name.places]
    assert sum(map(sys.getsizeof, lying)) < 100 * len(pods)


ENDPOINTS = st.builds(
    Endpoint, pod_uid=UIDS, address=ADDRESSES, node=st.sampled_from(["", "n"]), ready=st.booleans(), serving=st.booleans(), terminating=st.booleans()
)


@given(found=st.lists(ENDPOINTS, max_size=4))
@settings(max_examples=100, deadline=None)
def test_packed_endpoints_are_what_they_were(found: list[Endpoint]) -> None:
    slice = EndpointSlice(uid=Uid("e"), name="web", namespace=Namespace("shop"), labels={"a": "b"}, endpoints=tuple(found), ports={"http": 80})
    packed = endpoints.pack(slice)
    assert endpoints.unpack(packed) == slice
    assert endpoints.pack(packed) is packed
