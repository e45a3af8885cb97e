"""Signing in by a one-time link, and signing out.

The link comes by another way than the address somebody wanted to open, so that address waits in a cookie that only the sign-in is sent.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from clusterview.access import attempts, links, people, sources
from clusterview.stream import notices, publishing
from clusterview.views import pages

BACKEND = "django.contrib.auth.backends.ModelBackend"
WANTED = "clusterview_wanted"
WANTED_PATH = "/login/"
WANTED_SECONDS = 3600
# Browsers keep no cookie beyond 4 kB.
LONGEST = 2000


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The page for whoever wants to see a page of a cluster and has to sign in first; afterwards that page opens."""
    answer = pages.page(request, "signed_out.html", status=401)
    if len(wanted := request.get_full_path()) <= LONGEST:
        answer.set_cookie(
            WANTED, wanted, max_age=WANTED_SECONDS, path=WANTED_PATH, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    return answer


def _wanted(request: HttpRequest) -> str:
    """Where the sign-in leads: to a page of a cluster here, whatever the cookie says."""
    wanted = request.COOKIES.get(WANTED, "")
    return wanted if wanted.startswith("/c/") else reverse("home")


def _begin(request: HttpRequest, user: User) -> dict[str, str]:
    """This will begin a session with a fresh key, and return from where."""
    request.session.flush()
    login(request, user, backend=BACKEND)
    return sources.of_request(request, session_hash=people.session_hash(request.session.session_key or ""))


@never_cache
@require_http_methods(["GET", "POST"])
def login_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button and changes nothing; POST uses the link up and begins a session with a fresh key."""
    if request.method == "POST" and links.use(token=token, begin=lambda user: _begin(request, user)):
        answer = HttpResponseRedirect(_wanted(request))
        answer.delete_cookie(WANTED, path=WANTED_PATH)
        return answer
    user = links.find(token=token)
    if user is None:
        attempts.refused("dead_link", asked_from=sources.of_request(request))
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

