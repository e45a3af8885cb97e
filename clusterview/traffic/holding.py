"""How long the old side is kept as large as it was, and until when what was raised for that stays raised.

A hold begins in the transaction that tells of a switch's first effect, so that it is never forgotten, and is carried out by `sizing`. While any
switch of the Service runs the hold goes on, for the old side may be the way back. It ends when the switch did not succeed, when a later one has moved
traffic, or when the time is over.
"""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from clusterview.models import Sizing, Switch
from clusterview.traffic.states import State

SHORTEST_KEEP_SECONDS, LONGEST_KEEP_SECONDS = 30, 86_400


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
    return _is_cold(sizing) if sizing.purpose == Sizing.Purpose.WARM_UP else _is_left(sizing.switch)


def _is_cold(sizing: Sizing) -> bool:
    """A warm side waits for its switch, and is held after it for as long as the other side is kept: its autoscaler learns of the load by then."""
    later = Switch.objects.filter(cluster=sizing.cluster_id, service_uid=sizing.service_uid, requested_at__gt=sizing.requested_at)
    if later.filter(open=True).exists():
        return False
    last = later.exclude(applied_at=None).first()
    if last is None:
        return sizing.until is None or sizing.until <= timezone.now()
    has_traffic = last.state == State.SUCCEEDED and last.to_value == sizing.side
    return not has_traffic or last.keeping_old_until is None or last.keeping_old_until <= timezone.now()


def _is_left(switch: Switch | None) -> bool:
    """Whether the old side is not kept any more."""
    if switch is None:
        return True
    later = Switch.objects.filter(cluster=switch.cluster_id, service_uid=switch.service_uid, requested_at__gt=switch.requested_at)
    if switch.open or later.filter(open=True).exists():
        return False
    is_kept = switch.keeping_old_until is not None and switch.keeping_old_until > timezone.now()
    return switch.state != State.SUCCEEDED or not is_kept or later.exclude(applied_at=None).exists()
