"""What takes seconds to make is made in another thread, one thing after another in the order in which they were asked for.

The event loop goes on meanwhile: what comes is kept by whoever had something made, and handed on step by step when it is there.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
KEPT_SECONDS = 30.0
Work = Callable[[], Callable[[], None]]  # called in another thread; what it gives is called on the event loop


class Asking(Protocol):
    """Somebody who has something made."""

    def work(self) -> Work | None:
        """What has to be made by now, if anything."""

    def catch_up(self) -> bool:
        """This will hand on one step of what came meanwhile. False where there is none left."""

    def give_up(self) -> None:
        """This will forget what could not be made, so that it is asked for again."""


class Unused:
    """For how long nobody has used something that was made."""

    def __init__(self) -> None:
        self._since: float | None = None

    def is_over(self, *, now: float, used: bool) -> bool:
        """True where nobody has for so long that it is kept no more. Ask it again and again."""
        if used:
            self._since = None
        elif self._since is None:
            self._since = now
        else:
            return now - self._since >= KEPT_SECONDS
        return False


class Making:
    """The things that are to be made. Used on one event loop."""

    def __init__(self) -> None:
        self._asked: deque[Asking] = deque()
        self._task: asyncio.Task[None] | None = None

    def ask(self, one: Asking) -> None:
        """This will have that one's work done in its turn."""
        self._asked.append(one)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._make())

    def stop(self) -> None:
        """This will make nothing any more."""
        self._asked.clear()
        if self._task is not None:
            self._task.cancel()
        self._task = None

    async def _make(self) -> None:
        while self._asked:
            one = self._asked.popleft()
            try:
                if (work := one.work()) is not None:
                    take = await self._elsewhere(work)
                    take()
                    for _ in iter(one.catch_up, False):
                        await self._pause(0)
            except Exception:
                log.exception("something could not be made, in a way that nobody foresaw")
                await self._pause(PAUSE_SECONDS)
                one.give_up()

    async def _elsewhere(self, work: Work) -> Callable[[], None]:
        return await asyncio.to_thread(work)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
