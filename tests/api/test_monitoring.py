"""Readiness is about this process; numbers and details are for those who are let in."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from django.test import Client

from clusterview.access import crowding
from clusterview.api import monitoring
from clusterview.traffic import reconciling
from tests.api.seen import LIVE, Hub

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]


@pytest.fixture
def redis_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def put(problem: str) -> None:
        monkeypatch.setattr(monitoring, "redis_problem", lambda: problem)

    put("")
    return put


def test_ready_with_database_and_redis(lab: None, redis_is: object, client: Client) -> None:
    answer = client.get("/readyz?verbose")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_not_ready_without_redis(lab: None, redis_is: Callable[[str], None], client: Client) -> None:
    redis_is("ConnectionError")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"not ready\n")


def test_redis_that_is_not_there_is_named() -> None:
    assert monitoring.redis_problem() == "ConnectionError"


def test_a_lost_cluster_does_not_take_the_page_away_and_is_told_to_those_who_may_know(
    lab: None, redis_is: object, seen: Hub, bearer: Bearer
) -> None:
    seen.said = msgspec.structs.replace(LIVE, state="lost", reason="unreachable")
    answer = bearer("viewer").get("/readyz?verbose")
    assert answer.status_code == 200
    assert answer.content.decode().splitlines() == ["database: ok", "redis: ok", "traffic: late, no round yet", "cluster lab: lost unreachable", "ok"]


def test_how_long_ago_the_switches_were_looked_after_is_told(lab: None, redis_is: object, bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = bearer("viewer")
    assert "\nclusterview_traffic_round_age_seconds " not in viewer.get("/metrics").content.decode()
    monkeypatch.setattr(reconciling, "age_seconds", lambda: 75.0)
    assert "traffic: late, last round 75 s ago\n" in viewer.get("/readyz?verbose").content.decode()
    assert "clusterview_traffic_round_age_seconds 75.0\n" in viewer.get("/metrics").content.decode()
    monkeypatch.setattr(reconciling, "age_seconds", lambda: 2.0)
    assert "traffic: ok, last round 2 s ago\n" in viewer.get("/readyz?verbose").content.decode()


def test_numbers_need_a_token(lab: None, client: Client, bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowding.connections, "refused", 3)
    assert client.get("/metrics").status_code == 401
    text = bearer("viewer").get("/metrics").content.decode()
    assert 'clusterview_cluster_live{cluster="lab"} 1.0' in text
    assert 'clusterview_objects{cluster="lab"} 3.0' in text
    assert 'clusterview_lists_total{cluster="lab"} 18.0' in text and 'clusterview_set_aside_total{cluster="lab"} 2.0' in text
    assert 'clusterview_watch_failures_total{cluster="lab"} 0.0' in text
    assert 'clusterview_forged_total{cluster="lab"} 2.0' in text
    assert "clusterview_refused_connections_total 3.0" in text
    assert "process_resident_memory_bytes" in text


def test_being_alive_asks_neither_database_nor_redis(client: Client, django_assert_num_queries: Callable[[int], object]) -> None:
    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        assert client.get("/livez").content == b"ok\n"
