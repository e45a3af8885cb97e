"""Somebody presses a button of the practice cluster: written to the audit, then sent, and answered with what it changed.

A real cluster has no such buttons, and is not asked: whoever may install that API there would have our credential used, armed or not. Which ones
there are is asked of the practice cluster itself, so nobody can offer one where it would do nothing.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from clusterview.access import auditing, clusters, roles
from clusterview.access.people import Person
from clusterview.kube import errors, practising
from clusterview.kube.practising import Act
from clusterview.traffic import looking
from clusterview.traffic.errors import Refused


def acts(*, cluster: str, opened: looking.Opener = looking.cluster) -> tuple[Act, ...]:
    """This will give what can be played in the cluster: nothing in a real one. Raises Refused 404, 503."""
    if not settings.PRACTICE:
        return ()
    try:
        return practising.acts(_open(cluster, opened=opened).reading)
    except errors.KubeError as problem:
        raise Refused(503, "unreachable", {"detail": problem.sentence}) from problem


def play(*, cluster: str, name: str, person: Person, opened: looking.Opener = looking.cluster) -> Act:
    """This will have the act played, and give it with what it changed. Raises Refused: 403, 404, 409, 503."""
    if settings.READ_ONLY:
        raise Refused(403, "read_only")
    if not roles.allows(person.role, "operator"):
        raise Refused(403, "not_allowed")
    if name not in {act.metadata.name for act in acts(cluster=cluster, opened=opened)}:
        raise Refused(404, "no-act")
    _note(cluster, person=person, action="ACT", body={"act": name})
    try:
        played = practising.play(_open(cluster, opened=opened).writing, name=name)
    except errors.KubeError as problem:
        _note(cluster, person=person, action="ACT_FAILED", body={"act": name, "detail": problem.sentence})
        if isinstance(problem, errors.Conflict):
            raise Refused(409, "act-later", {"detail": problem.sentence}) from problem
        raise Refused(503, "act-lost", {"detail": problem.sentence}) from problem
    return played


def _open(cluster: str, *, opened: looking.Opener) -> looking.Cluster:
    if not clusters.known(cluster):
        raise Refused(404, "no-cluster")
    try:
        return opened(cluster)
    except LookupError as problem:
        raise Refused(404, "no-cluster") from problem


def _note(cluster: str, *, person: Person, action: str, body: dict[str, str]) -> None:
    with transaction.atomic():
        auditing.record(actor=person, action=action, cluster=cluster, body=body)
