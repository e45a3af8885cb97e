"""As much of Redis as a hub asks for, in memory: streams whose entries are in the order of their ids, and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from redis.exceptions import ConnectionError

from clusterview.stream import keys, seals
from clusterview.stream.messages import WHOLE

Entry = tuple[bytes, dict[bytes, bytes]]
FIRST, LAST = (0, 0), (1 << 64, 0)


def order(entry_id: bytes | str) -> tuple[int, int]:
    """What an id is ordered by."""
    text = entry_id.decode() if isinstance(entry_id, bytes) else entry_id
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number or 0)


class Memory:
    """One Redis. While it is `away` every call fails; `answered` counts those that did not."""

    def __init__(self) -> None:
        self.is_away, self.answered = False, 0
        self.seconds, self._added = 1_000.0, 0
        self.streams: dict[str, list[Entry]] = {}
        self.values: dict[str, bytes] = {}

    def add(self, stream: str, fields: Mapping[bytes, bytes], *, entry_id: str = "") -> None:
        """This will write an entry, under that id or by the clock; nothing while it is away."""
        self._added += 1
        if not self.is_away:
            self.streams.setdefault(stream, []).append(((entry_id or f"{int(self.seconds * 1_000)}-{self._added}").encode(), dict(fields)))

    def put_snapshot(self, cluster: str, frame: bytes) -> None:
        """This will write a cluster's picture as its publisher does."""
        seal = seals.ours().seal(place=(keys.snapshot(cluster), WHOLE), said=frame)
        self.values |= {keys.snapshot(cluster): frame, keys.snapshot_seal(cluster): seal}

    def forget(self) -> None:
        """It was emptied."""
        self.streams.clear()
        self.values.clear()

    # What a hub asks

    async def get(self, key: str) -> bytes | None:
        self._answer()
        return self.values.get(key)

    async def mget(self, *asked: str) -> list[bytes | None]:
        self._answer()
        return [self.values.get(key) for key in asked]

    async def xrange(self, stream: str, least: str = "-", most: str = "+", count: int | None = None) -> list[Entry]:
        self._answer()
        after, until = least.startswith("("), LAST if most == "+" else order(most)
        since = FIRST if least == "-" else order(least.removeprefix("("))
        found = [one for one in self.streams.get(stream, []) if since <= order(one[0]) <= until and not (after and order(one[0]) == since)]
        return found[:count]

    async def xrevrange(self, stream: str, *, count: int) -> list[Entry]:
        self._answer()
        return self.streams.get(stream, [])[: -count - 1 : -1]

    async def xread(self, wanted: Mapping[str, bytes | str], *, count: int, block: int = 0) -> list[tuple[bytes, list[Entry]]]:
        self._answer()
        found = []
        for stream, after in wanted.items():
            new = [one for one in self.streams.get(stream, []) if order(one[0]) > order(after)]
            if new:
                found.append((stream.encode(), new[:count]))
        return found

    async def time(self) -> tuple[int, int]:
        self._answer()
        return int(self.seconds), int(self.seconds % 1 * 1e6)

    async def info(self, section: str) -> dict[str, int]:
        self._answer()
        return {}

    async def aclose(self) -> None:
        """Nothing is open."""

    def _answer(self) -> Any:
        if self.is_away:
            raise ConnectionError("Redis is away.")
        self.answered += 1
