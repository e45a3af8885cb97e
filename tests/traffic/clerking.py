"""What a Clerk does with the database for a test: it sets the stage, and reads what became of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from clusterview.access import auditing, clusters
from clusterview.access.people import Person
from clusterview.models import ApiToken, AuditEntry, Sizing, Switch
from clusterview.models import Cluster as ClusterRow
from clusterview.traffic import moving_on, requesting
from clusterview.traffic.states import State
from tests.traffic import judging
from tests.traffic.shops import Shop

Kind = type[Switch] | type[Sizing]
OLGA = Person(name="olga", role="operator", token_id=1)


def found() -> None:
    """This will make the tables, with one armed cluster and with olga, who may switch."""
    call_command("migrate", verbosity=0)
    clusters.register(opened=[("lab", "lab")])
    ClusterRow.objects.filter(pk="lab").update(armed_at=timezone.now())
    assert ApiToken.objects.create(name=OLGA.name, role=OLGA.role, token_hash="x").pk == OLGA.token_id


def release(shop: Shop, *, kind: Kind = Switch) -> tuple[int, str]:
    """This will let the reconcilers see the Service's open operation of a kind; returns the number of its claims and its state."""
    found = kind._default_manager.filter(namespace=shop.namespace, service=shop.service, open=True)
    found.update(look_again_at=None)
    return max(found.values_list("epoch", "state"), default=(0, ""))


def hand_over(shop: Shop, *, going_back: bool, kind: Kind = Switch) -> None:
    """This will end the claim on the Service's open operation, as if its time had run out, and keep it from the reconcilers until `release`. Where it
    is going back, olga has asked for that.
    """
    found = kind._default_manager.filter(namespace=shop.namespace, service=shop.service, open=True)
    with transaction.atomic():
        found.update(lease_until=None, holder="", look_again_at=later(), going_back=going_back)
        for row in found if going_back else ():
            moving_on.record(row, ("BACK_REQUESTED", {}), actor=OLGA.name)


def later() -> datetime:
    """After everything that a test does."""
    return timezone.now() + timedelta(hours=1)


def expire(*shops: Shop) -> None:
    """This will end the time in which sides are held as large as they are, of these shops or of all."""
    over, where = timezone.now() - timedelta(seconds=1), {"namespace__in": [one.namespace for one in shops]} if shops else {}
    Switch.objects.filter(keeping_old_until__gt=over, **where).update(keeping_old_until=over)
    Sizing.objects.filter(until__gt=over, **where).update(until=over)


def wake(*, kind: Kind) -> None:
    """This will have every open operation of a kind looked at now."""
    kind._default_manager.filter(open=True).update(look_again_at=None)


def go_back(shop: Shop) -> None:
    """This will bring the Service back to where it was before its last switch, if that succeeded."""
    last = Switch.objects.filter(namespace=shop.namespace, service=shop.service).first()
    if last and last.state == State.SUCCEEDED:
        requesting.request_back(switch=last, person=OLGA)


def epochs(*, kind: Kind = Switch, but: Collection[State] = ()) -> dict[tuple[str, str], int]:
    """How often each open operation was claimed, by namespace and Service; without those that rest in one of these states."""
    found = kind._default_manager.filter(open=True).exclude(state__in=but)
    return {(one.namespace, one.service): one.epoch for one in found}


def sizes() -> list[Sizing]:
    return list(Sizing.objects.order_by("requested_at"))


def rows() -> list[judging.Row]:
    return [row_of(one) for one in Switch.objects.order_by("requested_at")]


def row_of(one: Switch) -> judging.Row:
    return judging.Row(
        id=str(one.pk), service_uid=one.service_uid, state=State(one.state), plan=one.plan, epoch=one.epoch, reason=one.reason, detail=one.detail
    )  # fmt: skip


def entries() -> list[judging.Entry]:
    return [entry_of(one) for one in AuditEntry.objects.order_by("sequence")]


def entry_of(one: AuditEntry) -> judging.Entry:
    return judging.Entry(sequence=one.sequence, at=one.at, action=one.action, switch=str(one.switch_id or ""), body=one.body)


def where() -> dict[str, Shop]:
    """The Service of each operation."""
    return {str(one.pk): Shop(one.namespace, one.service) for kind in (Switch, Sizing) for one in kind._default_manager.all()}


def chain() -> list[str]:
    return auditing.verify()


def now() -> datetime:
    return timezone.now()
