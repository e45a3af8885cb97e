"""What was last known of each object: a word that is older is refused. Where versions are no numbers, the last to arrive counts."""

from __future__ import annotations

from collections.abc import Callable, Container

from clusterview.topology.objects import Uid
from clusterview.topology.versions import is_older

REMEMBERED = 4096


class Versions:
    """The last few objects that went, with their versions: a late word about one must not bring it back.

    `known` tells the version of an object that is there.
    """

    def __init__(self, *, known: Callable[[Uid], str]) -> None:
        self._known = known
        self._gone: dict[Uid, tuple[str, bool]] = {}  # with whether that is the version of its deletion

    def is_late(self, *, uid: Uid, version: str) -> bool:
        """This will tell whether a word about the object is older than what is known, its deletion included.

        A list that began before the object was written leaves it out, and the watch from there on tells of it again in the version that is known.
        """
        if uid not in self._gone:
            return is_older(version=version, known=self._known(uid))
        last, is_deletion = self._gone[uid]
        return not is_older(version=last, known=version) if is_deletion else is_older(version=version, known=last)

    def seen(self, *, uid: Uid) -> None:
        """This will note that the object is there."""
        self._gone.pop(uid, None)

    def found(self, there: Container[object]) -> None:
        """This will note that all these are there."""
        for uid in [one for one in self._gone if one in there]:
            del self._gone[uid]

    def dropped(self, uid: Uid, version: str) -> None:
        """This will note that the object is not there any more, with the last version that was known."""
        self._note(uid, version, is_deletion=False)

    def deleted(self, uid: Uid, version: str) -> None:
        """This will note that the object was deleted in that version."""
        self._note(uid, version, is_deletion=True)

    def _note(self, uid: Uid, version: str, *, is_deletion: bool) -> None:
        self._gone.pop(uid, None)
        self._gone[uid] = version, is_deletion
        if len(self._gone) > REMEMBERED:
            del self._gone[next(iter(self._gone))]
