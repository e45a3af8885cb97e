"""How long the old side is kept as large as it was, and until when what was raised for that stays raised.

A hold begins in the transaction that tells of a switch's first effect, so that it is never forgotten, and is carried out by `sizing`. While any
switch of the Service runs the hold goes on, for the old side may be the way back. It ends when a later switch has moved traffic elsewhere, or when
the time is over: that of the keeping, or where the side got the traffic back, that in which its autoscaler learns of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from clusterview.models import AuditEntry, Sizing, Switch
from clusterview.traffic import reporting
from clusterview.traffic.states import State

SHORTEST_KEEP_SECONDS, LONGEST_KEEP_SECONDS = 30, 86_400

# A side that had no traffic looks as if one pod were enough. An autoscaler takes the highest of what it found in the last five minutes
# (--horizontal-pod-autoscaler-downscale-stabilization), by metrics that are up to a minute old, and may remove all others at once: when so long
# has passed, each of its findings is of the load. https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#stabilization-window
LEARNING = timedelta(minutes=5) + timedelta(minutes=1)


def begin(switch: Switch, *, size: int) -> None:
    """This will keep the side that traffic leaves now, inside the caller's transaction. A hold on it that is still on goes on for this switch."""
    side = Sizing.objects.filter(
        purpose=Sizing.Purpose.KEEP, open=True, returning=False, going_back=False,
        cluster=switch.cluster_id, service_uid=switch.service_uid, side=switch.from_value,
    )  # fmt: skip
    if side.exclude(state=State.ROLLING_BACK).update(switch=switch, epoch=F("epoch") + 1, lease_until=None, holder="", look_again_at=None):
        return
    Sizing.objects.create(
        id=switch.cluster.fresh_operation(), purpose=Sizing.Purpose.KEEP, switch=switch,
        cluster_id=switch.cluster_id, cluster_identity=switch.cluster_identity, namespace=switch.namespace,
        service=switch.service, service_uid=switch.service_uid, side=switch.from_value, selector=switch.from_selector, target=size,
        state=State.QUEUED, actor=switch.actor, requested_by_id=switch.requested_by_id, requested_by_token_id=switch.requested_by_token_id,
    )  # fmt: skip


def is_over(sizing: Sizing) -> bool:
    """Whether what was raised is not needed any more."""
    since = Switch.objects.filter(cluster=sizing.cluster_id, service_uid=sizing.service_uid, requested_at__gt=_since(sizing))
    if (sizing.switch and sizing.switch.open) or since.filter(open=True).exists():
        return False
    until = (_warm_until if sizing.purpose == Sizing.Purpose.WARM_UP else _kept_until)(sizing, reporting.moved(since).first())
    return until is None or until <= timezone.now()


def _since(sizing: Sizing) -> datetime:
    """Since when switches decide about it."""
    return sizing.switch.requested_at if sizing.switch else sizing.requested_at


def _warm_until(sizing: Sizing, last: Switch | None) -> datetime | None:
    """A warm side waits for its switch. After it, it is held for as long as the other side is kept, and its autoscaler learns."""
    if last is not None:
        kept = last.keeping_old_until if reporting.kept(last) and last.to_value == sizing.side else None
        return max(filter(None, (kept, _learned(last, side=sizing.side))), default=None)
    tried = Switch.objects.filter(cluster=sizing.cluster_id, service_uid=sizing.service_uid, requested_at__gt=sizing.requested_at)
    return None if tried.exclude(applied_at=None).exists() else sizing.until


def _kept_until(sizing: Sizing, last: Switch | None) -> datetime | None:
    """The old side is kept while nothing else has moved traffic since; where a person has to look, for as long as it would have been."""
    if last is not None:
        return _learned(last, side=sizing.side)
    if (own := sizing.switch) is None:
        return None
    if own.state == State.SUCCEEDED and own.reason != reporting.REVERTED_AFTERWARDS:
        return own.keeping_old_until
    kept = own.finished_at + timedelta(seconds=own.keep_seconds) if own.state == State.NEEDS_HUMAN and own.finished_at else None
    return max(filter(None, (kept, _learned(own, side=sizing.side))), default=None)


def _learned(last: Switch, *, side: str) -> datetime | None:
    """When the side's autoscaler has learned of the traffic that it has since the last switch ended; None where that has led elsewhere. Where
    somebody else has changed the selector, or has to look, it may have it.
    """
    since = last.finished_at
    if last.reason == reporting.REVERTED_AFTERWARDS:
        told = AuditEntry.objects.filter(switch_id=last.pk, action="REVERTED_AFTERWARDS").first()
        since = told.moment if told else None
    elif last.state == State.SUCCEEDED and last.to_value != side:
        return None
    return since + LEARNING if since else None
