"""A picture that a watch has led astray is found by a list, and a list that is merely of another moment is not taken for that."""

from __future__ import annotations

import pytest

from clusterview.kube.kinds import KINDS
from clusterview.observer import words
from clusterview.observer.sight import Sight
from clusterview.observer.verifying import SETTLE_SECONDS, Verifier
from clusterview.projection.observations import Vanished
from clusterview.projection.projecting import Projector
from clusterview.topology.objects import Kind, Uid
from tests.projection.making import listed, node, seen

SPECS = {spec.key: spec for spec in KINDS}


class Watch:
    """Two nodes, listed at version 10, and all rows followed."""

    def __init__(self) -> None:
        self.projector, self.sight = Projector(), Sight(specs=KINDS, now=0.0)
        self.verifier = Verifier(specs=SPECS, known=self.projector, rows=self.sight)
        self.projector.project(listed(Kind.NODE, node("a", "a"), node("b", "b"), version="10"))
        self.verifier.listed(key="Node", at=0.0)
        self.sight.opened(key="Node")

    def digest(self, *objects: tuple[str, int], version: int, at: float = 30.0) -> bool:
        self.verifier.began(key="Node", at=at)
        for uid, written in objects:  # a page each
            self.verifier.page(key="Node", version=str(version), objects=[(Uid(uid), str(written))])
        return self.verifier.ended(key="Node", at=at)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_the_same_is_verified_at_once(watch: Watch) -> None:
    watch.digest(("a", 10), ("b", 10), version=12)
    assert watch.verifier.settle(now=30.0) == []
    assert (watch.verifier.age_seconds(now=42.0), watch.verifier.divergences) == (12.0, 0)


def test_an_object_that_a_list_left_out_is_found_although_nothing_was_written_to_it(watch: Watch) -> None:
    watch.projector.project(listed(Kind.NODE, node("a", "a"), version="10"))
    watch.digest(("a", 10), ("b", 10), version=12)
    assert watch.verifier.settle(now=30.0 + SETTLE_SECONDS) == ["Node"]
    watch.projector.project(listed(Kind.NODE, node("a", "a"), node("b", "b"), version="10"))
    assert set(watch.projector.picture().objects) == {"a", "b"}


@pytest.mark.parametrize(
    "objects",
    [[("a", 11), ("b", 10)], [("a", 10), ("b", 10), ("c", 11)], [("a", 10)]],
    ids=["a write was lost", "a new one was lost", "a deletion was lost"],
)
def test_a_lost_event_is_found_when_it_does_not_come(watch: Watch, objects: list[tuple[str, int]]) -> None:
    watch.digest(*objects, version=12)
    assert watch.verifier.settle(now=30.0 + SETTLE_SECONDS - 0.1) == []
    assert watch.verifier.settle(now=30.0 + SETTLE_SECONDS) == ["Node"]
    assert (watch.verifier.divergences, watch.verifier.age_seconds(now=40.0)) == (1, 40.0)
    watch.verifier.listed(key="Node", at=36.0)
    assert watch.verifier.age_seconds(now=40.0) == 4.0


def test_looking_again_before_the_judgement_does_not_put_it_off(watch: Watch) -> None:
    for at in (30.0, 30.0 + SETTLE_SECONDS / 2, 30.0 + SETTLE_SECONDS):
        watch.digest(("a", 11), ("b", 10), version=12, at=at)
    watch.verifier.began(key="Node", at=30.0 + SETTLE_SECONDS)
    assert watch.verifier.settle(now=30.0 + SETTLE_SECONDS) == ["Node"]


def test_a_list_ahead_of_the_watch_is_no_difference_once_the_events_have_come(watch: Watch) -> None:
    watch.digest(("a", 11), ("c", 13), version=14)
    watch.projector.project(seen(node("a", "a"), "11"))
    watch.projector.project(Vanished(uid=Uid("b"), version="12"))
    watch.projector.project(seen(node("c", "c"), "13"))
    assert watch.verifier.settle(now=36.0) == []
    assert (watch.verifier.age_seconds(now=36.0), watch.verifier.divergences) == (6.0, 0)


def test_a_list_behind_the_watch_is_no_difference(watch: Watch) -> None:
    watch.projector.project(seen(node("a", "a"), "15"))
    watch.projector.project(Vanished(uid=Uid("b"), version="16"))
    watch.projector.project(seen(node("c", "c"), "17"))
    watch.digest(("a", 10), ("b", 10), version=14)
    assert watch.verifier.settle(now=30.0 + SETTLE_SECONDS) == []
    assert watch.verifier.age_seconds(now=30.0) == 0.0


def test_nothing_counts_while_the_row_is_behind(watch: Watch) -> None:
    watch.digest(("a", 11), ("b", 10), version=12)
    watch.sight.behind(key="Node", detail="", at=31.0)
    assert watch.verifier.settle(now=40.0) == []
    watch.sight.opened(key="Node")
    assert watch.verifier.settle(now=41.0) == []
    assert watch.verifier.settle(now=40.0 + SETTLE_SECONDS) == ["Node"]


def test_an_object_that_cannot_be_read_is_not_missed(watch: Watch) -> None:
    watch.sight.unreadable(word=words.Unreadable(key="Node", objects={Uid("p"): "p"}, all_of_them=False))
    watch.digest(("a", 10), ("b", 10), ("p", 11), version=12)
    watch.verifier.counted(key="Node", count=3, at=31.0)
    assert watch.verifier.settle(now=40.0) == []


def test_a_count_that_stays_another_is_a_difference(watch: Watch) -> None:
    watch.verifier.counted(key="Node", count=3, at=30.0)
    assert watch.verifier.settle(now=30.0 + SETTLE_SECONDS) == ["Node"]
    assert watch.verifier.divergences == 1


def test_a_count_proves_nothing_while_objects_come_and_go(watch: Watch) -> None:
    watch.verifier.counted(key="Node", count=3, at=30.0)
    watch.projector.project(seen(node("c", "c"), "13"))
    assert watch.verifier.settle(now=30.0 + SETTLE_SECONDS) == []
    assert watch.verifier.divergences == 0


def test_a_list_in_between_settles_every_suspicion(watch: Watch) -> None:
    watch.digest(("a", 11), version=12)
    watch.verifier.listed(key="Node", at=33.0)
    assert watch.verifier.settle(now=60.0) == []


def test_a_version_that_the_cluster_never_gave_is_not_believed_for_ever(watch: Watch) -> None:
    watch.projector.project(seen(node("a", "a"), "99"))
    assert watch.digest(("a", 10), ("b", 10), version=14) is False
    assert watch.digest(("a", 10), ("b", 10), version=15, at=60.0) is True
    assert watch.verifier.divergences == 1


def test_an_object_that_is_written_at_each_list_is_believed(watch: Watch) -> None:
    for version in (20, 30, 40):
        watch.projector.project(seen(node("a", "a"), str(version + 5)))
        assert watch.digest(("a", version - 1), ("b", 10), version=version, at=float(version)) is False
    assert watch.verifier.divergences == 0


def test_a_row_that_cannot_be_read_any_more_is_not_to_be_verified(watch: Watch) -> None:
    watch.verifier.forget(key="Node")
    assert watch.verifier.age_seconds(now=99.0) is None
