"""Converged means: exactly the new side's ready pods, on every port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.kube import kinds
from clusterview.topology import objects
from clusterview.traffic import convergence, looking
from tests.traffic.making import BLUE, GREEN, endpoint, endpoint_slice, pod, service_now

G = [pod(f"g{n}", labels=GREEN, of="shop-green") for n in range(3)]
B = pod("b", labels=BLUE, of="shop-blue")
READY = [one.uid for one in G]


V4, V6 = "IPv4", "IPv6"


def seen(
    *slices: objects.EndpointSlice, ready: list[objects.Uid] = READY, ports: tuple[str, ...] = ("http",), families: tuple[set[str], ...] = ()
) -> convergence.Convergence:
    """`families` are those in which the ready pods are to be listed, in their order."""
    wanted = dict(zip(ready, families or [set[str]()] * len(ready), strict=True))
    return convergence.compare(ready=wanted, present=[one.uid for one in G], slices=slices, ports=ports)


def test_the_new_sides_ready_pods_and_no_other_is_converged() -> None:
    assert seen(endpoint_slice(*map(endpoint, G))).converged


def test_slices_are_merged_by_pod() -> None:
    assert seen(endpoint_slice(*map(endpoint, G[:2])), endpoint_slice(*map(endpoint, G[1:]), name="shop-2")).converged


def test_a_pod_is_there_when_each_of_its_address_families_lists_it_with_every_port() -> None:
    both, four, six = ({V4, V6},) * 3, endpoint_slice(*map(endpoint, G)), endpoint_slice(*map(endpoint, G), family=V6)
    assert seen(four, six, families=both).converged
    assert seen(four, families=both).missing == set(READY)
    assert seen(four, endpoint_slice(*map(endpoint, G[:2]), family=V6), families=both).missing == {G[2].uid}
    assert seen(four, endpoint_slice(*map(endpoint, G), family=V6, ports={}), families=both).ports == {"http"}
    assert seen(four, six, endpoint_slice(endpoint(B), family=V6), families=both).strangers == {B.uid}
    assert seen(four, endpoint_slice(*map(endpoint, G[:2]), family=V6), families=({V4, V6}, {V4, V6}, {V4})).converged


def test_a_missing_pod_an_old_pod_or_a_missing_port_is_not() -> None:
    assert seen(endpoint_slice(*map(endpoint, G[:2]))).missing == {G[2].uid}
    assert seen(endpoint_slice(*map(endpoint, [*G, B]))).strangers == {B.uid}
    assert seen(endpoint_slice(*map(endpoint, G), ports={})).ports == {"http"}
    assert not seen().converged


def test_an_old_pod_counts_even_when_it_is_not_ready() -> None:
    assert not seen(endpoint_slice(*map(endpoint, G), endpoint(B, ready=False))).converged


def test_one_pod_without_the_port_is_not_hidden_by_the_others() -> None:
    assert seen(endpoint_slice(*map(endpoint, G[:2])), endpoint_slice(endpoint(G[2]), ports={}, name="shop-2")).ports == {"http"}


def test_nobody_ready_is_not_converged_however_empty_the_slices() -> None:
    assert not seen(ready=[]).converged


def test_a_terminating_endpoint_of_the_new_side_is_left_out() -> None:
    listed = endpoint_slice(*map(endpoint, G[:2]), endpoint(G[2], terminating=True))
    assert seen(listed, ready=READY[:2]).converged


@given(listed=st.sets(st.sampled_from([*range(3), 9])), ready=st.sets(st.sampled_from(range(3))))
def test_converged_exactly_when_the_two_sets_are_one(listed: set[int], ready: set[int]) -> None:
    by_number = {**dict(enumerate(G)), 9: B}
    result = seen(endpoint_slice(*(endpoint(by_number[n]) for n in sorted(listed))), ready=[G[n].uid for n in ready])
    assert result.converged == (bool(ready) and listed == ready)


FAMILIES = st.sampled_from([frozenset({V4}), frozenset({V6}), frozenset({V4, V6})])


@given(four=st.sets(st.sampled_from(range(3))), six=st.sets(st.sampled_from(range(3))), families=st.tuples(FAMILIES, FAMILIES, FAMILIES))
def test_converged_exactly_when_both_families_list_who_has_an_address_of_them(
    four: set[int], six: set[int], families: tuple[frozenset[str], ...]
) -> None:
    slices = [endpoint_slice(*(endpoint(G[n]) for n in sorted(listed)), family=family) for family, listed in ((V4, four), (V6, six))]
    has = {family: {n for n in range(3) if family in families[n]} for family in (V4, V6)}
    assert seen(*slices, families=tuple(map(set, families))).converged == (has[V4] <= four and has[V6] <= six)


class Read(looking.Cluster):
    """Where green's pods have these addresses and only the slices of IPv4 are written yet."""

    def __init__(self, *addresses: str) -> None:
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "podIPs": [{"ip": one} for one in addresses]}
        about = [{"uid": one.uid, "name": one.name, "resourceVersion": "7", "labels": GREEN} for one in G]
        decoder = kinds.addressed().decoder()
        self.pods = [decoder.decode(msgspec.json.encode({"metadata": metadata, "status": status})) for metadata in about]

    def at_once(self, *asked: Callable[[], Any]) -> list[Any]:
        return [ask() for ask in asked]

    def addressed(self, *, namespace: str, labels: Mapping[str, str]) -> list[looking.Addressed]:
        return list(map(looking.addressed_now, self.pods))

    def records(self, *, kind: str, namespace: str, labels: Mapping[str, str] = looking.NO_LABELS) -> list[Any]:
        return [endpoint_slice(*map(endpoint, G))]


@pytest.mark.parametrize(
    ("families", "addresses", "converged"),
    [
        ((V4, V6), ("10.64.0.1", "fd00::1"), False),
        ((V4, V6), ("10.64.0.1",), True),
        ((V4,), ("10.64.0.1", "fd00::1"), True),
        ((), (), True),
    ],
    ids=["dual-stack", "its pods are not", "the Service is not", "nothing is known"],
)
def test_what_is_wanted_of_a_pod_is_what_its_service_and_it_have(families: tuple[str, ...], addresses: tuple[str, ...], converged: bool) -> None:
    assert Read(*addresses).convergence(service=service_now(selector=GREEN, ip_families=families)).converged == converged
