"""The REST API, put together. Its description is at /api/v1/openapi.json; there is no documentation page, since that would need foreign scripts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import get_language
from ninja import NinjaAPI

from clusterview.access import people
from clusterview.api import audit, bodies, clusters, identity, practising, queries, refusing, rewinding, shapes, sizes, streaming, switches


def signed_in_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """This will show the description only to those whom the API lets in."""

    @wraps(view)
    def guarded(request: HttpRequest, *arguments: object, **named: object) -> HttpResponse:
        if people.person_of_request(request) is None:
            return JsonResponse(refusing.Refusal(401, "not_signed_in").body, status=401, headers=refusing.headers(401))
        return view(request, *arguments, **named)

    return guarded


api = NinjaAPI(
    title="Clusterview", version="1", docs_url=None, docs_decorator=signed_in_only, auth=identity.WAYS_IN, urls_namespace="api",
    parser=bodies.Parser(),
)  # fmt: skip
refusing.install(api=api)
api.add_decorator(queries.as_described)
api.add_router("/clusters", clusters.router)
api.add_router("/clusters", streaming.router)
api.add_router("/clusters", rewinding.router)
api.add_router("/clusters", switches.of_cluster)
api.add_router("/clusters", practising.router)
api.add_router("/switches", switches.router)
api.add_router("/clusters", sizes.of_cluster)
api.add_router("/switches", sizes.of_switch)
api.add_router("/sizes", sizes.router)
api.add_router("/audit", audit.router)


@api.get("/me", response={200: shapes.Me} | refusing.also(), tags=["people"])
def me(request: HttpRequest) -> shapes.Me:
    """Who is asking, and in which language the server would answer."""
    someone = identity.person(request)
    language = (get_language() or settings.LANGUAGE_CODE)[:2]
    return shapes.Me(name=someone.name, role=someone.role, language=language)
