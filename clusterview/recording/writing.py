"""Writes down what one cluster's publisher publishes. The publisher only hands over; a thread of its own writes to the database every ten
seconds, so that neither a slow database nor a full disk delays what people see. What could not be kept is missing, and is told as missing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from django.db import DatabaseError, InterfaceError, close_old_connections, transaction

from clusterview.models import Recording
from clusterview.recording import forgetting, stretches
from clusterview.recording.stretches import Stretch
from clusterview.stream.freshness import LIVE_SECONDS
from clusterview.stream.messages import Contact, MissingKind, Position

log = logging.getLogger(__name__)

ROUND_SECONDS = 10.0
PICTURE_SECONDS = 600.0  # a moment is reached from the picture before it, so nobody reads more than ten minutes of changes
SILENCE_SECONDS = 15.0  # the publisher speaks each second, so one that was silent for longer did not run: the computer slept, or it was stopped
WAITING_BYTES = 64 * 1024 * 1024
DATABASE = (DatabaseError, InterfaceError)


@dataclass
class Draft:
    """A stretch that is not written yet; `missing` is None until that was told. One that goes on is the rest of one that was written."""

    epoch: int
    after: int
    last: int
    begun_ms: int
    until_ms: int
    state: str
    missing: tuple[MissingKind, ...] | None
    picture: bytes = b""
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    goes_on: bool = False


class Recorder:
    """One cluster's. `picture`, `changes` and `contact` are called by the publisher's thread and never wait; `round` belongs to another thread."""

    def __init__(self, *, cluster: str, clock: Callable[[], float] = time.time) -> None:
        self._cluster, self._clock = cluster, clock
        self._lock = threading.Lock()
        self._done: list[Draft] = []
        self._now: Draft | None = None
        self._state = "lost"
        self._live_until_ms = 0
        self._missing: tuple[MissingKind, ...] | None = None
        self._waiting_bytes = 0
        self._pictured_ms = 0
        self._fails = False

    def picture(self, *, position: Position, frame: bytes, since: Sequence[tuple[Position, bytes]] = ()) -> None:
        """This will take the whole picture at a place, and what came since. It is kept where a story begins, and every ten minutes."""
        last = since[-1][0] if since else position
        now = self._now_ms()
        with self._lock:
            goes_on = self._now is not None and (self._now.epoch, self._now.last) == (last.epoch, last.sequence)
            if self._now is not None and goes_on:
                self._hear(self._now, now=now)
            if not goes_on or now - self._pictured_ms >= PICTURE_SECONDS * 1000:
                draft = self._begin(epoch=position.epoch, sequence=position.sequence, picture=frame, now=now)
                draft.frames, draft.last = [(now, changes) for _, changes in since], last.sequence
                self._waiting_bytes += sum(len(changes) for _, changes in since)
                self._pictured_ms = now

    def changes(self, *, position: Position, frame: bytes) -> None:
        """This will take what happened. Changes that do not follow the last ones wait for the next picture."""
        now = self._now_ms()
        with self._lock:
            draft = self._now
            if draft is None:
                return
            if (draft.epoch, draft.last + 1) != (position.epoch, position.sequence) or self._waiting_bytes + len(frame) > WAITING_BYTES:
                self._end()
                return
            draft = self._hear(draft, now=now)
            draft.frames.append((now, frame))
            draft.last = position.sequence
            self._waiting_bytes += len(frame)

    def contact(self, *, contact: Contact) -> None:
        """This will take how fresh the picture is and which kinds it does not show. A stretch has one answer to both."""
        now = self._now_ms()
        with self._lock:
            draft = self._now and self._hear(self._now, now=now)
            self._state, self._missing = contact.state, contact.missing
            self._live_until_ms = now + int((LIVE_SECONDS - (contact.contact_age_seconds or 0.0)) * 1000)
            if draft is None:
                return
            if (draft.state, _reasons(draft.missing)) == (contact.state, _reasons(contact.missing)):
                return
            if draft.begun_ms == now:
                draft.state, draft.missing, draft.goes_on = contact.state, contact.missing, False
            else:
                self._begin(epoch=draft.epoch, sequence=draft.last, picture=b"", now=now)

    def round(self) -> float:
        """This will write what was taken, forget what is too old, and tell how many seconds to wait."""
        drafts = self._take()
        if not drafts:
            return ROUND_SECONDS
        try:
            with transaction.atomic():
                for draft in drafts:
                    self._write(draft)
            self._fails = False
        except Exception as problem:
            if any(draft.picture or draft.frames for draft in drafts):
                with self._lock:
                    self._begin_at_a_picture()
            if not isinstance(problem, DATABASE):
                raise
            if not self._fails:
                log.warning("what is seen of %s is not written down at the moment: %s", self._cluster, problem)
            self._fails = True
        else:
            self._forget()
        finally:
            close_old_connections()
        return ROUND_SECONDS

    def _forget(self) -> None:
        """What was written stays written, whatever becomes of this."""
        try:
            forgetting.forget(now=self._clock())
        except DATABASE as problem:
            log.warning("what is too old is not forgotten yet: %s", problem)

    def _take(self) -> list[Draft]:
        """The stretches to write. The one that goes on is cut here."""
        with self._lock:
            drafts, self._done = self._done, []
            if self._now is not None:
                drafts.append(self._now)
                epoch, last, until = self._now.epoch, self._now.last, self._now.until_ms
                self._now = Draft(epoch, last, last, until, until, self._now.state, self._now.missing, goes_on=True)
            self._waiting_bytes = 0
            return drafts

    def _begin_at_a_picture(self) -> None:
        """What goes on with changes that are lost is lost too. What came meanwhile is kept from a whole picture on."""
        while self._done and not self._done[0].picture:
            del self._done[0]
        if not self._done and self._now is not None and not self._now.picture:
            self._now = None

    def _write(self, draft: Draft) -> None:
        if draft.goes_on and not draft.frames and self._draws_out(draft):
            return
        body = stretches.pack(Stretch(picture=draft.picture, frames=tuple(draft.frames)))
        Recording.objects.create(
            format=stretches.FORMAT,
            cluster_id=self._cluster, epoch=draft.epoch, after=draft.after, last=draft.last, begun_at=_moment(draft.begun_ms),
            until=_moment(draft.until_ms), state=draft.state, has_picture=bool(draft.picture), body=body, size=len(body),
            missing=msgspec.to_builtins(draft.missing),
        )  # fmt: skip

    def _draws_out(self, draft: Draft) -> bool:
        """Whether it was enough to draw out the stretch that it goes on with, since nothing happened: not if that is forgotten already."""
        of_epoch = Recording.objects.filter(cluster_id=self._cluster, format=stretches.FORMAT, epoch=draft.epoch)
        there = of_epoch.filter(last=draft.last, until=_moment(draft.begun_ms), state=draft.state)
        newest = there.order_by("-pk").values_list("pk").first()  # without the body, which may hold a whole picture
        return newest is not None and there.filter(pk=newest[0]).update(until=_moment(draft.until_ms)) == 1

    def _hear(self, draft: Draft, *, now: int) -> Draft:
        """This will draw out the stretch to now. After a silence it ends where that began, and another one goes on with its picture.

        In a shorter silence the pages have ceased to call the picture live, each by its own clock, and so does what is written.
        """
        if now - draft.until_ms > SILENCE_SECONDS * 1000:
            return self._begin(epoch=draft.epoch, sequence=draft.last, picture=b"", now=now)
        if draft.state == "live" and now > (live_until := max(self._live_until_ms, draft.until_ms)):
            draft.until_ms = live_until
            draft = self._begin(epoch=draft.epoch, sequence=draft.last, picture=b"", now=live_until)
        draft.until_ms = now
        return draft

    def _begin(self, *, epoch: int, sequence: int, picture: bytes, now: int) -> Draft:
        self._end()
        state = "stale" if self._state == "live" and now >= self._live_until_ms else self._state
        self._now = Draft(epoch, sequence, sequence, now, now, state, self._missing, picture)
        self._waiting_bytes += len(picture)
        return self._now

    def _end(self) -> None:
        if self._now is not None:
            self._done.append(self._now)
        self._now = None

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _reasons(missing: tuple[MissingKind, ...] | None) -> tuple[tuple[str, str, str], ...] | None:
    """What makes a stretch of its own. Details that do not are those from its beginning for all of it."""
    return None if missing is None else tuple(stretches.reason(missing=one) for one in missing)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
