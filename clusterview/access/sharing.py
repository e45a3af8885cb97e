"""One look for all who ask meanwhile, so that ten thousand who come at once cost a few questions to the database."""

from __future__ import annotations

import asyncio
import itertools
import weakref
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

AT_ONCE = 500  # keys in one look

K = TypeVar("K")
V = TypeVar("V")


class SharedLook(Generic[K, V]):
    """`look` finds what belongs to some keys; what it leaves out is answered with None.

    Those who ask while it looks wait for the next look and share it, so that each is looked up after it asked.
    """

    def __init__(self, look: Callable[[list[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._look = look
        self._waiting: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[K, asyncio.Future[V | None]]] = weakref.WeakKeyDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    async def find(self, key: K) -> V | None:
        """This will wait for the next look at this key."""
        loop = asyncio.get_running_loop()
        if loop not in self._waiting:
            self._waiting[loop] = {}
            task = loop.create_task(self._answer(loop))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        waiting = self._waiting[loop]
        if key not in waiting:
            waiting[key] = loop.create_future()
        return await asyncio.shield(waiting[key])

    async def _answer(self, loop: asyncio.AbstractEventLoop) -> None:
        """This will look until nobody waits."""
        waiting = self._waiting[loop]
        try:
            while waiting:
                asked = dict(itertools.islice(waiting.items(), AT_ONCE))
                for key in asked:
                    del waiting[key]
                try:
                    found = await self._look(list(asked))
                except Exception as problem:
                    for future in asked.values():
                        future.set_exception(problem)
                else:
                    for key, future in asked.items():
                        future.set_result(found.get(key))
        finally:
            del self._waiting[loop]
