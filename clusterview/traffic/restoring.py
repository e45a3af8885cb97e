"""Whether the database is older than the cluster: it was restored from a copy, and does not know of effects that were sent since.

The id of an operation begins with the mark of its installation, and stands on the object that the operation has changed. So an operation of ours that
the database does not know, or knows only from before that effect, can be told from one of another installation. Switching is then frozen until an
administrator has looked and arms the cluster again, and the audit says from then on that a part of it is missing.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec
from django.conf import settings

from clusterview.access import clusters
from clusterview.kube import errors
from clusterview.models import Cluster, Sizing, Switch
from clusterview.topology import objects
from clusterview.traffic import looking, moving_on, planning
from clusterview.traffic.situations import Situation

log = logging.getLogger(__name__)

SCANNED = ("Service", "HorizontalPodAutoscaler")


class Marked(Protocol):
    """An object that may carry a mark of ours."""

    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def annotations(self) -> Mapping[str, str] | None: ...


def is_lost(cluster: Cluster, found: Marked, *, kind: str = "Service") -> bool:
    """This will tell whether the object carries a mark that the database should know and does not; switching is frozen then."""
    lost = _lost(cluster, {f"{kind} {found.namespace}/{found.name}": found})
    if lost:
        _freeze(cluster, marks=lost)
    return bool(lost)


def is_ahead(switch: Switch, service: Marked) -> bool:
    """This will tell whether the Service carries an effect of this switch that its row does not know to have begun."""
    mark = _parsed((service.annotations or {}).get(planning.OP, ""))
    return mark is not None and mark[0] == switch.pk and mark[1] > switch.step


def foreign_mark(cluster: Cluster, found: Marked) -> str:
    """This will give the mark of an operation of another installation on the object, empty where there is none. Those of this one under other names
    of the same cluster are not foreign, nor those of its database that are older than marks.
    """
    mark = (found.annotations or {}).get(planning.OP, "")
    parsed = _parsed(mark)
    if parsed is None or mark.startswith(cluster.mark) or Cluster.objects.filter(mark=mark[: len(cluster.mark)]).exists():
        return ""
    return "" if _known([parsed[0]]) else mark


def among_others(cluster: Cluster, seen: Situation) -> Situation:
    """The situation with the mark that another installation has left on the Service."""
    return msgspec.structs.replace(seen, foreign_mark=foreign_mark(cluster, seen.service))


def scan(*, opened: looking.Opener = looking.cluster) -> None:
    """This will look at every Service and autoscaler of every armed cluster, and freeze switching where the database is older."""
    for cluster in Cluster.objects.filter(active=True, armed_at__isnull=False):
        try:
            reached = opened(cluster.pk)
            marked = {
                f"{kind} {one.namespace}/{one.name}": one
                for namespace in settings.KUBE_NAMESPACES or [""]
                for kind in SCANNED
                for one in reached.records(kind=kind, namespace=namespace)
            }
        except (LookupError, errors.KubeError) as problem:
            log.warning("the marks in %s could not be looked at: %s", cluster.name, getattr(problem, "sentence", problem))
            continue
        if lost := _lost(cluster, marked):
            _freeze(cluster, marks=lost)


def _freeze(cluster: Cluster, *, marks: dict[str, str]) -> None:
    clusters.freeze(cluster=cluster.pk, marks=marks)
    moving_on.tell_of_arming(cluster.pk, armed=False)


def _lost(cluster: Cluster, found: Mapping[str, Marked | objects.AnyRecord]) -> dict[str, str]:
    """The marks that the database should know and does not, each with the object that carries it."""
    marks = {mark: where for where, one in found.items() if (mark := (one.annotations or {}).get(planning.OP, "")).startswith(cluster.mark)}
    steps = {mark: step for mark in marks if mark not in cluster.lost_marks and (step := _parsed(mark)) is not None}
    known = _known(operation for operation, _ in steps.values())
    return {mark: marks[mark] for mark, (operation, step) in steps.items() if known.get(operation, -1) < step}


def _parsed(mark: str) -> tuple[uuid.UUID, int] | None:
    """The operation and its step; None for what is no mark of ours."""
    operation, _, step = mark.partition(":")
    try:
        return uuid.UUID(operation), int(step)
    except ValueError:
        return None


def _known(operations: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many effects of each the database knows to have begun."""
    left, steps = set(operations), dict[uuid.UUID, int]()
    for kind in (Switch, Sizing):
        if left:
            steps |= dict(kind._default_manager.filter(pk__in=left).values_list("pk", "step"))
            left -= steps.keys()
    return steps
