"""However many ask at once, it is looked for a few times, and for everybody after they asked."""

from __future__ import annotations

import asyncio

import pytest

from clusterview.access import sharing
from clusterview.access.sharing import SharedLook


class Register:
    """What is looked up in, when it may be."""

    def __init__(self) -> None:
        self.looks: list[list[str]] = []
        self.let = asyncio.Event()
        self.holds = {"a": 1}

    async def look(self, keys: list[str]) -> dict[str, int]:
        self.looks.append(keys)
        holds = dict(self.holds)
        await self.let.wait()
        return holds


async def asking(shared: SharedLook[str, int], *keys: str) -> list[asyncio.Task[int | None]]:
    tasks = [asyncio.create_task(shared.find(key)) for key in keys]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_who_asks_while_it_looks_is_answered_by_the_next_look() -> None:
    register = Register()
    shared = SharedLook(register.look)
    early = await asking(shared, "a", "a", "b")
    register.holds = {"b": 2}
    late = await asking(shared, "a", "b", "b")
    register.let.set()
    assert await asyncio.gather(*early) == [1, 1, None]
    assert await asyncio.gather(*late) == [None, 2, 2]
    assert register.looks == [["a", "b"], ["a", "b"]]


async def test_a_look_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "AT_ONCE", 2)
    register = Register()
    register.let.set()
    shared = SharedLook(register.look)
    assert await asyncio.gather(*(shared.find(key) for key in "abcde")) == [1, None, None, None, None]
    assert [len(one) for one in register.looks] == [2, 2, 1]


async def test_a_look_that_fails_fails_for_those_who_share_it_and_for_nobody_else() -> None:
    fails = [True]

    async def look(keys: list[str]) -> dict[str, int]:
        if fails.pop():
            raise OSError
        return dict.fromkeys(keys, 7)

    shared = SharedLook(look)
    with pytest.raises(OSError):
        await shared.find("a")
    fails.append(False)
    assert await shared.find("a") == 7
