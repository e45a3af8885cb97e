"""Converged means: exactly the new side's ready pods, on every port."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clusterview.topology import objects
from clusterview.traffic import convergence
from tests.traffic.making import BLUE, GREEN, endpoint, endpoint_slice, pod

G = [pod(f"g{n}", labels=GREEN, of="shop-green") for n in range(3)]
B = pod("b", labels=BLUE, of="shop-blue")
READY = [one.uid for one in G]


def seen(*slices: objects.EndpointSlice, ready: list[objects.Uid] = READY, ports: tuple[str, ...] = ("http",)) -> convergence.Convergence:
    return convergence.compare(ready=ready, present=[one.uid for one in G], slices=slices, ports=ports)


def test_the_new_sides_ready_pods_and_no_other_is_converged() -> None:
    assert seen(endpoint_slice(*map(endpoint, G))).converged


def test_slices_and_address_families_are_merged_by_pod() -> None:
    assert seen(endpoint_slice(*map(endpoint, G[:2])), endpoint_slice(*map(endpoint, G[1:]), name="shop-2")).converged


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
