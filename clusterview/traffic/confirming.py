"""What a person saw before the click, signed, so that the click means that and nothing else.

A preflight gives a `confirm` that holds for two minutes: for this person, this very object, the selector that it had and the one that it is to have,
how long both sides overlap, and the warnings that were shown, with what they say and the objects that they speak of. A Service that was deleted
and made anew under the same name is another one. That of a group is for all of its Services in their order, and for none of them alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.core import signing

from clusterview.access.people import Person
from clusterview.traffic.checks import Check
from clusterview.traffic.errors import Refused
from clusterview.traffic.situations import Situation

HOLDS_SECONDS = 120
SALT = "clusterview.shown"


class Looked(NamedTuple):
    """One Service as it was looked at, what there is to say, and for how long both sides would take traffic."""

    situation: Situation
    checks: list[Check]
    overlap_seconds: int


def confirm(looked: Sequence[Looked], *, person: Person, cluster: str) -> str:
    """What the person was shown of one Service, or of several, signed."""
    shown = [
        [
            _seen(one.situation, overlap_seconds=one.overlap_seconds, person=person, cluster=cluster),
            sorted({digest for check in one.checks if check.has_tick for digest in _digests(check)}),
        ]
        for one in looked
    ]
    return signing.dumps(shown, salt=SALT)


class Shown(NamedTuple):
    """What was signed of one Service: the object with its selectors, the overlap and the person, and the warnings."""

    seen: dict[str, Any]
    warnings: list[str]

    def is_now(self, situation: Situation, *, overlap_seconds: int, person: Person, cluster: str) -> bool:
        """Whether the object, its selectors and the overlap are those that this person saw."""
        return self.seen == _seen(situation, overlap_seconds=overlap_seconds, person=person, cluster=cluster)


def ticked(checks: list[Check], *, accept: set[str], shown: Collection[str] | None) -> set[str]:
    """The codes that were ticked of those that have a tick now, without those that say something else than was shown, or speak of an object that was
    not. `shown` are the `warnings` that were signed; None where nobody was shown any, and each code is meant whatever it speaks of.
    """
    if shown is None:
        return accept
    asked = [one for one in checks if one.has_tick]
    return accept & {one.code for one in asked} - {one.code for one in asked if not _digests(one) <= set(shown)}


def read(confirmed: str, *, services: int = 1) -> list[Shown]:
    """This will give what was signed of so many Services. Raises Refused for what was not signed by us, of another number, or too long ago."""
    try:
        shown = [Shown(*one) for one in signing.loads(confirmed, salt=SALT, max_age=HOLDS_SECONDS)]
    except signing.SignatureExpired as problem:
        raise Refused(409, "confirm-old") from problem
    except signing.BadSignature as problem:
        raise Refused(422, "bad-confirm") from problem
    if len(shown) != services:
        raise Refused(422, "bad-confirm")
    return shown


def _seen(situation: Situation, *, overlap_seconds: int, person: Person, cluster: str) -> dict[str, Any]:
    service = situation.service
    return {
        "who": [person.user_id, person.token_id], "cluster": cluster, "namespace": service.namespace, "service": service.name, "uid": service.uid,
        "from": situation.from_selector, "to": situation.to_selector, "overlap_seconds": overlap_seconds,
    }  # fmt: skip


def _digests(check: Check) -> set[str]:
    """Of what the check says, and of it with each object that it speaks of."""
    about = [[check.code, check.says], *([check.code, one.kind, one.namespace, one.name] for one in check.objects)]
    return {hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()[:16] for one in about}
