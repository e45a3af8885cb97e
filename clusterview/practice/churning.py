"""Pods that restart, so many in a second: what happens all day in a large cluster, here when somebody asks for it.

A container ends and runs again at once, so its pod stays ready and nothing follows from it: only watchers are told. That is what makes 8,000 of them
in a second possible beside everything else that one process does. They come as they do: several pods of an application one after the other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from clusterview.practice.objects import Object, changed, is_ending, stamp
from clusterview.practice.resources import PODS
from clusterview.practice.store import Key, Store

LARGEST = 400
LATE_SECONDS = 1.0
TOGETHER = 10


class Churn:
    """Restarts pods of the given names, which chance chooses, the same ones in each run. `step` is called as time passes."""

    def __init__(self, store: Store, *, pods: Sequence[Key], now: float) -> None:
        self._store, self._pods, self._last = store, pods, now
        self._chance = random.Random(1)  # noqa: S311 -- no secret
        self._owed = 0.0
        self._together: list[Key] = []

    def step(self, *, per_second: float, now: float) -> int:
        """This will restart as many as are due, a few hundred at most so that others have their turn, and tell how many.

        What could not be done, in time or because a pod was just not running, is made up for, up to a second of it.
        """
        self._owed = min(self._owed + per_second * (now - self._last), per_second * LATE_SECONDS)
        self._last = now
        count = min(int(self._owed), LARGEST)
        at = stamp(now)
        ended = {"exitCode": 1, "reason": "Error", "startedAt": at, "finishedAt": at}
        told: Object = {"state": {"running": {"startedAt": at}}, "lastState": {"terminated": ended}}
        done = sum(self._restart(key, told) for key in self._chosen(count))
        self._owed -= done
        return done

    def _chosen(self, count: int) -> Iterator[Key]:
        for _ in range(count):
            if not self._together:
                first = self._chance.randrange(len(self._pods))
                self._together = list(self._pods[first : first + TOGETHER])
            yield self._together.pop(0)

    def _restart(self, key: Key, told: Object) -> bool:
        pod = self._store.get(PODS, *key)
        if pod is None or is_ending(pod):
            return False
        first, *others = pod["status"]["containerStatuses"]
        if "running" not in first["state"]:
            return False
        restarted = {**first, "restartCount": first["restartCount"] + 1, **told}
        self._store.put(PODS, changed(pod, status={**pod["status"], "containerStatuses": [restarted, *others]}), settled=True)
        return True
