"""The clusters, what is seen of them, and whether switching is allowed there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router

from clusterview import models
from clusterview.api import identity, refusing, seeing, shapes
from clusterview.api.refusing import Refusal
from clusterview.models.people import Role
from clusterview.topology import links, objects
from clusterview.topology.joining import Joined
from clusterview.traffic import looking, requesting

router = Router(tags=["clusters"])


def opened(identifier: str) -> models.Cluster:
    """This will return an open cluster. Raises Refusal 404, the same whether it never was or is not open."""
    found = models.Cluster.objects.select_related("armed_by").filter(pk=identifier, active=True).first()
    if found is None:
        raise Refusal(404, "not_found")
    return found


@router.get("", response={200: list[shapes.Cluster]} | refusing.also())
def every_cluster(request: HttpRequest) -> list[dict[str, Any]]:
    """Every open cluster and how fresh its picture is."""
    return [describe(found) for found in models.Cluster.objects.select_related("armed_by").filter(active=True)]


@router.get("/{slug:cluster}", response={200: shapes.ClusterFacts} | refusing.also(404))
def one_cluster(request: HttpRequest, cluster: str) -> dict[str, Any]:
    """One open cluster, without what would take a look at each of its objects."""
    return facts(opened(cluster))


def describe(found: models.Cluster) -> dict[str, Any]:
    picture = seeing.picture(found.pk)
    return facts(found) | {
        "epoch": picture.position.epoch if picture else 0,
        "sequence": picture.position.sequence if picture else 0,
        "counts": Counter(str(objects.kind_of(record)) for record in picture.objects) if picture else {},
    }


def facts(found: models.Cluster) -> dict[str, Any]:
    contact = seeing.contact(found.pk)
    return {
        "id": found.pk,
        "name": found.name,
        "version": contact.version,
        "state": contact.state,
        "reason": contact.reason,
        "detail": contact.detail,
        "contact_age_seconds": contact.contact_age_seconds,
        "verified_age_seconds": contact.verified_age_seconds,
        "divergences": contact.divergences,
        "not_permitted": [one.kind for one in contact.missing if one.why == "not_permitted"],
        "missing": [msgspec.to_builtins(one) for one in contact.missing],
        "armed": found.armed,
        "armed_at": found.armed_at,
        "frozen_at": found.frozen_at,
        "lost_marks": found.lost_marks,
        "armed_by": found.armed_by.get_username() if found.armed_by else None,
        "identity_is_weak": found.is_known_weakly,
        "connection": looking.weakness(found.pk),
        "read_only": settings.READ_ONLY,
    }


@router.get("/{slug:cluster}/topology", response={200: shapes.Topology} | refusing.also(404))
def topology(
    request: HttpRequest, cluster: str, kind: shapes.Text = "", namespace: shapes.Text = "", at: shapes.Moment | None = None, links: bool = True
) -> HttpResponse:
    """The page's own picture: `{objects: [{kind, namespace, name, uid, …}], links: [{kind, source, target}], epoch, sequence}`.

    `kind` and `namespace` leave out the other objects, and then links too unless both ends are in the answer; `links=false` all of them. What happens
    afterwards is told by `changes` with `Last-Event-ID: <epoch>-<sequence>`. `state`, `contact_age_seconds` and `missing` say how fresh it is, and
    which kinds are not seen. With `at`, a time with its zone, what was seen then, and `state` and `missing` as they were then (`missing` is null
    where that was not written down); 404 `not_recorded` where nothing was written down for that moment, with the nearest `before` and `after` that
    were (see `recorded`), and 503 `too_many_look_back` where others ask for so much of the past that it would take seconds; `too_many_links` where
    they ask for the links of so many objects.
    """
    opened(cluster)
    if at is not None:
        with seeing.looking_back():
            then = seeing.past(cluster, at=at)
            return sighted(then.picture.objects.values(), kind=kind, namespace=namespace, linked=links, state=then.state, missing=then.missing)
    now = seeing.now(cluster)
    place = now.position
    return sighted(now.objects, kind=kind, namespace=namespace, linked=links, epoch=place.epoch, sequence=place.sequence, **seeing.freshness(cluster))


def sighted(seen: Iterable[objects.AnyRecord], *, kind: str, namespace: str, linked: bool, **more: Any) -> HttpResponse:
    """The answer with what is wanted of the objects, and the links between those."""
    chosen = [record for record in seen if wanted(record, kind=kind, namespace=namespace)]
    with seeing.linking(objects=len(chosen) if linked else 0):
        joined = [as_map(link) for link in Joined(objects=chosen).links()] if linked else []
        return HttpResponse(msgspec.json.encode({"objects": chosen, "links": joined, **more}), content_type="application/json")


def wanted(record: objects.AnyRecord, *, kind: str, namespace: str) -> bool:
    return (not kind or str(objects.kind_of(record)) == kind) and (not namespace or record.namespace == namespace)


def name_of(record: objects.AnyRecord) -> dict[str, str]:
    return {"kind": str(objects.kind_of(record)), "namespace": record.namespace, "name": record.name, "uid": record.uid}


def as_map(link: links.Link) -> dict[str, str]:
    return {"kind": str(link.kind), "source": link.source, "target": link.target}


@router.post("/{slug:cluster}/arm", response={200: shapes.Armed} | refusing.also(403, 404, 409))
def arm(
    request: HttpRequest,
    cluster: str,
    looked: shapes.Marks = [],  # noqa: B006 (a default of the description, never changed)
) -> dict[str, bool]:
    """Allows switching in the cluster. Administrators only; 409 `armed-elsewhere` where it is armed as another `context`, and 409 `frozen` where the
    database does not know of effects that stand in the cluster: then `looked` has to name each mark of its `lost_marks`.
    """
    someone = identity.require(request, Role.ADMIN)
    opened(cluster)
    if settings.READ_ONLY:
        raise Refusal(403, "read_only")
    requesting.arm(cluster=cluster, actor=someone, looked=looked)
    return {"armed": True}


@router.post("/{slug:cluster}/disarm", response={200: shapes.Armed} | refusing.also(403, 404))
def disarm(request: HttpRequest, cluster: str) -> dict[str, bool]:
    """Forbids switching in the cluster. Administrators only."""
    someone = identity.require(request, Role.ADMIN)
    opened(cluster)
    requesting.disarm(cluster=cluster, actor=someone)
    return {"armed": False}
