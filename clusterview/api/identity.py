"""Who asks over REST: a token's holder, or the person of the page's session.

A session is a cookie, which a browser sends from any page; so a request by session that changes something also needs the CSRF token. Where
a token is sent, the session does not count.
"""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from clusterview.access import people, roles
from clusterview.api.refusing import Refusal


class Token(HttpBearer):
    """`Authorization: Bearer …`, from `manage.py token create`."""

    def authenticate(self, request: HttpRequest, token: str) -> people.Person | None:
        return people.asking(request, people.person_of_token(token.strip()), by_token=True)


class Session(APIKeyCookie):
    """The cookie of a signed-in browser."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> people.Person | None:
        scheme = request.headers.get("Authorization", "").partition(" ")[0].lower()
        if scheme == "bearer":
            return None
        return people.asking(request, None if scheme else people.person_of_session(key), by_token=bool(scheme))


WAYS_IN = [Token(), Session()]


def person(request: HttpRequest) -> people.Person:
    """Who was let in."""
    return cast(people.Person, request.auth)  # type: ignore[attr-defined]


def require(request: HttpRequest, role: str) -> people.Person:
    """This will return who was let in, if their role includes this one. Raises Refusal 403."""
    someone = person(request)
    if not roles.allows(someone.role, role):
        raise Refusal(403, "not_allowed")
    return someone


def is_still_let_in(request: HttpRequest) -> bool:
    """Whether the one who began this request would be let in now, for answers that go on for long."""
    return people.person_of_request(request) is not None
