"""What is published, when, and under which epoch; with a publisher that writes down what it is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from redis.exceptions import OutOfMemoryError

from clusterview.kube import bounding, digesting, errors, watching
from clusterview.kube.bounding import Bounds
from clusterview.kube.kinds import KINDS, KindSpec, named
from clusterview.observer import following, words
from clusterview.observer.digesting import Digesting
from clusterview.observer.following import FRAME_CHANGES, Following
from clusterview.observer.quarantining import Quarantine
from clusterview.observer.reporting import report
from clusterview.projection.observations import Listed, Renewal, Seen, Sighting, Vanished
from clusterview.stream.messages import Contact
from clusterview.stream.publishing import Lost, Superseded
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.columns import Pods
from clusterview.topology.objects import AnyRecord, Kind, Lease, Namespace, Node, Pod, Uid
from clusterview.topology.pictures import Picture


class Written:
    """A publisher's place: what was written, by epoch, and what to raise next."""

    def __init__(self) -> None:
        self.pictures: dict[int, Picture] = {}
        self.frames: dict[int, list[list[Change]]] = {}
        self.contacts: list[Contact] = []
        self.problem: Exception | None = None

    def publisher_for(self, epoch: int) -> FakePublisher:
        return FakePublisher(self, epoch)


class FakePublisher:
    def __init__(self, written: Written, epoch: int) -> None:
        self._written, self._epoch = written, epoch
        self._owed: list[list[Change]] = []

    def begin(self, *, records: Iterable[AnyRecord], pods: Pods) -> None:
        self._raise()
        assert self._epoch not in self._written.pictures
        self._written.pictures[self._epoch] = Picture(objects=[*records, *pods.values()])
        self._written.frames[self._epoch] = []

    def publish(self, *, changes: Sequence[Change]) -> None:
        self._owed.append(list(changes))
        self.catch_up()

    def catch_up(self) -> None:
        self._raise()
        self._written.frames[self._epoch] += self._owed
        self._owed.clear()

    def contact(self, *, contact: Contact) -> None:
        self._raise()
        self._written.contacts.append(contact)

    def _raise(self) -> None:
        if self._written.problem is not None:
            raise self._written.problem


class Desk:
    """A following with its time and its surroundings."""

    def __init__(self, *, quarantine: Quarantine | None = None) -> None:
        self.written, self.now, self.nudged = Written(), 100.0, list[list[str] | None]()
        self.relisted, self.reopened = list[str](), list[str]()
        self.following = Following(
            specs=KINDS,
            publisher_for=self.written.publisher_for,  # type: ignore[arg-type]
            nudge=self._nudge,
            relist=self.relisted.append,
            reopen=self.reopened.append,
            quarantine=quarantine or Quarantine(),
            bounds=Bounds(),
            clock=lambda: self.now,
        )

    def hear(self, *heard: words.Word) -> None:
        for word in heard:
            self.following.hear(word=word)

    def settle(self, seconds: float = 0.0) -> float:
        self.now += seconds
        return self.following.settle(now=self.now)

    def list_all(self) -> None:
        """Every kind is listed, and followed; all are empty but for one node."""
        for spec in KINDS:
            self.hear(Listed(kind=Kind(spec.kind), namespace=Namespace(spec.namespace), sightings=(), at=self.now), words.Opened(spec.key))
        self.hear(node("a"), words.Contacted(self.now))

    def _nudge(self, keys: Iterable[str] | None = None) -> None:
        self.nudged.append(None if keys is None else list(keys))


def node(uid: str, version: int = 1, *, ready: str = "True") -> Seen:
    return Seen(sighting=Sighting(record=Node(uid=Uid(uid), name=uid, ready=ready), version=str(version)))


@pytest.fixture
def desk() -> Desk:
    """Everything listed and published under epoch 1, and a pause since."""
    desk = Desk()
    desk.following.granted = 1
    desk.list_all()
    desk.settle()
    desk.settle(0.5)
    return desk


def test_nothing_is_shown_before_every_kind_was_listed() -> None:
    desk = Desk()
    desk.following.granted = 1
    desk.hear(words.Contacted(desk.now))
    desk.settle()
    assert desk.written.pictures == {}
    assert [contact.state for contact in desk.written.contacts] == ["stale"]
    desk.list_all()
    desk.settle()
    assert set(desk.written.pictures[1].objects) == {"a"}
    assert desk.written.contacts[-1].state == "live"


def test_nothing_is_written_before_an_epoch_was_granted() -> None:
    desk = Desk()
    desk.list_all()
    desk.settle()
    assert (desk.written.pictures, desk.written.contacts) == ({}, [])


def test_a_lone_change_is_sent_at_once(desk: Desk) -> None:
    desk.hear(node("b"))
    desk.settle()
    assert [[type(change) for change in frame] for frame in desk.written.frames[1]] == [[Put]]


def test_a_burst_is_merged(desk: Desk) -> None:
    for number in range(100):
        desk.hear(node(f"burst-{number}"))
        desk.settle(0.001)
    desk.settle(0.1)
    frames = desk.written.frames[1]
    assert sum(map(len, frames)) == 100
    assert 2 <= len(frames) <= 10


def test_the_wait_ends_when_the_window_does(desk: Desk) -> None:
    desk.hear(node("b"))
    desk.settle()
    desk.hear(node("c"))
    wait = desk.settle(0.001)
    assert 0 < wait <= 0.016
    assert len(desk.written.frames[1]) == 1
    desk.settle(wait)
    assert len(desk.written.frames[1]) == 2


def test_while_changes_are_gathered_nobody_has_to_be_woken_and_else_at_once(desk: Desk) -> None:
    assert (Desk().following.gathering_seconds(now=desk.now), desk.following.gathering_seconds(now=desk.now)) == (0.0, 0.0)
    desk.hear(node("b"))
    desk.settle()
    assert 0 < desk.following.gathering_seconds(now=desk.now) < 0.017
    assert desk.following.gathering_seconds(now=desk.now + 0.017) == 0.0
    desk.written.problem = redis.ConnectionError("away")
    desk.hear(node("c"))
    desk.settle(0.5)
    assert desk.following.gathering_seconds(now=desk.now) == 0.0, "nothing is told now, so nothing is gathered"


def test_a_great_change_is_sent_in_frames_of_bounded_size(desk: Desk) -> None:
    desk.hear(*[node(f"many-{number}") for number in range(FRAME_CHANGES + 1)])
    desk.settle()
    assert [len(frame) for frame in desk.written.frames[1]] == [FRAME_CHANGES, 1]


def test_the_word_is_given_each_second_and_at_once_on_a_change(desk: Desk) -> None:
    count = len(desk.written.contacts)
    desk.settle(0.4)
    assert len(desk.written.contacts) == count
    desk.settle(0.2)
    assert len(desk.written.contacts) == count + 1
    desk.hear(words.Behind("Pod", "It broke off.", desk.now))
    desk.settle()
    assert [contact.state for contact in desk.written.contacts[count + 1 :]] == ["stale"]


@pytest.mark.parametrize("problem", [redis.ConnectionError("away"), redis.TimeoutError("hangs"), OutOfMemoryError("full")])
def test_redis_that_is_away_for_a_moment_is_told_all_that_happened_in_the_same_epoch_f32_f34_f38(desk: Desk, problem: Exception) -> None:
    desk.written.problem = problem
    desk.hear(node("b"))
    desk.settle()
    desk.hear(node("c"))
    desk.settle(0.2)
    desk.written.problem = None
    desk.settle(0.2)
    assert desk.written.frames[1] == [], "nobody has found yet that it answers"
    desk.following.waits_for_redis.clear()
    desk.hear(words.Contacted(desk.now))
    desk.settle()
    assert not desk.following.wants_epoch.is_set()
    told = [change.record.name for frame in desk.written.frames[1] for change in frame if isinstance(change, Put)]
    assert told == ["b", "c"]
    assert desk.written.contacts[-1].state == "live"


def test_more_than_is_gathered_while_redis_is_away_means_a_new_epoch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "GATHERED_CHANGES", 5)
    desk.written.problem = redis.ConnectionError("away")
    desk.hear(node("b"))
    desk.settle()
    desk.hear(*[node(f"many-{number}") for number in range(6)])
    desk.settle(0.2)
    assert desk.following.wants_epoch.is_set()
    desk.written.problem = None
    desk.following.granted = 2
    desk.settle()
    assert len(desk.written.pictures[2].objects) == 8


@pytest.mark.parametrize("problem", [Lost("emptied"), redis.ResponseError("what is this")])
def test_redis_that_has_lost_something_means_a_new_epoch_with_the_whole_picture(desk: Desk, problem: Exception) -> None:
    desk.written.problem = problem
    desk.hear(node("b"))
    desk.settle()
    assert desk.following.wants_epoch.is_set()
    desk.hear(node("c"))
    desk.settle(0.2)
    desk.written.problem = None
    desk.settle(2)
    assert desk.written.frames[1] == [], "an epoch that failed was written to"
    desk.following.granted = 2
    desk.hear(words.Contacted(desk.now))
    desk.settle()
    assert set(desk.written.pictures[2].objects) == {"a", "b", "c"}
    assert desk.written.frames[2] == []
    assert desk.written.contacts[-1].state == "live"


def test_an_observer_that_was_replaced_says_so_and_is_silent(desk: Desk) -> None:
    desk.written.problem = Superseded("epoch 2")
    desk.settle(1)
    assert desk.following.superseded.is_set()
    desk.written.problem = None
    count = len(desk.written.contacts)
    desk.settle(1)
    assert len(desk.written.contacts) == count


def test_a_kind_that_is_not_permitted_any_more_is_not_shown(desk: Desk) -> None:
    desk.hear(words.Absent("Node", "not_permitted", "no", desk.now))
    desk.settle()
    assert desk.written.frames[1] == []
    desk.hear(words.Absent("Node", "not_permitted", "no", desk.now + 6))
    desk.settle(6)
    assert desk.written.frames[1] == [[Drop(Uid("a"))]]


def test_a_kind_that_is_permitted_again_is_not_live_before_it_is_followed(desk: Desk) -> None:
    for at in (desk.now, desk.now + 6):
        desk.hear(words.Absent("Node", "not_permitted", "no", at))
    desk.hear(words.Behind("Node", "500", desk.now))
    desk.settle(1)
    assert desk.written.contacts[-1].state == "live"
    desk.hear(Listed(kind=Kind.NODE, sightings=(node("a", 2).sighting,), at=desk.now), words.Behind("Node", "500", desk.now))
    desk.settle()
    assert (desk.written.contacts[-1].state, desk.written.contacts[-1].missing) == ("stale", ())
    desk.hear(words.Opened("Node"))
    desk.settle()
    assert desk.written.contacts[-1].state == "live"


def test_a_refusal_that_is_not_believed_is_asked_again_soon(desk: Desk) -> None:
    desk.hear(words.Absent("Node", "not_permitted", "no", desk.now))
    desk.settle(1)
    assert desk.nudged[-1] == ["Node"]


def test_contact_that_comes_back_wakes_those_who_wait(desk: Desk) -> None:
    desk.nudged.clear()
    desk.hear(words.Silent("unreachable", "no"), words.Contacted(desk.now))
    assert desk.nudged == [None]


def test_an_object_that_cannot_be_read_any_more_is_not_shown_as_it_was(desk: Desk) -> None:
    desk.hear(words.Unreadable("Node", {Uid("a"): "a"}, all_of_them=False))
    desk.settle()
    assert desk.written.frames[1] == [[Drop(Uid("a"))]]
    assert [missing.kind for missing in desk.written.contacts[-1].missing] == ["Node"]
    desk.hear(Vanished(uid=Uid("a"), version="9"))
    desk.settle()
    assert desk.written.contacts[-1].missing == ()


@pytest.mark.parametrize("uid", ["a", "b"], ids=["shown before", "never shown"])
@pytest.mark.parametrize("times", [1, 2])
def test_an_object_that_could_not_be_read_is_shown_as_soon_as_it_can_be(desk: Desk, uid: str, times: int) -> None:
    for _ in range(times):
        desk.hear(words.Unreadable("Node", {Uid(uid): uid}, all_of_them=False))
    desk.hear(node(uid, 105, ready="False"))
    desk.settle()
    assert desk.written.frames[1][-1][-1] == Put(Node(uid=Uid(uid), name=uid, ready="False"))
    assert desk.written.contacts[-1].missing == ()


def test_no_lease_gets_late_while_the_cluster_is_away(desk: Desk) -> None:
    record = Lease(uid=Uid("l"), namespace=Namespace("kube-node-lease"), name="a", holder="a")
    desk.hear(Seen(sighting=Sighting(record=record, version="1", renewal=Renewal("12:00:00")), at=desk.now))
    desk.settle()
    told = len(desk.written.frames[1])
    for _ in range(60):
        desk.settle(1)
    desk.hear(words.Contacted(desk.now), *(words.Opened(spec.key) for spec in KINDS))
    desk.settle(1)
    assert len(desk.written.frames[1]) == told
    for _ in range(22):
        desk.hear(words.Contacted(desk.now))
        desk.settle(1)
    assert [change.record.late for frame in desk.written.frames[1][told:] for change in frame if isinstance(change, Put)] == [True]  # type: ignore[union-attr]


def test_what_was_lost_on_the_way_is_listed_anew_and_counted(desk: Desk) -> None:
    desk.hear(words.DigestBegun("Node", desk.now), words.DigestPage("Node", "9", ((Uid("a"), "5"),)), words.DigestEnded("Node", desk.now))
    for _ in range(6):
        desk.settle(1.0)
        desk.hear(words.Contacted(desk.now))
    assert desk.relisted == ["Node"]
    desk.settle(1.0)
    assert desk.written.contacts[-1].divergences == 1


def test_an_event_that_was_lost_just_after_a_look_is_found_within_a_minute_f23(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the times of the product, of which the lab's test takes others."""
    written, looked_at = "1", list[float]()

    def pages(_: object, spec: KindSpec) -> list[digesting.Page]:
        if spec.key == "Node":
            looked_at.append(desk.now)
        there = [digesting.Item(digesting.Identity("a", written))] if spec.key == "Node" else []
        return [digesting.Page(digesting.PageMeta("9"), there)]

    monkeypatch.setattr(digesting, "pages", pages)
    connection: Any = SimpleNamespace(sibling=lambda **_: None)
    looks = Digesting(connection=connection, followed=desk.following.followed, tell=desk.hear, clock=lambda: desk.now, stopwatch=lambda: desk.now)

    def a_second() -> None:
        while looks.round() == 0.0:
            continue
        desk.hear(words.Contacted(desk.now))
        desk.settle(1.0)

    while not looked_at:
        a_second()
    written, lost_at = "5", looked_at[0]
    while not desk.relisted and desk.now < lost_at + 60:
        a_second()
    assert desk.relisted == ["Node"]


def test_the_page_is_told_how_long_ago_the_picture_was_verified(desk: Desk) -> None:
    listed_at = 100.0
    desk.settle(12.0)
    assert desk.written.contacts[-1].verified_age_seconds == desk.now - listed_at


@pytest.mark.parametrize("what", ["begin", "publish"])
def test_a_word_is_as_old_as_what_was_seen_however_long_the_writing_took(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    write = getattr(FakePublisher, what)

    def slowly(*given: object, **named: object) -> object:
        desk.now += 7.0
        return write(*given, **named)

    monkeypatch.setattr(FakePublisher, what, slowly)
    desk.following.granted = 1
    desk.list_all()
    desk.settle()
    if what == "publish":
        desk.hear(node("b", 9))
        desk.settle(1.0)
    said = desk.written.contacts[-1]
    assert said.state == "stale" and (said.contact_age_seconds or 0.0) >= 7.0


def test_a_picture_whose_history_went_back_is_not_published_any_more(desk: Desk) -> None:
    desk.hear(words.Rewound("Node"), node("b", 2))
    desk.settle(1.0)
    assert desk.following.is_void
    assert desk.written.frames[1] == []


def test_a_picture_that_is_void_is_live_to_nobody_and_its_last_word_says_so_once(desk: Desk) -> None:
    assert desk.written.contacts[-1].state == "live"
    said = len(desk.written.contacts)
    standing(desk, 9)
    standing(desk, 9, cluster="other")
    for _ in range(3):
        desk.settle()
        desk.settle(1.0)
    assert [(contact.state, contact.reason) for contact in desk.written.contacts[said:]] == [("stale", "no_observer")]


def test_a_picture_that_cannot_be_published_any_more_is_said_to_be_stale_without_a_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def publish(*_: object, **__: object) -> None:
        raise ValueError("an object that cannot be written")

    monkeypatch.setattr(FakePublisher, "publish", publish)
    monkeypatch.setattr(Quarantine, "find", lambda *_: True)
    desk.hear(node("b"))
    assert desk.settle() == 0.0
    desk.settle()
    assert desk.written.contacts[-1].state == "stale"


@pytest.mark.parametrize("problem", [redis.ConnectionError("away"), Superseded("epoch 2"), RuntimeError("the picture could not be packed")])
def test_a_last_word_that_cannot_be_said_is_no_further_failure(desk: Desk, problem: Exception) -> None:
    desk.hear(words.Rewound("Node"))
    desk.written.problem = problem
    assert desk.settle() > 0


def test_every_watch_is_opened_again_with_another_credential_f14(desk: Desk) -> None:
    desk.hear(words.Renewed())
    desk.settle()
    assert set(desk.reopened) == {spec.key for spec in KINDS} and desk.written.contacts[-1].state == "live"


def test_a_watch_that_tells_of_more_objects_than_any_cluster_has_is_listed_anew_once_t36(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounding, "OBJECTS_OF_A_KIND", 50)
    desk.hear(*(node(f"n-{number}") for number in range(49)))
    desk.settle(1.0)
    assert desk.relisted == []
    desk.hear(node("one-more"))
    for _ in range(3):
        desk.settle(1.0)
    assert desk.relisted == ["Node"]
    desk.hear(Listed(kind=Kind.NODE, sightings=(), at=desk.now), *(node(f"m-{number}") for number in range(51)))
    desk.settle(1.0)
    assert desk.relisted == ["Node"], "it was not seen to be fewer"
    desk.hear(Listed(kind=Kind.NODE, sightings=(), at=desk.now))
    desk.settle(1.0)
    desk.hear(*(node(f"k-{number}") for number in range(51)))
    desk.settle(1.0)
    assert desk.relisted == ["Node", "Node"]


def test_objects_that_cannot_be_read_are_as_many_as_any_others_t36(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounding, "OBJECTS_OF_A_KIND", 50)
    unreadable = [words.Unreadable("Node", {Uid(f"n-{number}"): f"n-{number}"}, all_of_them=False) for number in range(60)]
    desk.hear(*unreadable[:49])
    desk.settle(1.0)
    assert desk.relisted == [], "they are fifty with the one that is shown"
    desk.hear(*unreadable)
    desk.settle(1.0)
    assert desk.relisted == ["Node"]


def test_watches_that_tell_of_more_than_any_cluster_has_all_together_let_the_largest_row_be_listed_anew_t36(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounding, "OBJECTS_OF_A_CLUSTER", 50)
    desk.hear(*(node(f"n-{number}") for number in range(30)), *(Seen(sighting=pod_in("store", f"p-{number}")) for number in range(20)))
    desk.settle(1.0)
    assert desk.relisted == ["Node"], "thirty-one of fifty-one"


def test_lists_failures_broken_answers_and_what_is_set_aside_are_counted_f19(desk: Desk) -> None:
    lists = desk.written.contacts[-1].counted["lists"]
    assert lists == len(KINDS)
    for error in (errors.BrokenAnswer("s"), errors.TimedOut("s"), errors.ServerError("s", status=500)):
        desk.hear(*report(said=watching.WatchLost(named("Pod"), error, retry_seconds=1.0, must_list=False), at=desk.now))
    desk.hear(words.Unreadable("Node", {Uid("a"): "a"}, all_of_them=False), Listed(kind=Kind.POD, sightings=(), at=desk.now))
    desk.settle(1.0)
    assert desk.written.contacts[-1].counted == {"lists": lists + 1, "watch_failures": 3, "broken_answers": 1, "set_aside": 1}


def standing(desk: Desk, version: int, *, cluster: str = "one", is_weak: bool = False) -> None:
    desk.hear(words.Standing(cluster=cluster, is_weak=is_weak, version=str(version), seen=desk.following.seen()))


def test_another_cluster_at_the_same_address_is_looked_at_from_the_beginning_f25(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    standing(desk, 9)
    standing(desk, 9, cluster="server-and-ca", is_weak=True)
    standing(desk, 9)
    assert not desk.following.is_void, "one that may not be told for a while is no other"
    standing(desk, 9, cluster="other")
    assert desk.following.is_void and "another cluster answers" in caplog.text


def test_a_history_that_was_restored_is_looked_at_from_the_beginning_f25(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.hear(words.Opened("Pod", "40"))
    standing(desk, 45)
    desk.hear(node("b", 50))
    standing(desk, 50)
    assert not desk.following.is_void
    standing(desk, 44)
    assert desk.following.is_void and "which is at 44" in caplog.text


def test_an_etcd_that_counts_for_itself_is_not_taken_for_the_future(desk: Desk) -> None:
    desk.hear(words.Opened("Event", "9000"), words.Opened("Pod", "800"), node("b", 50))
    for version in (60, 61):
        standing(desk, version)
    assert not desk.following.is_void


def test_a_list_that_takes_long_after_its_watch_ended_keeps_the_picture_from_being_live(desk: Desk) -> None:
    desk.hear(*report(said=watching.WatchEnded(named("Pod")), at=desk.now))
    for state in ("live", "live", "stale"):
        desk.settle(1.0)
        desk.hear(words.Contacted(desk.now))
        assert desk.written.contacts[-1].state == state
    desk.hear(*report(said=watching.WatchOpened(named("Pod"), "9", resumed=False), at=desk.now))
    desk.settle()
    assert desk.written.contacts[-1].state == "live"


def test_after_an_outage_no_watch_is_believed_before_it_was_opened_again(desk: Desk) -> None:
    desk.settle(10.0)
    assert desk.written.contacts[-1].state == "stale"
    desk.hear(words.Contacted(desk.now))
    assert set(desk.reopened) == {spec.key for spec in KINDS}
    desk.settle()
    assert (desk.written.contacts[-1].state, desk.written.contacts[-1].reason) == ("stale", "watches_behind")
    desk.hear(*(words.Opened(spec.key) for spec in KINDS))
    desk.settle()
    assert desk.written.contacts[-1].state == "live"


def test_one_missed_answer_reopens_nothing(desk: Desk) -> None:
    desk.hear(words.Silent("unreachable", "It cannot be reached."), words.Contacted(desk.now + 1.0))
    assert desk.reopened == []


def pod_in(namespace: str, name: str) -> Sighting:
    return Sighting(record=Pod(uid=Uid(f"{namespace}-{name}"), namespace=Namespace(namespace), name=name), version="5")


def test_a_kind_that_is_refused_in_the_whole_cluster_is_seen_where_it_may_be(desk: Desk) -> None:
    wide = next(spec for spec in KINDS if spec.kind == "Pod")
    store = wide.within("store")
    desk.hear(Listed(kind=Kind.POD, sightings=(pod_in("store", "a"), pod_in("bank", "b")), at=desk.now))
    for _ in range(3):  # the first refusal is not believed
        desk.hear(words.Absent("Pod", "not_permitted", "Forbidden.", desk.now), words.Contacted(desk.now))
        desk.now += 3.0
    desk.hear(words.Narrowed("Pod", (store,)), words.Absent("Pod", "not_permitted", "Forbidden.", desk.now))
    desk.hear(Listed(kind=Kind.POD, namespace=Namespace("store"), sightings=(pod_in("store", "a"),), at=desk.now), words.Opened("Pod/store"))
    desk.hear(words.Absent("Pod", "not_permitted", "Forbidden.", desk.now), words.Contacted(desk.now))
    desk.settle()
    shown = desk.following._projector.picture().objects
    assert {uid for uid, record in shown.items() if isinstance(record, Pod)} == {"store-a"}
    assert {one.kind: one.why for one in desk.written.contacts[-1].missing} == {"Pod": "partly"}
    desk.hear(words.Widened("Pod"), Listed(kind=Kind.POD, sightings=(pod_in("store", "a"), pod_in("bank", "b")), at=desk.now), words.Opened("Pod"))
    desk.hear(words.Behind("Pod/store", "a late word", desk.now))
    desk.settle()
    assert desk.written.contacts[-1].missing == ()
    assert "bank-b" in desk.following._projector.picture().objects
