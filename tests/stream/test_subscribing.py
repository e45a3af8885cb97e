"""A slow browser costs a bounded queue, and gets the whole picture instead of what it could not take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from clusterview.stream import outlets, subscribing
from clusterview.stream.outlets import Turns
from clusterview.stream.subscribing import Subscription


def subscription(*, snapshot: Sequence[bytes] | None = (b"whole",)) -> Subscription:
    return Subscription(cluster="lab", snapshot=lambda: snapshot, leave=lambda _: None)


async def frames(subscription: Subscription) -> list[bytes]:
    """Everything that can be sent now."""
    taken = []
    while True:
        try:
            taken.append(await asyncio.wait_for(anext(subscription), 0.05))
        except TimeoutError:
            return taken


async def test_changes_before_the_snapshot_are_in_it_and_not_sent_again() -> None:
    made = subscription()
    made.put_changes(frame=b"1")
    assert await frames(made) == [b"whole"]
    made.put_changes(frame=b"2")
    assert await frames(made) == [b"2"]


async def test_too_much_waiting_becomes_one_snapshot() -> None:
    made = subscription()
    assert await frames(made) == [b"whole"]
    half = b"x" * (subscribing.QUEUE_BYTES // 2 + 1)
    made.put_changes(frame=half)
    assert made.waiting_bytes == len(half)
    made.put_changes(frame=half)
    assert made.waiting_bytes == 0
    made.put_changes(frame=b"later")
    assert await frames(made) == [b"whole"]
    assert made.waiting_bytes == 0


async def test_a_picture_larger_than_the_queue_is_sent_whole_whatever_happens_meanwhile() -> None:
    large = b"x" * (subscribing.QUEUE_BYTES + 1)
    made = subscription(snapshot=(b"whole", large))
    assert await anext(made) == b"whole"
    made.put_changes(frame=b"next")
    assert await frames(made) == [large, b"next"]


async def test_only_the_newest_heartbeat_waits_and_it_goes_first() -> None:
    made = subscription()
    made.put_heartbeat(frame=b"old")
    made.put_heartbeat(frame=b"new")
    assert await frames(made) == [b"new", b"whole"]


async def test_a_heartbeat_says_nothing_before_the_changes_that_are_late() -> None:
    """Else a page whose line is slow would call live what is megabytes behind."""
    made = subscription()
    assert await frames(made) == [b"whole"]
    made.put_changes(frame=b"1")
    made.put_changes(frame=b"2")
    made.put_heartbeat(frame=b"beat")
    assert await frames(made) == [b"1", b"2", b"beat"]


@pytest.mark.parametrize("comes_back", [False, True])
async def test_a_heartbeat_says_nothing_before_the_picture_that_replaces_what_is_late(comes_back: bool) -> None:
    made = subscription()
    if comes_back:
        made.resume(frames=[b"resumed"])
    assert await frames(made) == [b"resumed" if comes_back else b"whole"]
    made.put_changes(frame=b"x" * subscribing.QUEUE_BYTES)
    made.put_heartbeat(frame=b"beat")
    made.put_changes(frame=b"1")
    assert await frames(made) == [b"whole", b"beat"]


async def test_a_heartbeat_says_nothing_before_the_last_of_a_picture() -> None:
    made = subscription(snapshot=(b"whole", b"1", b"2"))
    assert await anext(made) == b"whole"
    made.put_heartbeat(frame=b"beat")
    assert await frames(made) == [b"1", b"2", b"beat"]


async def test_a_heartbeat_does_not_wait_for_a_picture_that_is_gone() -> None:
    pictures = [None, (b"whole",)]
    made = Subscription(cluster="lab", snapshot=lambda: pictures[-1], leave=lambda _: None)
    assert await frames(made) == [b"whole"]
    pictures.pop()
    made.start_again()
    made.put_heartbeat(frame=b"beat")
    assert await frames(made) == [b"beat"]


async def test_resumed_frames_take_the_snapshots_place() -> None:
    made = subscription()
    made.resume(frames=[b"resumed", b"5"])
    assert await frames(made) == [b"resumed", b"5"]


async def test_without_a_picture_it_waits_for_one() -> None:
    made = subscription(snapshot=None)
    assert await frames(made) == []


async def test_operations_are_bounded_and_the_newest_stay() -> None:
    made = subscription()
    for number in range(subscribing.OPERATIONS + 5):
        made.put_operation(frame=str(number).encode())
    sent = await frames(made)
    assert len(sent) == subscribing.OPERATIONS + 1
    assert sent[0] == b"5"


async def test_closing_ends_it_even_while_it_waits() -> None:
    made = subscription(snapshot=None)
    waiting = asyncio.ensure_future(anext(made))
    await asyncio.sleep(0)
    made.close()
    made.close()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(waiting, 1)


class Socket:
    """An outlet that has room for some writes."""

    on_room: Callable[[], None]

    def __init__(self, *, room: int = 1_000) -> None:
        self.room, self.written, self.writes = room, list[bytes](), 0

    @property
    def has_room(self) -> bool:
        return self.room > 0

    def write(self, payloads: Sequence[bytes]) -> None:
        self.room -= 1
        self.writes += 1
        self.written += payloads

    def abort(self) -> None:
        raise AssertionError

    async def came(self, *, room: int | None = None) -> list[bytes]:
        """What is written now, with room for so many."""
        if room is not None:
            self.room = room
            self.on_room()
        await asyncio.sleep(0)
        written, self.written = self.written, []
        return written


async def test_an_outlet_is_written_to_as_long_as_it_has_room() -> None:
    made, socket, long = subscription(), Socket(room=1), bytes(subscribing.TOGETHER_BYTES)
    made.flow(socket, turns=Turns())
    assert await socket.came() == [b"whole"]
    made.put_changes(frame=long)
    made.put_changes(frame=b"2")
    assert await socket.came() == []
    assert await socket.came(room=1) == [long]
    assert made.waiting_bytes == 1
    assert await socket.came(room=5) == [b"2"]
    made.put_changes(frame=b"3")
    assert await socket.came() == [b"3"], "whoever has room waits for nothing"


async def test_a_change_goes_out_with_the_heartbeat_that_it_meets() -> None:
    made, socket = subscription(), Socket()
    made.flow(socket, turns=Turns())
    assert await socket.came() == [b"whole"]
    made.put_heartbeat(frame=b"beat")
    made.put_changes(frame=b"1")
    assert await socket.came() == [b"1", b"beat"]
    assert socket.writes == 2


async def test_an_outlet_without_room_costs_a_bounded_queue_and_then_gets_the_picture() -> None:
    made, socket = subscription(), Socket(room=1)
    made.flow(socket, turns=Turns())
    assert await socket.came() == [b"whole"]
    for _ in range(5):
        made.put_changes(frame=b"x" * (subscribing.QUEUE_BYTES // 2))
        assert made.waiting_bytes <= subscribing.QUEUE_BYTES
    assert await socket.came(room=5) == [b"whole"]


async def test_nothing_is_written_after_the_end() -> None:
    made, socket = subscription(), Socket(room=1)
    made.flow(socket, turns=Turns())
    assert await socket.came() == [b"whole"]
    made.put_changes(frame=b"late")
    made.close()
    assert await socket.came(room=5) == []


async def test_however_many_have_something_to_write_others_come_in_between() -> None:
    sockets, turns, seen = [Socket() for _ in range(3 * outlets.AT_ONCE)], Turns(), list[int]()
    for socket in sockets:
        subscription().flow(socket, turns=turns)
    for _ in range(3):
        await asyncio.sleep(0)
        seen.append(sum(len(one.written) for one in sockets))
    assert seen == [outlets.AT_ONCE, 2 * outlets.AT_ONCE, 3 * outlets.AT_ONCE]


class Broken(Socket):
    def write(self, payloads: Sequence[bytes]) -> None:
        raise OSError("no such socket")


async def test_a_socket_that_cannot_be_written_to_keeps_no_other_waiting() -> None:
    told, others, turns = list[object](), [Socket() for _ in range(3)], Turns()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    for socket in (Broken(), *others):
        subscription().flow(socket, turns=turns)
    for _ in range(2):
        await asyncio.sleep(0)
    assert [one.written for one in others] == [[b"whole"]] * 3
    assert [str(one) for one in told] == ["no such socket"]
