"""What a person saw before the click, signed, so that the click means that and nothing else.

A preflight gives a `confirm` that holds for two minutes: for this person, this very object, the selector that it had and the one that it is to have,
and the warnings that were shown, with the objects that they speak of. A Service that was deleted and made anew under the same name is another one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from django.core import signing

from clusterview.access.people import Person
from clusterview.traffic.checks import Check, Level
from clusterview.traffic.errors import Refused
from clusterview.traffic.situations import Situation

HOLDS_SECONDS = 120
SALT = "clusterview.switch"


def confirm(situation: Situation, *, person: Person, cluster: str, checks: list[Check]) -> str:
    """What the person was shown, signed."""
    warnings = [_digest(one) for one in checks if one.level is Level.WARN]
    return signing.dumps([_seen(situation, person=person, cluster=cluster), warnings], salt=SALT)


class Shown(NamedTuple):
    """What was signed: the object with its selectors and the person, and the warnings."""

    seen: dict[str, Any]
    warnings: list[str]

    def is_now(self, situation: Situation, *, person: Person, cluster: str) -> bool:
        """Whether the object and its selectors are those that this person saw."""
        return self.seen == _seen(situation, person=person, cluster=cluster)

    def ticked(self, checks: list[Check], *, accept: set[str]) -> set[str]:
        """The codes that were ticked, without those whose warning speaks of other objects than the one that was shown."""
        return accept - {one.code for one in checks if one.level is Level.WARN and _digest(one) not in self.warnings}


def read(confirmed: str) -> Shown:
    """This will give what was signed. Raises Refused for what was not signed by us, or too long ago."""
    try:
        return Shown(*signing.loads(confirmed, salt=SALT, max_age=HOLDS_SECONDS))
    except signing.SignatureExpired as problem:
        raise Refused(409, "confirm-old") from problem
    except signing.BadSignature as problem:
        raise Refused(422, "bad-confirm") from problem


def _seen(situation: Situation, *, person: Person, cluster: str) -> dict[str, Any]:
    service = situation.service
    return {
        "who": [person.user_id, person.token_id], "cluster": cluster, "namespace": service.namespace, "service": service.name, "uid": service.uid,
        "from": situation.from_selector, "to": situation.to_selector,
    }  # fmt: skip


def _digest(check: Check) -> str:
    about = [check.code, *sorted(f"{one.kind}/{one.namespace}/{one.name}" for one in check.objects)]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]
