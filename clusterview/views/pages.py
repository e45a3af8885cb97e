"""The frame that all document pages share."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clusterview.access import clusters, people
from clusterview.views import bundles


def page(request: HttpRequest, template: str, *, person: people.Person | None = None, status: int = 200, **values: Any) -> HttpResponse:
    """This will render a document page; `person` is who is signed in, and so has a way to sign out and to the pages of a cluster.

    That is the one that the address names (`?cluster=`), else the first.
    """
    opened = clusters.opened() if person else {}
    named = request.GET.get("cluster", "")
    cluster = named if named in opened else next(iter(opened), "")
    context = {
        "styles": bundles.styles(entry="src/pages.css"), "signed_in": person, "practice": settings.PRACTICE,
        "cluster": cluster, "cluster_name": opened[cluster] if len(opened) > 1 else "", "within": within(cluster), **values,
    }  # fmt: skip
    return render(request, template, context, status=status)


def within(cluster: str) -> str:
    """What an address of a document page ends with where its links are to lead to this cluster."""
    return f"?cluster={cluster}" if clusters.ID.fullmatch(cluster) else ""
