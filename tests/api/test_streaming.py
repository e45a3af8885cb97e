"""Changes over REST come one by one, each with the place from which nothing is lost, until the client leaves or may not look any more."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.test import AsyncClient

from clusterview.access import clusters, crowding, people, tokens
from clusterview.api import streaming
from clusterview.models import ApiToken
from clusterview.stream import clocks
from clusterview.stream.freshness import LIVE_SECONDS
from clusterview.stream.messages import Position
from clusterview.topology.changes import Drop, Put
from tests.api.seen import COMING, POD, Hub
from tests.patience import Patience

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 5.0


def token_of(role: str) -> str:
    clusters.register(opened=[("lab", "the lab")])
    return tokens.create(name=role, role=role)


@pytest.fixture
def viewer_token(transactional_db: None) -> str:
    return token_of("viewer")


async def opened(token: str, **headers: str) -> AsyncIterator[bytes]:
    answer: Any = await AsyncClient().get("/api/v1/clusters/lab/changes", headers={"Authorization": f"Bearer {token}", **headers})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/event-stream"
    assert answer["Cache-Control"] == "no-store"
    stream: AsyncIterator[bytes] = aiter(answer.streaming_content)
    return stream


async def following(stream: AsyncIterator[bytes]) -> bytes:
    return await asyncio.wait_for(anext(stream), SOON)


async def listened_to_by(count: int, seen: Hub) -> None:
    """This will wait until so many streams are open."""
    async with asyncio.timeout(SOON):
        while True:
            if len(seen.listeners) == count:
                return
            await asyncio.sleep(0.01)


def read(sent: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The (id, data) of each event."""
    events = [dict(line.split(": ", 1) for line in event.splitlines()) for event in sent.decode().split("\n\n") if event]
    return [(event.get("id", ""), json.loads(event["data"])) for event in events]


async def test_each_change_is_one_event_and_only_the_last_of_a_step_moves_the_place(seen: Hub, viewer_token: str) -> None:
    stream = await opened(viewer_token)
    assert (await following(stream)).startswith(b":")
    seen.steps.put_nowait((Position(epoch=7, sequence=41), [Drop(POD.uid), Put(COMING)]))
    events = read(await following(stream))
    assert [place for place, _ in events] == ["7-40", "7-40", "7-40", "7-41"]
    assert [change["op"] for _, change in events] == ["unlink", "drop", "put", "link"]
    assert events[0][1] == {"op": "unlink", "kind": "runs_on", "source": "p1", "target": "n1"}
    assert events[1][1] == {"op": "drop", "kind": "Pod", "namespace": "store", "name": "shop-1", "uid": "p1"}
    assert (events[2][1]["object"]["kind"], events[2][1]["object"]["name"]) == ("Pod", "mail-2")


async def test_a_client_that_comes_back_goes_on_after_the_place_it_names(seen: Hub, viewer_token: str) -> None:
    stream = await opened(viewer_token, **{"Last-Event-ID": "7-33"})
    await following(stream)
    assert seen.asked == [Position(epoch=7, sequence=33)]


async def test_where_the_place_is_gone_the_client_is_told_to_read_again(
    seen: Hub, viewer_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "START_AGAIN_SECONDS", 0)
    stream = await opened(viewer_token, **{"Last-Event-ID": "3-9"})
    await following(stream)
    assert b"event: restart" in await following(stream)
    assert seen.asked == [Position(epoch=3, sequence=9), None]
    seen.steps.put_nowait((Position(epoch=7, sequence=41), [Put(COMING)]))
    assert b'data: {"state":"live"' in await following(stream), "which was not said of what came before"
    assert read(await following(stream))[-1][0] == "7-41"


@pytest.mark.parametrize("text", ["", "7", "7-", "-7", "7-x", "7-1 ", "٧-١", "7-1-1", "9" * 40 + "-1"])
def test_what_is_no_place_is_none(text: str) -> None:
    assert streaming.place(text) is None


async def test_silence_is_kept_open_by_comments(seen: Hub, viewer_token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.01)
    stream = await opened(viewer_token)
    assert all([(await following(stream)).startswith(b":") for _ in range(3)])


async def test_how_fresh_it_is_is_told_at_first_when_that_changes_and_with_each_comment(
    seen: Hub, viewer_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "LOOK_SECONDS", 0.01)
    stream = await opened(viewer_token)
    assert b'event: contact\ndata: {"state":"live"' in await following(stream)
    seen.said = msgspec.structs.replace(seen.said, state="stale", contact_age_seconds=7.5)
    assert (await following(stream)).startswith(b'event: contact\ndata: {"state":"stale","contact_age_seconds":7.5,"missing":[{"kind":"Ingress"')
    for listener in seen.listeners:
        listener(None)
    assert (await following(stream)).startswith(b': still here\n\nevent: contact\ndata: {"state":"stale"')


async def test_live_is_not_told_before_the_changes_that_it_is_said_of(
    seen: Hub, viewer_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(streaming, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(clocks, "with_sleep", lambda: now)
    stream = await opened(viewer_token, **{"Last-Event-ID": "7-33"})
    assert b'data: {"state":"stale"' in await following(stream), "what came after 33 is not told yet"
    seen.steps.put_nowait((Position(epoch=7, sequence=40), [Put(COMING)]))
    assert read(await following(stream))[-1][0] == "7-40"
    assert b'data: {"state":"live"' in await following(stream)
    seen.place, now = Position(epoch=7, sequence=50), now + LIVE_SECONDS + 1
    assert b'data: {"state":"stale"' in await following(stream)
    seen.steps.put_nowait((Position(epoch=7, sequence=50), [Drop(POD.uid)]))
    assert read(await following(stream))[-1][0] == "7-50"
    assert b'data: {"state":"live"' in await following(stream)


def test_a_client_that_is_always_a_second_behind_is_told_live_and_one_that_is_so_by_ten_is_not(seen: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(streaming, "hub", SimpleNamespace(hub=lambda: seen))
    monkeypatch.setattr(clocks, "with_sleep", lambda: now)
    reached = streaming.Reached(cluster="lab", place=seen.place)
    states = [reached.contact().state]
    for second in range(1, 60):
        seen.place, now = Position(epoch=7, sequence=40 + second), 100.0 + second
        behind = 1 if second < 20 or second >= 50 else min(second - 19, 10)
        reached.come_to(Position(epoch=7, sequence=seen.place.sequence - behind))
        states.append(reached.contact().state)
    assert (set(states[:20]), set(states[25:50]), set(states[52:])) == ({"live"}, {"stale"}, {"live"})


async def test_a_stream_beyond_those_that_one_may_have_is_refused_until_one_is_left_t57(
    seen: Hub, viewer_token: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SOCKETS_PER_PERSON = 2
    monkeypatch.setattr(crowding, "connections", crowding.Places())
    streams = [await opened(viewer_token) for _ in range(2)]
    for one in streams:
        await following(one)
    answer: Any = await AsyncClient().get("/api/v1/clusters/lab/changes", headers={"Authorization": f"Bearer {viewer_token}"})
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (429, "too_many", "30")
    other = await opened(await database_sync_to_async(token_of)("operator"))
    await following(other)
    await streams.pop().aclose()  # type: ignore[attr-defined]
    gc.collect()  # Django's client keeps its answers in cycles
    await listened_to_by(2, seen)
    await following(await opened(viewer_token))
    assert crowding.connections.refused == 1


async def test_of_streams_that_open_at_once_no_more_go_on_than_one_may_have_t57(
    seen: Hub, viewer_token: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SOCKETS_PER_PERSON = 1
    monkeypatch.setattr(crowding, "connections", crowding.Places())
    first, second = await opened(viewer_token), await opened(viewer_token)
    await following(first)
    with pytest.raises(StopAsyncIteration):
        await following(second)
    assert len(seen.listeners) == 1


async def test_a_revoked_token_ends_its_stream_at_the_ring(seen: Hub, viewer_token: str) -> None:
    stream = await opened(viewer_token)
    await following(stream)
    await ApiToken.objects.all().adelete()
    for listener in seen.listeners:
        listener(None)
    with pytest.raises(StopAsyncIteration):
        await following(stream)
    assert not seen.listeners


async def test_who_is_signed_out_while_the_stream_opens_gets_nothing(seen: Hub, viewer_token: str) -> None:
    stream = await opened(viewer_token)
    await ApiToken.objects.all().adelete()
    with pytest.raises(StopAsyncIteration):
        await following(stream)
    assert not seen.listeners


async def test_a_cluster_in_which_something_always_happens_keeps_nobody_in(
    seen: Hub, viewer_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.05)
    stream = await opened(viewer_token)
    await following(stream)
    await ApiToken.objects.all().adelete()
    patience = Patience(seconds=SOON)
    with pytest.raises(StopAsyncIteration):
        while not patience.is_over:
            seen.steps.put_nowait((Position(epoch=7, sequence=41), [Put(COMING)]))
            await following(stream)


async def test_somebody_elses_sign_out_ends_nothing(seen: Hub, viewer_token: str) -> None:
    stream = await opened(viewer_token)
    await following(stream)
    for listener in seen.listeners:
        listener(None)
    assert (await following(stream)).startswith(b": still here\n\n")


async def test_a_disabled_person_is_cut_off_at_the_next_look_even_without_a_ring(
    seen: Hub, viewer_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.01)
    client: Any = AsyncClient()
    await client.aforce_login(await database_sync_to_async(people.add)(name="vera", role="viewer", actor="ada"))
    answer = await client.get("/api/v1/clusters/lab/changes")
    stream = aiter(answer.streaming_content)
    await following(stream)
    await User.objects.filter(username="vera").aupdate(is_active=False)
    with pytest.raises(StopAsyncIteration):
        for _ in range(10):
            await following(stream)


async def test_a_client_that_leaves_leaves_nothing_behind(seen: Hub, viewer_token: str) -> None:
    """Django cancels the task that waits for the next part when the client is gone."""
    stream: Any = await opened(viewer_token)
    await following(stream)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    assert seen.listeners
    left = [task for task in asyncio.all_tasks() if task not in (asyncio.current_task(), waiting)]
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not seen.listeners
    assert all(task.done() for task in left)


async def test_a_stranger_gets_no_stream(seen: Hub, viewer_token: str) -> None:
    answer = await AsyncClient().get("/api/v1/clusters/lab/changes")
    assert answer.status_code == 401
