"""The frame that all document pages share."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clusterview.access import clusters, people
from clusterview.views import bundles


def page(request: HttpRequest, template: str, *, person: people.Person | None = None, status: int = 200, **values: Any) -> HttpResponse:
    """This will render a document page; `person` is who is signed in, and so has a way to sign out and to the pages of the first cluster."""
    context = {
        "styles": bundles.styles(entry="src/pages.css"), "signed_in": person, "practice": settings.PRACTICE,
        "cluster": next(iter(clusters.ids()), "") if person else "", **values,
    }  # fmt: skip
    return render(request, template, context, status=status)
