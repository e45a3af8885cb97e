"""The peer that asks for whole lists keeps its own law too, or it would be compared with for the wrong work: old tree + difference = new tree."""

from __future__ import annotations

import copy
import time
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from clusterview.practice.sizes import Size
from tests.bench import feed, feeding, polling
from tests.bench.polling import Change, Tree

SIZE = Size(nodes=6, pods=12)
LEAVES = st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2)
KEYS = st.sampled_from("abc")
TREES = st.dictionaries(KEYS, st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner), max_leaves=12))


def patched(tree: Tree, changes: list[Change]) -> Tree:
    """As a page does."""
    found = copy.deepcopy(tree)
    for [*way, last], *value in changes:
        place: Any = found
        for key in way:
            place = place[key]
        place.pop(last) if not value else place.__setitem__(last, value[0])
    return found


@given(TREES, TREES)
def test_the_old_tree_and_the_difference_are_the_new_tree(old: Tree, new: Tree) -> None:
    assert patched(old, polling.difference(old, new)) == new
    assert polling.difference(new, new) == []


def listed(pods: feed.Pods) -> Tree:
    nodes = [{"metadata": {"name": f"node-{number}"}, "status": {}} for number in range(1, SIZE.nodes)]  # the last one is not known yet
    items = [msgspec.Raw(pods.text(number)) for number in range(SIZE.pods)]
    return polling.tree(*(msgspec.json.encode({"items": one}) for one in (nodes, items)))


def test_every_pod_is_shown_at_its_node_or_as_one_that_has_none() -> None:
    found = listed(feed.Pods(SIZE, now=time.time()))
    assert {name: len(node["pods"]) for name, node in found["nodes"].items()} == {f"node-{number}": 2 for number in range(1, SIZE.nodes)}
    assert len(found["unassigned_pods"]) == 2


def test_a_written_pod_is_all_that_is_told_with_its_stamp() -> None:
    pods = feed.Pods(SIZE, now=time.time())
    old = listed(pods)
    pods.write(5, ready=False)
    changes = polling.difference(old, listed(pods))
    assert len(changes) == len(polling.stamps(changes)) == 1
    assert feed.age_ms(polling.stamps(changes)[0]) < 60_000


def test_its_page_hears_of_each_written_pod_although_a_round_takes_longer_than_there_is_for_it() -> None:
    with feeding.feed(nodes=SIZE.nodes, pods=SIZE.pods) as fed, polling.browser(fed, every_seconds=0.0) as heard:
        told = fed.churn(rate=5, seconds=0.25)
        heard.wait_for_rounds(2)
        asked = fed.ask("/requests")
    assert len(heard.ages) == told["sent"] == 1
    assert asked.keys() == {"list nodes", "list pods"}
    assert asked["list pods"] >= 3
