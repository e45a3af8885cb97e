"""The buttons of a practice cluster. A real cluster has none: its list is empty, and pressing one is 404."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from clusterview.api import clusters, identity, refusing, shapes
from clusterview.models.people import Role
from clusterview.traffic import practising

router = Router(tags=["practice"])


@router.get("/{slug:cluster}/acts", response={200: list[shapes.Act]} | refusing.also(404))
def every_act(request: HttpRequest, cluster: str) -> list[dict[str, Any]]:
    """What can be made to happen in a practice cluster, in the order of its story; empty for a real one."""
    clusters.opened(cluster)
    return [{"name": one.metadata.name, "title": one.title, "does": one.does} for one in practising.acts(cluster=cluster)]


@router.post("/{slug:cluster}/acts/{slug:act}", response={200: shapes.Played} | refusing.also(403, 404, 409))
def play(request: HttpRequest, cluster: str, act: str) -> dict[str, Any]:
    """Makes it happen, and names every object that was changed. 409 while the beginning cannot be reached yet."""
    someone = identity.require(request, Role.OPERATOR)
    clusters.opened(cluster)
    played = practising.play(cluster=cluster, name=act, person=someone)
    changed = [{"kind": one.kind, "namespace": one.namespace, "name": one.name} for one in played.status.changed]
    return {"name": played.metadata.name, "title": played.title, "changed": changed}
