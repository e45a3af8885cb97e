"""A web process hands on what the observer wrote, exactly once and in order, and says when it cannot know."""

from __future__ import annotations

import asyncio
import collections
import itertools
import signal
import sys
import threading
import time
import uuid
import weakref
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import msgspec
import pytest
import redis

from clusterview.observer.claiming import Claim
from clusterview.stream import encoding, freshness, keys, linking, making, notices, painting, publishing, rows, views
from clusterview.stream import hub as hubs
from clusterview.stream.hub import Hub, OutOfReach
from clusterview.stream.messages import Contact, Operation, Position, Snapshot, Whole
from clusterview.stream.publishing import Publisher
from clusterview.stream.subscribing import Subscription
from clusterview.topology.changes import Change, Drop, Linked, Put, Unlinked
from clusterview.topology.joining import Joined
from clusterview.topology.links import Link, LinkKind
from clusterview.topology.objects import Uid
from tests.redis_servers import RedisServer
from tests.stream.making import NODE, Browser, came, frame_of, picture, pod, went, word_of
from tests.stream.memory import Memory
from tests.stream.world import Held

LIVE = Contact(state="live", contact_age_seconds=0.1)
SOON = 10.0
HELD_SECONDS = 20.0


@pytest.fixture
async def hub(redis_server: RedisServer) -> AsyncIterator[Hub]:
    made = Hub(url=redis_server.url)
    made.start()
    yield made
    await made.stop()


def deep(message: dict[str, Any]) -> bytes:
    """This will write a message with arrays within arrays in place of its last value, which is 0: more of them than any reader follows."""
    return msgspec.msgpack.encode(message)[:-1] + b"\x91" * 5_000 + b"\xc0"


def snapshot_of(body: bytes) -> bytes:
    return encoding.encode(Snapshot(view="*", position=Position(epoch=1, sequence=1), body=body))


def publisher(redis_server: RedisServer, *, epoch: int = 1, pods: int = 2, cluster: str = "lab") -> Publisher:
    made = Publisher(redis=publishing.connect(url=redis_server.url), cluster=cluster, epoch=epoch)
    made.begin(records=picture(pods=pods).objects.values())
    made.contact(contact=LIVE)
    return made


async def until(subscription: Subscription, browser: Browser, seen: Callable[[], bool]) -> None:
    """This will hand frames to the browser until it has seen what is waited for."""
    async with asyncio.timeout(SOON):
        while not seen():
            browser.take(await anext(subscription))


async def eventually(look: Callable[[], bool | Awaitable[bool]]) -> None:
    async with asyncio.timeout(SOON):
        while True:
            found = look()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


async def test_who_joins_gets_the_picture_and_then_every_change(hub: Hub, redis_server: RedisServer) -> None:
    writer, browser = publisher(redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    assert browser.pods == {"shop-0", "shop-1"}
    for number in range(2, 30):
        writer.publish(changes=came(number))
    writer.publish(changes=went(0))
    await until(subscription, browser, lambda: browser.position == writer.position)
    assert browser.pods == {f"shop-{number}" for number in range(1, 30)}
    assert browser.snapshots == 1


async def test_a_heartbeat_that_is_soon_due_goes_out_along_with_changes(hub: Hub, redis_server: RedisServer) -> None:
    now = 100.0
    hub._clock = lambda: now
    writer, browser = publisher(redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1 and len(browser.states) == 2)  # as it joins, and the hub's first look
    for now, along in ((101.9, 0), (102.0, 1), (103.9, 0), (104.0, 1)):
        before = len(browser.states)
        writer.contact(contact=LIVE)
        writer.publish(changes=came(int(now * 10)))
        await until(subscription, browser, lambda: browser.position == writer.position and len(browser.states) - before >= along)  # noqa: B023
        assert len(browser.states) - before == along, f"at {now}"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no such clock")
async def test_a_computer_that_slept_does_not_call_what_it_saw_before_live(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    awake, slept = time.clock_gettime, 0.0
    monkeypatch.setattr(time, "clock_gettime", lambda clock: awake(clock) + (slept if clock == time.CLOCK_BOOTTIME else 0.0))
    writer = publisher(redis_server)
    await hub.join(cluster="lab")
    await eventually(lambda: hub.contact("lab").state == "live")
    slept = 3600.0
    assert hub.contact("lab").state == "lost"
    writer.contact(contact=LIVE)
    await eventually(lambda: hub.contact("lab").state == "live")


async def test_who_comes_back_gets_only_what_was_missed(hub: Hub, redis_server: RedisServer) -> None:
    writer, browser = publisher(redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    subscription.close()
    for number in range(2, 6):
        writer.publish(changes=came(number))
    await eventually(lambda: (found := hub.picture_now("lab")) is not None and found[1] == writer.position)
    again = await hub.join(cluster="lab", resume=browser.position)
    await until(again, browser, lambda: browser.position == writer.position)
    assert browser.snapshots == 1
    assert len(browser.pods) == 6


@pytest.mark.parametrize("place", [Position(epoch=9, sequence=1), Position(epoch=1, sequence=99)])
async def test_a_place_that_the_stream_does_not_hold_gets_the_whole_picture(place: Position, hub: Hub, redis_server: RedisServer) -> None:
    publisher(redis_server)
    browser = Browser()
    subscription = await hub.join(cluster="lab", resume=place)
    await until(subscription, browser, lambda: browser.snapshots == 1)
    assert len(browser.pods) == 2


async def test_whose_place_left_the_stream_with_its_bytes_gets_the_whole_picture_f17(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "STREAM_BYTES", 500_000)
    writer = publisher(redis_server)
    left, held = writer.position, writer.position
    for number in range(40):
        before, held = held, writer.publish(changes=[Put(msgspec.structs.replace(NODE, labels={"large": f"{number}" + "x" * 50_000}))])
        if writer._packing is not None:
            writer._packing.join()
    hub = Hub(url=redis_server.url)  # which remembers nothing of its own
    hub.start()
    try:
        whole, further = Browser(), Browser()
        await until(await hub.join(cluster="lab", resume=left), whole, lambda: whole.position == held)
        assert whole.snapshots == 1 and whole.reader is not None
        further.reader, further.position = whole.reader, before
        await until(await hub.join(cluster="lab", resume=before), further, lambda: further.position == held)
        assert further.snapshots == 0, "the last one is still there"
        writer.publish(changes=came(5))
        await until(await hub.join(cluster="lab", resume=held), whole, lambda: "shop-5" in whole.pods)
    finally:
        await hub.stop()


async def test_a_hub_that_is_behind_what_left_the_stream_begins_anew_f17(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "STREAM_BYTES", 500_000)
    writer, browser = publisher(redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    for number in range(40):  # without a pause, in which it would read
        writer.publish(changes=[Put(msgspec.structs.replace(NODE, labels={"large": f"{number}" + "x" * 50_000}))])
        if writer._packing is not None:
            writer._packing.join()
    writer.publish(changes=came(5))
    await until(subscription, browser, lambda: browser.position == writer.position)
    assert "shop-5" in browser.pods and browser.snapshots > 1
    writer.publish(changes=went(5))
    await until(subscription, browser, lambda: browser.position == writer.position)
    assert "shop-5" not in browser.pods


async def test_another_observer_begins_another_picture(hub: Hub, redis_server: RedisServer) -> None:
    publisher(redis_server)
    browser = Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    second = publisher(redis_server, epoch=2, pods=5)
    await until(subscription, browser, lambda: browser.position == second.position)
    assert browser.snapshots == 2
    assert len(browser.pods) == 5


async def test_who_joins_before_there_is_a_picture_gets_it_when_it_is_there(hub: Hub, redis_server: RedisServer) -> None:
    browser = Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: bool(browser.states))
    assert browser.snapshots == 0
    assert "live" not in browser.states
    publisher(redis_server)
    await until(subscription, browser, lambda: browser.snapshots == 1 and browser.states[-1] == "live")


async def test_a_frozen_redis_is_told_and_so_is_its_return(hub: Hub, redis_server: RedisServer) -> None:
    writer, browser = publisher(redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1 and browser.states[-1:] == ["live"])
    redis_server.send(signal.SIGSTOP)
    await until(subscription, browser, lambda: browser.states[-1] != "live")
    redis_server.send(signal.SIGCONT)
    writer.contact(contact=LIVE)
    writer.publish(changes=came(2))
    await until(subscription, browser, lambda: browser.states[-1] == "live" and browser.position == writer.position)
    assert browser.snapshots == 1


async def test_live_is_not_said_again_before_what_was_missed_is_shown_f33(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "ENTRIES", 10)
    writer, browser, may_come_back = publisher(redis_server), Browser(), asyncio.Event()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1 and browser.states[-1:] == ["live"])
    come_back = hub._come_back

    async def late() -> None:
        await may_come_back.wait()
        await come_back()

    monkeypatch.setattr(hub, "_come_back", late)
    publishing.connect(url=redis_server.url).client_kill_filter(_type="normal", skipme=True)
    await until(subscription, browser, lambda: browser.states[-1] == "stale")
    for number in range(5, 40):
        writer.publish(changes=came(number))
    writer.contact(contact=LIVE)
    monkeypatch.setattr(hub, "_read_once", asyncio.Event().wait)
    may_come_back.set()
    await until(subscription, browser, lambda: browser.states[-1] == "live")
    assert (browser.position, browser.snapshots) == (writer.position, 1)


def published(memory: Memory, *, cluster: str = "lab") -> Callable[..., Position]:
    """This will put a picture there; what is returned publishes another change after it, and says its place."""
    writer, places = rows.Writer(records=picture(pods=2).objects.values()), itertools.count(2)
    body, place = encoding.pack(writer.whole()), Position(epoch=7, sequence=1)
    memory.add(keys.topology(cluster), frame_of(b"", entry_id="7-1", cluster=cluster), entry_id="7-1")
    memory.put_snapshot(cluster, encoding.encode(Snapshot(view="*", position=place, body=body)))

    def publish() -> Position:
        place = Position(epoch=7, sequence=next(places))
        frame = encoding.encode(writer.changes(changes=came(place.sequence), position=place))
        memory.add(keys.topology(cluster), frame_of(frame, entry_id=keys.entry_id(place), cluster=cluster), entry_id=keys.entry_id(place))
        return place

    return publish


def say(memory: Memory, *, number: int, cluster: str = "lab") -> None:
    memory.add(keys.contact(cluster), word_of(encoding.encode(LIVE), epoch=7, number=number, cluster=cluster))


@pytest.mark.parametrize("stood_still", [0, hubs.LOOK_BACK_SECONDS + 10])
async def test_a_word_is_not_heard_before_the_changes_that_it_was_said_of(stood_still: float) -> None:
    """They may be more than are read at once."""
    memory = Memory()
    hub, publish = Held(memory=memory), published(memory)
    await hub.join(cluster="lab")
    assert await hub.round()
    *_, place = [publish() for _ in range(3 * hubs.ENTRIES + 10)]
    memory.seconds += stood_still
    say(memory, number=1)
    for _ in range(3):
        assert await hub.round()
        assert hub._feeds["lab"].position != place and hub.contact("lab").state != "live"
        memory.seconds += stood_still / 10
    assert await hub.round()
    assert hub._feeds["lab"].position == place and hub.contact("lab").state == "live"


@pytest.mark.parametrize("when", ["first", "later"])
async def test_nor_before_those_that_came_right_before_it(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first picture is read, or after a round that brought nothing."""
    memory = Memory()
    hub, publish, places = Held(memory=memory), published(memory), list[Position]()
    read = memory.xrevrange

    async def at_last(stream: str, *, count: int) -> Any:
        if stream == keys.contact("lab") and not places:
            places.extend(publish() for _ in range(hubs.ENTRIES + 10))
            say(memory, number=1)
        return await read(stream, count=count)

    if when == "later":
        await hub.join(cluster="lab")
        assert await hub.round()
        memory.seconds += hubs.LOOK_BACK_SECONDS + 10
    monkeypatch.setattr(memory, "xrevrange", at_last)
    if when == "later":
        assert await hub.round()
    else:
        hub._gone = False
        await hub.join(cluster="lab")
    assert hub.contact("lab").state == "live" and hub._feeds["lab"].position == places[-1]


async def test_a_word_that_lay_in_a_socket_or_in_redis_while_the_process_stood_still_is_as_old_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, clusters = Memory(), ("lab", "other")
    hub, read = Held(memory=memory), memory.xread
    for cluster in clusters:
        published(memory, cluster=cluster)
        say(memory, number=1, cluster=cluster)
        await hub.join(cluster=cluster)
    assert await hub.round()
    assert [hub.contact(cluster).state for cluster in clusters] == ["live", "live"]

    async def lies_in_the_socket(*asked: Any, **how: Any) -> Any:
        found = await read(*asked, **how)
        if "block" in how:
            memory.seconds += 30
            del found[1:]
        return found

    async def is_not_due() -> None:
        """What is not live is looked at again now and then, which would be the end of this."""

    monkeypatch.setattr(hub, "_look_back", is_not_due)
    for cluster in clusters:
        say(memory, number=2, cluster=cluster)
    with monkeypatch.context() as patched:
        patched.setattr(memory, "xread", lies_in_the_socket)
        assert await hub.round()
    assert [hub.contact(cluster).state for cluster in clusters] == ["stale", "stale"]
    assert await hub.round()
    assert [hub.contact(cluster).state for cluster in clusters] == ["stale", "stale"]
    for cluster in clusters:
        say(memory, number=3, cluster=cluster)
    assert await hub.round()
    assert [hub.contact(cluster).state for cluster in clusters] == ["live", "live"]


async def test_nor_is_the_clock_of_redis_read_later_than_it_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    hub, ask = Held(memory=memory), memory.time
    published(memory)
    say(memory, number=1)

    async def lies_in_the_socket() -> Any:
        answer = await ask()
        memory.seconds += 10
        return answer

    monkeypatch.setattr(memory, "time", lies_in_the_socket)
    hub._gone = False
    await hub.join(cluster="lab")
    assert hub.contact("lab").state == "stale"


async def test_a_word_that_waited_for_the_changes_before_it_is_as_old_as_that() -> None:
    memory = Memory()
    hub, publish = Held(memory=memory), published(memory)
    await hub.join(cluster="lab")
    assert await hub.round()
    *_, place = [publish() for _ in range(4 * hubs.ENTRIES + 10)]
    say(memory, number=1)
    while hub._feeds["lab"].position != place:
        memory.seconds += 1
        assert await hub.round()
        assert hub.contact("lab").state != "live"


async def test_a_word_that_waits_for_the_picture_of_another_cluster_is_as_old_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """That one is read anew in the same round, which takes its time where it is large."""
    memory, numbers = Memory(), itertools.count(1)
    hub, read = Held(memory=memory), memory.mget
    publish, _ = [published(memory, cluster=cluster) for cluster in ("large", "other")]

    async def all_speak() -> None:
        number = next(numbers)
        for cluster in ("large", "other"):
            say(memory, number=number, cluster=cluster)
            await hub.join(cluster=cluster)
        assert await hub.round()

    for _ in range(3):
        memory.seconds += 1
        await all_speak()

    async def takes_long(*asked: str) -> Any:
        memory.seconds += 10
        return await read(*asked)

    async def is_not_due() -> None:
        """Another look at what is there would take long again."""

    publish()
    del memory.streams[keys.topology("large")][-1]  # it is missing, so the picture is read anew with the next one
    publish()
    monkeypatch.setattr(memory, "mget", takes_long)
    monkeypatch.setattr(hub, "_look_back", is_not_due)
    await all_speak()
    assert hub.contact("other").state == "stale"


async def test_a_slow_round_asks_redis_for_its_time_and_for_nothing_of_each_cluster() -> None:
    """Else a round that was slow once is slow for ever, where Redis is far away."""
    memory, clusters = Memory(), [f"lab-{number}" for number in range(20)]
    hub = Held(memory=memory)
    for cluster in clusters:
        published(memory, cluster=cluster)
        await hub.join(cluster=cluster)
    assert await hub.round()
    for number in (1, 2):
        memory.seconds += 2 * hubs.PROMPT_SECONDS
        for cluster in clusters:
            say(memory, number=number, cluster=cluster)
        before = memory.answered
        assert await hub.round()
        assert {hub.contact(cluster).state for cluster in clusters} == {"live"}
        assert memory.answered - before == 2, "what came, and the time"


async def test_an_emptied_redis_leads_to_the_new_picture_and_never_to_a_mixture(hub: Hub, redis_server: RedisServer) -> None:
    publisher(redis_server, pods=4)
    browser = Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    redis_server.kill()
    redis_server.start()
    second = publisher(redis_server, epoch=2, pods=1)
    await until(subscription, browser, lambda: browser.position == second.position)
    assert browser.pods == {"shop-0"}


@pytest.mark.parametrize("redis_went_back", [False, True])
async def test_a_redis_that_was_emptied_after_the_clocks_went_back_leads_to_the_new_picture_f37_f103(
    hub: Hub, redis_server: RedisServer, redis_went_back: bool
) -> None:
    """Without a broken line, so that the hub waits for ids that do not come."""
    publisher(redis_server, epoch=7, pods=4)
    client, browser = publishing.connect(url=redis_server.url), Browser()
    if redis_went_back:
        client.xadd(keys.contact("lab"), word_of(encoding.encode(LIVE), epoch=7, number=2), id="9999999999999-1")
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1 and browser.states[-1:] == ["live"])
    client.flushall()
    second = publisher(redis_server, epoch=2, pods=1)
    speaking = asyncio.create_task(speak(second))
    await until(subscription, browser, lambda: browser.position == second.position and browser.states[-1] == "live")
    speaking.cancel()
    assert browser.pods == {"shop-0"}


async def test_who_reads_along_gets_no_other_picture_while_connections_are_killed_f38(hub: Hub, redis_server: RedisServer) -> None:
    writer, browser, client = publisher(redis_server), Browser(), publishing.connect(url=redis_server.url)
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    for number in range(10, 16):
        client.client_kill_filter(_type="normal", skipme=True)
        writer.publish(changes=came(number))
        await until(subscription, browser, lambda: browser.position == writer.position)
    writer.contact(contact=LIVE)
    await until(subscription, browser, lambda: browser.states[-1:] == ["live"])
    assert browser.snapshots == 1


async def test_who_reads_along_gets_no_other_picture_where_a_killed_redis_keeps_what_it_had_f32(keeping_redis_server: RedisServer) -> None:
    hub = Hub(url=keeping_redis_server.url)
    writer, browser = publisher(keeping_redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1 and browser.states[-1:] == ["live"])
    keeping_redis_server.kill()
    with pytest.raises(redis.ConnectionError):
        writer.publish(changes=came(5))
    await until(subscription, browser, lambda: browser.states[-1] == "stale")
    await asyncio.to_thread(keeping_redis_server.start)
    writer.publish(changes=came(6))
    writer.contact(contact=LIVE)
    await until(subscription, browser, lambda: browser.position == writer.position and browser.states[-1] == "live")
    assert (browser.snapshots, browser.pods) == (1, {"shop-0", "shop-1", "shop-5", "shop-6"})
    await hub.stop()


async def speak(writer: Publisher) -> None:
    """This will say each second that there is contact."""
    while True:
        writer.contact(contact=LIVE)
        await asyncio.sleep(1)


async def test_an_older_copy_that_takes_over_is_not_called_live_f36(hub: Hub, redis_server: RedisServer) -> None:
    """Its observer's last words were said of what it misses."""
    hub._clock = lambda: 100.0
    writer, browser, client = publisher(redis_server), Browser(), publishing.connect(url=redis_server.url)
    subscription = await hub.join(cluster="lab")
    names = [name("lab") for name in (keys.topology, keys.snapshot, keys.snapshot_seal, keys.contact)]
    copied, older = {name: client.dump(name) for name in names}, writer.position
    for number in range(5, 15):
        writer.publish(changes=came(number))
    writer.contact(contact=LIVE)
    await until(subscription, browser, lambda: browser.position == writer.position and browser.states[-1:] == ["live"])
    with client.pipeline() as at_once:
        for name, dumped in copied.items():
            at_once.restore(name, 0, dumped, replace=True)
        at_once.client_kill_filter(_type="normal", skipme=True)
        at_once.execute()
    await until(subscription, browser, lambda: browser.snapshots == 2)
    assert browser.position == older
    browser.states.clear()
    await eventually(lambda: not hub._gone)
    assert hub.contact("lab").state == "stale"
    second = publisher(redis_server, epoch=2, pods=5)
    await until(subscription, browser, lambda: browser.position == second.position)
    assert "live" not in browser.states
    await until(subscription, browser, lambda: browser.states[-1:] == ["live"])


@pytest.mark.parametrize("emptied", [False, True])
async def test_where_no_observer_runs_nothing_is_taken_up_anew(hub: Hub, redis_server: RedisServer, emptied: bool) -> None:
    now, heard = 100.0, list[object]()
    hub._clock = lambda: now
    publisher(redis_server)
    browser, subscription = Browser(), await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1 and browser.states[-1:] == ["live"])
    if emptied:
        publishing.connect(url=redis_server.url).flushall()
    hub.listen(heard.append)
    for now in (110.0, 120.0, 130.0):
        await eventually(lambda: hub._looked_back_at == now)  # noqa: B023
    assert heard == []
    assert browser.snapshots == 1


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        (keys.notices(), {keys.NOTICE: b"\xc1"}),
        (keys.notices(), {"other": b""}),
        (keys.notices(), {keys.NOTICE: deep({"other": 0})}),
        (keys.notices(), {keys.NOTICE: msgspec.msgpack.encode(notices.Revoked(user_id=1))}),
        (keys.contact("lab"), {keys.CONTACT: b"\xc1", keys.EPOCH: b"1"}),
        (keys.contact("lab"), {keys.CONTACT: b""}),
        (keys.contact("lab"), {keys.CONTACT: deep({"other": 0}), keys.EPOCH: b"1"}),
        (keys.topology("lab"), {keys.FRAME: b"\xc1"}),
        (keys.topology("lab"), {"other": b""}),
        (keys.topology("lab"), {keys.FRAME: deep({"type": "changes", "changes": [{"other": 0}]})}),
    ],
)
async def test_what_nobody_of_ours_wrote_is_not_believed_and_ends_nothing_f42(
    hub: Hub, redis_server: RedisServer, key: str, fields: dict[Any, bytes]
) -> None:
    """An observer finds out at its next write that the stream is not its own any more, and begins another epoch."""
    writer, browser = publisher(redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    before = writer.position
    forged = publishing.connect(url=redis_server.url).xadd(key, fields, id="1-2" if key == keys.topology("lab") else "*")
    if key == keys.topology("lab"):
        with pytest.raises(publishing.Lost):
            writer.publish(changes=came(5))
        writer = publisher(redis_server, epoch=2, pods=3)
    else:
        await eventually(lambda: forged in (hub._notice_id, hub._feeds["lab"].contact_id))
        writer.contact(contact=LIVE)
        writer.publish(changes=came(5))
    await until(subscription, browser, lambda: browser.position == writer.position and browser.states[-1:] == ["live"])
    assert browser.position != before


async def test_a_ring_that_nobody_of_ours_rang_is_heard_by_nobody_f42(hub: Hub, redis_server: RedisServer) -> None:
    publisher(redis_server)
    client = publishing.connect(url=redis_server.url)
    browser, subscription = Browser(), await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    heard = list[notices.Revoked | None]()
    hub.listen(heard.append)
    switch = {"cluster": "lab", "namespace": "store", "service": "shop"}
    ours = notices.fields(notices.Revoked(user_id=3))
    for forged in (notices.Revoked(user_id=1), Operation(id="x" * 1_000_000, state="forged", **switch)):
        said = msgspec.msgpack.encode(forged)
        client.xadd(keys.notices(), {keys.NOTICE: said})
        client.xadd(keys.notices(), {keys.NOTICE: said, keys.SEAL: ours[keys.SEAL]})
    notices.operation(redis=client, id="s1", state="ours", **switch)
    notices.revoked(redis=client, user_id=2)
    await until(subscription, browser, lambda: bool(browser.operations))
    await eventually(lambda: bool(heard))
    assert browser.operations == ["ours"]
    assert heard == [notices.Revoked(user_id=2)]


def forged_snapshot(*, epoch: int) -> bytes:
    """A picture that is not there."""
    body = encoding.pack(rows.Writer(records=picture(pods=9).objects.values()).whole())
    return encoding.encode(Snapshot(view="*", position=Position(epoch=epoch, sequence=1), body=body))


async def test_a_well_formed_snapshot_that_nobody_of_ours_wrote_is_given_to_nobody_f42(redis_server: RedisServer) -> None:
    """Nor is that of another cluster, and whoever has the true one keeps it."""
    publisher(redis_server, cluster="other", pods=5)
    publisher(redis_server)
    client = publishing.connect(url=redis_server.url)
    for name, frame, seal in (
        ("without a seal", forged_snapshot(epoch=1), b""),
        ("with the seal of the true one", forged_snapshot(epoch=1), client.get(keys.snapshot_seal("lab"))),
        ("of another cluster", client.get(keys.snapshot("other")), client.get(keys.snapshot_seal("other"))),
    ):
        client.mset({keys.snapshot("lab"): frame, keys.snapshot_seal("lab"): seal})
        hub = Hub(url=redis_server.url)
        subscription, browser = await hub.join(cluster="lab"), Browser()
        await eventually(lambda: not hub._gone)  # noqa: B023
        browser.take(await asyncio.wait_for(anext(subscription), SOON))
        assert (browser.snapshots, hub.contact("lab").state) == (0, "stale"), name
        assert hub.forged["lab"] > 0
        await hub.stop()


async def test_a_well_formed_word_that_nobody_of_ours_said_makes_no_dead_observer_live_f42(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one that somebody made up, nor one that was said before."""
    monkeypatch.setattr(freshness, "LIVE_SECONDS", 1.0)
    publisher(redis_server)
    subscription, browser, client = await hub.join(cluster="lab"), Browser(), publishing.connect(url=redis_server.url)
    await until(subscription, browser, lambda: browser.states[-1:] == ["live"])
    said = client.xrevrange(keys.contact("lab"), count=1)[0][1]
    await until(subscription, browser, lambda: browser.states[-1:] == ["stale"])
    browser.states.clear()
    word = encoding.encode(LIVE)
    made_up, elsewhere = word_of(word, epoch=1, number=9), word_of(word, epoch=1, number=9, cluster="other")
    for forgery in (said, made_up | {keys.SEAL: b""}, made_up | {keys.SEAL: said[keys.SEAL]}, elsewhere):
        last = client.xadd(keys.contact("lab"), forgery)
        await eventually(lambda: hub._feeds["lab"].contact_id == last)  # noqa: B023
        assert hub.contact("lab").state == "stale"
    assert "live" not in browser.states


async def test_words_of_two_observers_that_were_said_before_make_none_of_them_live_f42(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is another observer's than the one before it."""
    monkeypatch.setattr(freshness, "LIVE_SECONDS", 1.0)
    publisher(redis_server, epoch=1)
    subscription, browser, client = await hub.join(cluster="lab"), Browser(), publishing.connect(url=redis_server.url)
    await until(subscription, browser, lambda: browser.states[-1:] == ["live"])
    publisher(redis_server, epoch=2)
    await eventually(lambda: (word := hub._feeds["lab"].word) is not None and word.epoch == 2)
    newest, oldest = (fields for _, fields in client.xrevrange(keys.contact("lab")))
    await until(subscription, browser, lambda: browser.states[-1:] == ["stale"])
    for said in (oldest, newest):
        last = client.xadd(keys.contact("lab"), said)
        await eventually(lambda: hub._feeds["lab"].contact_id == last)  # noqa: B023
        assert hub.contact("lab").state == "stale"


async def test_a_word_that_was_said_before_hides_none_that_came_with_it_f42(hub: Hub, redis_server: RedisServer) -> None:
    publisher(redis_server)
    subscription, browser, client = await hub.join(cluster="lab"), Browser(), publishing.connect(url=redis_server.url)
    await until(subscription, browser, lambda: browser.states[-1:] == ["live"])
    said = client.xrevrange(keys.contact("lab"), count=1)[0][1]
    with client.pipeline() as together:
        together.xadd(keys.contact("lab"), word_of(encoding.encode(LIVE), epoch=1, number=9))
        together.xadd(keys.contact("lab"), said)
        together.execute()
    await eventually(lambda: (word := hub._feeds["lab"].word) is not None and word.number == 9)


@pytest.mark.parametrize("entry_id", ["1-2", "99999999999999-1", "18446744073709551615-18446744073709551615"])
async def test_well_formed_changes_that_nobody_of_ours_wrote_are_told_to_nobody_f42(hub: Hub, redis_server: RedisServer, entry_id: str) -> None:
    """Whoever reads keeps the picture, and is not sent it again and again. What another observer publishes then comes, though its number is lower."""
    publisher(redis_server)
    subscription, browser, client = await hub.join(cluster="lab"), Browser(), publishing.connect(url=redis_server.url)
    await until(subscription, browser, lambda: browser.snapshots == 1 and browser.states[-1:] == ["live"])
    writer = rows.Writer(records=picture(pods=2).objects.values())
    frame = encoding.encode(writer.changes(changes=came(99), position=Position(epoch=1, sequence=2)))
    client.xadd(keys.topology("lab"), {keys.FRAME: frame}, id=entry_id)
    await eventually(lambda: hub.forged["lab"] > 0)
    await asyncio.sleep(0.3)
    assert hub.forged["lab"] < 5
    epoch = Claim(redis=client, cluster="lab").take()
    assert epoch is not None
    second = publisher(redis_server, epoch=epoch, pods=3)
    speaking = asyncio.create_task(speak(second))
    await until(subscription, browser, lambda: browser.position == second.position and browser.states[-1] == "live")
    speaking.cancel()
    assert browser.pods == {"shop-0", "shop-1", "shop-2"}
    assert browser.snapshots == 2


@pytest.mark.parametrize("forged", [snapshot_of(b"no zlib"), snapshot_of(zlib.compress(deep({"other": 0})))], ids=["no zlib", "deep"])
async def test_a_snapshot_that_cannot_be_unpacked_is_waited_out_f42(hub: Hub, redis_server: RedisServer, forged: bytes) -> None:
    publisher(redis_server)
    publishing.connect(url=redis_server.url).set(keys.snapshot("lab"), forged)
    browser, subscription = Browser(), await hub.join(cluster="lab")
    writer = publisher(redis_server, epoch=2, pods=3)
    await until(subscription, browser, lambda: browser.position == writer.position)


@pytest.mark.parametrize(
    "forged",
    [
        {keys.snapshot("other"): b"\xc1"},
        {keys.snapshot("other"): snapshot_of(b"no zlib")},
        {keys.contact("other"): {keys.CONTACT: b"\xc1", keys.EPOCH: b"1"}},
        {keys.topology("other"): {keys.FRAME: b"\xc1"}},
    ],
    ids=["snapshot", "body", "contact", "changes"],
)
async def test_what_nobody_of_ours_wrote_of_one_cluster_costs_no_other_its_picture_f42(
    redis_server: RedisServer, forged: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It is there already when the web process starts, and stays; each attempt to read it would fail alike."""
    writer, other = publisher(redis_server), publisher(redis_server, cluster="other")
    with publishing.connect(url=redis_server.url) as client:
        for key, what in forged.items():
            client.set(key, what) if isinstance(what, bytes) else client.xadd(key, what, id="1-2" if "topology" in key else "*")
    hub = Hub(url=redis_server.url)
    try:
        there, browser = await hub.join(cluster="other"), Browser()
        subscription = await hub.join(cluster="lab")
        for number in range(5, 8):
            writer.publish(changes=came(number))
            writer.contact(contact=LIVE)
            await until(subscription, browser, lambda: browser.position == writer.position and browser.states[-1:] == ["live"])
        assert hub.contact("other").reason != "redis"
        assert caplog.text.count("is not what was written there") == 1
        other, seen = publisher(redis_server, epoch=2, pods=3, cluster="other"), Browser()
        await until(there, seen, lambda: seen.position == other.position and seen.states[-1:] == ["live"])
    finally:
        await hub.stop()


async def test_where_a_change_is_missing_nobody_gets_an_old_picture_again_and_again_until_there_is_a_newer_one(
    hub: Hub, redis_server: RedisServer
) -> None:
    writer, browser = publisher(redis_server), Browser()
    client = publishing.connect(url=redis_server.url)
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    await hub.stop()
    for number in (2, 3, 4):
        writer.publish(changes=came(number))
    client.xdel(keys.topology("lab"), keys.entry_id(Position(epoch=1, sequence=3)))
    again = Hub(url=redis_server.url)
    try:
        late, other = await again.join(cluster="lab"), Browser()
        reading = asyncio.create_task(until(late, other, lambda: other.position is not None))
        for number in range(5, 30):
            writer.publish(changes=came(number))
            await asyncio.sleep(0)
        await eventually(lambda: (feed := again._feeds["lab"]).position is None and feed.waits_after == keys.entry_id(writer.position).encode())
        again._feeds["lab"].cut_off = again._feeds["lab"].tried = None  # as where somebody reads along when the change is found missing
        await again._load_picture(again._feeds["lab"])
        assert again.picture_now("lab") is None
        assert other.snapshots == 0, "the old one is shown to nobody"
        writer._clock = lambda: time.monotonic() + publishing.SNAPSHOT_LONGEST_SECONDS

        def is_shown() -> bool:
            writer.contact(contact=LIVE)  # with one word it packs a newer picture, with a later one it writes it
            return again.picture_now("lab") is not None

        await eventually(is_shown)
        await reading
        assert (other.snapshots, other.position) == (1, writer.position)
        assert len(other.pods) == 30
    finally:
        await again.stop()


async def test_a_stream_without_a_picture_is_not_read_again_and_again() -> None:
    memory, asked = Memory(), list[str]()
    hub, get = Held(memory=memory), memory.mget
    memory.add(keys.topology("lab"), frame_of(b"", entry_id="7-3"), entry_id="7-3")

    async def counted(*names: str) -> list[bytes | None]:
        asked.extend(names[:1])
        return await get(*names)

    memory.mget = counted  # type: ignore[method-assign]
    await hub.join(cluster="lab")
    for number in range(4, 24):
        assert await hub.round()
        memory.add(keys.topology("lab"), frame_of(b"", entry_id=f"7-{number}"), entry_id=f"7-{number}")
    assert len(asked) <= 3
    memory.seconds += hubs.LOOK_BACK_SECONDS
    body = encoding.pack(rows.Writer(records=picture(pods=2).objects.values()).whole())
    place = Position(epoch=7, sequence=23)
    memory.put_snapshot("lab", encoding.encode(Snapshot(view="*", position=place, body=body)))
    assert await hub.round() and hub._feeds["lab"].position == place


@pytest.mark.parametrize("name", ["_take_contact", "_look"])
async def test_a_defect_ends_neither_reading_nor_telling_f42(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """It is logged, and gone once its cause is."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    writer, browser = publisher(redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    with monkeypatch.context() as broken:
        broken.setattr(hub, name, fail)
        writer.contact(contact=LIVE)
        await eventually(lambda: "a defect" in caplog.text)
    browser.states.clear()
    writer.publish(changes=came(5))
    await until(subscription, browser, lambda: browser.position == writer.position and browser.states[-1:] == ["live"])
    assert not [one for one in hub._tasks if one.done()]


async def test_changes_after_a_place_leave_out_nothing_and_repeat_nothing(hub: Hub, redis_server: RedisServer) -> None:
    writer = publisher(redis_server)
    await hub.join(cluster="lab")
    begun = writer.position
    for number in range(2, 6):
        writer.publish(changes=came(number))
    await eventually(lambda: (found := hub.picture_now("lab")) is not None and found[1] == writer.position)
    steps = hub.changes(cluster="lab", after=begun)
    seen = [await asyncio.wait_for(anext(steps), SOON)]
    writer.publish(changes=went(1))
    seen += [await asyncio.wait_for(anext(steps), SOON) for _ in range(4)]
    assert [place.sequence for place, _ in seen] == [begun.sequence + number for number in range(1, 6)]
    runs_on = Link(LinkKind.RUNS_ON, pod(1).uid, NODE.uid)
    assert seen[-1][1] == [(Unlinked(link=runs_on), pod(1)), (Drop(pod(1).uid), pod(1))]


async def test_the_links_are_made_once_for_all_who_follow_and_forgotten_a_while_after_the_last(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[weakref.ref[Joined]]()

    class Counted(Joined):
        def __init__(self, **said: Any) -> None:
            super().__init__(**said)
            made.append(weakref.ref(self))

    monkeypatch.setattr(linking, "Joined", Counted)
    writer = publisher(redis_server)
    await hub.join(cluster="lab")
    places = [writer.position]
    for number in range(2, 6):
        writer.publish(changes=came(number))
        places.append(writer.position)
    await eventually(lambda: hub._feeds["lab"].position == writer.position)
    followers = [hub.changes(cluster="lab", after=place) for place in [None, *places]]
    coming = [asyncio.ensure_future(anext(steps)) for steps in followers]
    for number, first in enumerate(coming[1:-1], start=2):
        found = (await asyncio.wait_for(first, SOON))[1]
        assert found == [(Put(pod(number)), None), (Linked(link=Link(LinkKind.RUNS_ON, pod(number).uid, NODE.uid)), None)]
    writer.publish(changes=came(7))
    newest = [await asyncio.wait_for(coming[0], SOON), await asyncio.wait_for(coming[-1], SOON)]
    assert newest[0] == newest[1]
    assert newest[0][0] == writer.position
    assert len(made) == 1
    for steps in followers:
        await steps.aclose()  # type: ignore[attr-defined]
    hub._look(hub._feeds["lab"])
    back = hub.changes(cluster="lab", after=places[-1])
    assert await asyncio.wait_for(anext(back), SOON) == newest[0]
    assert len(made) == 1
    await back.aclose()  # type: ignore[attr-defined]
    monkeypatch.setattr(making, "KEPT_SECONDS", 0)
    await eventually(lambda: made[0]() is None)


async def test_a_defect_in_one_view_costs_neither_other_views_nor_links_a_step(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, whole = publisher(redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, whole, lambda: whole.snapshots == 1)
    follower = hub.changes(cluster="lab", after=writer.position)
    views_of = [(await hub.join(cluster="lab", namespaces=frozenset({"store", other})), Browser()) for other in ("mail", "shop")]
    for joined, browser in views_of:
        await until(joined, browser, lambda browser=browser: browser.snapshots == 1)  # type: ignore[misc]
    writer.publish(changes=came(4))
    steps = [await asyncio.wait_for(anext(follower), SOON)]
    broken = next(iter(hub._feeds["lab"].views.values()))
    hand_on, failures = broken._hand_on, [RuntimeError("a defect")]

    def fails_once(changes: Iterable[Change]) -> None:
        if failures:
            raise failures.pop()
        hand_on(changes)

    monkeypatch.setattr(broken, "_hand_on", fails_once)
    for number in (5, 6):
        writer.publish(changes=came(number))
        await until(subscription, whole, lambda: whole.position == writer.position)
    there = {f"shop-{number}" for number in (0, 1, 4, 5, 6)}
    for joined, browser in views_of:
        await until(joined, browser, lambda browser=browser: "shop-6" in browser.pods)  # type: ignore[misc]
        assert browser.pods == there
    steps += [await asyncio.wait_for(anext(follower), SOON) for _ in range(2)]
    assert [found[0][0] for _, found in steps] == [Put(pod(number)) for number in (4, 5, 6)]
    assert (whole.pods, whole.snapshots, failures) == (there, 1, [])


async def test_changes_that_fail_half_way_leave_no_half_of_them_in_the_picture(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, browser = publisher(redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    in_columns = msgspec.structs.replace(pod(9), uid=Uid(str(uuid.uuid4())))
    writer.publish(changes=[Put(in_columns)])
    await until(subscription, browser, lambda: browser.position == writer.position)
    reader = hub._feeds["lab"]._reader
    assert reader is not None
    apply, failures = reader.picture.apply, [MemoryError()]

    def fails_once(*, changes: Iterable[Change]) -> None:
        if failures:
            raise failures.pop()
        apply(changes=changes)

    monkeypatch.setattr(reader.picture, "apply", fails_once)
    for status in ("Failed", "Unknown"):
        writer.publish(changes=[Put(msgspec.structs.replace(in_columns, status=status))])
        await until(subscription, browser, lambda: browser.position == writer.position)
    assert browser.reader is not None and failures == []
    found = hub.picture_now("lab")
    assert found is not None and found[0] == browser.reader.picture == writer._rows.picture


async def test_links_that_are_not_right_cost_nobody_else_the_picture(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, browser = publisher(redis_server), Browser()
    subscription = await hub.join(cluster="lab")
    await until(subscription, browser, lambda: browser.snapshots == 1)
    writer.publish(changes=came(2))
    await until(subscription, browser, lambda: "shop-2" in browser.pods)
    follower = hub.changes(cluster="lab", after=Position(epoch=1, sequence=1))
    await asyncio.wait_for(anext(follower), SOON)

    def break_down(**_: Any) -> Any:
        raise LookupError("defect")

    monkeypatch.setattr(linking, "told", break_down)
    writer.publish(changes=came(3))
    await until(subscription, browser, lambda: "shop-3" in browser.pods)
    assert browser.snapshots == 1
    with pytest.raises(OutOfReach):
        await asyncio.wait_for(anext(follower), SOON)


async def test_what_comes_while_the_links_are_made_follows_them(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = publisher(redis_server)
    await hub.join(cluster="lab")
    go_on = held_up(monkeypatch, linking, "told")
    writer.publish(changes=came(2))
    await eventually(lambda: hub._feeds["lab"].position == writer.position)
    steps = hub.changes(cluster="lab", after=Position(epoch=1, sequence=1))
    first = asyncio.ensure_future(anext(steps))
    await eventually(lambda: go_on.began.is_set())
    writer.publish(changes=came(3))
    await eventually(lambda: hub._feeds["lab"].position == writer.position)
    go_on.set()
    seen = [await asyncio.wait_for(first, SOON), await asyncio.wait_for(anext(steps), SOON)]
    assert [found[0][0] for _, found in seen] == [Put(pod(2)), Put(pod(3))]
    assert not go_on.is_late


async def test_a_follower_that_does_not_read_is_kept_no_more_changes_than_are_remembered(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "CHANGES", 5)
    writer = publisher(redis_server)
    await hub.join(cluster="lab")
    place = writer.position
    for number in (0, 1):
        writer.publish(changes=went(number))
    await eventually(lambda: hub._feeds["lab"].position == writer.position)
    missed_two, missed_one = hub.changes(cluster="lab", after=place), hub.changes(cluster="lab", after=Position(epoch=1, sequence=2))
    for steps in (missed_two, missed_one):
        await asyncio.wait_for(anext(steps), SOON)
    for number in (5, 6, 7):
        writer.publish(changes=came(number))
    await eventually(lambda: hub._feeds["lab"].position == writer.position)
    assert [len((await asyncio.wait_for(anext(missed_one), SOON))[1]) for _ in range(3)] == [2, 2, 2]
    with pytest.raises(OutOfReach):
        await asyncio.wait_for(anext(missed_two), SOON)


@pytest.mark.parametrize("place", [Position(epoch=1, sequence=99), Position(epoch=9, sequence=1), Position(epoch=1, sequence=0)])
async def test_changes_after_a_place_that_is_gone_are_out_of_reach(place: Position, hub: Hub, redis_server: RedisServer) -> None:
    publisher(redis_server)
    with pytest.raises(OutOfReach):
        await asyncio.wait_for(anext(hub.changes(cluster="lab", after=place)), SOON)


async def test_a_switch_that_moves_on_is_told_to_the_pages_of_its_cluster_only(hub: Hub, redis_server: RedisServer) -> None:
    publisher(redis_server)
    here, elsewhere = Browser(), Browser()
    mine, theirs = await hub.join(cluster="lab"), await hub.join(cluster="other")
    client = publishing.connect(url=redis_server.url)
    await eventually(lambda: hub.contact("lab").state == "live")
    assert notices.operation(redis=client, id="1", cluster="lab", namespace="store", service="shop", state="applying")
    await until(mine, here, lambda: here.operations == ["applying"])
    await until(theirs, elsewhere, lambda: bool(elsewhere.states))
    assert elsewhere.operations == []
    assert notices.operation(redis=client, id="", cluster="other", namespace="", service="", state="disarmed")
    await until(theirs, elsewhere, lambda: elsewhere.operations == ["disarmed"])


async def test_whoever_listens_for_revocations_is_told_that_some_may_be_lost(hub: Hub, redis_server: RedisServer) -> None:
    heard: list[object] = []
    hub.listen(heard.append)
    await eventually(lambda: None in heard)
    heard.clear()
    client = publishing.connect(url=redis_server.url)
    notices.revoked(redis=client, user_id=7)
    await eventually(lambda: heard == [notices.Revoked(user_id=7)])
    heard.clear()
    redis_server.kill()
    redis_server.start()
    await eventually(lambda: None in heard)


async def test_an_outage_is_noticed_however_short_it_is(hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may have been signed out in it: while Redis is asked, and while the hub is at something else."""
    heard: list[object] = []
    client = publishing.connect(url=redis_server.url)

    def break_line(notice: notices.Revoked | None) -> None:
        heard.append(notice)
        if notice is not None:
            client.client_kill_filter(_type="normal", skipme=True)

    hub.listen(break_line)
    await eventually(lambda: None in heard)
    heard.clear()
    client.client_kill_filter(_type="normal", skipme=True)
    await eventually(lambda: heard == [None])
    once = hub._read_once

    async def read_and_be_elsewhere() -> None:
        await once()
        await asyncio.sleep(0.05)

    monkeypatch.setattr(hub, "_read_once", read_and_be_elsewhere)
    notices.revoked(redis=client, user_id=6)  # ends the round that was begun before
    await eventually(lambda: notices.Revoked(user_id=6) in heard)
    await eventually(lambda: heard[-1] is None)
    notices.revoked(redis=client, user_id=7)
    await eventually(lambda: heard[-2:] == [notices.Revoked(user_id=7), None])


async def test_who_was_signed_out_while_redis_took_nothing_is_told_of_once_it_does_f34_f90(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who read from a Redis that is full notice nothing."""
    monkeypatch.setattr(notices, "AGAIN_SECONDS", 0.05)
    heard: list[object] = []
    hub.listen(heard.append)
    await eventually(lambda: None in heard)
    heard.clear()
    client = publishing.connect(url=redis_server.url)
    client.config_set("maxmemory", 1)
    assert not notices.revoked(redis=client, user_id=7)
    client.config_set("maxmemory", 0)
    await eventually(lambda: heard == [notices.Revoked(user_id=7)])


async def test_a_subscription_that_was_closed_leaves_nothing_behind(hub: Hub, redis_server: RedisServer) -> None:
    publisher(redis_server)
    subscription = await hub.join(cluster="lab")
    subscription.close()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(subscription), SOON)
    assert publishing.connect(url=redis_server.url).exists(keys.snapshot("lab"))


async def test_a_view_is_made_once_for_all_who_see_the_same_and_forgotten_a_while_after_the_last(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = publisher(redis_server)
    seen = frozenset({"store"})
    one, two = Browser(), Browser()
    first, second = await hub.join(cluster="lab", namespaces=seen), await hub.join(cluster="lab", namespaces=seen)
    await until(first, one, lambda: one.snapshots == 1)
    await until(second, two, lambda: two.snapshots == 1)
    (view,) = hub._feeds["lab"].views.values()
    writer.publish(changes=[Put(NODE)])
    writer.publish(changes=went(1))
    await until(first, one, lambda: one.pods == {"shop-0"})
    await until(second, two, lambda: two.pods == {"shop-0"})
    assert one.position == two.position == view.position
    assert one.position is not None
    assert one.position.sequence == 2, "the node is no step"
    again = await hub.join(cluster="lab", namespaces=seen, resume=one.position)
    await until(again, one, lambda: one.states[-1:] == ["live"])
    assert one.snapshots == 1
    for subscription in (first, second, again):
        subscription.close()
    hub._look(hub._feeds["lab"])
    back = await hub.join(cluster="lab", namespaces=seen, resume=one.position)
    await until(back, one, lambda: one.states[-1:] == ["live"])
    assert one.snapshots == 1
    back.close()
    monkeypatch.setattr(making, "KEPT_SECONDS", 0)
    await eventually(lambda: hub._feeds["lab"].views == {})


class HeldUp(threading.Event):
    """What in another thread waits for this: `is_late` where it would have waited for ever, as it does on the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.is_late = threading.Event(), False

    def pass_by(self) -> None:
        self.began.set()
        self.is_late |= not self.wait(HELD_SECONDS)


def held_up(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> HeldUp:
    """This will have a function of a module wait until it may go on."""
    held, plain = HeldUp(), getattr(module, name)

    def waits(*values: Any, **named: Any) -> Any:
        held.pass_by()
        return plain(*values, **named)

    monkeypatch.setattr(module, name, waits)
    return held


async def test_the_event_loop_goes_on_while_a_view_is_made_and_what_comes_meanwhile_follows_it(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = publisher(redis_server)
    whole, seen = await hub.join(cluster="lab"), Browser()
    go_on = held_up(monkeypatch, encoding, "pack")
    subscription, browser = await hub.join(cluster="lab", namespaces=frozenset({"store"})), Browser()
    waiting = asyncio.ensure_future(until(subscription, browser, lambda: browser.snapshots == 1 and browser.pods == {"shop-0", "shop-1", "shop-7"}))
    await eventually(lambda: go_on.began.is_set())
    writer.publish(changes=came(7))
    await until(whole, seen, lambda: seen.reader is not None and seen.pods == {"shop-0", "shop-1", "shop-7"})
    assert not go_on.is_late
    go_on.set()
    await waiting
    assert browser.position is not None
    assert browser.position.sequence == 2, "what came meanwhile is told after it"


async def test_a_slow_reader_of_a_view_is_not_told_live_before_its_new_picture(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher(redis_server)
    subscription, browser = await hub.join(cluster="lab", namespaces=frozenset({"store"})), Browser()
    await until(subscription, browser, lambda: browser.snapshots == 1 and browser.states[-1:] == ["live"])
    told = len(browser.states)
    go_on = held_up(monkeypatch, encoding, "pack")
    (view,) = hub._feeds["lab"].views.values()
    view.replace(picture=hub._feeds["lab"]._reader.picture)  # type: ignore[union-attr]
    subscription.put_heartbeat(frame=hub._heartbeat(hub.contact("lab")))
    waiting = asyncio.ensure_future(until(subscription, browser, lambda: browser.snapshots == 2))
    await eventually(lambda: go_on.began.is_set())
    await asyncio.sleep(0)
    go_on.set()
    await waiting
    assert len(browser.states) == told
    assert not go_on.is_late


async def test_a_view_that_could_not_be_made_is_made_again_and_the_next_one_is_none_the_worse(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "PAUSE_SECONDS", 0)
    publisher(redis_server)
    plain, failures = encoding.pack, [MemoryError(), ValueError()]

    def fails(whole: Whole) -> bytes:
        if failures:
            raise failures.pop()
        return plain(whole)

    monkeypatch.setattr(encoding, "pack", fails)
    for names in ("store", "mail"):
        subscription, browser = await hub.join(cluster="lab", namespaces=frozenset({names})), Browser()
        await until(subscription, browser, lambda browser=browser: browser.snapshots == 1)  # type: ignore[misc]


async def test_there_are_so_many_views_of_one_person_and_of_all_and_no_more(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever leaves one has no place for another one at once."""
    monkeypatch.setattr(views, "MOST_EACH", 2)
    monkeypatch.setattr(views, "MOST", 3)
    publisher(redis_server)

    async def come(who: str, *namespaces: str) -> Subscription:
        return await hub.join(cluster="lab", namespaces=frozenset(namespaces), made_for=who)

    first, _ = await come("vera", "a"), await come("vera", "b")
    first.close()
    with pytest.raises(hubs.TooMany):
        await come("vera", "c")
    await come("vera", "a")
    await come("otto", "b")
    third = await come("otto", "c")
    with pytest.raises(hubs.TooMany):
        await come("ada", "d")
    third.close()
    monkeypatch.setattr(making, "KEPT_SECONDS", 0)
    await eventually(lambda: len(hub._feeds["lab"].views) == 2)
    await come("ada", "d")


async def all_come(hub: Hub) -> None:
    """Fifty to each of four views, at once, each with a place that is gone; all get a picture."""
    views = [None, frozenset({"store"}), frozenset({"store", "mail"}), frozenset({"mail"})]
    gone = Position(epoch=77, sequence=5)
    coming = [hub.join(cluster="lab", namespaces=one, resume=gone) for one in views for _ in range(50)]
    for subscription in await asyncio.gather(*coming):
        while not isinstance(encoding.decode(await asyncio.wait_for(anext(subscription), SOON)), Snapshot):
            continue


async def test_of_all_who_come_back_to_a_new_process_each_view_is_packed_once_and_the_whole_not_at_all_f66(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub is that of a process that has just been started. Those with a view have places that were of the one that was killed."""
    writer = publisher(redis_server, pods=4)
    made = collections.Counter[str]()

    def counted(what: str, make: Callable[..., Any]) -> Callable[..., Any]:
        def make_one(*values: Any) -> Any:
            made[what] += 1
            return make(*values)

        return make_one

    for module, name in ((encoding, "pack"), (encoding, "unpack"), (painting, "first_paint")):
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    monkeypatch.setattr(painting, "LARGE", 1)
    hub = Hub(url=redis_server.url)
    hub.start()
    try:
        await all_come(hub)
        assert made == {"pack": 3, "unpack": 1, "first_paint": 1}
        writer.publish(changes=came(9))
        await eventually(lambda: hub._feeds["lab"].position == writer.position)
        await all_come(hub)
        assert made == {"pack": 3, "unpack": 1, "first_paint": 1}, "what came meanwhile follows the same snapshot"
    finally:
        await hub.stop()


async def test_a_redis_that_is_full_is_said_in_place_of_an_observer_that_is_not_there_f34(
    hub: Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "LOOK_BACK_SECONDS", 0.2)
    publisher(redis_server)
    client, subscription, browser = publishing.connect(url=redis_server.url), await hub.join(cluster="lab"), Browser()
    await until(subscription, browser, lambda: browser.snapshots == 1 and browser.states[-1:] == ["live"])
    client.config_set("maxmemory", 1)
    await eventually(lambda: hub.contact("lab").state == "stale")
    assert hub.contact("lab").reason == "redis_full"
    assert publishing.problem(client=client) == publishing.FULL
    client.config_set("maxmemory", 0)
    await eventually(lambda: hub.contact("lab").reason == "no_observer")
    assert publishing.problem(client=client) == ""


async def test_a_password_that_is_refused_is_said_f40(hub: Hub, redis_server: RedisServer) -> None:
    publisher(redis_server)
    await hub.join(cluster="lab")
    client = publishing.connect(url=redis_server.url)
    client.config_set("requirepass", "another")
    client.execute_command("AUTH", "another")
    client.client_kill_filter(_type="normal", skipme=True)
    await eventually(lambda: hub.contact("lab").reason == "redis_refused")
    assert publishing.problem(client=publishing.connect(url=redis_server.url)) == publishing.REFUSED
