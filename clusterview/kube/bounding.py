"""How much a cluster may tell of: twice what Kubernetes promises to carry. Whoever goes on beyond that must not take the memory of all clusters."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from clusterview.kube import errors
from clusterview.kube.kinds import KindSpec

OBJECTS_OF_A_KIND = 300_000
OBJECTS_OF_A_CLUSTER = 600_000
BYTES_OF_A_CLUSTER = 4 * 1024**3  # as the API server writes them; 150,000 pods and what belongs to them are 1 GiB


class Bounds:
    """What the rows of one cluster hold, all together. May be asked from the thread of each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[int, int]] = {}
        self._objects = self._bytes = 0

    def read(self, *, spec: KindSpec, objects: int, size: int) -> None:
        """This will note how long a row's list is so far. Raises NotKubernetes, and forgets it, where that is more than any cluster's."""
        with self._lock:
            self._hold(spec.key, objects, size)
            if objects <= OBJECTS_OF_A_KIND and self._objects <= OBJECTS_OF_A_CLUSTER and self._bytes <= BYTES_OF_A_CLUSTER:
                return
            of_all, size_of_all = self._objects, self._bytes
            self._hold(spec.key, 0, 0)
        more = f"{objects} objects, {size} bytes, and more; {of_all} objects and {size_of_all} bytes with all other kinds"
        raise errors.NotKubernetes(f"The list of {spec.resource} is larger than any cluster's: {more}.")

    def watched(self, *, objects: Mapping[str, int]) -> set[str]:
        """This will note how many each row has come to by its watch, and tell which of them have too many and should be listed anew."""
        with self._lock:
            for key, count in objects.items():
                self._hold(key, count, self._held.get(key, (0, 0))[1])
            of_all = self._objects
        too_many = {key for key, count in objects.items() if count > OBJECTS_OF_A_KIND}
        return too_many | ({max(objects, key=lambda key: objects[key])} if of_all > OBJECTS_OF_A_CLUSTER else set())

    def _hold(self, key: str, objects: int, size: int) -> None:
        before = self._held.get(key, (0, 0))
        self._held[key] = objects, size
        self._objects, self._bytes = self._objects + objects - before[0], self._bytes + size - before[1]
