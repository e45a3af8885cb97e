"""What a change joins and cuts, and in which order."""

from __future__ import annotations

import pytest

from clusterview.topology.changes import Drop, Linked, Put, Unlinked
from clusterview.topology.joining import Joined
from clusterview.topology.links import Link, LinkKind
from clusterview.topology.objects import Owner, Uid
from tests.projection.making import deployment, endpoints, node, pod, service, words


@pytest.fixture
def joined() -> Joined:
    return Joined()


def test_a_service_that_is_gone_selects_no_more(joined: Joined) -> None:
    joined.hear(change=Put(service("s", selector={"app": "web"})))
    joined.hear(change=Drop(Uid("s")))
    assert joined.hear(change=Put(pod("a", app="web"))) == [Put(pod("a", app="web"))]


def test_a_pod_that_is_gone_is_selected_no_more(joined: Joined) -> None:
    joined.hear(change=Put(pod("a", app="web")))
    joined.hear(change=Drop(Uid("a")))
    assert words(joined.hear(change=Put(service("s", selector={"app": "web"})))) == ["Put"]


def test_an_object_is_put_before_links_to_it(joined: Joined) -> None:
    joined.hear(change=Put(pod("a", node="one")))
    link = Link(LinkKind.RUNS_ON, Uid("a"), Uid("n"))
    assert joined.hear(change=Put(node("n", "one"))) == [Put(node("n", "one")), Linked(link)]


def test_links_are_cut_before_a_drop(joined: Joined) -> None:
    joined.hear(change=Put(pod("a", node="one")))
    joined.hear(change=Put(node("n", "one")))
    link = Link(LinkKind.RUNS_ON, Uid("a"), Uid("n"))
    assert joined.hear(change=Drop(Uid("n"))) == [Unlinked(link), Drop(Uid("n"))]


def test_a_link_waits_for_its_target_even_after_that_was_dropped(joined: Joined) -> None:
    joined.hear(change=Put(pod("a", node="one")))
    joined.hear(change=Put(node("n", "one")))
    joined.hear(change=Drop(Uid("n")))
    assert words(joined.hear(change=Put(node("m", "one")))) == ["Put", "Linked"]


def test_a_pod_that_gets_its_node_is_linked(joined: Joined) -> None:
    joined.hear(change=Put(node("n", "one")))
    joined.hear(change=Put(pod("a")))
    assert words(joined.hear(change=Put(pod("a", node="one")))) == ["Put", "Linked"]


def test_a_switched_selector_moves_the_links(joined: Joined) -> None:
    joined.hear(change=Put(pod("blue", version="blue")))
    joined.hear(change=Put(pod("green", version="green")))
    joined.hear(change=Put(service("s", selector={"version": "blue"})))
    changes = joined.hear(change=Put(service("s", selector={"version": "green"})))
    assert changes == [
        Put(service("s", selector={"version": "green"})),
        Unlinked(Link(LinkKind.SELECTS, Uid("s"), Uid("blue"))),
        Linked(Link(LinkKind.SELECTS, Uid("s"), Uid("green"))),
    ]


def test_a_pod_that_is_labelled_anew_moves_between_services(joined: Joined) -> None:
    joined.hear(change=Put(service("one", selector={"app": "one"})))
    joined.hear(change=Put(service("two", selector={"app": "two"})))
    joined.hear(change=Put(pod("a", app="one")))
    changes = joined.hear(change=Put(pod("a", app="two")))
    assert changes[1:] == [Unlinked(Link(LinkKind.SELECTS, Uid("one"), Uid("a"))), Linked(Link(LinkKind.SELECTS, Uid("two"), Uid("a")))]


def test_a_service_without_selector_selects_nothing(joined: Joined) -> None:
    joined.hear(change=Put(pod("a", app="one")))
    assert words(joined.hear(change=Put(service("s")))) == ["Put"]


def test_what_is_meant_and_what_is_true_are_two_links(joined: Joined) -> None:
    joined.hear(change=Put(pod("a", app="web")))
    joined.hear(change=Put(service("s", selector={"app": "other"})))
    joined.hear(change=Put(endpoints("e", "s", "a")))
    kinds = {link.kind for link in joined.links()}
    assert kinds == {LinkKind.SERVES, LinkKind.SLICE}


def test_an_owner_is_found_by_uid_not_by_name(joined: Joined) -> None:
    joined.hear(change=Put(deployment("web")))
    joined.hear(change=Put(pod("a", owner=Owner("Deployment", "web", Uid("another")))))
    assert list(joined.links()) == []
