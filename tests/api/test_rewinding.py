"""What was seen before is told like what is seen now, and a moment that nobody recorded is refused."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from clusterview.api import clusters, rewinding, seeing
from clusterview.api.refusing import Refusal
from clusterview.models import Recording
from clusterview.recording import reading
from clusterview.stream.messages import MissingKind
from clusterview.topology.pictures import Picture
from tests.api.seen import NODE, Hub
from tests.recording.making import START, Published
from tests.stream.making import came, went

pytestmark = pytest.mark.django_db(transaction=True)
Bearer = Callable[[str], Client]
JOBS = MissingKind("Job", "failing", "timed out")
LAB = "/api/v1/clusters/lab"


def as_told(missing: MissingKind) -> dict[str, str]:
    return {"kind": missing.kind, "why": missing.why, "detail": missing.detail}


def moment(seconds: float) -> str:
    return quote((START + timedelta(seconds=seconds)).isoformat())


@pytest.fixture
def recorded(lab: None) -> None:
    """Two pods; after ten seconds one goes and another one comes."""
    published = Published()
    published.contact("live", JOBS)
    published.begin(pods=2, epoch=1)
    published.go_on(1, "live", JOBS)
    published.publish([*went(0), *came(7)])
    published.go_on(1, "live", JOBS)
    published.contact("stale")
    published.write()


@pytest.fixture
def again(recorded: None) -> None:
    """Five minutes after the beginning another observer looks for twenty seconds, and sees three pods."""
    published = Published()
    published.wait(300)
    published.contact("live")
    published.begin(pods=3, epoch=2)
    published.go_on(2, "live")
    published.write()


def test_the_topology_of_a_moment_is_what_was_seen_then(recorded: None, bearer: Bearer) -> None:
    client = bearer("viewer")
    names = {seconds: {one["name"] for one in client.get(f"{LAB}/topology?kind=Pod&at={moment(seconds)}").json()["objects"]} for seconds in (5, 15)}
    assert names == {5: {"shop-0", "shop-1"}, 15: {"shop-1", "shop-7"}}
    assert client.get(f"{LAB}/topology?at={moment(15)}").json()["state"] == "live"


def test_links_are_left_out_for_who_finds_them_without_being_told(recorded: None, bearer: Bearer) -> None:
    client = bearer("viewer")
    path = f"{LAB}/topology?at={moment(15)}"
    told, without = client.get(path).json(), client.get(f"{path}&links=false").json()
    assert told["links"]
    assert without == told | {"links": []}


def test_the_kinds_that_are_missing_are_those_of_that_moment_and_null_where_nobody_knows(recorded: None, bearer: Bearer) -> None:
    client = bearer("viewer")
    path = f"{LAB}/topology?at={moment(15)}"
    assert client.get(path).json()["missing"] == [as_told(JOBS)]
    Recording.objects.update(missing=None)
    assert client.get(path).json()["missing"] is None


@pytest.mark.parametrize("seconds", [-60, 3600])
def test_a_moment_that_nobody_recorded_is_refused(recorded: None, bearer: Bearer, seconds: int) -> None:
    client = bearer("viewer")
    for path in (f"topology?at={moment(seconds)}", f"differences?since={moment(seconds)}"):
        answer = client.get(f"{LAB}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_recorded")


def test_the_refusal_of_a_moment_in_a_hole_names_the_nearest_ones_that_were_recorded(again: None, bearer: Bearer) -> None:
    client = bearer("viewer")
    told = [client.get(f"{LAB}/topology?at={moment(seconds)}").json() for seconds in (-60, 100, 3600)]
    assert [(one["before"], one["after"]) for one in told] == [
        (None, "2026-11-26T12:00:00Z"), ("2026-11-26T12:00:20Z", "2026-11-26T12:05:00Z"), ("2026-11-26T12:05:20Z", None),
    ]  # fmt: skip


FIRST, LAST = quote("0001-01-01T00:00:00+14:00"), quote("9999-12-31T23:59:59-14:00")


@pytest.mark.parametrize("query", [f"topology?at={FIRST}", f"differences?since={FIRST}", f"differences?since={moment(5)}&until={LAST}"])
def test_a_moment_that_no_calendar_has_in_utc_is_a_bad_request(recorded: None, bearer: Bearer, query: str) -> None:
    answer = bearer("viewer").get(f"{LAB}/{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert "from 1 to 9999" in answer.json()["detail"][0]["problem"]


@pytest.mark.parametrize("query", ["topology?at=yesterday", "topology?at=2026-11-26T12:00:00", "differences", "differences?since=-1e99"])
def test_a_moment_without_a_zone_or_a_meaning_is_a_bad_request(recorded: None, bearer: Bearer, query: str) -> None:
    answer = bearer("viewer").get(f"{LAB}/{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_the_times_that_can_be_shown_are_told(recorded: None, bearer: Bearer) -> None:
    told = bearer("viewer").get(f"{LAB}/recorded").json()
    assert told["hours"] == 24
    assert [(one["since"], one["until"], one["state"]) for one in told["spans"]] == [
        ("2026-11-26T12:00:00Z", "2026-11-26T12:00:20Z", "live"), ("2026-11-26T12:00:20Z", "2026-11-26T12:00:20Z", "stale"),
    ]  # fmt: skip


def test_the_holes_between_them_are_told(again: None, bearer: Bearer) -> None:
    told = bearer("viewer").get(f"{LAB}/recorded").json()["holes"]
    assert told[0] == {"since": "2026-11-26T12:00:20Z", "until": "2026-11-26T12:05:00Z"}


def test_two_moments_are_compared_and_one_with_now(recorded: None, bearer: Bearer, seen: Hub) -> None:
    client = bearer("viewer")
    told = client.get(f"{LAB}/differences?since={moment(5)}&until={moment(15)}").json()
    assert ([one["name"] for one in told["appeared"]], [one["name"] for one in told["gone"]], told["changed"]) == (["shop-7"], ["shop-0"], [])
    told = client.get(f"{LAB}/differences?since={moment(5)}").json()
    assert (told["before"]["missing"], told["after"]["missing"]) == ([as_told(JOBS)], [as_told(seen.said.missing[0])])
    assert (told["before"]["at"], told["before"]["state"], told["not_compared"]) == ("2026-11-26T12:00:05Z", "live", ["Ingress", "Job"])
    assert {one["name"] for one in told["gone"]} == {"shop-0"}
    (changed,) = [one for one in told["changed"] if one["name"] == "shop-1"]
    assert changed["fields"]["status"] == ["Running", "Pending"]
    assert NODE.uid not in str(told)
    seen.picture = None
    answer = client.get(f"{LAB}/differences?since={moment(5)}")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_seen_yet")


def test_a_hole_between_two_moments_is_told_with_what_is_different(again: None, bearer: Bearer) -> None:
    client = bearer("viewer")
    told = client.get(f"{LAB}/differences?since={moment(5)}&until={moment(310)}").json()
    assert told["holes"] == [{"since": "2026-11-26T12:00:20Z", "until": "2026-11-26T12:05:00Z"}]
    for since, until in ((5, 15), (302, 310)):
        assert client.get(f"{LAB}/differences?since={moment(since)}&until={moment(until)}").json()["holes"] == []


def test_the_later_moment_is_not_compared_with_the_earlier_one_as_if_time_ran_back(recorded: None, bearer: Bearer) -> None:
    answer = bearer("viewer").get(f"{LAB}/differences?since={moment(15)}&until={moment(5)}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("ask", "module", "last"),
    [
        (lambda: clusters.topology(HttpRequest(), "lab", at=START), clusters, "sighted"),
        (lambda: rewinding.differences(HttpRequest(), "lab", since=START, until=START), reading, "difference"),
    ],
    ids=["topology", "differences"],
)
def test_two_look_back_at_once_and_the_others_wait(
    ask: Callable[[], HttpResponse], module: ModuleType, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole pictures are in memory until the last of an answer was made of them."""
    monkeypatch.setattr(clusters, "opened", lambda _: None)
    monkeypatch.setattr(reading, "at", lambda **_: reading.Past(picture=Picture(), state="live", missing=()))
    monkeypatch.setattr(reading, "holes_between", lambda **_: [])
    three, make, met = threading.Barrier(3), getattr(module, last), list[int]()

    def make_in_company(*args: Any, **more: Any) -> object:
        with contextlib.suppress(threading.BrokenBarrierError):
            met.append(three.wait(timeout=0.3))
        return make(*args, **more)

    monkeypatch.setattr(module, last, make_in_company)
    with ThreadPoolExecutor(max_workers=6) as pool:
        answers = [pool.submit(ask) for _ in range(6)]
    assert [answer.result().status_code for answer in answers] == [200] * 6
    assert not met


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Both who may look back do, until the event is set; with as many as may wait for them there is room for two more."""
    monkeypatch.setattr(clusters, "opened", lambda _: None)
    monkeypatch.setattr(seeing, "WAITING_SECONDS", 0.1)
    monkeypatch.setattr(seeing, "_at_once", threading.Semaphore(2))
    monkeypatch.setattr(seeing, "_asking", threading.Semaphore(4))
    over, inside = threading.Event(), threading.Barrier(3)

    def look(**_: Any) -> reading.Past:
        inside.wait(10)
        assert over.wait(10)
        return reading.Past(picture=Picture(), state="live", missing=())

    with monkeypatch.context() as at_first, ThreadPoolExecutor(max_workers=2) as pool:
        at_first.setattr(reading, "at", look)
        answers = [pool.submit(clusters.topology, HttpRequest(), "lab", at=START) for _ in range(2)]
        inside.wait(10)
        yield over
        over.set()
        assert [answer.result().status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("path", [f"topology?at={moment(5)}", f"differences?since={moment(5)}"])
def test_who_finds_no_place_in_the_past_is_told_to_come_again(lab: None, bearer: Bearer, places: threading.Event, path: str) -> None:
    answer = bearer("viewer").get(f"{LAB}/{path}")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "too_many_look_back", "1")
    assert answer.json()["sentence"] == "Too many look at the past at this moment. Try again in a second."


def test_of_many_who_look_back_only_few_wait_and_they_are_soon_over(places: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeing, "WAITING_SECONDS", 10)
    waiting, refused = list[threading.Thread](), threading.Semaphore(0)

    def ask() -> None:
        try:
            with seeing.looking_back():
                pass
        except Refusal:
            refused.release()

    for _ in range(40):
        waiting.append(threading.Thread(target=ask))
        waiting[-1].start()
    for _ in range(38):
        assert refused.acquire(timeout=5)
    assert sum(one.is_alive() for one in waiting) == 2
    places.set()
    for one in waiting:
        one.join(10)
    assert not refused.acquire(blocking=False)
