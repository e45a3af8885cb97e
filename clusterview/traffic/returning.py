"""Takes a group of Services back, as far as they are still where it has brought them.

A Service that leads to the old side already, because somebody else has changed it since or somebody took it back alone, is no obstacle for the
others. It is told who did that, and nothing is written to it; nor to one that somebody else has led elsewhere, or whose switch ended for a person
to look.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from clusterview.access.people import Person
from clusterview.kube import errors
from clusterview.models import Switch
from clusterview.traffic import keeping, looking, reporting, requesting
from clusterview.traffic.errors import Refused
from clusterview.traffic.situations import ServiceNow
from clusterview.traffic.states import State


class Left(NamedTuple):
    """A member of the group that nothing is written to: why, as a code of `words.LEFT`, and by whom that is, empty where nobody is named."""

    switch: Switch
    why: str
    by: str = ""


class Returned(NamedTuple):
    """The switches that lead back, the last one of the group first, and the members that are left as they are."""

    begun: list[Switch]
    left: list[Left]


def request_group_back(*, group: uuid.UUID, person: Person, opened: looking.Opener = looking.cluster) -> Returned:
    """This will take a group's switches back, the last one first. One that runs is turned around, and one that was not begun never begins.
    Raises Refused where nothing was begun.
    """
    members = list(Switch.objects.filter(group=group, cluster__active=True).order_by("-position"))
    if not members:
        raise Refused(404, "no-group")
    requesting.must(person=person, cluster=members[0].cluster)
    ended = [one for one in members if not one.open and not one.reverses_id]
    moved = [one for one in ended if one.state in (State.SUCCEEDED, State.REVERTED_EXTERNALLY, State.NEEDS_HUMAN)]
    if not moved and not any(one.open for one in members):
        raise Refused(409, "finished")
    begun, left, going, refused = list[Switch](), list[Left](), list[Switch](), list[Refused]()

    @contextmanager
    def noting(some: list[Switch]) -> Iterator[None]:
        try:
            yield
        except Refused as refusal:
            refused.append(refusal)
            left.extend(Left(one, "not-begun") for one in some)

    for one in (one for one in members if one.open):  # these need the database alone
        with noting([one]):
            begun += _begin([one], person=person, opened=opened)
    for one in moved:
        with noting([one]):
            if why := _why_left(one, opened=opened):
                left.append(why)
            else:
                going.append(one)
    with noting(going):
        begun += _begin(going, person=person, opened=opened)
    if refused and not begun:
        raise refused[0]
    return Returned(begun, left)


def _begin(going: list[Switch], *, person: Person, opened: looking.Opener) -> list[Switch]:
    if len(going) < 2:
        return [_begin_alone(one, person=person, opened=opened) for one in going]
    return requesting.request_group(
        person=person, cluster=going[0].cluster_id, namespace=going[0].namespace, services=[one.service for one in going], to="",
        expected={one.service: one.to_selector for one in going}, reverses={one.service: one for one in going},
        opened=opened,
    )  # fmt: skip


def _begin_alone(switch: Switch, *, person: Person, opened: looking.Opener) -> Switch:
    with requesting.naming(switch.service):
        return requesting.request_back(switch=switch, person=person, opened=opened)


def _why_left(switch: Switch, *, opened: looking.Opener) -> Left | None:
    """None where the Service leads where this switch has brought it."""
    known = keeping.newer_than(switch)
    is_kept = reporting.can_go_back(switch)  # looked at after those that are known were counted
    service = _service(switch, opened=opened)
    if is_kept:
        keeping.compare(switch, service, known=known)
    if service is None or service.uid != switch.service_uid:
        return Left(switch, "service-gone")
    newer = reporting.later(switch)
    if newer is not None and newer.open:
        return Left(switch, "newer-runs", newer.actor)
    by = newer.actor if newer is not None and newer.to_selector == service.selector else service.selector_manager
    if service.selector == switch.from_selector:
        return Left(switch, "already-back", by)
    if newer is None and service.selector == switch.to_selector and switch.state == State.SUCCEEDED:
        return None
    if newer is None and switch.state == State.NEEDS_HUMAN and service.selector in switch.plan[1:]:
        return Left(switch, "needs-human", by)
    return Left(switch, "led-elsewhere", by)


def _service(switch: Switch, *, opened: looking.Opener) -> ServiceNow | None:
    with requesting.asking():
        try:
            return opened(switch.cluster_id).service(namespace=switch.namespace, name=switch.service)
        except errors.NotFound:
            return None
