"""Compares what the watches have led to with what lists hold, by uid and resourceVersion. Pure.

A watch that a proxy or a defect robbed of an event looks like any other, and the picture would be wrong for ever. The two are never of
the same moment, so a difference is only a suspicion: it counts when it is still there after a few seconds in which the row was followed,
for by then every event that the list was ahead by must have come. A row that was just listed is verified by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from clusterview.kube.kinds import KindSpec
from clusterview.topology.objects import Kind, Namespace, Uid
from clusterview.topology.versions import is_older

SETTLE_SECONDS = 5.0


class Look(Protocol):
    """A comparison of a kind with a list; `projection.knowing.Look` is it."""

    def version(self, *, uid: Uid) -> str: ...
    def missing(self) -> Iterator[Uid]: ...


class Known(Protocol):
    """What the picture knows; `projection.projecting.Projector` is it."""

    def look(self, *, kind: Kind, namespace: Namespace) -> Look: ...
    def count(self, *, kind: Kind, namespace: Namespace) -> int: ...
    def version(self, *, uid: Uid) -> str: ...
    def is_behind(self, *, uid: Uid, version: str) -> bool: ...


class Rows(Protocol):
    """What is known of the rows; `sight.Sight` is it."""

    def is_open(self, *, key: str, now: float) -> bool: ...
    def unreadable_in(self, *, key: str) -> Mapping[Uid, str]: ...


@dataclass
class Suspicion:
    """What a row's list said that the picture does not. `look` is there until all of the list was, `absent` are objects that it did not have,
    `ahead` those that are shown in a later version than that of the list, `judge_at` is when it counts.
    """

    began_at: float
    look: Look | None = None
    behind: dict[Uid, str] = field(default_factory=dict)
    ahead: dict[Uid, str] = field(default_factory=dict)
    absent: tuple[Uid, ...] = ()
    version: str = ""
    counts: tuple[int, int] | None = None
    judge_at: float = 0.0


class Verifier:
    """Moments are the observer's monotonic clock. `verified_at` holds when each row was last known to be the truth.

    A look that begins before the last one's suspicion was judged does not put the judgement off, or a row that is looked at often would
    never be judged.
    """

    def __init__(self, *, specs: Mapping[str, KindSpec], known: Known, rows: Rows) -> None:
        self._specs, self._known, self._rows = specs, known, rows
        self._looks: dict[str, Suspicion] = {}
        self._suspicions: dict[str, Suspicion] = {}
        self._ahead: dict[str, dict[Uid, str]] = {}
        self.verified_at: dict[str, float] = {}
        self.divergences = 0

    def listed(self, *, key: str, at: float) -> None:
        """This will note that the row was listed, which settles every suspicion."""
        self._drop(key)
        self.verified_at[key] = at

    def forget(self, *, key: str) -> None:
        """This will note that the row cannot be read any more, so that there is nothing to verify."""
        self._drop(key)
        self.verified_at.pop(key, None)

    def began(self, *, key: str, at: float) -> None:
        """This will begin a comparison of every object of the row."""
        spec = self._specs[key]
        look = self._known.look(kind=Kind(spec.kind), namespace=Namespace(spec.namespace))
        self._looks[key] = Suspicion(began_at=at, look=look)

    def page(self, *, key: str, version: str, objects: Iterable[tuple[Uid, str]]) -> None:
        """This will compare some of what the list holds. `version` is that of the list."""
        if (doubt := self._looks.get(key)) is None or doubt.look is None:
            return
        doubt.version = version
        unreadable = self._rows.unreadable_in(key=key)
        for uid, written in objects:
            if (ours := doubt.look.version(uid=uid)) == written or uid in unreadable:
                continue
            if self._known.is_behind(uid=uid, version=written):
                doubt.behind[uid] = written
            elif is_older(version=version, known=ours):
                doubt.ahead[uid] = ours

    def ended(self, *, key: str, at: float) -> bool:
        """This will compare what the list did not have, and tell whether no list can help.

        A version that was shown before a list was asked for cannot be later than that list. One that is was never the cluster's own, or is
        that of a history which was rolled back, and then the cluster's own words would be refused as old ones.
        """
        if (doubt := self._looks.pop(key, None)) is None:
            return False
        before, self._ahead[key] = self._ahead.get(key, {}), doubt.ahead
        if impossible := sum(1 for uid, version in doubt.ahead.items() if before.get(uid) == version):
            self.divergences += impossible
            return True
        doubt.judge_at = at + SETTLE_SECONDS
        doubt.absent = tuple(uid for uid in doubt.look.missing() if self._is_missed(uid, doubt)) if doubt.look else ()
        doubt.look = None
        if doubt.behind or doubt.absent:
            self._suspicions.setdefault(key, doubt)
        else:
            self.listed(key=key, at=doubt.began_at)
        return False

    def counted(self, *, key: str, count: int, at: float) -> None:
        """This will compare how many there are. It takes a difference that stays while nothing comes or goes."""
        ours = self.count(key=key)
        if count != ours and key not in self._suspicions:
            self._suspicions[key] = Suspicion(began_at=at, counts=(ours, count), judge_at=at + SETTLE_SECONDS)

    def settle(self, *, now: float) -> list[str]:
        """This will name the rows that have turned out to be wrong, for which only a list helps."""
        wrong: list[str] = []
        for key, doubt in list(self._suspicions.items()):
            if not self._rows.is_open(key=key, now=now):
                doubt.judge_at = now + SETTLE_SECONDS
            elif now >= doubt.judge_at:
                del self._suspicions[key]
                if found := self._still_wrong(key, doubt):
                    self.divergences += found
                    wrong.append(key)
                elif doubt.counts is None:
                    self.verified_at[key] = doubt.began_at
        return wrong

    def count(self, *, key: str) -> int:
        """This will tell how many objects of the row are known, those that cannot be read among them."""
        spec = self._specs[key]
        return self._known.count(kind=Kind(spec.kind), namespace=Namespace(spec.namespace)) + len(self._rows.unreadable_in(key=key))

    def age_seconds(self, *, now: float) -> float | None:
        """How long ago the row that was verified first of all was verified; None where none was."""
        return max(0.0, now - min(self.verified_at.values())) if self.verified_at else None

    def _drop(self, key: str) -> None:
        self._looks.pop(key, None)
        self._suspicions.pop(key, None)

    def _still_wrong(self, key: str, doubt: Suspicion) -> int:
        if doubt.counts is not None:
            before, told = doubt.counts
            return abs(told - before) if self.count(key=key) == before else 0
        behind = sum(1 for uid, version in doubt.behind.items() if self._known.is_behind(uid=uid, version=version))
        return behind + sum(1 for uid in doubt.absent if self._is_missed(uid, doubt))

    def _is_missed(self, uid: Uid, doubt: Suspicion) -> bool:
        """Whether an object that the list did not have is still shown as it was at the list's moment."""
        ours = self._known.version(uid=uid)
        return bool(ours) and not is_older(version=doubt.version, known=ours)
