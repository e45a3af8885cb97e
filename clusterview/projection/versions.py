"""What was last known of each object: a word that is older is refused. Where versions are no numbers, the last to arrive counts."""

from __future__ import annotations

from clusterview.topology.objects import Uid
from clusterview.topology.versions import is_older

REMEMBERED_DELETIONS = 4096


class Versions:
    """The last version of each object, and of the last few that were deleted: a late word about one must not bring it back."""

    def __init__(self) -> None:
        self._known: dict[Uid, str] = {}
        self._deleted: dict[Uid, str] = {}

    def known(self, *, uid: Uid) -> str:
        """This will tell the object's version, empty where there is none."""
        return self._known.get(uid, "")

    def is_late(self, *, uid: Uid, version: str) -> bool:
        """This will tell whether a word about the object is older than what is known, its deletion included."""
        if uid in self._deleted:
            return not is_older(version=self._deleted[uid], known=version)
        return is_older(version=version, known=self._known.get(uid, ""))

    def seen(self, *, uid: Uid, version: str) -> None:
        """This will note the object's version."""
        self._deleted.pop(uid, None)
        self._known[uid] = version

    def dropped(self, *, uid: Uid, version: str = "") -> None:
        """This will note that the object is gone, as of `version` or of its last known one."""
        known = self._known.pop(uid, "")
        self._deleted.pop(uid, None)
        self._deleted[uid] = known if not version or is_older(version=version, known=known) else version
        if len(self._deleted) > REMEMBERED_DELETIONS:
            del self._deleted[next(iter(self._deleted))]
