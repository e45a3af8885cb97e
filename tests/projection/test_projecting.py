"""What an observation changes, and what it does not."""

from __future__ import annotations

import pytest

from clusterview.projection.observations import Listed, Vanished
from clusterview.projection.projecting import Projector
from clusterview.topology.changes import Drop, Put
from clusterview.topology.objects import Kind, Namespace, Uid
from tests.projection.making import endpoints, lease, listed, node, pod, seen


@pytest.fixture
def projector() -> Projector:
    return Projector()


def test_a_new_object_is_put(projector: Projector) -> None:
    assert projector.project(seen(pod("a"))) == [Put(pod("a"))]


def test_an_equal_record_is_no_change(projector: Projector) -> None:
    projector.project(seen(pod("a"), "1"))
    assert projector.project(seen(pod("a"), "2")) == []


def test_a_slice_that_gets_its_first_endpoint_or_loses_its_last_is_put_once(projector: Projector) -> None:
    empty, one = endpoints("s", "shop"), endpoints("s", "shop", "00000001-0000-4000-8000-000000000001")
    told = [projector.project(seen(said, str(number))) for number, said in enumerate((empty, one, empty), start=1)]
    assert told == [[Put(empty)], [Put(one)], [Put(empty)]]


def test_a_relist_that_finds_the_same_is_silent(projector: Projector) -> None:
    projector.project(listed(Kind.POD, pod("a", node="one"), pod("b")))
    projector.project(listed(Kind.NODE, node("n", "one")))
    assert projector.project(listed(Kind.POD, pod("b"), pod("a", node="one"), version="9")) == []


def test_a_relist_removes_what_vanished_unseen(projector: Projector) -> None:
    projector.project(listed(Kind.POD, pod("a"), pod("b")))
    assert projector.project(listed(Kind.POD, pod("b"), version="2")) == [Drop(Uid("a"))]


def test_a_relist_of_one_kind_leaves_the_others(projector: Projector) -> None:
    projector.project(listed(Kind.NODE, node("n", "one")))
    projector.project(listed(Kind.POD))
    assert set(projector.picture().objects) == {"n"}


def test_a_list_of_one_namespace_leaves_the_others(projector: Projector) -> None:
    here, there = lease("here"), lease("there", namespace="kube-system")
    projector.project(listed(Kind.LEASE, here, there))
    gone = Listed(kind=Kind.LEASE, namespace=Namespace("kube-node-lease"), sightings=())
    assert projector.project(gone) == [Drop(Uid("here"))]


def test_the_same_name_with_another_uid_is_a_drop_and_a_put_f26(projector: Projector) -> None:
    projector.project(seen(pod("old", name="web"), "1"))
    assert projector.project(seen(pod("new", name="web"), "2")) == [Drop(Uid("old")), Put(pod("new", name="web"))]


def test_an_older_word_about_the_one_that_was_replaced_is_ignored(projector: Projector) -> None:
    projector.project(seen(pod("new", name="web"), "10"))
    assert projector.project(seen(pod("old", name="web"), "9")) == []


def test_an_object_never_goes_backwards(projector: Projector) -> None:
    projector.project(seen(pod("a", app="two"), "10"))
    assert projector.project(seen(pod("a", app="one"), "9")) == []


def test_versions_that_are_no_numbers_are_taken_as_they_come(projector: Projector) -> None:
    projector.project(seen(pod("a", app="two"), "v-b"))
    assert projector.project(seen(pod("a", app="one"), "v-a")) == [Put(pod("a", app="one"))]


def test_a_late_word_does_not_bring_a_deleted_object_back(projector: Projector) -> None:
    projector.project(seen(pod("a"), "5"))
    projector.project(Vanished(uid=Uid("a"), version="7"))
    assert projector.project(seen(pod("a", app="x"), "6")) == []


def test_an_object_hidden_by_a_lost_permission_comes_back_with_the_next_list(projector: Projector) -> None:
    projector.project(listed(Kind.POD, pod("a"), version="5"))
    projector.project(listed(Kind.POD))
    assert projector.project(listed(Kind.POD, pod("a"), version="5")) == [Put(pod("a"))]


def test_an_object_that_was_made_while_a_list_was_read_is_shown_when_the_watch_from_that_list_tells_of_it(projector: Projector) -> None:
    projector.project(seen(pod("a"), "105"))  # by the watch of its namespace, which ends before the list of all is told
    projector.project(listed(Kind.POD, version="100"))
    assert projector.is_behind(uid=Uid("a"), version="105")
    assert projector.project(seen(pod("a"), "105")) == [Put(pod("a"))]


def test_a_word_that_is_older_than_what_a_list_left_out_does_not_bring_it_back(projector: Projector) -> None:
    projector.project(seen(pod("a"), "105"))
    projector.project(listed(Kind.POD, version="110"))
    assert projector.project(seen(pod("a", app="x"), "104")) == []


def test_a_deletion_of_nothing_is_no_change(projector: Projector) -> None:
    assert projector.project(Vanished(uid=Uid("ghost"), version="3")) == []


def test_the_picture_given_away_is_not_the_projectors_own(projector: Projector) -> None:
    projector.project(seen(pod("a")))
    projector.picture().objects.clear()
    assert set(projector.picture().objects) == {"a"}
