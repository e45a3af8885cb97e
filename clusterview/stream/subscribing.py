"""What one socket still has to send: bounded, whatever happens to its browser.

Changes wait here as the bytes that all sockets share. Where more than 2 MiB wait, they are all dropped and the picture is sent anew once the
socket drains; only the newest heartbeat waits. The picture is taken at that moment and not before, so a slow socket holds none; its own
bytes, a snapshot and the changes since then, do not count, or a socket could be told to start again before it has sent it once.
All methods run on the hub's event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from clusterview.stream.outlets import Outlet, Turns

QUEUE_BYTES = 2 * 1024 * 1024
OPERATIONS = 100
TOGETHER_BYTES = 16 * 1024


class Subscription:
    """An async iterator of the frames to send, which ends when closed; or, after `flow`, they are written to an outlet as soon as it has room.

    `snapshot` gives the frames of the picture as it is now, or None where there is none. No frames at all where they are being made: nothing is told
    then, until whoever makes them rouses.
    """

    def __init__(self, *, cluster: str, snapshot: Callable[[], Sequence[bytes] | None], leave: Callable[[Subscription], None]) -> None:
        self.cluster = cluster
        self.waiting_bytes = 0
        self._picture: deque[bytes] = deque()
        self._changes: deque[bytes] = deque()
        self._operations: deque[bytes] = deque(maxlen=OPERATIONS)
        self._heartbeat: bytes | None = None
        self._wants_snapshot = True
        self._has_begun = False  # before, a page shows nothing that a heartbeat could call live
        self._snapshot = snapshot
        self._leave = leave
        self._wake = asyncio.Event()
        self._outlet: Outlet | None = None
        self._turns: Turns | None = None
        self._has_turn = False
        self._closed = False

    def flow(self, outlet: Outlet, *, turns: Turns) -> None:
        """This will write all frames to the outlet from now on, each time when it is this one's turn."""
        self._outlet, self._turns = outlet, turns
        outlet.on_room = self.rouse
        self.rouse()

    def resume(self, *, frames: Sequence[bytes]) -> None:
        """This will send these frames in place of the first snapshot."""
        self._wants_snapshot, self._has_begun = False, True
        for frame in frames:
            self.put_changes(frame=frame)

    def put_changes(self, *, frame: bytes) -> None:
        """This will queue the next frame; not where a snapshot will be sent anyway, as that holds it."""
        if self._wants_snapshot:
            return
        if self.waiting_bytes + len(frame) > QUEUE_BYTES:
            self.start_again()
            return
        self._changes.append(frame)
        self.waiting_bytes += len(frame)
        self.rouse()

    def put_heartbeat(self, *, frame: bytes) -> None:
        self._heartbeat = frame
        self.rouse()

    def put_operation(self, *, frame: bytes) -> None:
        self._operations.append(frame)
        self.rouse()

    def start_again(self) -> None:
        """This will drop the waiting changes and send the picture as it is when the socket next asks."""
        self._picture.clear()
        self._changes.clear()
        self.waiting_bytes = 0
        self._wants_snapshot = True
        self.rouse()

    def close(self) -> None:
        """This will end the iteration. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._outlet = None
            self._wake.set()
            self._leave(self)

    def rouse(self) -> None:
        """This will have somebody take what there is to send."""
        if self._outlet is None or self._turns is None:
            self._wake.set()
        elif not self._has_turn and self._outlet.has_room:
            self._has_turn = True
            self._turns.take(self)

    def write(self) -> None:
        """This will write to the outlet, as far as it has room."""
        self._has_turn = False
        while self._outlet is not None and self._outlet.has_room and (frames := self._several()):
            self._outlet.write(frames)

    def _several(self) -> list[bytes]:
        """What goes out at once: a change that comes to ten thousand while they are told how fresh it is does not wait for a second round."""
        frames: list[bytes] = []
        size = 0
        while size < TOGETHER_BYTES and (frame := self._next()) is not None:
            frames.append(frame)
            size += len(frame)
        return frames

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> bytes:
        while True:
            self._wake.clear()
            if self._closed:
                raise StopAsyncIteration
            frame = self._next()
            if frame is not None:
                return frame
            await self._wake.wait()

    def _next(self) -> bytes | None:
        if self._heartbeat is not None and not self._has_begun:
            return self._take_heartbeat()
        if self._operations:
            return self._operations.popleft()
        if self._wants_snapshot and not self._take_snapshot():
            return None
        if self._picture:
            return self._picture.popleft()
        if self._changes:
            frame = self._changes.popleft()
            self.waiting_bytes -= len(frame)
            return frame
        return self._take_heartbeat()  # "live" is not said before what is late

    def _take_heartbeat(self) -> bytes | None:
        frame, self._heartbeat = self._heartbeat, None
        return frame

    def _take_snapshot(self) -> bool:
        """False where it is being made."""
        frames = self._snapshot()
        if frames:
            self._picture.extend(frames)
            self._wants_snapshot, self._has_begun = False, True
        return frames is None or bool(frames)
