"""What can be switched, what a switch would do, switches that run, and their story.

A switch is asked for here and done elsewhere: an answer of 202 says that the row and its audit are committed, not that traffic moved. What
refuses it is `clusterview.traffic`; the shape of refusals is the API's one shape.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from clusterview.access import clusters as known
from clusterview.api import clusters, identity, refusing, seeing, shapes
from clusterview.api.refusing import Refusal
from clusterview.models import Sizing, Switch
from clusterview.models.people import Role
from clusterview.traffic import applications, reporting, requesting, returning, words

of_cluster = Router(tags=["switches"])
router = Router(tags=["switches"])

NEVER_SWITCHED: dict[str, Any] = {
    "open_switch": None, "keeping": None, "left": None, "reverted": None, "half_done": None, "failed": None, "sizing": None, "warm_up": None,
}  # fmt: skip


HOW_FRESH = {
    "Clusterview-State": {"schema": {"type": "string", "enum": ["live", "stale", "lost"]}},
    "Clusterview-Contact-Age": {"schema": {"type": "number", "minimum": 0}, "description": "Seconds; none before the first contact."},
    "Clusterview-Missing": {"schema": {"type": "string"}, "description": "Kinds that are not seen, with commas between them."},
}


@of_cluster.get(
    "/{slug:cluster}/applications", response={200: list[shapes.Application]} | refusing.also(404), by_alias=True,
    openapi_extra={"responses": {200: {"headers": HOW_FRESH}}},
)  # fmt: skip
def every_application(request: HttpRequest, response: HttpResponse, cluster: str, all: bool = False) -> list[dict[str, Any]]:
    """Every application with two sides, found from the cluster alone, and what stands against a switch of it; one that can be taken back with the
    sides that are left of it.

    With `all=true` every other Service too, with strategy `none` and the reason; only those that the annotation hides are left out.
    How fresh the picture is stands in the headers `Clusterview-State`, `Clusterview-Contact-Age` (seconds; none before the first contact) and
    `Clusterview-Missing` (kinds that are not seen, with commas between them).
    """
    clusters.opened(cluster)
    seen, contact = seeing.now(cluster), seeing.contact(cluster)
    response["Clusterview-State"] = contact.state
    if contact.contact_age_seconds is not None:
        response["Clusterview-Contact-Age"] = f"{contact.contact_age_seconds:.1f}"
    response["Clusterview-Missing"] = ",".join(one.kind for one in contact.missing)
    switched = {uid for kind in (Switch, Sizing) for uid in kind.objects.filter(cluster=cluster).values_list("service_uid", flat=True).distinct()}
    return [
        as_map(found) | (reporting.of_service(cluster=cluster, service_uid=found.service_uid) if found.service_uid in switched else NEVER_SWITCHED)
        for found in applications.discover(seen.as_picture(), everything=all, switched=reporting.switched(cluster=cluster))
    ]


def as_map(found: applications.Application) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(found, name) for name in found.__struct_fields__}
    sentence, remedy = words.why_not(code=found.why_not, params=found.why_not_params) if found.why_not else ("", "")
    return told | {"why_not_sentence": sentence, "why_not_remedy": remedy}


@of_cluster.get("/{slug:cluster}/preflight", response={200: shapes.Preflight} | refusing.also(403, 404, 422), by_alias=True)
def preflight(
    request: HttpRequest, cluster: str, namespace: shapes.Text, service: shapes.Text, to: shapes.Text, overlap_seconds: shapes.Overlap | None = None
) -> dict[str, Any]:
    """What a switch to `to` checks and sends, read from the API server now: `{checks, recipes, patch, kubectl, from, to, …}`. Changes nothing.

    Who wants another overlap than the Service's kind decides says so here and with the switch that `confirm` is for.
    """
    clusters.opened(cluster)
    return requesting.preview(
        person=identity.person(request), cluster=cluster, namespace=namespace, service=service, to=to, overlap_seconds=overlap_seconds
    )


@of_cluster.get("/{slug:cluster}/groups/preflight", response={200: shapes.GroupPreflight} | refusing.also(403, 404, 422), by_alias=True)
def group_preflight(
    request: HttpRequest, cluster: str, namespace: shapes.Text, to: shapes.Text, services: shapes.Services
) -> dict[str, Any]:
    """What a switch of several Services to `to` checks and sends, in the order of `services`, each as `preflight` tells it. Changes nothing.

    A warning that Services would be left behind which move along is not among the checks; `confirm` is for the group that follows.
    """
    clusters.opened(cluster)
    return requesting.preview_group(person=identity.person(request), cluster=cluster, namespace=namespace, services=services, to=to)


@of_cluster.post("/{slug:cluster}/switches", response={202: shapes.Begun} | refusing.also(403, 404, 409, 422))
def begin(request: HttpRequest, cluster: str, asked: shapes.SwitchRequest, key: shapes.Key = None) -> Status[dict[str, str]]:
    """Begins a switch. 403 when not armed or not allowed, 409 with the fresh state, 422 with the checks that failed.

    With the header `Idempotency-Key` the same request, sent again, answers with the same switch. 400 for a key that is empty or longer than 128
    characters.
    """
    someone = identity.require(request, Role.OPERATOR)
    begun = requesting.request_switch(
        person=someone, cluster=cluster, namespace=asked.namespace, service=asked.service, to=asked.to, expected=asked.expected,
        accept=asked.accept, overlap_seconds=asked.overlap_seconds, keep_seconds=asked.keep_seconds, confirm=asked.confirm,
        idempotency_key=key,
    )  # fmt: skip
    return Status(202, told(begun))


@of_cluster.post("/{slug:cluster}/groups", response={202: list[shapes.Begun]} | refusing.also(403, 404, 409, 422))
def begin_group(
    request: HttpRequest, cluster: str, asked: shapes.GroupRequest, key: shapes.Key = None
) -> Status[list[dict[str, str]]]:
    """Begins the switches of several Services, checked as a whole and done one after another; the first failure cancels those after it.

    A refusal for one of them names it as `service`; 409 with the fresh state of the first that is not as `expected`. `Idempotency-Key` as for one
    switch.
    """
    someone = identity.require(request, Role.OPERATOR)
    begun = requesting.request_group(
        person=someone, cluster=cluster, namespace=asked.namespace, services=asked.services, to=asked.to, expected=asked.expected,
        accept=asked.accept, keep_seconds=asked.keep_seconds, confirm=asked.confirm, idempotency_key=key,
    )  # fmt: skip
    return Status(202, [told(one) for one in begun])


@router.post("/groups/{uuid:group}/back", response={202: list[shapes.TakenBack]} | refusing.also(403, 404, 409, 422))
def group_back(request: HttpRequest, group: uuid.UUID) -> Status[list[dict[str, str]]]:
    """Takes the switches of a group back, in reverse order; then come those that nothing is written to, each with the reason."""
    someone = identity.require(request, Role.OPERATOR)
    begun, left = returning.request_group_back(group=group, person=someone)
    going = [told(one) | {"service": one.service} for one in begun]
    stay = [told(one) | {"service": one.service, "left": why, "by": by, "sentence": words.left(why)} for one, why, by in left]
    return Status(202, going + stay)


@router.get("", response={200: list[shapes.Switch]} | refusing.also(404), by_alias=True)
def every_switch(request: HttpRequest, cluster: shapes.Text = "", limit: shapes.Limit = 100, before: uuid.UUID | None = None) -> list[dict[str, Any]]:
    """The newest switches first, of one cluster or of all open ones, drawn from the audit; `differs` says what the database's rows say otherwise.

    `before`, the id of the last one, gives those that are older; the end is a list with fewer than `limit`. 400 for a `limit` beyond 500, 404 for a
    `before` that is not in the list.
    """
    return reporting.newest_first(clusters=wanted(cluster), limit=limit, before=before)


@router.get("/{uuid:switch}", response={200: shapes.Story} | refusing.also(404), by_alias=True)
def story(request: HttpRequest, switch: uuid.UUID) -> dict[str, Any]:
    """One switch: its state, `keeping_old_until`, steps and every entry of the audit; recipes against a fight where somebody else reverted it."""
    shown = reporting.as_dict(found(switch))
    return shown | {"recipes": requesting.recipes_for(found(switch))}  # looked up after it, for an end that it tells of may have come meanwhile


@router.post("/{uuid:switch}/back", response={202: shapes.Begun} | refusing.also(403, 404, 409, 422))
def back(request: HttpRequest, switch: uuid.UUID) -> Status[dict[str, str]]:
    """Turns an open switch around, or begins the opposite one after a success, or after `needs_human` where the Service still leads where the switch
    has brought it; the id is that of the switch which goes back. From a way back that has ended nobody goes back (409 `finished`).
    """
    someone = identity.require(request, Role.OPERATOR)
    return Status(202, told(requesting.request_back(switch=found(switch), person=someone)))


@router.post("/{uuid:switch}/keep", response={200: shapes.Switch} | refusing.also(403, 404, 409, 422), by_alias=True)
def keep(request: HttpRequest, switch: uuid.UUID, asked: shapes.Keep) -> dict[str, Any]:
    """Keeps the old side for so many minutes from now. 409 where it is not kept any more, `scaling-down` where it is to be made
    smaller, or `kept-longer` where it is kept `until` a later time.
    """
    someone = identity.require(request, Role.OPERATOR)
    return reporting.summary(requesting.keep(switch=found(switch), person=someone, minutes=asked.minutes))


@router.post("/{uuid:switch}/leave", response={200: shapes.Switch} | refusing.also(403, 404, 409), by_alias=True)
def leave(request: HttpRequest, switch: uuid.UUID) -> dict[str, Any]:
    """Ends a switch that is `held`, as `needs_human`: traffic stays where it is. 409 where it is not held; the cluster need not be armed."""
    someone = identity.require(request, Role.OPERATOR)
    return reporting.summary(requesting.leave(switch=found(switch), person=someone))


def wanted(cluster: str) -> list[str]:
    """The open clusters that a list is of, all of them where none is named."""
    return [one for one in known.ids() if cluster in ("", one)]


def found(identifier: uuid.UUID) -> Switch:
    """The switch. Raises Refusal 404, the same whether it never was or its cluster is not open."""
    switch = requesting.find(identifier)
    if switch is None:
        raise Refusal(404, "not_found")
    return switch


def told(switch: Switch) -> dict[str, str]:
    return {"id": str(switch.pk), "state": switch.state}
