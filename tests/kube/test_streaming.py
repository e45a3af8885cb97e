"""A list that comes as the beginning of its watch is what a list in pages would have been, and where the server cannot do it, pages come."""

from __future__ import annotations

from typing import Any

import pytest

from clusterview.kube import errors, streaming
from clusterview.kube.watching import Gone, Listed, Observation, Reflector, Seen, SetAside, WatchLost, WatchOpened
from tests.kube.making import PODS, bookmark, event, failure, page, pod
from tests.kube.scripted import Script, playing, say, stream
from tests.kube.test_watching import Clock, names

LIST = say(200, page(pod("a", version=3), version=10))
FIRST = event("ADDED", pod("a", version=3)), event("ADDED", pod("b", version=2))
AGAIN = say(200, page(pod("a", version=3), version=12))
GARBAGE = b'{"type":"ADDED","object":{"metadata":'


def end(version: int) -> dict[str, Any]:
    found = bookmark(version)
    found["object"]["metadata"]["annotations"] = {streaming.END: "true"}
    return found


def reflector(script: Script, told: list[Observation], **options: Any) -> Reflector:
    return Reflector(script.connection(), PODS, told.append, **{"streams": True, "clock": Clock(), "chance": lambda: 0.0} | options)


def asked(script: Script) -> list[str]:
    """What each request was for: a streamed list, a list in pages, or the version that a watch goes on from."""
    return ["stream" if "sendInitialEvents" in one.query else one.query.get("resourceVersion", "pages") for one in script.asked]


def listed(told: list[Observation]) -> list[tuple[list[str], str]]:
    return [([item.metadata.name for item in one.items], one.resource_version) for one in told if isinstance(one, Listed)]


def test_the_list_is_told_whole_when_its_end_is_said_and_the_same_answer_goes_on_as_the_watch() -> None:
    told: list[Observation] = []
    with playing(stream(*FIRST, end(10), event("ADDED", pod("c", version=11)))) as script:
        assert reflector(script, told).run_round() == 0.0
        assert asked(script) == ["stream"]
        query = script.asked[0].query
    assert (query["resourceVersionMatch"], query["allowWatchBookmarks"], query["watch"]) == ("NotOlderThan", "true", "1")
    assert listed(told) == [(["a", "b"], "10")]
    assert told[1] == WatchOpened(PODS, "10", resumed=False)
    assert isinstance(told[2], Seen) and told[2].item.metadata.name == "c"


def test_a_stream_that_ended_is_resumed_without_a_list() -> None:
    told: list[Observation] = []
    with playing(stream(*FIRST, end(10), event("ADDED", pod("c", version=11))), stream(bookmark(12))) as script:
        watcher = reflector(script, told)
        watcher.run_round()
        watcher.run_round()
        assert asked(script) == ["stream", "11"]


def test_a_cluster_without_such_objects_is_an_empty_list() -> None:
    told: list[Observation] = []
    with playing(stream(bookmark(9), end(10), bookmark(11))) as script:
        reflector(script, told).run_round()
    assert listed(told) == [([], "10")]


def test_what_happens_while_the_list_comes_is_told_after_it_in_its_order() -> None:
    told: list[Observation] = []
    meanwhile = event("DELETED", pod("b", version=11)), event("ADDED", pod("b", version=12, uid="another")), event("MODIFIED", pod("a", version=13))
    with playing(stream(*FIRST, *meanwhile, end(14), bookmark(15)), stream(bookmark(16))) as script:
        watcher = reflector(script, told)
        watcher.run_round()
        watcher.run_round()
        assert asked(script) == ["stream", "15"]
    assert names(told)[:5] == ["Listed", "WatchOpened", "Gone", "Seen", "Seen"]
    assert listed(told) == [(["a", "b"], "14")]
    assert isinstance(told[2], Gone) and isinstance(told[3], Seen) and (told[2].uid, told[3].item.metadata.uid) == ("uid-b", "another")


def test_where_what_happened_meanwhile_cannot_be_read_the_watch_goes_on_from_the_change_before() -> None:
    told: list[Observation] = []
    meanwhile = event("MODIFIED", pod("a", version=11)), event("INVENTED", pod("a", version=12))
    with playing(stream(*FIRST, *meanwhile, end(13)), stream(event("MODIFIED", pod("a", version=12)))) as script:
        watcher = reflector(script, told)
        assert watcher.run_round() >= 0.8
        watcher.run_round()
        assert asked(script) == ["stream", "11"]
    assert [one.item.metadata.resource_version for one in told if isinstance(one, Seen)] == ["11", "12"]


def test_an_object_that_cannot_be_read_is_set_aside_and_the_others_are_listed() -> None:
    told: list[Observation] = []
    poison = pod("p", version=1, containers="not a list")
    with playing(stream(event("ADDED", poison), *FIRST, event("MODIFIED", poison | {"kind": "Pod"}), end(10))) as script:
        reflector(script, told).run_round()
    first = told[0]
    assert isinstance(first, Listed) and [one.uid for one in first.quarantined] == ["uid-p"]
    assert listed(told) == [(["a", "b"], "10")]
    assert isinstance(told[2], SetAside)


@pytest.mark.parametrize(
    "broken",
    [
        stream(*FIRST),
        stream(*FIRST, then="cut"),
        stream(*FIRST, tail=GARBAGE, then="cut"),
        stream(*FIRST, GARBAGE, end(10)),
        stream(*FIRST, {"type": "ERROR", "object": failure(500, "InternalError")}, end(10)),
        stream(*FIRST, {"type": "ERROR", "object": failure(410, "Expired")}, end(10)),
    ],
    ids=["ended", "cut", "truncated", "malformed", "error", "too old"],
)
def test_a_list_that_breaks_off_is_told_to_nobody_and_begun_anew_in_pages(broken: Any) -> None:
    told: list[Observation] = []
    with playing(broken, LIST, stream(bookmark(11)), say(410, failure(410, "Expired")), stream(end(20))) as script:
        watcher = reflector(script, told)
        assert watcher.run_round() >= 0.8
        assert listed(told) == [] and isinstance(told[0], WatchLost) and told[0].must_list
        for _ in range(3):
            watcher.run_round()
        assert asked(script) == ["stream", "pages", "10", "11", "stream"], "the next one comes as a stream again"
    assert listed(told) == [(["a"], "10"), ([], "20")]


@pytest.mark.parametrize(
    "answer",
    [
        say(422, failure(422, "Invalid", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")),
        say(400, failure(400, "BadRequest")),
        stream(*FIRST, bookmark(10), then="silence"),
    ],
    ids=["refused", "a bad request", "ignored"],
)
def test_a_server_that_cannot_do_it_is_asked_once_and_listed_in_pages_at_once(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "SILENCE_SECONDS", 0.2)
    told: list[Observation] = []
    with playing(answer, LIST, stream(bookmark(11)), say(410, failure(410, "Expired")), AGAIN, stream(bookmark(13))) as script:
        watcher = reflector(script, told)
        for _ in range(3):
            watcher.run_round()
        assert asked(script) == ["stream", "pages", "10", "11", "pages", "12"]
    assert names(told)[:2] == ["Listed", "WatchOpened"]
    assert listed(told) == [(["a"], "10"), (["a"], "12")]


def test_a_list_may_pause_for_longer_than_a_watch_that_is_opened_again_soon() -> None:
    told: list[Observation] = []
    with playing(stream(*FIRST, end(10), quiet_seconds=0.5), LIST) as script:
        reflector(script, told, silence_seconds=0.1).run_round()
        assert asked(script) == ["stream"]
    assert listed(told) == [(["a", "b"], "10")]


def test_a_busy_server_that_never_says_the_end_is_listed_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "CHANGES_AT_MOST", 10)
    told: list[Observation] = []
    busy = [event("MODIFIED", pod("a", version=20 + number)) for number in range(11)]
    with playing(stream(*FIRST, *busy, then="silence"), LIST, stream(bookmark(11))) as script:
        reflector(script, told).run_round()
        assert asked(script) == ["stream", "pages", "10"]
    assert names(told) == ["Listed", "WatchOpened", "WatchEnded"]


def test_a_server_that_is_busy_or_away_is_asked_for_the_stream_again() -> None:
    told: list[Observation] = []
    with playing(say(429, failure(429, "TooManyRequests"), Retry_After="3"), say(503), stream(*FIRST, end(10), bookmark(11))) as script:
        watcher = reflector(script, told)
        assert watcher.run_round() == 3.0
        watcher.run_round()
        watcher.run_round()
        assert asked(script) == ["stream"] * 3
    assert listed(told) == [(["a", "b"], "10")]


def test_a_list_larger_than_any_cluster_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clusterview.kube.bounding.OBJECTS_OF_A_KIND", 1)
    told: list[Observation] = []
    with playing(stream(*FIRST, end(10))) as script:
        assert reflector(script, told).run_round() >= 30
    assert isinstance(told[0], WatchLost) and isinstance(told[0].error, errors.NotKubernetes)


def test_a_list_of_an_older_state_than_was_seen_is_doubted() -> None:
    told: list[Observation] = []
    expired, older, newer = say(410, failure(410, "Expired")), stream(*FIRST, end(12)), stream(*FIRST, end(41))
    with playing(stream(*FIRST, end(10), bookmark(40)), expired, older, newer) as script:
        watcher = reflector(script, told)
        for _ in range(4):
            watcher.run_round()
        assert asked(script) == ["stream", "40", "stream", "stream"]
    assert [version for _, version in listed(told)] == ["10", "41"]
