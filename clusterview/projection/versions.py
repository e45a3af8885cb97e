"""What was last known of each object: a word that is older is refused. Where versions are no numbers, the last to arrive counts."""

from __future__ import annotations

from collections.abc import Callable, Container

from clusterview.topology.objects import Uid
from clusterview.topology.versions import is_older

REMEMBERED_DELETIONS = 4096


class Versions:
    """The last few objects that were deleted, with their versions: a late word about one must not bring it back.

    `known` tells the version of an object that is there.
    """

    def __init__(self, *, known: Callable[[Uid], str]) -> None:
        self._known = known
        self._deleted: dict[Uid, str] = {}

    def is_late(self, *, uid: Uid, version: str) -> bool:
        """This will tell whether a word about the object is older than what is known, its deletion included."""
        if uid in self._deleted:
            return not is_older(version=self._deleted[uid], known=version)
        return is_older(version=version, known=self._known(uid))

    def deleted_at(self, *, uid: Uid) -> str:
        """This will tell the version of the object's deletion, or the last that was known where a list did not have it any more; empty for none."""
        return self._deleted.get(uid, "")

    def seen(self, *, uid: Uid) -> None:
        """This will note that the object is there."""
        self._deleted.pop(uid, None)

    def found(self, there: Container[object]) -> None:
        """This will note that all these are there."""
        for uid in [one for one in self._deleted if one in there]:
            del self._deleted[uid]

    def dropped(self, uid: Uid, version: str) -> None:
        """This will note that the object is gone, as of that version."""
        self._deleted.pop(uid, None)
        self._deleted[uid] = version
        if len(self._deleted) > REMEMBERED_DELETIONS:
            del self._deleted[next(iter(self._deleted))]
