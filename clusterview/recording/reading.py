"""What was seen at a moment, put together from what was written down, and what is different between two moments.

A stretch is known from its beginning to the last word that was heard in it, and the next one begins where it ends. What lies in no stretch was lost,
or is not written yet, and no picture stands for it: not even the one from just before.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from django.conf import settings
from django.db.models import QuerySet

from clusterview.models import Recording
from clusterview.recording import stretches
from clusterview.stream import encoding, rows
from clusterview.stream.messages import MissingKind
from clusterview.topology import objects
from clusterview.topology.pictures import Picture

DUE = timedelta(seconds=30)  # what was seen is written down each ten seconds; what is missing for longer is late


class NotRecorded(Exception):
    """Nothing is written down for that moment: it is too old or too new, nobody recorded then, or what was recorded is lost."""


@dataclass(frozen=True)
class Past:
    """What was seen at a moment, how fresh that was then, and which kinds it did not show; `missing` is None where nobody wrote that down."""

    picture: Picture
    state: str
    missing: tuple[MissingKind, ...] | None


@dataclass(frozen=True)
class Span:
    """A time in which was recorded, in one state."""

    begun_at: datetime
    until: datetime
    state: str


@dataclass(frozen=True)
class Hole:
    """A time of which nothing is known: from the last moment before it that was recorded to the first one after it, None where none is yet."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Difference:
    """What one moment has and another one has not, and what is not the same in both: each with the fields that changed, (before, after).

    Kinds that were seen at one of the moments, and at the other one not, in part or in another part, are `not_compared`: their objects would look
    new, or gone.
    """

    appeared: tuple[objects.AnyRecord, ...]
    gone: tuple[objects.AnyRecord, ...]
    changed: tuple[tuple[objects.AnyRecord, dict[str, tuple[object, object]]], ...]
    not_compared: tuple[str, ...]


def at(*, cluster: str, moment: datetime) -> Past:
    """This will put together what was seen at a moment. Raises NotRecorded.

    It is told by the observer with the highest number that had begun then, else by the one that began last: a later one has a lower number where
    Redis was emptied and a clock is behind.
    """
    found, tried = _recorded(cluster).filter(begun_at__lte=moment), list[int]()
    for order in ("-epoch", "-begun_at"):
        pictures = found.filter(has_picture=True).exclude(epoch__in=tried)
        for epoch in pictures.order_by(order).values_list("epoch", flat=True)[:1]:
            first = pictures.filter(epoch=epoch).order_by("-after", "-pk").first()
            if first is not None and (past := _told_from(first, found=found, moment=moment)):
                return past
            tried.append(epoch)
    raise NotRecorded


def _told_from(first: Recording, *, found: QuerySet[Recording], moment: datetime) -> Past | None:
    """What was seen at the moment, by a picture and what follows it without a gap; None where that does not reach so far."""
    begun, moment_ms = stretches.unpack(bytes(first.body)), moment.timestamp() * 1000
    reader = rows.Reader(whole=encoding.unpack(encoding.decode_snapshot(begun.picture).body))
    newest, last = first, first.after
    later = found.filter(epoch=first.epoch, after__gte=first.after, pk__gt=first.pk).order_by("after", "pk").iterator(chunk_size=20)
    for row, stretch in itertools.chain([(first, begun)], ((one, stretches.unpack(bytes(one.body))) for one in later)):
        if row.after != last:
            break
        newest, last = row, row.last
        seen = list(itertools.takewhile(lambda one: one[0] <= moment_ms, stretch.frames))
        for _, frame in seen:
            reader.read(message=encoding.decode_changes(frame))
        if len(seen) < len(stretch.frames):
            break  # what was published after that is later, whatever a clock that went back says of it
    if moment > newest.until:
        return None
    missing = msgspec.convert(newest.missing, tuple[MissingKind, ...] | None)
    return Past(picture=reader.picture, state=newest.state, missing=stretches.not_shown(missing=missing, format=newest.format))


def spans(*, cluster: str) -> list[Span]:
    """When was recorded, from the oldest moment that can be shown to the newest."""
    told: list[Span] = []
    for begun_at, until, state, has_picture in _outline(cluster):
        if not told and not has_picture:
            continue
        if told and told[-1].state == state and begun_at <= told[-1].until:
            told[-1] = Span(told[-1].begun_at, max(until, told[-1].until), state)
        else:
            told.append(Span(begun_at, until, state))
    return told


def holes(*, spans: Sequence[Span], now: datetime) -> list[Hole]:
    """This will tell the times between, and after the last one, in which nothing was recorded. The last seconds are none: they are not due yet."""
    reached = list(itertools.accumulate((one.until for one in spans), max))
    between = [Hole(until, after.begun_at) for until, after in zip(reached, spans[1:], strict=False) if until < after.begun_at]
    return between + [Hole(until, None) for until in reached[-1:] if now - until > DUE]


def nearest(*, spans: Sequence[Span], moment: datetime) -> tuple[datetime | None, datetime | None]:
    """The last moment before and the first one after that were recorded; None where there is none."""
    before = [one.until for one in spans if one.until <= moment]
    after = [one.begun_at for one in spans if one.begun_at > moment]
    return max(before, default=None), min(after, default=None)


def holes_between(*, cluster: str, since: datetime, until: datetime) -> list[Hole]:
    """The holes that begin in this time: what came in one and went in it again is in no comparison of what was before it with what was after it."""
    return [one for one in holes(spans=spans(cluster=cluster), now=until) if since <= one.since < until]


def difference(*, before: Past, after: Past) -> Difference:
    """This will compare two pictures by uid."""
    unlike = _why(before) ^ _why(after)
    not_compared = tuple(sorted({kind for kind, *_ in unlike})) if before.missing is not None and after.missing is not None else ()
    old, new = ({uid: one for uid, one in past.picture.objects.items() if objects.kind_of(one) not in not_compared} for past in (before, after))
    both = [(old[uid], record) for uid, record in new.items() if uid in old and old[uid] != record]
    return Difference(
        appeared=tuple(record for uid, record in new.items() if uid not in old),
        gone=tuple(record for uid, record in old.items() if uid not in new),
        changed=tuple((record, _fields(was, record)) for was, record in both),
        not_compared=not_compared,
    )


def _why(past: Past) -> set[tuple[str, str, str]]:
    """Of a kind that is not installed there are none, and all of them are seen."""
    return {stretches.reason(missing=one) for one in past.missing or () if one.why != "not_installed"}


def _fields(was: objects.AnyRecord, now: objects.AnyRecord) -> dict[str, tuple[object, object]]:
    old, new = msgspec.structs.asdict(was), msgspec.structs.asdict(now)
    return {name: (old[name], value) for name, value in new.items() if old[name] != value}


def _recorded(cluster: str) -> QuerySet[Recording]:
    """Nothing where nothing is recorded any more: what was recorded before is told no more, whether it is forgotten yet or not."""
    found = Recording.objects.filter(cluster_id=cluster, format__in=stretches.UNWATCHED)
    return found if settings.REWIND_HOURS else found.none()


def _outline(cluster: str) -> Iterator[tuple[datetime, datetime, str, bool]]:
    """In the order of time, which that of places is not: a picture is of the place where its packing began, and is kept when it is ready."""
    found = _recorded(cluster).order_by("begun_at", "epoch", "after", "pk")
    return found.values_list("begun_at", "until", "state", "has_picture").iterator()
