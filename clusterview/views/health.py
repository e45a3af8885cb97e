"""Signs of life for whoever watches the product itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def livez(_: HttpRequest) -> HttpResponse:
    """The process answers. Says nothing of the database, Redis or any cluster. Under `up` the event loop says the same, without a thread."""
    return HttpResponse("ok\n", content_type="text/plain")
