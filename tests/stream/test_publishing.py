"""A publisher that was replaced writes nothing more, however late it wakes up."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from clusterview.stream import encoding, keys, publishing, rows, seals
from clusterview.stream.messages import WHOLE, Contact, Position
from clusterview.stream.publishing import Lost, Publisher, Superseded
from clusterview.topology.changes import Change, Put
from clusterview.topology.objects import Node, Uid
from tests.lab.fixtures import wait_until
from tests.observer.reading import Page
from tests.redis_servers import RedisServer
from tests.stream.making import NODE, came, picture, went

LIVE = Contact(state="live", contact_age_seconds=0.1)


def publisher(redis_server: RedisServer, *, epoch: int) -> Publisher:
    return Publisher(redis=publishing.connect(url=redis_server.url), cluster="lab", epoch=epoch)


@pytest.mark.parametrize(
    "write", [lambda old: old.publish(changes=came(5)), lambda old: old.contact(contact=LIVE), lambda old: old.begin(records=[NODE])]
)
def test_an_older_epoch_writes_nothing_and_learns_it(write: Callable[[Publisher], object], redis_server: RedisServer) -> None:
    old, new = publisher(redis_server, epoch=1), publisher(redis_server, epoch=2)
    old.begin(records=picture(pods=1).objects.values())
    new.begin(records=picture(pods=2).objects.values())
    page = Page(url=redis_server.url, cluster="lab")
    before = page.positions(), page.word(), len(page.picture().objects)
    with pytest.raises(Superseded):
        write(old)
    assert (page.positions(), page.word(), len(page.picture().objects)) == before


def test_an_emptied_redis_is_noticed_by_the_next_write(redis_server: RedisServer) -> None:
    writer = publisher(redis_server, epoch=1)
    writer.begin(records=picture(pods=1).objects.values())
    redis_server.kill()
    redis_server.start()
    with pytest.raises(Lost):
        writer.publish(changes=came(5))
    assert Page(url=redis_server.url, cluster="lab").positions() == []


class Broken:
    """A Redis that does what it is told, now and then, and whose answer does not come. `is_done` tells whether it was done."""

    def __init__(self, url: str, *, is_done: bool) -> None:
        self._redis, self._is_done, self.breaks = publishing.connect(url=url), is_done, False

    def eval(self, *asked: Any) -> object:
        if self.breaks and not self._is_done:
            raise redis.TimeoutError("no answer")
        answer: object = self._redis.eval(*asked)
        if self.breaks:
            raise redis.TimeoutError("no answer")
        return answer


@pytest.mark.parametrize("is_done", [False, True])
def test_a_write_without_an_answer_is_done_once_and_what_follows_goes_on_f32(redis_server: RedisServer, is_done: bool) -> None:
    client = Broken(redis_server.url, is_done=is_done)
    writer = Publisher(redis=client, cluster="lab", epoch=1)  # type: ignore[arg-type]
    writer.begin(records=picture(pods=1).objects.values())
    client.breaks = True
    for _ in range(3):
        with pytest.raises(redis.TimeoutError):
            writer.publish(changes=came(5)) if writer.position.sequence == 1 and not writer._owed else writer.catch_up()
    client.breaks = False
    writer.publish(changes=came(6))
    page = Page(url=redis_server.url, cluster="lab")
    assert page.positions() == [Position(epoch=1, sequence=number) for number in (1, 2, 3)]
    assert {record.name for record in page.picture().objects.values()} >= {"shop-0", "shop-5", "shop-6"}


def test_another_entry_at_the_place_of_one_without_an_answer_means_that_the_stream_is_lost(redis_server: RedisServer) -> None:
    client = Broken(redis_server.url, is_done=False)
    writer = Publisher(redis=client, cluster="lab", epoch=1)  # type: ignore[arg-type]
    writer.begin(records=picture(pods=1).objects.values())
    client.breaks = True
    with pytest.raises(redis.TimeoutError):
        writer.publish(changes=came(5))
    client.breaks = False
    publishing.connect(url=redis_server.url).xadd(keys.topology("lab"), {keys.FRAME: b"", keys.SEAL: b""}, id="1-2")
    with pytest.raises(Lost):
        writer.catch_up()


def test_a_word_that_reaches_redis_late_is_not_said_f33(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies there while Redis is frozen, and nobody waits for it any more: what has happened since comes after it."""
    monkeypatch.setattr(publishing, "READ_SECONDS", 1.0)
    monkeypatch.setattr(publishing, "LATE_SECONDS", 0.1)
    client = publishing.connect(url=redis_server.url)
    writer, page = Publisher(redis=client, cluster="lab", epoch=1), Page(url=redis_server.url, cluster="lab")
    writer.begin(records=picture(pods=1).objects.values())
    ask, freezes = client.eval, [True]

    def frozen_once(*asked: Any) -> object:
        if freezes and freezes.pop():
            redis_server.send(signal.SIGSTOP)
        return ask(*asked)

    monkeypatch.setattr(client, "eval", frozen_once)
    with pytest.raises(redis.TimeoutError):
        writer.contact(contact=LIVE)
    redis_server.send(signal.SIGCONT)
    assert page.word() is None
    monkeypatch.setattr(publishing, "LATE_SECONDS", 10.0)
    writer.contact(contact=LIVE)
    assert page.word() is not None


def test_nor_is_one_that_had_to_wait_before_redis_was_asked_f33(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is told when Redis goes on again."""
    client, seconds = publishing.connect(url=redis_server.url), [0.0]
    writer = Publisher(redis=client, cluster="lab", epoch=1, clock=lambda: seconds[0])
    page = Page(url=redis_server.url, cluster="lab")
    writer.begin(records=picture(pods=1).objects.values())
    ask = client.time

    def frozen_meanwhile() -> object:
        seconds[0] += publishing.LATE_SECONDS + 0.5
        return ask()

    monkeypatch.setattr(client, "time", frozen_meanwhile)
    with pytest.raises(redis.TimeoutError):
        writer.contact(contact=LIVE)
    assert page.word() is None


@pytest.mark.parametrize(("waited", "bytes"), [(publishing.SNAPSHOT_SECONDS, 1), (publishing.SNAPSHOT_LONGEST_SECONDS, publishing.SNAPSHOT_BYTES)])
def test_the_snapshot_follows_while_the_publisher_goes_on(
    waited: float, bytes: int, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "SNAPSHOT_BYTES", bytes)
    seconds = [0.0]
    writer = Publisher(redis=publishing.connect(url=redis_server.url), cluster="lab", epoch=1, clock=lambda: seconds[0])
    writer.begin(records=picture(pods=1).objects.values())
    page = Page(url=redis_server.url, cluster="lab")
    writer.publish(changes=came(5))
    assert page.snapshot_position() == Position(epoch=1, sequence=1)
    seconds[0] += waited
    held = writer.publish(changes=came(6))
    writer.publish(changes=came(7))

    def followed() -> bool:
        writer.contact(contact=LIVE)
        return page.snapshot_position() == held

    wait_until(followed, seconds=10, what="the snapshot is that of its moment")
    assert {"shop-0", "shop-5", "shop-6", "shop-7"} <= {record.name for record in page.picture().objects.values()}


@pytest.mark.parametrize(
    "lose",
    [
        lambda client: client.delete(keys.snapshot("lab")),
        lambda client: client.delete(keys.snapshot_seal("lab")),
        lambda client: client.set(keys.snapshot("lab"), "something else"),
        lambda client: client.delete(keys.snapshot("lab")) and client.rpush(keys.snapshot("lab"), "no value"),
    ],
    ids=["deleted", "its seal", "overwritten", "another type"],
)
def test_a_snapshot_that_somebody_takes_away_is_written_again_though_nothing_happens(
    lose: Callable[[Any], object], redis_server: RedisServer
) -> None:
    seconds = [0.0]
    writer = Publisher(redis=publishing.connect(url=redis_server.url), cluster="lab", epoch=1, clock=lambda: seconds[0])
    writer.begin(records=picture(pods=1).objects.values())
    held = writer.publish(changes=came(5))
    page = Page(url=redis_server.url, cluster="lab")
    lose(page.client)
    writer.contact(contact=LIVE)
    assert writer._packing is None, "whoever takes it away again and again has it packed now and then only"
    seconds[0] += publishing.SNAPSHOT_SECONDS

    def is_back() -> bool:
        writer.contact(contact=LIVE)
        found, seal = page.client.mget(keys.snapshot("lab"), keys.snapshot_seal("lab"))
        return found is not None and seal == seals.ours().seal(place=(keys.snapshot("lab"), WHOLE), said=found)

    wait_until(is_back, seconds=10, what="it is there again, under its seal")
    assert page.snapshot_position() == held and writer.position == held
    seconds[0] += publishing.SNAPSHOT_SECONDS
    writer.contact(contact=LIVE)
    assert writer._packing is None, "it is not packed once more"


def test_what_nobody_publishes_any_more_leaves_redis_after_a_day(redis_server: RedisServer) -> None:
    """Whatever was written last: a picture, a word, or another picture."""
    seconds, client = [0.0], publishing.connect(url=redis_server.url)
    writer = Publisher(redis=client, cluster="lab", epoch=1, clock=lambda: seconds[0])
    names = [name("lab") for name in (keys.topology, keys.snapshot, keys.snapshot_seal, keys.contact)]

    def are_kept(names: list[str]) -> bool:
        return all(publishing.KEPT_SECONDS - 3600 < client.ttl(name) <= publishing.KEPT_SECONDS for name in names)

    writer.begin(records=picture(pods=1).objects.values())
    assert are_kept(names[:3])
    writer.contact(contact=LIVE)
    assert are_kept(names)
    for name in names:
        client.expire(name, 60)
        writer.contact(contact=LIVE)
        assert are_kept([name]), "what is observed stays"
    seconds[0] += publishing.SNAPSHOT_SECONDS
    client.delete(names[1])

    def is_written_again() -> bool:
        writer.contact(contact=LIVE)
        return bool(client.exists(names[1]))

    wait_until(is_written_again, seconds=10, what="a new snapshot")
    assert are_kept(names)


def test_a_relist_of_many_labelled_nodes_is_told_in_frames_of_a_quarter_mebibyte_f17(redis_server: RedisServer) -> None:
    labels = {f"example.com/label-{number}": "x" * 63 for number in range(20)}
    nodes = [Node(uid=Uid(f"node-{number}"), name=f"node-{number}", labels=labels) for number in range(1_500)]
    writer, page = publisher(redis_server, epoch=1), Page(url=redis_server.url, cluster="lab")
    writer.begin(records=picture(pods=1).objects.values())
    kept = page.keep()
    writer.publish(changes=[*map(Put, nodes), *came(5)])
    writer.publish(changes=[Put(msgspec.structs.replace(nodes[0], labels={"large": "x" * 500_000})), *went(5)])
    frames = [fields[keys.FRAME] for _, fields in page.client.xrange(keys.topology("lab"))]
    assert len(frames) > 8 and sorted(map(len, frames))[-2] <= 256 * 1024
    assert page.position() == writer.position and len(page.since(kept=kept)) == 1_503
    assert kept.reader.picture.objects == writer._rows.picture.objects == page.picture().objects


def large(number: int) -> list[Change]:
    return [Put(Node(uid=Uid(f"node-{number}"), name=f"node-{number}", labels={"large": "x" * 50_000}))]


def held(page: Page) -> int:
    return sum(len(fields[keys.FRAME]) for _, fields in page.client.xrange(keys.topology("lab")))


def test_a_stream_of_large_entries_holds_so_many_bytes_and_leads_from_the_snapshot_to_now_f17(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "STREAM_BYTES", 1_000_000)
    writer, page = publisher(redis_server, epoch=1), Page(url=redis_server.url, cluster="lab")
    writer.begin(records=picture(pods=1).objects.values())
    for number in range(100):
        writer.publish(changes=large(number % 7))
        if writer._packing is not None:
            writer._packing.join()
        assert held(page) <= 1_000_000 + 60_000
        assert page.snapshot_position().sequence >= page.positions()[0].sequence - 1, "a change after the snapshot is missing"
        assert page.picture().objects == writer._rows.picture.objects and page.position() == writer.position
    assert len(page.positions()) >= 1_000_000 // 60_000, "what fits is kept for those who come back"


def test_what_an_older_epoch_wrote_goes_when_another_begins_f17(redis_server: RedisServer) -> None:
    old, new, page = publisher(redis_server, epoch=1), publisher(redis_server, epoch=2), Page(url=redis_server.url, cluster="lab")
    old.begin(records=picture(pods=1).objects.values())
    for number in range(20):
        old.publish(changes=large(number))
    new.begin(records=picture(pods=2).objects.values())
    assert held(page) <= 2 * 60_000
    for number in range(3, 9):
        new.publish(changes=came(number))
    assert page.position() == new.position and page.picture().objects == new._rows.picture.objects


@given(sizes=st.lists(st.integers(0, 3_000), max_size=80), entries=st.integers(1, 30), most_bytes=st.integers(1, 20_000))
def test_the_newest_entries_that_fit_are_kept_and_no_fewer(sizes: list[int], entries: int, most_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "STREAM_ENTRIES", entries)
        patch.setattr(publishing, "STREAM_BYTES", most_bytes)
        writer = Publisher(redis=None, cluster="lab", epoch=1)  # type: ignore[arg-type]
        for count, size in enumerate(sizes, start=1):
            room = writer._make_room(bytes(size))
            assert room == writer._make_room(bytes(size)), "a write without an answer is tried again"
            writer._keep(bytes(size))
            assert 1 <= room <= entries and (room == 1 or sum(sizes[count - room : count]) <= most_bytes)
            assert room in (entries, count) or sum(sizes[count - room - 1 : count]) > most_bytes


@given(numbers=st.lists(st.integers(0, 9), max_size=30), most_bytes=st.integers(1, 2_000))
def test_changes_in_several_frames_say_what_they_say_in_one(numbers: list[int], most_bytes: int) -> None:
    writer, records = rows.Writer(records=()), picture(pods=0).objects.values()
    reader = rows.Reader(whole=writer.whole())
    changes = [*map(Put, records), *(change for number in dict.fromkeys(numbers) for change in came(number))]
    told = writer.changes(changes=changes, position=Position(epoch=1, sequence=5))
    frames = list(encoding.frames(told, most_bytes=most_bytes))
    for sequence, frame in enumerate(frames, start=5):
        message = encoding.decode_changes(frame)
        assert message.position == Position(epoch=1, sequence=sequence)
        assert message.states or message.changes or message.pods
        reader.read(message=message)
    assert reader.picture.objects == writer.picture.objects
    assert list(encoding.frames(told, most_bytes=10**9)) == [encoding.encode(told)]


def test_a_few_changes_are_not_worth_a_new_snapshot(redis_server: RedisServer) -> None:
    seconds = [0.0]
    writer = Publisher(redis=publishing.connect(url=redis_server.url), cluster="lab", epoch=1, clock=lambda: seconds[0])
    writer.begin(records=picture(pods=1).objects.values())
    for number in range(20):
        seconds[0] += publishing.SNAPSHOT_SECONDS
        writer.publish(changes=came(number))
    assert writer._packing is None


@given(numbers=st.lists(st.integers(0, 9), max_size=30))
def test_the_old_picture_and_the_changes_by_rows_make_the_new_picture(numbers: list[int]) -> None:
    """Each number comes, or goes when it is there."""
    kept, here = picture(pods=0), set()
    writer = rows.Writer(records=kept.objects.values())
    reader = rows.Reader(whole=writer.whole())
    for number in numbers:
        changes: list[Change] = went(number) if number in here else came(number)
        here ^= {number}
        kept.apply(changes=changes)
        reader.read(message=writer.changes(changes=changes, position=Position(epoch=1, sequence=1)))
    assert reader.picture.objects == kept.objects


@pytest.mark.parametrize(
    ("url", "missing"),
    [
        ("redis://10.0.0.5", "without a password and without encryption"),
        ("redis://:word@cache.example:6379/0", "without encryption"),
        ("redis://cache.example?password=word", "without encryption"),
        ("rediss://cache.example", "without a password"),
        ("rediss://:word@cache.example", None),
        ("redis://127.0.0.1:6379", None),
        ("redis://[::1]", None),
        ("redis://localhost", None),
        ("unix:///run/redis.sock", None),
    ],
)
def test_a_redis_that_others_may_read_is_named_t47(url: str, missing: str | None) -> None:
    said = publishing.exposure(url=url)
    assert (f"{missing}:" in said) if missing else said == ""
    assert "word@" not in said
