"""Signing in by a one-time link, and signing out."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from clusterview.access import links, people
from clusterview.stream import notices, publishing
from clusterview.views import pages

BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "POST"])
def login_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button and changes nothing; POST uses the link up and begins a session with a fresh key."""
    if request.method == "POST" and (user := links.use(token=token)):
        request.session.flush()
        login(request, user, backend=BACKEND)
        return HttpResponseRedirect(reverse("home"))
    user = links.find(token=token)
    return pages.page(request, "login.html", user=user, person=people.person_of_request(request), status=200 if user else 410)


@never_cache
@require_http_methods(["GET", "POST"])
def signed_out(request: HttpRequest) -> HttpResponse:
    """POST ends the session and closes its open pages; GET only says how to come back."""
    if request.method == "POST" and request.session.session_key:
        session_hash = people.session_hash(request.session.session_key)
        logout(request)
        client = publishing.connect(url=settings.REDIS_URL)
        notices.revoked(redis=client, session_hash=session_hash)
    return pages.page(request, "signed_out.html")

