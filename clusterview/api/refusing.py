"""How REST says no: always `{"code", "sentence", …}`, whoever noticed it first.

`code` is for programs and never changes its meaning; `sentence` is for people. What is absent and what may not be seen answer alike.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Annotated, Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import ConfigDict

from clusterview.access import attempts, sources, transacting
from clusterview.access.people import Person
from clusterview.api import shapes
from clusterview.traffic import errors, words

log = logging.getLogger(__name__)

SENTENCES = {
    "not_signed_in": "Sign in, or send a valid token as `Authorization: Bearer …`.",
    "not_allowed": "Your role does not allow this.",
    "not_found": "There is no such thing, or you may not see it.",
    "method_not_allowed": "This address is not for that method; the header Allow names those it is for.",
    "bad_request": "The request is not as it should be; `detail` says where.",
    "csrf": "The request did not come from this page. Reload it and try again.",
    "read_only": "This installation is read-only: it was started with --read-only.",
    "not_seen_yet": "Nothing of this cluster has been seen yet. Try again when it is live.",
    "not_recorded": "Nothing was recorded at that moment.",
    "too_many_look_back": "Too many look at the past at this moment. Try again in a second.",
    "too_many_links": "Too many ask for the links of a large cluster at this moment. Try again in a second, or ask with `links=false`.",
    "too_many": "As many live connections are open in your name as one may have. Close a page or a stream of changes, and try again.",
    "no_database": "The database does not answer at the moment. Try again; what is sent with the same Idempotency-Key is never done twice.",
    "broken": "Something went wrong on our side; it is in the log.",
}
NOT_THEIRS = ("csrf", "forbidden")  # refusals that the log has: of one `views.failing` was told by Django, the other the cluster says of us
RETRY_AFTER = {429: "30", 503: "1"}


EVERYWHERE = (400, 401, 413, 500, 503)
BEFORE_US = "too_large"  # what a body is that Django is never given


class Refused(Schema):
    """What every refusal says. `code` is for programs and never changes its meaning, `sentence` is English and for people. 429 and 503 come with
    `Retry-After` in seconds; whatever has another status is refused again unless something is changed.

    Beside them stand, by the code: `detail`, of a `bad_request` what is wrong `at` which place, else words of whoever refused it; the `checks` of a
    preflight; what is `fresh` of a Service that was seen otherwise, and the open `switch` of it; which `service` of several; the `context` that is
    armed; the nearest recorded moments `before` and `after`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "not_found", "sentence": SENTENCES["not_found"]}]})

    code: Annotated[str, shapes.one_of(*sorted({*SENTENCES, *words.REFUSALS, BEFORE_US}))]
    sentence: str
    detail: list[dict[str, str]] | str | None = None
    checks: list[shapes.Check] | None = None
    fresh: dict[str, Any] | None = None
    switch: str | None = None
    service: str | None = None
    context: str | None = None
    before: datetime | None = None
    after: datetime | None = None


def also(*statuses: int) -> dict[int, type[Refused]]:
    """The refusals of an operation, for its `response`: those that are possible everywhere, and these."""
    return dict.fromkeys(sorted({*EVERYWHERE, *statuses}), Refused)


class Refusal(Exception):
    """Ends the request with this HTTP status and code; `body` goes beside code and sentence."""

    def __init__(self, status: int, code: str, **body: Any) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code
        self.body: dict[str, Any] = {"code": code, "sentence": SENTENCES[code], **body}


def headers(status: int) -> dict[str, str]:
    """What goes with a refusal of this status: how to come in, or when to come again, in seconds."""
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="clusterview"'}
    return {"Retry-After": RETRY_AFTER[status]} if status in RETRY_AFTER else {}


class OfMethods(MiddlewareMixin):
    """Says in the one shape that an address is not for a method: the library says it in HTML, and before it asks any handler."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code != 405 or not request.path.startswith("/api/"):
            return response
        return JsonResponse(Refusal(405, "method_not_allowed").body, status=405, headers={"Allow": response["Allow"]})
def note(request: HttpRequest, *, why: str) -> None:
    """This will write into the log that this request was refused, and whose it is."""
    person = getattr(request, "auth", None)
    asked_from = person.asked_from if isinstance(person, Person) else sources.of_request(request)
    attempts.refused(why, asked_from=asked_from, by=person.name if isinstance(person, Person) else "")


def install(*, api: NinjaAPI) -> None:
    """This will make the API answer every exception in the one shape."""

    def answer(request: HttpRequest, refusal: Refusal | errors.Refused) -> HttpResponse:
        if refusal.status == 403 and refusal.body["code"] not in NOT_THEIRS:
            note(request, why=refusal.body["code"])
        response = api.create_response(request, refusal.body, status=refusal.status)
        for name, value in headers(refusal.status).items():
            response[name] = value
        return response

    @api.exception_handler(Refusal)
    def refused(request: HttpRequest, problem: Refusal) -> HttpResponse:
        return answer(request, problem)

    @api.exception_handler(errors.Refused)
    def refused_by_traffic(request: HttpRequest, problem: errors.Refused) -> HttpResponse:
        return answer(request, problem)

    @api.exception_handler(errors.NotListed)
    def nowhere(request: HttpRequest, _: errors.NotListed) -> HttpResponse:
        return answer(request, Refusal(404, "not_found", detail=[{"at": "query.before", "problem": "is not in this list"}]))

    @api.exception_handler(AuthenticationError)
    def stranger(request: HttpRequest, _: AuthenticationError) -> HttpResponse:
        return answer(request, Refusal(401, "not_signed_in"))

    @api.exception_handler(PermissionDenied)
    def not_any_more(request: HttpRequest, _: PermissionDenied) -> HttpResponse:
        return answer(request, Refusal(403, "not_allowed"))

    @api.exception_handler(Http404)
    def absent(request: HttpRequest, _: Http404) -> HttpResponse:
        return answer(request, Refusal(404, "not_found"))

    @api.exception_handler(ValidationError)
    def malformed(request: HttpRequest, problem: ValidationError) -> HttpResponse:
        places = [{"at": ".".join(map(str, one["loc"])), "problem": one["msg"]} for one in problem.errors]
        return answer(request, Refusal(400, "bad_request", detail=places))

    @api.exception_handler(HttpError)
    def by_the_library(request: HttpRequest, problem: HttpError) -> HttpResponse:
        if problem.status_code == 403:
            return answer(request, Refusal(403, "csrf"))
        detail = [{"at": "body", "problem": str(problem.__cause__ or problem)}]
        return answer(request, Refusal(problem.status_code, "bad_request", detail=detail))

    @api.exception_handler(OperationalError)
    @api.exception_handler(InterfaceError)
    def without_database(request: HttpRequest, problem: Exception) -> HttpResponse:
        transacting.note(problem)
        log.warning("%s %s was not answered, the database is away: %s", request.method, request.path, problem)
        return answer(request, Refusal(503, "no_database"))

    @api.exception_handler(Exception)
    def broken(request: HttpRequest, problem: Exception) -> HttpResponse:
        log.error("%s %s failed", request.method, request.path, exc_info=problem)
        return answer(request, Refusal(500, "broken"))
