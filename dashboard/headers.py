"""The headers of every answer beside those of Django's own middlewares."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin


class ForOnePerson(MiddlewareMixin):
    """Keeps what one person is answered from others: from what a proxy remembers, where the view has not said how long that may be kept, and from
    pages of other origins.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        if "Cache-Control" not in response:
            response["Cache-Control"] = "no-store, private"
            patch_vary_headers(response, ["Cookie", "Authorization"])
        return response
