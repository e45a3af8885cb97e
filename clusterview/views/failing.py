"""What people read when something cannot be shown. Programs that ask below /api/ get the same in JSON."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext

from clusterview.access import attempts, people, sources, transacting
from clusterview.views import pages

log = logging.getLogger(__name__)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same answer for what is not there and for what may not be seen."""
    if request.path.startswith("/api/"):
        return JsonResponse({"code": "not_found", "sentence": "There is no such thing, or you may not see it."}, status=404)
    return pages.page(request, "not_found.html", status=404, person=_person(request))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Signed in, but the role is not enough."""
    person = people.person_of_request(request)
    attempts.refused("not_allowed", asked_from=person.asked_from if person else {}, by=person.name if person else "")
    sentence = gettext("Your role does not allow this. Ask an administrator.")
    return pages.page(request, "forbidden.html", status=403, person=person, sentence=sentence)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was not sent by our own page, or by one that is too old."""
    attempts.refused("csrf", asked_from=sources.of_request(request))
    sentence = gettext("This form was not sent by a page of Clusterview, or the page was too old. Go back, reload it and try again.")
    return pages.page(request, "forbidden.html", status=403, person=_person(request), sentence=sentence)


def _person(request: HttpRequest) -> people.Person | None:
    """Who is signed in and so is shown the way on; nobody where the database is away, without which the same is said."""
    try:
        return people.person_of_session(request.session.session_key)
    except (OperationalError, InterfaceError) as problem:
        transacting.note(problem)
        return None


def broken(request: HttpRequest) -> HttpResponse:
    """No details: they are in the log."""
    return pages.page(request, "broken.html", status=500)


class WithoutDatabase(MiddlewareMixin):
    """Says that the database is away, wherever it was missed; the REST API says so itself."""

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not isinstance(problem, (OperationalError, InterfaceError)):
            return None
        transacting.note(problem)
        log.warning("%s was not shown, the database is away: %s", request.path, problem)
        response = pages.page(request, "no_database.html", status=503)
        response["Retry-After"] = "1"
        return response
