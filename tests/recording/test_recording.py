"""What was seen can be seen again, and what was not written down is never made up."""

from __future__ import annotations

import contextlib
import itertools
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, InterfaceError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterview.access import clusters
from clusterview.models import Recording
from clusterview.recording import forgetting, reading, stretches, writing
from clusterview.stream.messages import MissingKind
from clusterview.topology.objects import Job, Namespace, Pod, Uid
from clusterview.topology.pictures import Picture
from tests.recording.making import START, Published
from tests.stream.making import came, pod, went

pytestmark = pytest.mark.django_db

@pytest.fixture(autouse=True)
def lab(db: None) -> None:
    clusters.register(opened=[("lab", "the lab")])


@pytest.fixture
def published() -> Published:
    return Published()


def at(seconds: float) -> reading.Past:
    return reading.at(cluster="lab", moment=START + timedelta(seconds=seconds))


def pods(past: reading.Past) -> set[str]:
    return {record.name for record in past.picture.objects.values() if isinstance(record, Pod)}


@settings(max_examples=25)
@given(acts=st.lists(st.one_of(st.integers(0, 9), st.sampled_from(["write", "hold", "show", "again", "wait"])), max_size=40))
def test_every_moment_is_what_was_seen_then(acts: list[int | str]) -> None:
    """Each number is a pod that comes, or goes when it is there; each act is a second after the one before."""
    Recording.objects.all().delete()
    published, here, then = Published(), set[int](), list[tuple[float, Picture]]()
    published.begin(pods=0, epoch=1)
    for act in acts:
        published.wait(1)
        match act:
            case int(number):
                published.publish(went(number) if number in here else came(number))
                here ^= {number}
            case "write":
                published.write()
            case "hold":
                published.hold()
            case "show":
                published.show()
            case "again":
                published.begin(pods=0, epoch=published.epoch + 1)
                here = set()
            case _:
                published.wait(writing.PICTURE_SECONDS)
        published.contact("live")
        then.append((published.seconds, Picture(objects=published.now.objects.values())))
    published.write()
    for seconds, seen in then:
        assert at(seconds).picture == seen


def test_where_the_clock_went_back_no_moment_shows_a_picture_that_never_was(published: Published) -> None:
    published.begin(pods=0, epoch=1)
    pictures = [set[str]()]
    for number, (seconds, then) in enumerate([(1.0, 2.0), (5.0, 3.2), (3.6, 4.0), (7.0, 8.0)]):
        published.seconds = seconds
        published.publish(came(number))
        pictures.append({record.name for record in published.now.objects.values() if isinstance(record, Pod)})
        published.seconds = then
        published.contact("live")
        published.write()
    shown = 0
    for tenth in range(75):
        try:
            assert pods(at(tenth / 10)) in pictures
        except reading.NotRecorded:
            continue
        shown += 1
    assert shown > 50


def test_a_moment_before_and_after_what_was_recorded_is_not_recorded(published: Published) -> None:
    published.begin(pods=2, epoch=1)
    published.go_on(3, "live")
    published.write()
    assert len(pods(at(20))) == 2
    for seconds in (-1.0, 30.001, 46.0):
        with pytest.raises(reading.NotRecorded):
            at(seconds)


def test_a_hole_between_two_recorders_is_told_and_not_filled(published: Published) -> None:
    published.begin(pods=1, epoch=1)
    published.contact("live")
    published.write()
    published.wait(300)
    published.begin(pods=3, epoch=2)
    published.contact("live")
    published.wait(3)
    published.contact("live")
    published.write()
    for seconds in (1.0, 200.0, 299.0):
        with pytest.raises(reading.NotRecorded):
            at(seconds)
    assert len(pods(at(302))) == 3
    spans = reading.spans(cluster="lab")
    assert [(one.begun_at - START).total_seconds() for one in spans] == [0, 300]
    between = reading.Hole(START, START + timedelta(seconds=300))
    assert reading.holes(spans=spans, now=START + timedelta(seconds=315)) == [between]
    last = reading.Hole(START + timedelta(seconds=303), None)
    assert reading.holes(spans=spans, now=START + timedelta(seconds=600)) == [between, last]


@pytest.mark.parametrize("word", ["contact", "changes", "picture"])
def test_a_time_in_which_the_publisher_did_not_run_is_a_hole(published: Published, word: str) -> None:
    """A computer slept for eight hours: nobody saw what happened meanwhile, and the first word afterwards does not say it either."""
    published.begin(pods=1, epoch=1)
    published.contact("live")
    published.go_on(1, "live")
    published.write()
    published.wait(8 * 3600)
    match word:
        case "contact":
            published.contact("live")
        case "changes":
            published.publish(came(7))
        case _:
            published.show()
    published.contact("live")
    published.write()
    published.go_on(1, "live")
    published.write()
    woke = 10.0 + 8 * 3600
    assert pods(at(woke + 5)) == {"shop-0"} | ({"shop-7"} if word == "changes" else set())
    for seconds in (10.001, 3600.0, woke - 0.001):
        with pytest.raises(reading.NotRecorded):
            at(seconds)
    assert {(one.begun_at - START).total_seconds() for one in reading.spans(cluster="lab")} == {0, woke}


def test_changes_that_were_missed_are_not_skipped_over(published: Published) -> None:
    published.begin(pods=1, epoch=1)
    published.contact("live")
    published.wait(5)
    published.publish(came(7), heard=False)
    published.publish(came(8))
    published.wait(60)
    published.contact("live")
    published.write()
    with pytest.raises(reading.NotRecorded):
        at(60)
    published.show()
    published.wait(1)
    published.contact("live")
    published.write()
    assert pods(at(66)) == {"shop-0", "shop-7", "shop-8"}


def test_the_last_picture_before_a_loss_stands_for_no_moment_after_it(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    published.contact("live")
    published.begin(pods=1, epoch=1)
    published.go_on(1, "live")
    published.write()

    def refuse(*_: object, **__: object) -> None:
        raise DatabaseError("the disk is full")

    published.wait(3)
    published.publish(came(5))
    with monkeypatch.context() as broken:
        broken.setattr(Recording.objects, "create", refuse)
        published.write()
    published.wait(4)
    published.show()
    published.contact("live")
    published.wait(1)
    published.contact("live")
    published.write()
    assert (pods(at(10)), pods(at(18))) == ({"shop-0"}, {"shop-0", "shop-5"})
    for seconds in (11.0, 13.0, 16.0):
        with pytest.raises(reading.NotRecorded):
            at(seconds)
    spans = [(one.begun_at - START, one.until - START) for one in reading.spans(cluster="lab")]
    assert spans == [(timedelta(0), timedelta(seconds=10)), (timedelta(seconds=17), timedelta(seconds=18))]


def test_a_later_observer_with_a_lower_number_is_shown_too_f103(published: Published) -> None:
    """Redis was emptied, and the clock of the host that took over is behind."""
    for pods_then, epoch in ((1, 9), (2, 7), (3, 4)):
        published.contact("live")
        published.begin(pods=pods_then, epoch=epoch)
        published.go_on(2, "live")
        published.write()
        published.wait(20)
    assert [len(pods(at(seconds))) for seconds in (10, 50, 90)] == [1, 2, 3]
    for seconds in (30.0, 70.0, 110.0):
        with pytest.raises(reading.NotRecorded):
            at(seconds)


def test_a_picture_that_is_kept_again_after_ten_minutes_leaves_no_hole(published: Published) -> None:
    published.begin(pods=1, epoch=1)
    published.contact("live")
    for _ in range(700):
        published.wait(0.9)
        published.contact("live")
        published.wait(0.1)
        published.show()
    published.contact("live")
    published.write()
    assert Recording.objects.filter(has_picture=True).count() == 2
    assert pods(at(599.95)) == {"shop-0"}
    (span,) = reading.spans(cluster="lab")
    assert (span.until - span.begun_at).total_seconds() == 700


def test_a_picture_that_took_long_to_pack_leaves_no_hole(published: Published) -> None:
    published.contact("live")
    published.begin(pods=1, epoch=1)
    published.go_on(60, "live")
    published.hold()
    published.publish(came(5))
    published.write()
    published.go_on(1, "live")
    published.publish(came(6))
    published.show()
    published.contact("live")
    published.go_on(1, "live")
    published.write()
    spans = reading.spans(cluster="lab")
    assert [((one.begun_at - START).total_seconds(), (one.until - START).total_seconds()) for one in spans] == [(0, 620)]
    assert Recording.objects.filter(has_picture=True).count() == 2


def test_a_time_that_another_stretch_covers_is_no_hole() -> None:
    told = ((0, 100, "live"), (10, 20, "stale"), (50, 60, "live"))
    spans = [reading.Span(START + timedelta(seconds=since), START + timedelta(seconds=until), state) for since, until, state in told]
    assert reading.holes(spans=spans, now=START + timedelta(seconds=110)) == []
    assert reading.holes(spans=spans, now=START + timedelta(seconds=200)) == [reading.Hole(START + timedelta(seconds=100), None)]


def test_how_fresh_the_picture_was_is_kept_with_it(published: Published) -> None:
    published.contact("live")
    published.begin(pods=1, epoch=1)
    for state in ("live", "stale", "live"):
        published.contact(state)
        published.go_on(2, state)
        published.write()
    published.contact("live")
    published.write()
    assert [at(seconds).state for seconds in (10, 30, 50)] == ["live", "stale", "live"]
    assert [one.state for one in reading.spans(cluster="lab")] == ["live", "stale", "live"]


@pytest.mark.parametrize("word", ["contact", "changes", "picture"])
def test_a_silence_is_shown_as_the_pages_were_told_of_it(published: Published, word: str) -> None:
    """They call nothing live that was confirmed more than four seconds ago; the contact is a tenth of a second old when the publisher speaks."""
    published.contact("live")
    published.begin(pods=1, epoch=1)
    published.go_on(1, "live")
    published.wait(12)
    match word:
        case "changes":
            published.publish(came(7))
        case "picture":
            published.show()
    published.contact("live")
    published.go_on(1, "live")
    published.write()
    assert [at(seconds).state for seconds in (10, 13.8, 14, 21.9, 22, 32)] == ["live", "live", "stale", "stale", "live", "live"]
    assert [pods(at(seconds)) for seconds in (21.9, 22)] == [{"shop-0"}, {"shop-0", "shop-7"} if word == "changes" else {"shop-0"}]
    assert [one.state for one in reading.spans(cluster="lab")] == ["live", "stale", "live"]


def test_which_kinds_were_not_shown_is_kept_with_the_picture(published: Published) -> None:
    forbidden = MissingKind("Ingress", "not_permitted", "ingresses is forbidden")
    failing = MissingKind("Job", "failing", "timed out")
    published.contact("live", forbidden)
    published.begin(pods=1, epoch=1)
    for missing in ((forbidden,), (forbidden, failing), ()):
        published.contact("live", *missing)
        published.go_on(2, "live", *missing)
        published.write()
    published.contact("live")
    published.write()
    assert [at(seconds).missing for seconds in (10, 30, 50)] == [(forbidden,), (forbidden, failing), ()]
    (span,) = reading.spans(cluster="lab")
    assert (span.until - span.begun_at).total_seconds() == 60


def test_the_same_reason_in_other_words_is_no_stretch_of_its_own(published: Published) -> None:
    published.begin(pods=1, epoch=1)
    for attempt in range(30):
        missing = MissingKind("Job", "failing", f"timed out, attempt {attempt}")
        published.contact("live", missing)
        published.go_on(1, "live", missing)
        published.write()
    assert Recording.objects.count() == 1
    assert at(200).missing == (MissingKind("Job", "failing", "timed out, attempt 0"),)


def test_each_part_of_a_kind_that_was_read_is_a_stretch_of_its_own(published: Published) -> None:
    published.begin(pods=1, epoch=1)
    for missing in (STORE, BANK):
        published.contact("live", missing)
        published.go_on(1, "live", missing)
    published.write()
    assert [at(seconds).missing for seconds in (5, 15)] == [(STORE,), (BANK,)]


def test_what_was_recorded_without_the_kinds_that_were_missing_does_not_say_that_there_were_none(published: Published) -> None:
    published.begin(pods=1, epoch=1)
    published.wait(5)
    published.contact("live")
    published.write()
    assert (at(3).missing, at(5).missing) == (None, ())
    Recording.objects.update(missing=None)
    assert at(5).missing is None


def test_a_quiet_hour_is_a_few_rows_and_one_span(published: Published) -> None:
    published.begin(pods=1, epoch=1)
    published.contact("live")
    for _ in range(360):
        published.go_on(1, "live")
        published.write()
    assert Recording.objects.count() == 1
    (span,) = reading.spans(cluster="lab")
    assert span.until - span.begun_at > timedelta(minutes=59)


def test_a_database_that_fails_costs_what_was_heard_and_nothing_else(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    published.begin(pods=1, epoch=1)
    published.contact("live")

    def refuse(*_: object, **__: object) -> None:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Recording.objects, "create", refuse)
        assert published.recorder.round() == writing.ROUND_SECONDS
    published.wait(20)
    published.publish(came(5))
    published.wait(5)
    published.show()
    published.contact("live")
    published.write()
    with pytest.raises(reading.NotRecorded):
        at(10)
    assert pods(at(25)) == {"shop-0", "shop-5"}


def test_what_came_while_the_database_failed_is_not_put_onto_what_was_lost(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    published.begin(pods=1, epoch=1)
    published.contact("live")
    published.write()
    published.wait(5)
    published.publish(came(5))

    def refuse(*_: object, **__: object) -> None:
        published.publish(came(6))
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Recording.objects, "create", refuse)
        published.write()
    published.write()
    assert Recording.objects.count() == 1
    with pytest.raises(reading.NotRecorded):
        at(5)
    published.wait(60)
    published.show()
    published.contact("live")
    published.write()
    assert pods(at(65)) == {"shop-0", "shop-5", "shop-6"}


@pytest.mark.parametrize("problem", [InterfaceError("the connection is closed"), MemoryError("there is no room to pack it")])
def test_whatever_else_fails_while_it_is_written_nothing_goes_on_from_what_was_lost(
    problem: Exception, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.contact("live")
    published.begin(pods=1, epoch=1)
    published.go_on(1, "live")
    published.write()
    published.publish(came(5))

    def fail(_: object) -> None:
        raise problem

    with monkeypatch.context() as broken, contextlib.suppress(MemoryError):
        broken.setattr(stretches, "pack", fail)
        published.write()
    published.wait(1)
    published.publish(came(6))
    published.go_on(1, "live")
    published.write()
    assert [(one.until - START).seconds for one in reading.spans(cluster="lab")] == [10], "what cannot be shown is told as recorded"
    published.show()
    published.go_on(1, "live")
    published.write()
    assert pods(at(25)) == {"shop-0", "shop-5", "shop-6"}


def test_what_cannot_be_forgotten_costs_nothing_of_what_is_written(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    published.contact("live")
    published.begin(pods=1, epoch=1)

    def refuse(**_: object) -> None:
        raise DatabaseError("a lock was waited for too long")

    monkeypatch.setattr(forgetting, "forget", refuse)
    for number in (5, 6):
        published.publish(came(number))
        published.go_on(1, "live")
        published.write()
    assert pods(at(20)) == {"shop-0", "shop-5", "shop-6"}


def test_a_time_that_was_stale_while_the_database_failed_is_not_recorded_as_live(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    published.contact("live")
    published.begin(pods=1, epoch=1)
    published.go_on(1, "live")
    published.write()

    def refuse(*_: object, **__: object) -> None:
        raise DatabaseError("the disk is full")

    published.go_on(1, "stale")
    with monkeypatch.context() as broken:
        broken.setattr(Recording.objects, "create", refuse)
        published.write()
    published.go_on(1, "stale")
    published.write()
    spans = [((one.begun_at - START).seconds, (one.until - START).seconds, one.state) for one in reading.spans(cluster="lab")]
    assert spans == [(0, 10, "live"), (20, 30, "stale")], "nothing had changed, so that what follows can be shown"
    assert (pods(at(25)), at(25).state) == ({"shop-0"}, "stale")
    with pytest.raises(reading.NotRecorded):
        at(15)


def test_a_picture_that_came_while_the_database_failed_is_kept(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    published.begin(pods=1, epoch=1)

    def refuse(*_: object, **__: object) -> None:
        published.wait(1)
        published.contact("live")
        published.begin(pods=2, epoch=2)
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Recording.objects, "create", refuse)
        published.write()
    published.go_on(1, "live")
    published.write()
    assert [(one.begun_at - START).total_seconds() for one in reading.spans(cluster="lab")] == [1]
    assert pods(at(5)) == {"shop-0", "shop-1"}


def test_a_stretch_is_drawn_out_only_where_the_next_one_begins_at_its_end(published: Published) -> None:
    published.contact("live")
    published.begin(pods=1, epoch=1)
    published.go_on(1, "live")
    published.write()
    Recording.objects.update(until=START + timedelta(seconds=5))
    published.go_on(1, "live")
    published.write()
    with pytest.raises(reading.NotRecorded):
        at(7)
    assert pods(at(15)) == {"shop-0"}


def test_more_than_may_wait_is_left_out_and_told(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    published.begin(pods=1, epoch=1)
    published.contact("live")
    monkeypatch.setattr(writing, "WAITING_BYTES", 1)
    published.publish(came(5))
    published.wait(60)
    published.write()
    with pytest.raises(reading.NotRecorded):
        at(59)


@pytest.mark.parametrize(("name", "value", "left"), [("REWIND_HOURS", 1.0, 2), ("REWIND_BYTES", 1.0, 0)])
def test_what_is_too_old_or_too_much_is_forgotten_the_oldest_first(
    name: str, value: float, left: int, published: Published, settings: LazySettings
) -> None:
    for hour in range(3):
        published.begin(pods=1, epoch=1 + hour)
        published.contact("live")
        published.write()
        published.wait(1800)
    setattr(settings, name, value)
    published.begin(pods=1, epoch=9)
    published.seconds -= 1
    published.write()
    assert Recording.objects.count() == left + (name == "REWIND_HOURS") * 1


def test_what_somebody_else_forgets_meanwhile_is_not_looked_for_for_ever(
    published: Published, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.begin(pods=1, epoch=1)
    published.contact("live")
    published.write()
    settings.REWIND_BYTES = 0.0
    looks, aggregate = itertools.count(1), Recording.objects.aggregate

    def look(execute: Callable[..., Any], *asked: Any) -> Any:
        assert next(looks) < 20, "it is looked for again and again"
        return execute(*asked)

    def lose(**asked: object) -> dict[str, object]:
        counted = aggregate(**asked)
        Recording.objects.all().delete()
        return counted

    monkeypatch.setattr(Recording.objects, "aggregate", lose)
    with connection.execute_wrapper(look):
        forgetting.forget(now=START.timestamp())


def test_where_nothing_is_recorded_any_more_nothing_of_before_is_told_and_all_of_it_goes_a_little_at_a_time(
    published: Published, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for epoch in range(1, 6):
        published.begin(pods=1, epoch=epoch)
        published.contact("live")
        published.write()
        published.wait(60)
    assert pods(at(0)) == {"shop-0"}
    settings.REWIND_HOURS = 0.0
    assert reading.spans(cluster="lab") == []
    with pytest.raises(reading.NotRecorded):
        at(0)
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    count = Recording.objects.count()
    with CaptureQueriesContext(connection) as asked:
        assert forgetting.clear() > 0
    deletes = [one["sql"] for one in asked if one["sql"].startswith("DELETE")]
    assert (len(deletes), Recording.objects.count()) == ((count + 1) // 2, 0)


def test_two_moments_are_compared_by_field(published: Published) -> None:
    published.begin(pods=2, epoch=1)
    published.contact("live")
    before = reading.Past(picture=Picture(objects=published.now.objects.values()), state="live", missing=())
    published.publish([*went(0), *came(7)])
    found = reading.difference(before=before, after=reading.Past(picture=published.now, state="live", missing=()))
    assert ([one.name for one in found.appeared], [one.name for one in found.gone], found.changed) == (["shop-7"], ["shop-0"], ())


FORBIDDEN, ABSENT = MissingKind("Pod", "not_permitted"), MissingKind("Pod", "not_installed")
STORE, BANK = (MissingKind("Pod", "partly", f"Only these namespaces are read: {one}. Pods are forbidden.") for one in ("store", "bank"))


@pytest.mark.parametrize(
    ("then", "now", "not_compared"),
    [
        ((FORBIDDEN,), (), ("Pod",)),
        ((), (FORBIDDEN,), ("Pod",)),
        ((FORBIDDEN,), (ABSENT,), ("Pod",)),
        ((FORBIDDEN,), (FORBIDDEN,), ()),
        ((STORE,), (BANK,), ("Pod",)),
        ((STORE,), (STORE,), ()),
        ((ABSENT,), (), ()),
        (None, (FORBIDDEN,), ()),
    ],
)
def test_what_could_not_be_seen_at_one_of_the_moments_is_not_said_to_be_new_or_gone(
    then: tuple[MissingKind, ...] | None, now: tuple[MissingKind, ...], not_compared: tuple[str, ...]
) -> None:
    """Of a kind that was not installed there was none; what nobody knows is left to the reader, who is told so."""
    one = pod(1)
    before = reading.Past(picture=Picture(), state="live", missing=then)
    found = reading.difference(before=before, after=reading.Past(picture=Picture(objects=[one]), state="live", missing=now))
    assert (found.not_compared, found.appeared) == (not_compared, () if not_compared else (one,))


def test_a_body_that_nobody_wrote_is_an_error() -> None:
    with pytest.raises(zlib.error):
        stretches.unpack(b"not compressed")


def test_what_another_version_wrote_is_no_picture_and_no_error(published: Published) -> None:
    published.begin(pods=2, epoch=1)
    published.wait(5)
    published.contact("live")
    published.write()
    assert pods(at(3)) == {"shop-0", "shop-1"}
    Recording.objects.update(format=0, body=b"something else")
    assert reading.spans(cluster="lab") == []
    with pytest.raises(reading.NotRecorded):
        at(3)


def test_what_was_recorded_before_a_kind_was_watched_is_shown_and_does_not_say_that_there_were_none(published: Published) -> None:
    forbidden = MissingKind("Ingress", "not_permitted")
    published.contact("live", forbidden)
    published.begin(pods=2, epoch=1)
    published.wait(3)
    published.contact("live", forbidden)
    published.write()
    assert at(2).missing == (forbidden,)
    Recording.objects.update(format=1)
    then, job = at(2), Job(uid=Uid("j"), namespace=Namespace("store"), name="report")
    unwatched = ("Job", "CronJob", "Gateway", "HTTPRoute")
    assert pods(then) == {"shop-0", "shop-1"} and [one.state for one in reading.spans(cluster="lab")] == ["live"]
    assert then.missing == (forbidden, *(MissingKind(kind, "not_watched") for kind in unwatched))
    now = reading.Past(picture=Picture(objects=[*then.picture.objects.values(), job]), state="live", missing=(forbidden,))
    found = reading.difference(before=then, after=now)
    assert (found.not_compared, found.appeared) == (tuple(sorted(unwatched)), ())
    Recording.objects.update(missing=None)
    assert at(2).missing is None
