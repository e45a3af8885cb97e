"""Looks, while an old side is kept, whether the Service still leads where the switch has brought it (F78).

A finished switch stays what it is, and nothing is written to the cluster: whoever changed the selector is told of once, and the old side is not
kept any more, for it has the traffic again or nobody goes back to it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from clusterview.access import auditing, transacting
from clusterview.kube import errors
from clusterview.models import Switch
from clusterview.traffic import engine, looking, moving_on, reporting, restoring, selectors
from clusterview.traffic.situations import ServiceNow
from clusterview.traffic.states import State

log = logging.getLogger(__name__)


def watch(*, opened: looking.Opener = looking.cluster) -> None:
    """This will read each Service once whose old side is kept."""
    away = set[str]()
    for switch in kept():
        if switch.cluster_id not in away and not _look(switch, opened=opened):
            away.add(switch.cluster_id)


def kept() -> list[Switch]:
    """This will give the switches that have moved traffic last and whose old side is kept, as far as the database tells, and ways back as long."""
    rows = Switch.objects.filter(state=State.SUCCEEDED, keeping_old_until__gt=timezone.now(), cluster__active=True)
    same = Switch.objects.filter(cluster=OuterRef("cluster"), service_uid=OuterRef("service_uid"), requested_at__gt=OuterRef("requested_at"))
    return list(rows.select_related("cluster").exclude(Exists(reporting.moved(same))))


def kept_of(*, cluster: str, namespace: str, service: str) -> Switch | None:
    """This will give that of one Service, in one cheap question."""
    last = reporting.moved(Switch.objects.filter(cluster=cluster, namespace=namespace, service=service)).first()
    return last if last is not None and last.state == State.SUCCEEDED and reporting.is_looked_after(last) else None


def elsewhere(switch: Switch, *, labels: Collection[Mapping[str, str]]) -> list[str]:
    """This will give the other Services of its namespace that are kept to go back to a workload with one of these labels, or that a switch was left
    half-done of which is to go back there.
    """
    beside = Switch.objects.filter(cluster=switch.cluster_id, namespace=switch.namespace).exclude(service_uid=switch.service_uid)
    half_done = [one for one in beside.filter(state=State.NEEDS_HUMAN) if reporting.is_half_done(one) and reporting.is_kept_half_done(one)]
    others = [one for one in kept() if one.cluster_id == switch.cluster_id and one.namespace == switch.namespace]
    others = [one for one in others if one.service_uid != switch.service_uid and reporting.kept(one)]
    others += [one for one in half_done if reporting.newest(one)]
    return sorted(one.service for one in others if any(selectors.matches(selector=one.from_selector, labels=mine) for mine in labels))


def _look(switch: Switch, *, opened: looking.Opener) -> bool:
    """False where the cluster does not answer."""
    service: ServiceNow | None
    known = newer_than(switch)
    if not reporting.newest(switch):  # one that was accepted since is among the known
        return True
    try:
        service = opened(switch.cluster_id).service(namespace=switch.namespace, name=switch.service)
    except errors.NotFound:
        service = None
    except (LookupError, errors.Unreachable, errors.TimedOut):
        return False
    except errors.KubeError as problem:
        log.info("the Service of switch %s could not be looked at: %s", switch.pk, problem.sentence)
        return True
    compare(switch, service, known=known)
    return True


def newer_than(switch: Switch) -> int:
    """How many switches of the Service were accepted after this one."""
    return reporting.after(switch).count()


def compare(switch: Switch, service: ServiceNow | None, *, known: int) -> None:
    """This will tell once if the Service does not lead where the switch has brought it. It was read after the switch was found `kept`, and so many
    newer ones were `known`.
    """
    if service is None:
        _give_up(switch, reason="gone", known=known)
    elif service.uid != switch.service_uid:
        _give_up(switch, reason="replaced", known=known)
    elif service.selector != switch.to_selector and not restoring.is_lost(switch.cluster, service):
        _give_up(switch, reason=reporting.REVERTED_AFTERWARDS, known=known, service=service)


@transacting.whole
def _give_up(switch: Switch, *, reason: str, known: int, service: ServiceNow | None = None) -> None:
    """Tells it once, however many look. A newer switch of ours that has changed the selector was accepted before anybody could read that, even if it
    has gone back by now.
    """
    row = Switch.objects.filter(pk=switch.pk, state=State.SUCCEEDED, keeping_old_until__gt=timezone.now())
    detail = engine.who_wrote(service) if service else ""
    if newer_than(switch) != known or not reporting.newest(switch):
        return
    if not row.update(keeping_old_until=None, reason=reason, detail=auditing.lasting(detail)):
        return
    body = {"selector": service.selector, "manager": service.selector_manager} if service else {}
    moving_on.record(switch, ("REVERTED_AFTERWARDS", {"reason": reason} | body))
    transaction.on_commit(partial(moving_on.tell, switch, state=switch.state))
