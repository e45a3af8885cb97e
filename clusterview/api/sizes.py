"""Changes of sizes: the old side scaled down by its own click, the new one warmed up to the live size, and their stories.

As with a switch, an answer of 202 says that the row and its audit are committed, not that a number was written.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from clusterview.api import clusters, identity, refusing, shapes, switches
from clusterview.api.refusing import Refusal
from clusterview.models import Sizing
from clusterview.models.people import Role
from clusterview.traffic import reporting, resizing

of_cluster = Router(tags=["sizes"])
of_switch = Router(tags=["sizes"])
router = Router(tags=["sizes"])


@of_switch.get("/{uuid:switch}/scale-down", response={200: shapes.SizePreview} | refusing.also(403, 404, 409, 422))
def look_at_scale_down(request: HttpRequest, switch: uuid.UUID, replicas: shapes.Replicas = 0) -> dict[str, Any]:
    """What making the side that this switch left so small would check and change, read from the API server now. Changes nothing."""
    return resizing.preview(resizing.to_scale_down(switches.found(switch), replicas=replicas))


@of_switch.post("/{uuid:switch}/scale-down", response={202: shapes.Begun} | refusing.also(403, 404, 409, 422))
def scale_down(request: HttpRequest, switch: uuid.UUID, asked: shapes.ScaleDown) -> Status[dict[str, str]]:
    """Makes the side that this switch left smaller, and ends its keeping: never by itself, and never under an autoscaler (422 with the checks).

    409 while a switch runs in the namespace, or where a later switch has moved the traffic.
    """
    someone = identity.require(request, Role.OPERATOR)
    return Status(202, told(resizing.scale_down(switch=switches.found(switch), person=someone, replicas=asked.replicas)))


@of_cluster.get("/{slug:cluster}/warm-up", response={200: shapes.SizePreview} | refusing.also(403, 404, 422))
def look_at_warm_up(request: HttpRequest, cluster: str, namespace: shapes.Text, service: shapes.Text, to: shapes.Text) -> dict[str, Any]:
    """How large the side `to` has to be, and what making it so would check and change. Changes nothing."""
    clusters.opened(cluster)
    return resizing.preview(resizing.to_warm_up(cluster=cluster, namespace=namespace, service=service, to=to))


@of_cluster.post("/{slug:cluster}/warm-ups", response={202: shapes.Begun} | refusing.also(403, 404, 409, 422))
def warm_up(request: HttpRequest, cluster: str, asked: shapes.WarmUp, key: shapes.Key = None) -> Status[dict[str, str]]:
    """Makes the side `to` as large as the live one: first what its autoscaler may leave, then the workload. 422 with the checks that failed.

    What was raised at an autoscaler is put back after the switch, or after half an hour. `Idempotency-Key` as for a switch. 409 `larger-than-shown`
    where the live side has grown beyond `target`.
    """
    someone = identity.require(request, Role.OPERATOR)
    clusters.opened(cluster)
    begun = resizing.warm_up(
        person=someone, cluster=cluster, namespace=asked.namespace, service=asked.service, to=asked.to, target=asked.target, idempotency_key=key,
    )  # fmt: skip
    return Status(202, told(begun))


@router.get("", response={200: list[shapes.Size]} | refusing.also(404))
def every_size(request: HttpRequest, cluster: shapes.Text = "", limit: shapes.Limit = 100, before: uuid.UUID | None = None) -> list[dict[str, Any]]:
    """The newest changes of sizes first, of one cluster or of all open ones, drawn from the audit; those that keep an old side are
    among them.

    `before`, the id of the last one, gives those that are older; the end and what is refused as in the list of switches.
    """
    return reporting.newest_sizes(clusters=switches.wanted(cluster), limit=limit, before=before)


@router.get("/{uuid:size}", response={200: shapes.Size} | refusing.also(404))
def story(request: HttpRequest, size: uuid.UUID) -> dict[str, Any]:
    """One change of sizes: its state, what it waits for, its numbers and every entry of the audit."""
    return reporting.size(found(size))


@router.post("/{uuid:size}/cancel", response={202: shapes.Begun} | refusing.also(403, 404, 409))
def cancel(request: HttpRequest, size: uuid.UUID) -> Status[dict[str, str]]:
    """Stops a warm-up: what was raised at an autoscaler is put back, pods that were added stay. A scaling down only before its number was sent."""
    someone = identity.require(request, Role.OPERATOR)
    return Status(202, told(resizing.cancel(sizing=found(size), person=someone)))


def found(identifier: uuid.UUID) -> Sizing:
    """The change. Raises Refusal 404, the same whether it never was or its cluster is not open."""
    row = resizing.find(identifier)
    if row is None:
        raise Refusal(404, "not_found")
    return row


def told(sizing: Sizing) -> dict[str, str]:
    return {"id": str(sizing.pk), "state": sizing.state}
