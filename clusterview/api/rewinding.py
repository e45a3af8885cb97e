"""What was seen of a cluster before: when was recorded, and what is different between two moments. The picture itself is `topology?at=`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router

from clusterview.api import clusters, refusing, seeing, shapes
from clusterview.api.refusing import Refusal
from clusterview.recording import reading

router = Router(tags=["clusters"])


@router.get("/{slug:cluster}/recorded", response={200: shapes.Recorded} | refusing.also(404))
def recorded(request: HttpRequest, cluster: str) -> dict[str, Any]:
    """The times that can be shown again, oldest first, each with how fresh the picture was; and the holes, of which nothing is known."""
    clusters.opened(cluster)
    spans = reading.spans(cluster=cluster)
    return {
        "hours": settings.REWIND_HOURS,
        "spans": [{"since": one.begun_at, "until": one.until, "state": one.state} for one in spans],
        "holes": reading.holes(spans=spans, now=datetime.now(UTC)),
    }


@router.get("/{slug:cluster}/differences", response={200: shapes.Differences} | refusing.also(404))
def differences(request: HttpRequest, cluster: str, since: shapes.Moment, until: shapes.Moment | None = None) -> HttpResponse:
    """What appeared, went, and changed between two moments; without `until`, up to now. 404 `not_recorded` and 503
    `too_many_look_back` as for `topology?at=`.
    """
    clusters.opened(cluster)
    at = until or datetime.now(UTC)
    if since > at:
        raise Refusal(400, "bad_request", detail=[{"at": "query.since", "problem": "is later than the moment that it is compared with"}])
    with seeing.looking_back():
        return HttpResponse(msgspec.json.encode(compared(cluster, since=since, until=until, at=at)), content_type="application/json")


def compared(cluster: str, *, since: datetime, until: datetime | None, at: datetime) -> dict[str, Any]:
    """The answer; `at` is `until`, or now."""
    before, after = seeing.past(cluster, at=since), seeing.past(cluster, at=until) if until else seeing.present(cluster)
    found = reading.difference(before=before, after=after)
    return {
        "before": {"at": since, "state": before.state, "missing": before.missing},
        "after": {"at": at, "state": after.state, "missing": after.missing},
        "holes": reading.holes_between(cluster=cluster, since=since, until=at),
        "not_compared": found.not_compared,
        "appeared": [clusters.name_of(record) for record in found.appeared],
        "gone": [clusters.name_of(record) for record in found.gone],
        "changed": [clusters.name_of(record) | {"fields": fields} for record, fields in found.changed],
    }
