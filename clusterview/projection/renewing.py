"""Which Leases are late.

A Lease is late when the observer has not seen its renewTime change for 20 s of its own clock, counted only while it could have seen it: a
node with a wrong clock is not late, and an API server that was away for a minute makes nobody late.
"""

from __future__ import annotations

from clusterview.topology.objects import Uid

LATE_AFTER_SECONDS = 20.0


class Renewing:
    """What was last seen of each Lease's renewal, oldest first."""

    def __init__(self) -> None:
        self._seen: dict[Uid, tuple[str, float]] = {}
        self._late: dict[Uid, str] = {}
        self._blind_until = float("-inf")

    def is_late(self, *, uid: Uid) -> bool:
        """This will tell whether the Lease is late as of the last tick."""
        return uid in self._late

    def seen(self, *, uid: Uid, renewed: str, at: float) -> None:
        """This will note the Lease's renewTime as it was seen; a new one ends its being late."""
        if self._late.get(uid, self._seen.get(uid, ("", 0.0))[0]) == renewed:
            return
        self._late.pop(uid, None)
        self._seen.pop(uid, None)
        self._seen[uid] = (renewed, at)

    def forget(self, *, uid: Uid) -> None:
        """This will forget a Lease that is gone."""
        self._seen.pop(uid, None)
        self._late.pop(uid, None)

    def tick(self, *, at: float, watching: bool) -> list[Uid]:
        """This will tell the Leases that have become late by now."""
        if not watching:
            self._blind_until = at
        became: list[Uid] = []
        for uid, (renewed, renewed_at) in self._seen.items():
            if at - max(renewed_at, self._blind_until) <= LATE_AFTER_SECONDS:
                break
            self._late[uid] = renewed
            became.append(uid)
        for uid in became:
            del self._seen[uid]
        return became
