"""Django's requests, each in one thread from its first middleware to its answer.

Django's own ASGI handler sends a request into a thread and back for each middleware and for the view, into one that is made for this request and
opens a connection to the database of its own. Here the threads stay, and so do their connections to a database that is a file.

Whether the process lives is answered without them: it does while all of them are busy, and whoever ended it then would end what they do. Whoever asks
that, or how it is doing, may come by any name, as a kubelet and Prometheus do by the number of a pod.

Django's own also writes a body of any length into a temporary file before anybody is asked who is sending it. Here one has an end, in memory.
"""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

import django
from asgiref.sync import sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.db import connection, connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

AT_ONCE = 32
"""Requests beyond these wait for one of them."""

LIVEZ = "/livez"
ALIVE = b"ok\n"
ALIVE_HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"3"), (b"x-content-type-options", b"nosniff")]

MOST_BYTES = 256 * 1024
"""Of a request's body. The largest that anybody needs is a hundredth of that."""

TOO_LARGE = json.dumps({"code": "too_large", "sentence": f"A request may have {MOST_BYTES} bytes; this one has more."}).encode()
TOO_LARGE_HEADERS = [
    (b"content-type", b"application/json"), (b"content-length", str(len(TOO_LARGE)).encode()), (b"connection", b"close"),
    (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"),
]  # fmt: skip

BY_ANY_NAME = ("/readyz", "/metrics")
NAME = (b"host", b"localhost")  # which is always allowed

THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="answering")


class TooLarge(Exception):
    """The body is longer than any may be; the rest of it is not read."""


class Handler(ASGIHandler):
    """As `ASGIHandler`, and everything about a request happens in one thread. A view that is a coroutine runs on the event loop all the same."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == LIVEZ and scope["method"] in ("GET", "HEAD"):
            await send({"type": "http.response.start", "status": 200, "headers": ALIVE_HEADERS})
            await send({"type": "http.response.body", "body": ALIVE if scope["method"] == "GET" else b""})
            return
        if scope["type"] == "http" and scope["path"] in BY_ANY_NAME:
            scope = scope | {"headers": [*(header for header in scope["headers"] if header[0] != b"host"), NAME]}
        await super().__call__(scope, receive, send)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers 413 before anything else is looked at where the body is too long, or says that it will be."""
        try:
            if declared_bytes(scope) > MOST_BYTES:
                raise TooLarge
            await super().handle(scope, receive, send)
        except TooLarge:
            await send({"type": "http.response.start", "status": 413, "headers": TOO_LARGE_HEADERS})
            await send({"type": "http.response.body", "body": TOO_LARGE})

    async def read_body(self, receive: Any) -> IO[bytes]:
        """The whole body. Raises TooLarge, whatever its headers said, and RequestAborted where the client left."""
        body, has_more = io.BytesIO(), True
        while has_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            body.write(message.get("body", b""))
            if body.tell() > MOST_BYTES:
                raise TooLarge
            has_more = message.get("more_body", False)
        body.seek(0)
        return body

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


def declared_bytes(scope: Any) -> int:
    """How long the body says that it is; 0 where it does not, as one that comes in chunks."""
    said = dict(scope["headers"]).get(b"content-length", b"")
    return int(said) if said.isdigit() else 0


def application() -> Handler:
    """Django, ready to answer."""
    django.setup(set_prefix=False)
    return Handler()
