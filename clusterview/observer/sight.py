"""How well the cluster is seen: which rows are followed, since when there is no contact, and what may be said of it. Pure.

Live means that contact was confirmed at most 4 s ago and every row that may be read is followed. A watch that ended, as
every one does after a while, may be open again within two seconds, so that this does not show. A row that keeps failing while the
cluster itself answers is named as failing, so that one broken kind does not take the page away; but it is not live while that kind is
one that traffic is judged by. A refusal of a row that could be read a
moment ago is not believed at once: an API server that has just started refuses everybody until it has read its rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from clusterview.kube.kinds import KindSpec
from clusterview.observer import words
from clusterview.stream.messages import Contact, MissingKind
from clusterview.topology.objects import Uid

LIVE_SECONDS = 4.0
LOST_SECONDS = 60.0
FAILING_SECONDS = 15.0
BELIEVED_SECONDS = 5.0
REOPENED_SECONDS = 2.0
NAMED_OBJECTS = 3
JUDGED_BY = frozenset({"Pod", "Service", "EndpointSlice", "Deployment", "StatefulSet"})


@dataclass
class Row:
    """One list and watch. `since` is when it fell behind, or its watch ended."""

    kind: str
    state: str = "waiting"  # waiting, open, ended, behind, absent
    since: float = 0.0
    was_open: bool = False
    refused_at: float | None = None
    why: str = ""
    detail: str = ""
    unreadable: dict[Uid, str] = field(default_factory=dict)
    instead: tuple[str, ...] = ()  # the namespaces that are read instead of the whole cluster


class Sight:
    """Moments are the observer's monotonic clock."""

    def __init__(self, *, specs: Iterable[KindSpec], now: float) -> None:
        self._rows = {spec.key: Row(kind=spec.kind, since=now) for spec in specs}
        self._contact_at: float | None = None
        self._contact_since = now
        self._reason, self._detail = "unreachable", "The cluster has not answered yet."
        self.version = ""

    def narrowed(self, *, key: str, specs: Iterable[KindSpec]) -> None:
        """This will note which rows are read in the place of one that may not be read in the whole cluster."""
        specs = tuple(specs)
        since = self._rows[key].since
        self._rows = self._rows | {spec.key: Row(kind=spec.kind, since=since) for spec in specs}
        self._rows[key].instead = tuple(spec.namespace for spec in specs)

    def forget(self, *, key: str) -> None:
        """This will note that a row is not read any more."""
        self._rows = {known: row for known, row in self._rows.items() if known != key}

    def contacted(self, *, at: float) -> bool:
        """This will note an answer of the API server, and tell whether it ends a time without contact."""
        regained = bool(self._reason) or not self.in_contact(now=at)
        if not self.in_contact(now=at):
            self._contact_since = at
        self._contact_at = at
        self._reason, self._detail = "", ""
        return regained

    def doubted(self, *, at: float) -> list[str]:
        """This will take no row for followed any more, and name those that were: after an outage a watch may be dead without a sign."""
        keys = [key for key, row in self._rows.items() if row.state in ("open", "ended")]
        for key in keys:
            self.behind(key=key, detail="", at=at)
        return keys

    def silent(self, *, reason: str, detail: str) -> None:
        """This will note why there was no answer."""
        self._reason, self._detail = reason, detail

    def opened(self, *, key: str) -> None:
        """This will note that a row is followed."""
        row = self._rows[key]
        row.state, row.was_open, row.refused_at, row.why, row.detail = "open", True, None, "", ""

    def ended(self, *, key: str, at: float) -> None:
        """This will note that a row that was followed is about to be opened again, or listed."""
        row = self._rows[key]
        if row.state == "open":
            row.state, row.since = "ended", at

    def listed(self, *, key: str, at: float) -> None:
        """This will note that a row was listed: one that could not be read can be, and is about to be followed."""
        row = self._rows.get(key)
        if row is not None and row.state == "absent":
            row.state, row.since, row.refused_at, row.why, row.detail = "ended", at, None, "", ""

    def behind(self, *, key: str, detail: str, at: float) -> None:
        """This will note that a row is not followed at present. One that cannot be read stays so, whatever else its next try meets."""
        row = self._rows[key]
        if row.state == "absent":
            return
        if row.state not in ("waiting", "ended", "behind"):
            row.since = at
        row.state, row.refused_at, row.detail = "behind", None, detail

    def absent(self, *, word: words.Absent) -> bool:
        """This will note that a row was refused, and tell whether to believe it; else it is behind, and worth another try soon."""
        row = self._rows[word.key]
        refused_at = word.at if row.refused_at is None else row.refused_at
        if row.was_open and word.at - refused_at < BELIEVED_SECONDS:
            self.behind(key=word.key, detail=word.detail, at=word.at)
            row.refused_at = refused_at
            return False
        row.state, row.why, row.detail, row.was_open = "absent", word.why, word.detail, False
        row.unreadable.clear()
        return True

    def worth_trying(self, *, now: float) -> list[str]:
        """This will name the rows that are behind and may succeed any moment: refused and not believed, or the cluster is just back."""
        is_just_back = self.in_contact(now=now) and now - self._contact_since <= FAILING_SECONDS
        return [key for key, row in self._rows.items() if row.state == "behind" and (is_just_back or row.refused_at is not None)]

    def is_open(self, *, key: str, now: float) -> bool:
        """This will tell whether the row is followed without a gap, but for the moment between two watches."""
        row = self._rows.get(key)
        return row is not None and row.state != "absent" and not _is_behind(row, now)

    def unreadable_in(self, *, key: str) -> Mapping[Uid, str]:
        """This will give the objects of the row that cannot be read, with their names."""
        return self._rows[key].unreadable

    def unreadable(self, *, word: words.Unreadable) -> None:
        """This will note objects that cannot be read."""
        known = self._rows[word.key].unreadable
        if word.all_of_them:
            known.clear()
        known.update(word.objects)

    def readable(self, *, uid: Uid) -> None:
        """This will note that an object was read, or is gone."""
        for row in self._rows.values():
            if row.unreadable:
                row.unreadable.pop(uid, None)

    def in_contact(self, *, now: float) -> bool:
        """This will tell whether contact was confirmed at most 4 s ago."""
        return self._contact_at is not None and now - self._contact_at <= LIVE_SECONDS

    def is_away(self, *, now: float) -> bool:
        """This will tell whether there was contact once, and is none now."""
        return self._contact_at is not None and not self.in_contact(now=now)

    def follows(self, *, kind: str, now: float) -> bool:
        """This will tell whether all there is of the kind would be seen now."""
        return self.in_contact(now=now) and not any(_is_behind(row, now) for row in self._rows.values() if row.kind == kind)

    def is_complete(self, *, now: float) -> bool:
        """This will tell whether every row that can be read has been listed, so that the picture may be shown."""
        return all(row.was_open or row.state == "absent" or self._is_failing(row, now) for row in self._rows.values())

    def contact(self, *, now: float) -> Contact:
        """This will say how fresh the picture is."""
        age = None if self._contact_at is None else max(0.0, now - self._contact_at)
        state, reason, detail = "live", "", ""
        behind = [row for row in self._rows.values() if _is_behind(row, now)]
        late = [row for row in behind if row.kind in JUDGED_BY or not self._is_failing(row, now)]
        if age is None or age > LIVE_SECONDS:
            state = "lost" if age is None or age > LOST_SECONDS else "stale"
            reason, detail = self._reason or "unreachable", self._detail
        elif late:
            state, reason, detail = "stale", "watches_behind", _behind(late)
        return Contact(
            state=state,
            contact_age_seconds=None if age is None else round(age, 1),
            reason=reason,
            detail=detail,
            version=self.version,
            missing=self._missing(now),
        )

    def _missing(self, now: float) -> tuple[MissingKind, ...]:
        found: dict[str, MissingKind] = {}
        for row in self._rows.values():
            if row.state == "absent" and (there := [one for one in row.instead if self._is_shown(f"{row.kind}/{one}")]):
                found[row.kind] = MissingKind(row.kind, "partly", f"Only these namespaces are read: {', '.join(there)}. {row.detail}")
            elif row.state == "absent":
                found.setdefault(row.kind, MissingKind(row.kind, row.why, row.detail))
            elif self._is_failing(row, now):
                found[row.kind] = MissingKind(row.kind, "failing", row.detail)
            elif row.unreadable:
                found[row.kind] = MissingKind(row.kind, "failing", _unreadable(row.unreadable))
        return tuple(found.values())

    def _is_shown(self, key: str) -> bool:
        """Whether the row was listed and not refused since: what was seen of it stays in the picture while it is behind."""
        row = self._rows.get(key)
        return row is not None and row.was_open

    def _is_failing(self, row: Row, now: float) -> bool:
        failed = row.state == "behind" and now - max(row.since, self._contact_since) > FAILING_SECONDS
        return failed and self.in_contact(now=now)


def _is_behind(row: Row, now: float) -> bool:
    return row.state in ("waiting", "behind") or (row.state == "ended" and now - row.since > REOPENED_SECONDS)


def _behind(rows: list[Row]) -> str:
    names = ", ".join(dict.fromkeys(row.kind for row in rows))
    said = next((row.detail for row in rows if row.detail), "")
    return f"Not up to date: {names}." + (f" {said}" if said else "")


def _unreadable(objects: dict[Uid, str]) -> str:
    some = "; ".join(list(objects.values())[:NAMED_OBJECTS])
    return f"{len(objects)} cannot be read: {some}"
