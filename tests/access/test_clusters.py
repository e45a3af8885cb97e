"""What can be no id of a cluster is of none, and the database is not asked: it may not take the text, and others ask in the same breath. Of the names
of one cluster only one is armed at a time.
"""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from clusterview.access import auditing, clusters, names
from clusterview.access.clusters import ArmedElsewhere, Frozen
from clusterview.models import AuditEntry, Cluster

pytestmark = pytest.mark.django_db
NONE = ["\0", "lab\0", "\ud800", "", "lab\n", "the lab", "x" * 101]


@pytest.fixture(autouse=True)
def lab() -> None:
    clusters.register(opened=[("lab", "the lab")])


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_id_is_no_cluster_and_not_asked_for(text: str, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert clusters.names_of([text]) == {}
        assert not clusters.known(text)


def test_it_takes_the_name_from_nobody_who_asks_beside() -> None:
    assert clusters.names_of([*NONE, "lab", "nowhere"]) == {"lab": "the lab"}


TWO = [("lab", "the lab"), ("inside", "the lab from inside")]


def arm(cluster: str, *, identity: str, is_weak: bool = False) -> None:
    clusters.arm(cluster=cluster, actor="ada", identity=identity, identity_is_weak=is_weak)


def armed() -> set[str]:
    return set(Cluster.objects.filter(active=True, armed_at__isnull=False).values_list("pk", flat=True))


@pytest.mark.parametrize("is_weak", [False, True], ids=["uid", "address"])
def test_of_two_names_of_one_cluster_only_one_is_armed_at_a_time(is_weak: bool) -> None:
    clusters.register(opened=TWO)
    arm("inside", identity="u-1", is_weak=is_weak)
    with pytest.raises(ArmedElsewhere) as refused:
        arm("lab", identity="u-1", is_weak=is_weak)
    assert (refused.value.other.name, armed()) == ("the lab from inside", {"inside"})
    assert [entry.action for entry in AuditEntry.objects.all()] == ["ARMED"]
    clusters.disarm(cluster="inside", actor="ada")
    arm("lab", identity="u-1", is_weak=is_weak)
    assert armed() == {"lab"}


def test_a_frozen_cluster_is_armed_only_by_who_looked_at_everything_that_it_is_frozen_for() -> None:
    """Whoever looked, and is overtaken by another freeze, has not looked at what that one is for."""
    clusters.freeze(cluster="lab", marks={"018f:1": "Service store/shop"})
    clusters.freeze(cluster="lab", marks={"018f:2": "Service store/cart"})
    for looked in ([], ["018f:1"]):
        with pytest.raises(Frozen):
            clusters.arm(cluster="lab", actor="ada", looked=looked)
    assert armed() == set() and Cluster.objects.get().frozen_at
    clusters.arm(cluster="lab", actor="ada", looked=["018f:1", "018f:2"])
    assert armed() == {"lab"} and not Cluster.objects.get().frozen_at


def test_other_clusters_and_such_as_are_not_open_are_in_nobodys_way() -> None:
    clusters.register(opened=TWO)
    arm("inside", identity="u-1")
    arm("lab", identity="u-2")
    assert armed() == {"lab", "inside"}
    with pytest.raises(ArmedElsewhere):
        arm("lab", identity="u-1")
    clusters.register(opened=TWO[:1])
    arm("lab", identity="u-1")
    assert armed() == {"lab"}


def test_one_that_does_not_answer_is_the_one_that_it_was() -> None:
    clusters.register(opened=TWO)
    arm("lab", identity="u-1")
    clusters.disarm(cluster="lab", actor="ada")
    arm("inside", identity="u-1")
    with pytest.raises(ArmedElsewhere):
        arm("lab", identity="")
    assert armed() == {"inside"}


def test_one_that_turns_out_to_be_armed_under_another_name_is_not_known_as_that() -> None:
    clusters.register(opened=TWO)
    arm("inside", identity="u-1")
    arm("lab", identity="")
    with pytest.raises(ArmedElsewhere):
        clusters.identify(cluster="lab", identity="u-1", is_weak=False)
    assert Cluster.objects.get(pk="lab").identity == ""
    clusters.disarm(cluster="inside", actor="ada")
    assert clusters.identify(cluster="lab", identity="u-1", is_weak=False)


def test_of_names_of_one_cluster_that_are_opened_together_the_one_that_was_armed_last_stays_armed() -> None:
    arm("lab", identity="u-1")
    clusters.register(opened=TWO[1:])
    arm("inside", identity="u-1")
    clusters.register(opened=TWO)
    assert armed() == {"inside"}
    last = AuditEntry.objects.order_by("sequence").last()
    assert last is not None and (last.action, last.actor, last.cluster, last.body) == (
        "DISARMED", names.PRODUCT, "lab", {"armed_as": "the lab from inside"},
    )  # fmt: skip
    assert auditing.verify() == []
