"""Sides whose sizes are changed on a real API server: with autoscalers, with faults around the patch, and as the reconciler goes on with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clusterview.access.people import Person
from clusterview.models import AuditEntry, Sizing, Switch
from clusterview.traffic import holding, looking, planning, sizing
from clusterview.traffic.states import State
from tests.lab.cluster import Cluster as Lab
from tests.observer.reading import access_of
from tests.traffic.test_engine import Reached, ask, carry_out, who_may_switch

LEAST, LIVE, MOST = 1, 3, 6
PATH = "/apis/autoscaling/v2/namespaces/store/horizontalpodautoscalers/shop-blue"


class Sizes(Reached):
    """The API server, with something that happens around the patch which changes a number."""

    around_number: Callable[[Callable[[], dict[str, Any]]], dict[str, Any]] | None = None

    def resize(self, *, kind: str, namespace: str, name: str, operations: planning.Patch, dry_run: bool = False) -> dict[str, Any]:
        def send() -> dict[str, Any]:
            return super(Sizes, self).resize(kind=kind, namespace=namespace, name=name, operations=operations, dry_run=dry_run)

        effect = any(one["op"] == "replace" for one in operations)
        return self.around_number(send) if effect and self.around_number else send()


@pytest.fixture
def reached(lab_shop: Lab) -> Sizes:
    return Sizes(access=access_of(lab_shop.kubeconfig))


@pytest.fixture
def olga(reached: Sizes) -> Person:
    return who_may_switch()


@pytest.fixture
def autoscalers(lab_shop: Lab) -> Iterator[None]:
    """Both sides have one; without metrics their controller leaves the sides as large as they are."""
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    for name in ("shop-blue", "shop-green"):
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        spec = {"scaleTargetRef": target, "minReplicas": LEAST, "maxReplicas": MOST, "metrics": [metric]}
        about = {"name": name, "namespace": "store"}
        document = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": about, "spec": spec}
        lab_shop.kubectl("apply", "-f", "-", input=json.dumps(document))
    yield
    lab_shop.kubectl("delete", "hpa", "shop-blue", "shop-green", "-n", "store", "--ignore-not-found")


def least(lab: Lab) -> int:
    return int(lab.get(PATH)["spec"]["minReplicas"])


def set_least(lab: Lab, number: int) -> None:
    lab.kubectl("patch", "hpa", "shop-blue", "-n", "store", "--type", "merge", "-p", json.dumps({"spec": {"minReplicas": number}}))


def carry_sizes(reached: looking.Cluster) -> Sizing | None:
    """This will do what the reconciler does with what is open; returns the newest, None where nothing was to be remembered."""
    for _ in range(10):
        for row in Sizing.objects.filter(open=True):
            Sizing.objects.filter(pk=row.pk).update(lease_until=None)
            sizing.advance(sizing_id=row.pk, opened=lambda _: reached)
    return Sizing.objects.first()


def expire(switch: Switch) -> None:
    """This will end the time for which its old side is kept, and that in which an autoscaler learns of the traffic that came by it."""
    over = timezone.now() - timedelta(seconds=1)
    Switch.objects.filter(pk=switch.pk).update(keeping_old_until=over, finished_at=over - holding.LEARNING)


def actions(row: Sizing | Switch) -> list[str]:
    return list(AuditEntry.objects.filter(switch_id=row.pk).order_by("sequence").values_list("action", flat=True))


def switched(olga: Person, reached: Sizes) -> Switch:
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert switch.state == State.SUCCEEDED, (switch.state, switch.reason, switch.detail, actions(switch))
    return ended(switch, seconds_ago=60)


def ended(switch: Switch, *, seconds_ago: float) -> Switch:
    """The switch, as if it had ended then."""
    switch.finished_at = timezone.now() - timedelta(seconds=seconds_ago)
    switch.save(update_fields=["finished_at"])
    return switch
