"""Django's requests, each in one thread from its first middleware to its answer.

Django's own ASGI handler sends a request into a thread and back for each middleware and for the view, into one that is made for this request and
opens a connection to the database of its own. Here the threads stay, and so do their connections to a database that is a file.

Whether the process lives is answered without them: it does while all of them are busy, and whoever ended it then would end what they do.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connection, connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

AT_ONCE = 32
"""Requests beyond these wait for one of them."""

LIVEZ = "/livez"
ALIVE = b"ok\n"
ALIVE_HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"3"), (b"x-content-type-options", b"nosniff")]

THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="answering")


class Handler(ASGIHandler):
    """As `ASGIHandler`, and everything about a request happens in one thread. A view that is a coroutine runs on the event loop all the same."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == LIVEZ and scope["method"] in ("GET", "HEAD"):
            await send({"type": "http.response.start", "status": 200, "headers": ALIVE_HEADERS})
            await send({"type": "http.response.body", "body": ALIVE if scope["method"] == "GET" else b""})
            return
        await super().__call__(scope, receive, send)

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self._answer, thread_sensitive=False, executor=THREADS)(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            if connection.vendor != "sqlite" or connection.errors_occurred:  # a server may freeze, and only one that is opened then has a time-out
                connections.close_all()


def application() -> Handler:
    """Django, ready to answer."""
    django.setup(set_prefix=False)
    return Handler()
