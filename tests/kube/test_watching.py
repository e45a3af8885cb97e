"""What a reflector promises: nothing missed, nothing made up, no storm of requests."""

from __future__ import annotations

import collections
import gc
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from clusterview.kube import errors, watching
from clusterview.kube.backoff import Backoff
from clusterview.kube.connections import Connection, Stream
from clusterview.kube.watching import Gone, Listed, NotInstalled, NotPermitted, Observation, Reflector, Seen, SetAside, WatchLost, WatchOpened
from tests.kube.making import PODS, bookmark, event, failure, page, pod
from tests.kube.scripted import Script, playing, reset, say, silent, stream
from tests.lab.fixtures import wait_until

LIST = say(200, page(pod("a", version=3), version=10))
EXPIRED = failure(410, "Expired", "too old resource version: 10 (90)")


class Clock:
    """Ten seconds pass at each look, so that no watch counts as one that ended at once."""

    def __init__(self, step: float = 10.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def reflector(script: Script, told: list[Observation], **options: Any) -> Reflector:
    return Reflector(script.connection(), PODS, told.append, **{"streams": False, "clock": Clock(), "chance": lambda: 0.0} | options)


def names(told: list[Observation]) -> list[str]:
    return [type(one).__name__ for one in told]


def watches(script: Script) -> list[str]:
    return [one.query["resourceVersion"] for one in script.asked if one.query.get("watch")]


def lists(script: Script) -> int:
    return sum(1 for one in script.asked if not one.query.get("watch"))


def test_a_list_then_a_watch_from_where_it_ended() -> None:
    told: list[Observation] = []
    lines = (event("ADDED", pod("b", version=11)), event("MODIFIED", pod("a", version=12)), event("DELETED", pod("b", version=13)))
    with playing(LIST, stream(*lines)) as script:
        assert reflector(script, told).run_round() == 0.0
    listed, opened, added, modified, gone, ended = told
    assert isinstance(listed, Listed) and [one.metadata.name for one in listed.items] == ["a"] and listed.resource_version == "10"
    assert opened == WatchOpened(PODS, "10", resumed=False)
    assert isinstance(added, Seen) and added.item.metadata.name == "b"
    assert isinstance(modified, Seen) and modified.item.metadata.resource_version == "12"
    assert gone == Gone(PODS, uid="uid-b", namespace="store", name="b", resource_version="13")
    assert ended == watching.WatchEnded(PODS)
    asked = script.asked[1].query
    assert asked["allowWatchBookmarks"] == "true" and 240 <= int(asked["timeoutSeconds"]) <= 300


def test_the_servers_own_end_reopens_at_once_without_a_list() -> None:
    told: list[Observation] = []
    with playing(LIST, stream(bookmark(40)), stream(event("ADDED", pod("b", version=41)))) as script:
        watcher = reflector(script, told)
        assert watcher.run_round() == 0.0
        assert watcher.run_round() == 0.0
        assert watches(script) == ["10", "40"] and lists(script) == 1
    assert names(told) == ["Listed", "WatchOpened", "WatchEnded", "WatchOpened", "Seen", "WatchEnded"]
    assert told[3] == WatchOpened(PODS, "40", resumed=True)


def test_a_silent_watch_is_reopened_from_its_last_version_without_a_list() -> None:
    told: list[Observation] = []
    with playing(LIST, stream(event("ADDED", pod("b", version=11)), then="silence"), stream(bookmark(12))) as script:
        watcher = reflector(script, told, silence_seconds=0.2)
        assert watcher.run_round() == 0.0
        watcher.run_round()
        assert watches(script) == ["10", "11"] and lists(script) == 1
    assert not [one for one in told if isinstance(one, WatchLost)]


def test_a_watch_that_is_not_answered_is_lost_long_before_it_would_be_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "ANSWER_SECONDS", 0.2)
    told: list[Observation] = []
    with playing(LIST, stream(bookmark(11), then="silence"), silent) as script:
        watcher = reflector(script, told, silence_seconds=1.0)
        assert watcher.run_round() == 0.0
        assert names(told) == ["Listed", "WatchOpened", "WatchEnded"], "nobody knew that nothing was followed"
        began = time.monotonic()
        assert watcher.run_round() >= 0.8
        assert time.monotonic() - began < 0.8
        assert watches(script) == ["10", "11"] and lists(script) == 1
    assert isinstance(told[-1], WatchLost) and isinstance(told[-1].error, errors.TimedOut)


@pytest.mark.parametrize("silence_seconds", [20.0, 0.1])
def test_a_busy_server_that_answers_a_watch_late_is_given_longer_each_time(silence_seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one whose watch would not be silent for so long."""
    monkeypatch.setattr(watching, "ANSWER_SECONDS", 0.5)
    told, given, opens = list[Observation](), list[float](), Connection.stream

    def counts(connection: Connection, *asked: Any, answer_seconds: float, **how: Any) -> Stream:
        given.append(answer_seconds)
        return opens(connection, *asked, answer_seconds=answer_seconds, **how)

    monkeypatch.setattr(Connection, "stream", counts)
    with playing(LIST, silent, silent, stream(bookmark(12))) as script:
        watcher = reflector(script, told, silence_seconds=silence_seconds)
        for _ in range(3):
            watcher.run_round()
        assert watches(script) == ["10"] * 3
    assert names(told) == ["Listed", "WatchLost", "WatchLost", "WatchOpened", "WatchEnded"]
    assert given == [0.5, 1.0, 2.0]


def test_a_quiet_watch_is_not_held_to_the_time_for_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "ANSWER_SECONDS", 0.2)
    told: list[Observation] = []
    with playing(LIST, stream(event("ADDED", pod("b", version=11)), quiet_seconds=0.6)) as script:
        reflector(script, told, silence_seconds=20.0).run_round()
    assert names(told) == ["Listed", "WatchOpened", "Seen", "WatchEnded"]


@pytest.mark.parametrize("answer", [stream({"type": "ERROR", "object": EXPIRED}), say(410, EXPIRED)], ids=["as an event", "as a status"])
def test_a_version_that_is_too_old_means_a_new_list_after_a_wait(answer: Any) -> None:
    told: list[Observation] = []
    again = say(200, page(pod("c", version=91), version=95))
    with playing(LIST, answer, again, stream(bookmark(96))) as script:
        watcher = reflector(script, told)
        assert watcher.run_round() >= 0.8
        watcher.run_round()
        assert watches(script) == ["10", "95"] and lists(script) == 2
    lost = next(one for one in told if isinstance(one, WatchLost))
    assert isinstance(lost.error, errors.Gone) and lost.must_list
    relisted = [one for one in told if isinstance(one, Listed)][1]
    assert [one.metadata.name for one in relisted.items] == ["c"]


@pytest.mark.parametrize(
    "broken",
    [
        stream(event("ADDED", pod("b", version=11)), tail=b'{"type":"ADDED","obj'),
        stream(event("ADDED", pod("b", version=11)), tail=b'{"type":"ADDED","obj', then="cut"),
        stream(event("ADDED", pod("b", version=11)), b'{"type":"ADDED","object":{"metadata":'),
        stream(event("ADDED", pod("b", version=11)), b'{"type":"ADDED","object":NaN}'),
        stream(event("ADDED", pod("b", version=11)), b"\xff\xfe\x00"),
        stream(event("ADDED", pod("b", version=11)), b'{"a":' * 20_000),
        stream(event("ADDED", pod("b", version=11)), b""),
        stream(event("ADDED", pod("b", version=11)), event("INVENTED", pod("c", version=12))),
    ],
    ids=["truncated", "truncated and cut", "malformed", "NaN", "not UTF-8", "deep", "empty", "unknown type"],
)
def test_a_line_that_is_no_event_ends_the_stream_and_resumes_from_what_was_applied(broken: Any) -> None:
    told: list[Observation] = []
    with playing(LIST, broken, stream(event("MODIFIED", pod("b", version=12)))) as script:
        watcher = reflector(script, told)
        assert watcher.run_round() >= 0.8
        watcher.run_round()
        assert watches(script) == ["10", "11"] and lists(script) == 1
    assert [one.item.metadata.resource_version for one in told if isinstance(one, Seen)] == ["11", "12"]
    assert [one.must_list for one in told if isinstance(one, WatchLost)] == [False]
    assert not any("base 16" in one.error.sentence for one in told if isinstance(one, WatchLost))


def test_a_line_that_stays_broken_is_passed_by_a_list() -> None:
    told: list[Observation] = []
    broken = stream(b"{")
    with playing(LIST, broken, broken, broken, LIST, stream(bookmark(11))) as script:
        watcher = reflector(script, told)
        for _ in range(4):
            watcher.run_round()
        assert lists(script) == 2


def test_one_object_that_cannot_be_read_is_set_aside_and_the_others_go_on() -> None:
    told: list[Observation] = []
    poison = pod("p", version=11, containers="not a list")
    with playing(LIST, stream(event("MODIFIED", poison), event("ADDED", pod("b", version=12)), event("DELETED", poison))) as script:
        assert reflector(script, told).run_round() == 0.0
    assert names(told) == ["Listed", "WatchOpened", "SetAside", "Seen", "Gone", "WatchEnded"]
    aside = told[2]
    assert isinstance(aside, SetAside) and (aside.quarantined.uid, aside.quarantined.name) == ("uid-p", "p")


@pytest.mark.parametrize("lacking", ["uid", "resourceVersion"])
def test_an_object_without_identity_means_a_new_list(lacking: str) -> None:
    told: list[Observation] = []
    nobody = pod("p", version=11)
    del nobody["metadata"][lacking]
    with playing(LIST, stream(event("MODIFIED", nobody)), LIST, stream(bookmark(11))) as script:
        watcher = reflector(script, told)
        assert watcher.run_round() >= 0.8
        watcher.run_round()
        assert lists(script) == 2
    assert not [one for one in told if isinstance(one, Seen)]


def test_a_busy_server_is_given_the_time_it_asks_for_and_no_list() -> None:
    told: list[Observation] = []
    with playing(LIST, say(429, failure(429, "TooManyRequests"), Retry_After="17"), stream(bookmark(11))) as script:
        watcher = reflector(script, told)
        assert watcher.run_round() == 17.0
        watcher.nudge()
        assert not watcher._nudged.is_set()
        watcher.nudge()
        assert watcher._nudged.is_set(), "by then the time is over"
        watcher.run_round()
        assert watches(script) == ["10", "10"] and lists(script) == 1


def test_a_server_that_was_away_and_asks_for_a_second_is_asked_again_after_that_and_not_after_the_whole_back_off() -> None:
    told: list[Observation] = []
    with playing(say(429, failure(429, "TooManyRequests"), Retry_After="1"), LIST, stream(then="silence")) as script:
        watcher = reflector(script, told, clock=time.monotonic, chance=lambda: 0.9)
        watcher._backoff._longest = 30.0
        thread = threading.Thread(target=watcher.run)
        thread.start()
        began = time.monotonic()
        wait_until(lambda: "WatchLost" in names(told), seconds=5, what="the server has asked for it")

        def opened() -> bool:
            watcher.nudge()
            return "WatchOpened" in names(told)

        try:
            wait_until(opened, seconds=5, what="the watch is open")
            assert time.monotonic() - began >= 1.0
        finally:
            watcher.stop()
            thread.join(5)


def test_a_watch_that_ends_at_once_is_not_a_hot_loop() -> None:
    told: list[Observation] = []
    with playing(LIST, last=stream()) as script:
        watcher = reflector(script, told, clock=Clock(step=0.001), chance=lambda: 0.5)
        waits = [watcher.run_round() for _ in range(7)]
    assert waits == pytest.approx([1.2, 2.0, 3.6, 6.8, 13.2, 15.4, 15.4])


def test_no_two_failures_are_waited_for_equally_long_f27() -> None:
    chance = random.Random(1)
    waits = [Backoff(clock=lambda: 0.0, chance=chance.random) for _ in range(400)]
    for longest in (1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0):
        now = sorted(one.next_seconds() for one in waits)
        assert now[0] >= 0.8 and now[-1] <= longest and len(set(now)) == len(now)
        assert now[200] == pytest.approx((0.8 + longest) / 2, rel=0.15)


def test_an_outage_that_ends_without_a_word_is_waited_for_no_longer() -> None:
    away = threading.Event()
    away.set()
    with playing(last=silent) as script:
        one = reflector(script, [], is_away=away.is_set)
        thread = threading.Thread(target=one.run)
        thread.start()
        away.clear()
        wait_until(lambda: len(script.asked) == 1, seconds=5, what="it asks")
        one.stop()
        thread.join()


def test_rows_that_are_nudged_together_come_back_within_half_a_second_one_after_the_other_f27() -> None:
    chance = random.Random(1)
    with playing(last=silent) as script:
        watchers = [reflector(script, [], chance=chance.random, is_away=lambda: True) for _ in range(8)]
        threads = [threading.Thread(target=one.run) for one in watchers]
        for thread in threads:
            thread.start()
        nudged_at = time.monotonic()
        for one in watchers:
            one.nudge()
        wait_until(lambda: len(script.asked) == 8, seconds=5, what="all have asked")
        seconds = time.monotonic() - nudged_at
        for one in watchers:
            one.stop()
        for thread in threads:
            thread.join(5)
    assert 0.2 < seconds < 2.0


def test_a_storm_of_expired_watches_stays_under_a_list_in_five_seconds_f08() -> None:
    told: list[Observation] = []

    def answer(handler: Any) -> None:
        (say(410, EXPIRED) if script.asked[-1].query.get("watch") else LIST)(handler)

    with playing(last=answer) as script:
        watcher = reflector(script, told, clock=Clock(step=0.01), chance=random.Random(1).random)
        passed = 0.0
        while passed < 120:
            passed += watcher.run_round()
        assert lists(script) / 120 <= 0.22


@pytest.mark.parametrize(("status", "kind"), [(403, NotPermitted), (404, NotInstalled)])
def test_a_kind_that_may_not_or_cannot_be_read_is_said_at_once_and_asked_for_again(status: int, kind: type) -> None:
    told: list[Observation] = []
    with playing(say(status, failure(status, "No")), LIST, stream(bookmark(11))) as script:
        watcher = reflector(script, told)
        assert watcher.run_round() == 2.0
        assert isinstance(told[0], kind)
        watcher.run_round()
    assert names(told)[1:] == ["Listed", "WatchOpened", "WatchEnded"]


def test_a_kind_that_stays_unreadable_is_asked_for_once_a_minute() -> None:
    told: list[Observation] = []
    with playing(last=say(403, failure(403, "Forbidden"))) as script:
        watcher = reflector(script, told)
        assert [watcher.run_round() for _ in range(7)] == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


class Refusing:
    """A connection over which everything is refused."""

    def sibling(self, **_: Any) -> Refusing:
        return self

    def request(self, *_: Any, **__: Any) -> Any:
        raise errors.Forbidden("The account may not do this.")


def test_a_kind_that_is_refused_for_weeks_is_asked_for_once_a_minute_still() -> None:
    told: list[Observation] = []
    watcher = Reflector(Refusing(), PODS, told.append, clock=Clock(), chance=lambda: 0.0)  # type: ignore[arg-type]
    assert {watcher.run_round() for _ in range(20_000)} == {2.0, 4.0, 8.0, 16.0, 32.0, 60.0}
    assert set(names(told)) == {"NotPermitted"}


def test_a_kind_that_is_taken_away_is_waited_for_no_longer_because_contact_is_told_again_and_again() -> None:
    with playing(LIST, last=say(404, failure(404, "NotFound"))) as script:
        watcher = reflector(script, [])
        waits = []
        for _ in range(12):
            waits.append(watcher.run_round())
            watcher.nudge()
            watcher._wait(waits[-1])
    assert max(waits) == 16.0


def test_a_right_that_is_taken_away_under_a_watch_is_said() -> None:
    told: list[Observation] = []
    with playing(LIST, last=say(403, failure(403, "Forbidden"))) as script:
        watcher = reflector(script, told)
        assert sum(watcher.run_round() for _ in range(3)) < 6
        watcher.run_round()
    assert names(told) == ["Listed", "WatchLost", "WatchLost", "WatchLost", "NotPermitted"]


def test_an_api_server_that_refuses_while_it_starts_is_not_believed() -> None:
    told: list[Observation] = []
    with playing(LIST, say(403, failure(403, "Forbidden")), stream(bookmark(11))) as script:
        watcher = reflector(script, told)
        assert watcher.run_round() == 0.8
        watcher.run_round()
        assert watches(script) == ["10", "10"] and lists(script) == 1
    assert names(told) == ["Listed", "WatchLost", "WatchOpened", "WatchEnded"]


def test_a_history_forgotten_long_after_the_list_is_listed_again_without_alarm() -> None:
    told: list[Observation] = []
    clock = Clock()
    again = say(200, page(pod("a", version=3), version=11))
    with playing(LIST, stream(bookmark(11)), say(410, EXPIRED), again, stream(bookmark(12)), say(410, EXPIRED)) as script:
        watcher = reflector(script, told, clock=clock)
        watcher.run_round()
        clock.now += 300
        assert [watcher.run_round() for _ in range(3)] == [0.0, 0.0, 0.8]
    watch = ["Listed", "WatchOpened", "WatchEnded"]
    assert names(told) == [*watch, "WatchEnded", *watch, "WatchLost"]


def test_a_list_that_expires_while_it_is_read_is_tried_again_with_patience() -> None:
    told: list[Observation] = []
    with playing(LIST, stream(bookmark(11)), last=say(410, EXPIRED)) as script:
        watcher = reflector(script, told, clock=Clock(step=60.0), chance=lambda: 0.5)
        assert [watcher.run_round() for _ in range(6)] == pytest.approx([0.0, 0.0, 1.2, 2.0, 3.6, 6.8])
    assert names(told) == ["Listed", "WatchOpened", "WatchEnded", "WatchEnded", *["WatchLost"] * 4]


def test_an_expired_credential_is_asked_for_again_in_half_a_minute_at_most_f13() -> None:
    told: list[Observation] = []
    with playing(last=say(401, failure(401, "Unauthorized"))) as script:
        assert reflector(script, told).run_round() >= 30.0
    assert isinstance(told[0], WatchLost) and isinstance(told[0].error, errors.Unauthorized)


def test_a_login_page_is_not_a_cluster() -> None:
    told: list[Observation] = []
    with playing(LIST, say(200, b"<html>log in</html>", content_type="text/html")) as script:
        assert reflector(script, told).run_round() >= 30.0
    assert names(told) == ["Listed", "WatchLost"]


def test_a_line_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LINE_BYTES", 1000)
    told: list[Observation] = []
    with playing(LIST, stream(tail=b"x" * 5000, then="silence")) as script:
        reflector(script, told, silence_seconds=5).run_round()
    lost = told[-1]
    assert isinstance(lost, WatchLost) and "1000 bytes" in lost.error.sentence


@pytest.mark.parametrize("steps", [(silent,), (LIST, silent), (LIST, stream(then="silence"))], ids=["in a list", "before a watch", "in a watch"])
def test_stop_ends_a_wait_at_once(steps: tuple[Callable[..., None], ...]) -> None:
    told: list[Observation] = []
    with playing(*steps) as script:
        watcher = reflector(script, told)
        thread = threading.Thread(target=watcher.run)
        thread.start()
        wait_until(lambda: len(script.asked) == len(steps), seconds=5, what="all was asked")
        watcher.stop()
        thread.join(5)
        assert not thread.is_alive()
    assert not [one for one in told if isinstance(one, WatchLost)]


def test_a_nudge_ends_the_wait_after_an_outage() -> None:
    told: list[Observation] = []
    with playing(say(500), LIST, stream(then="silence")) as script:
        watcher = reflector(script, told, chance=lambda: 0.9)
        watcher._backoff._longest = 30.0
        thread = threading.Thread(target=watcher.run)
        thread.start()
        wait_until(lambda: bool(told), seconds=5, what="something was told")
        watcher.nudge()
        wait_until(lambda: "WatchOpened" in names(told), seconds=5, what="the watch is open")
        watcher.stop()
        thread.join(5)


def test_a_nudge_while_all_is_well_ends_no_later_wait() -> None:
    with playing(say(500)) as script:
        watcher = reflector(script, [])
        watcher.nudge()
        assert watcher.run_round() > 0 and not watcher._nudged.is_set()


def test_a_list_that_is_asked_for_while_the_row_is_refused_does_not_wait() -> None:
    class Doubted(Refusing):
        def request(self, *_: Any, **__: Any) -> Any:
            watcher.relist()
            return super().request()

        def interrupt(self) -> None:
            """Nothing is under way."""

    watcher = Reflector(Doubted(), PODS, lambda _: None, clock=Clock(), chance=lambda: 0.0)  # type: ignore[arg-type]
    watcher._listed_at = 0.0
    assert watcher.run_round() > 0 and watcher._nudged.is_set()


def test_a_receiver_that_fails_costs_a_list_and_not_the_watch(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Observation] = []

    def deliver(one: Observation) -> None:
        told.append(one)
        if isinstance(one, Seen) and one.item.metadata.name == "b":
            raise RuntimeError("boom")

    with playing(LIST, stream(event("ADDED", pod("b", version=11))), LIST, stream(bookmark(12))) as script:
        watcher = Reflector(script.connection(), PODS, deliver, streams=False, clock=Clock(), chance=lambda: 0.0)
        assert watcher._guarded_round() >= 0.8
        assert watcher._guarded_round() == 0.0
        assert lists(script) == 2
    assert "nobody foresaw" in caplog.text


def test_that_the_watch_is_lost_is_told_until_it_is_heard_and_then_it_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "AFTER_DEFECT_SECONDS", 0.0)
    told, failures = list[Observation](), [MemoryError(), MemoryError(), MemoryError()]

    def deliver(one: Observation) -> None:
        told.append(one)
        if failures:
            raise failures.pop()

    with playing(LIST, LIST, stream(bookmark(12))) as script:
        watcher = Reflector(script.connection(), PODS, deliver, streams=False, clock=Clock(), chance=lambda: 0.0)
        assert watcher._guarded_round() >= 0.8
        assert names(told) == ["Listed", "WatchLost", "WatchLost", "WatchLost"]
        assert watcher._guarded_round() == 0.0
    assert names(told)[4:] == ["Listed", "WatchOpened", "WatchEnded"]


def test_a_doubted_row_is_listed_anew_at_once_in_the_middle_of_its_watch() -> None:
    told: list[Observation] = []
    again = say(200, page(pod("a", version=3), pod("b", version=11), version=12))
    with playing(LIST, stream(bookmark(11), then="silence"), again, stream(bookmark(13), then="silence")) as script:
        watcher = Reflector(script.connection(), PODS, told.append, streams=False)
        thread = threading.Thread(target=watcher.run)
        thread.start()
        wait_until(lambda: len(told) == 2 and len(script.asked) == 2, seconds=5, what="the watch is open")
        watcher.relist()
        wait_until(lambda: len(told) == 5, seconds=5, what="it is listed and watched again")
        watcher.stop()
        thread.join(5)
        assert watches(script) == ["10", "12"]
    assert names(told) == ["Listed", "WatchOpened", "WatchEnded", "Listed", "WatchOpened"]


def test_a_watch_that_may_be_dead_is_opened_again_at_once_without_a_list() -> None:
    told: list[Observation] = []
    with playing(LIST, stream(bookmark(11), then="silence"), stream(bookmark(12), then="silence")) as script:
        watcher = Reflector(script.connection(), PODS, told.append, streams=False)
        thread = threading.Thread(target=watcher.run)
        thread.start()
        wait_until(lambda: watcher._version == "11", seconds=5, what="the watch is open")
        watcher.reopen()
        wait_until(lambda: len(told) == 4, seconds=5, what="it is opened again")
        watcher.stop()
        thread.join(5)
        assert watches(script) == ["10", "11"]
    assert names(told) == ["Listed", "WatchOpened", "WatchEnded", "WatchOpened"]


def older_lists(count: int) -> list[Any]:
    return [say(200, page(pod("a", version=1), version=5))] * count


def test_a_replica_that_lags_behind_does_not_take_the_picture_back() -> None:
    told: list[Observation] = []
    fresh = say(200, page(pod("c", version=44), version=45))
    with playing(LIST, stream(bookmark(40)), say(410, EXPIRED), *older_lists(2), fresh, stream(bookmark(46))) as script:
        watcher = reflector(script, told)
        for _ in range(5):
            watcher.run_round()
    assert [one.resource_version for one in told if isinstance(one, Listed)] == ["10", "45"]
    assert "Rewound" not in names(told)


def test_a_history_that_stays_behind_is_that_of_another_cluster() -> None:
    told: list[Observation] = []
    with playing(LIST, stream(bookmark(40)), say(410, EXPIRED), *older_lists(4), stream(bookmark(6))) as script:
        watcher = reflector(script, told)
        for _ in range(6):
            watcher.run_round()
    assert names(told)[-4:] == ["Rewound", "Listed", "WatchOpened", "WatchEnded"]


def held() -> collections.Counter[str]:
    """How many objects there are of each class of the readers, of those too that only the collector would find."""
    kinds = (type(one) for one in gc.get_objects())
    return collections.Counter(one.__qualname__ for one in kinds if str(one.__module__).startswith(("clusterview.kube", "urllib3")))


def test_what_a_watch_went_through_leaves_nothing_behind() -> None:
    troubles = [LIST, stream(bookmark(10), then="cut"), reset, say(500), say(410, EXPIRED)]
    gc.disable()
    try:
        with playing(*troubles * 21) as script:
            watcher = Reflector(script.connection(), PODS, lambda said: None, streams=False, clock=Clock(), chance=lambda: 0.0)
            counts = []
            for times in (1, 20):
                for _ in range(times * (len(troubles) - 1)):
                    watcher.run_round()
                counts.append(held())
            assert script.steps == []
    finally:
        gc.enable()
    assert not counts[1] - counts[0]
