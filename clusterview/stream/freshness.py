"""How fresh a picture is, by the reader's own clock. Pure: the current time is an argument.

The observer says each second how old its last confirmed contact with the cluster is. When it falls silent, or Redis does, the age keeps
growing here, so a dead observer can never look live.
"""

from __future__ import annotations

import msgspec

from clusterview.stream.messages import Contact

LIVE_SECONDS = 4.0
LOST_SECONDS = 60.0
GONE = ("redis", "redis_refused")


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What an observer of an epoch said, which of its words that was, and when it was heard by the reader's monotonic clock."""

    contact: Contact
    epoch: int
    heard_at: float
    number: int = 0


def judge(*, word: Word | None, picture_epoch: int | None, now: float, redis: str = "") -> Contact:
    """This will tell the contact as it is now: ages grow, and nothing is live beyond 4 s without word, or without its observer's picture.

    `redis` is what is wrong with it, if anything: a reason of `GONE`, or `redis_full` where it only takes nothing.
    """
    if word is None:
        return Contact(state="lost", contact_age_seconds=None, reason=redis or "no_observer")
    said, silence = word.contact, max(0.0, now - word.heard_at)
    age = None if said.contact_age_seconds is None else said.contact_age_seconds + silence
    state, reason = said.state, said.reason
    if redis in GONE:
        state, reason = ("lost" if state == "lost" else "stale"), redis
    elif picture_epoch != word.epoch:
        state, reason = ("stale" if state == "live" else state), reason or "no_picture"
    elif silence > LIVE_SECONDS:
        state, reason = ("lost" if state == "lost" else "stale"), redis or "no_observer"
    elif state == "live" and (age is None or age > LIVE_SECONDS):
        state, reason = "stale", reason or redis or "unreachable"
    if silence > LOST_SECONDS or (age is not None and age > LOST_SECONDS):
        state = "lost"
    verified = None if said.verified_age_seconds is None else said.verified_age_seconds + silence
    return msgspec.structs.replace(said, state=state, reason=reason, contact_age_seconds=age, verified_age_seconds=verified)
