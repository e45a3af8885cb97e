"""What may go wrong with a switch, said before the click, at the click and again by the executor.

Each check is a function from a Situation to what it has to say; they stand in `checking`, by what they look at. `block` refuses, `warn` needs
a tick, `info` tells, `ok` reassures. A way back keeps only what would break the side it leads to: it must never wait for the health of the
side it leaves.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from clusterview.traffic.checking import of_service, of_sides, of_surroundings
from clusterview.traffic.checks import Check, Level, Looks, Ref
from clusterview.traffic.situations import Situation

__all__ = ["CHECKS", "Check", "Level", "Ref", "blocks", "check", "check_in_group", "unaccepted"]

CHECKS: Looks = (*of_service.CHECKS, *of_sides.CHECKS, *of_surroundings.CHECKS)
ORDER = (Level.BLOCK, Level.WARN, Level.INFO, Level.OK)
RETURNING_BLOCKS = frozenset({"selectorless", "external-name", "deleting", "no-op", "no-ready", "target-missing", "missing-right", "dry-run"})


def check(situation: Situation) -> list[Check]:
    """This will say everything there is to say about the switch, blocks first, then warnings, information and what is in order."""
    found = [one for look in CHECKS for one in look(situation)]
    if situation.returning:
        found = [_softened(one) for one in found]
    return sorted(found, key=lambda one: ORDER.index(one.level))


def check_in_group(situation: Situation, *, services: Collection[str]) -> list[Check]:
    """As `check`, of one of several Services: that others would be left behind is not true of those that are switched together with it."""
    return [one for one in check(situation) if one.code != "same-pods" or not {ref.name for ref in one.objects} <= set(services)]


def check_alone(situation: Situation) -> list[Check]:
    """This will say what stands against any switch of a Service that has no two sides."""
    looks = (*of_service.CHECKS, of_sides.pod_template_hash)
    return blocks([one for look in looks for one in look(situation)])


def blocks(checks: list[Check]) -> list[Check]:
    return [one for one in checks if one.level is Level.BLOCK]


def unaccepted(checks: list[Check], *, accepted: set[str]) -> list[Check]:
    """This will return the warnings that nobody ticked."""
    return [one for one in checks if one.level is Level.WARN and one.code not in accepted]


def standing(checks: list[Check], *, accepted: set[str], returning: bool) -> list[Check]:
    """This will return what stands against the switch: blocks, else warnings that nobody ticked. A way back asks for no ticks."""
    return blocks(checks) or ([] if returning else unaccepted(checks, accepted=accepted))


def digest(checks: list[Check]) -> dict[str, Any]:
    """This will write the checks down for the audit."""
    return {"checks": [{"code": one.code, "level": str(one.level), "params": one.params} for one in checks]}


def _softened(one: Check) -> Check:
    keeps = one.level in (Level.OK, Level.INFO) or (one.level is Level.BLOCK and one.code in RETURNING_BLOCKS)
    return one if keeps else msgspec.structs.replace(one, level=Level.INFO)
