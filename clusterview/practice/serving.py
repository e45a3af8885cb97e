"""HTTP: each request to its answer. Starlette carries it, and what a Kubernetes API server says stands in the other modules."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from clusterview.practice import (
    accounts,
    answering,
    computing,
    discovery,
    health,
    listing,
    openapi,
    permissions,
    playing,
    problems,
    routing,
    streaming,
    visitors,
)  # fmt: skip
from clusterview.practice.accounts import Account
from clusterview.practice.answering import Asked
from clusterview.practice.objects import Object
from clusterview.practice.permissions import Act
from clusterview.practice.problems import Problem
from clusterview.practice.resources import ACTS, COMPUTED
from clusterview.practice.store import Store

log = logging.getLogger(__name__)

BODY_BYTES = 3 * 1024 * 1024
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Server:
    """The API of one store. `tokens` are by user; `app` is what uvicorn runs; `close` ends the watches, so that the server can end.

    Everything but the acts waits for as long as the act says that made the server slow: the way back must not be slow too.
    """

    def __init__(self, store: Store, *, story: str, tokens: Mapping[str, str], clock: Callable[[], float] = time.time) -> None:
        self.store, self.pages, self.visitors = store, listing.Pages(), visitors.Visitors()
        self.stage = playing.Stage(store, story=story)
        self._tokens, self._clock = tokens, clock
        self._closing = asyncio.Event()
        self._watches: set[streaming.Watch] = set()
        self.app = Starlette(routes=[Route("/{path:path}", self._serve, methods=METHODS)])

    def close(self) -> None:
        self._closing.set()
        for watch in self._watches:
            watch.wake()

    async def _serve(self, request: Request) -> Response:
        try:
            account = self._account(request)
            path = request.url.path.rstrip("/") or "/"
            target = routing.resolve(path)
            if target is None or target.resource is not ACTS:
                await self._linger()
            if target is None:
                return self._unresourceful(request, path, account)
            asked = await self._asked(request, target, account)
            if asked.is_watch:
                return self._watch(asked)
            if target.resource in COMPUTED:
                status, body = computing.answer(self.store, self.stage, asked, now=self._clock())
                return answered(body, status=status)
            status, body = answering.answer(self.store, self.pages, asked, now=self._clock())
            return answered(body, status=status)
        except Problem as problem:
            return answered(problem.status(), status=problem.code, headers=problem.headers)
        except Exception:  # an object of a shape that nobody foresaw: whoever sent it is told so in the API's own form
            log.exception("%s %s could not be answered", request.method, request.url.path)
            unforeseen = Problem(500, "InternalError", "Internal error occurred: the practice cluster could not answer; its log says why")
            return answered(unforeseen.status(), status=unforeseen.code)

    async def _linger(self) -> None:
        """What a slow API server does before it answers, unless it is to end."""
        if self.stage.delay_seconds:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.stage.delay_seconds):
                    await self._closing.wait()

    def _account(self, request: Request) -> Account:
        account = accounts.of_token(tokens=self._tokens, authorization=request.headers.get("Authorization", ""))
        if account is None:
            raise problems.unauthorized()
        user = request.headers.get("Impersonate-User", "")
        groups = request.headers.getlist("Impersonate-Group")
        for resource, name in [("users", user)] * bool(user) + [("groups", group) for group in groups]:
            permissions.require(self.store, account, Act(verb="impersonate", resource=resource, name=name))
        return accounts.impersonated(user=user, groups=groups) if user else account

    async def _asked(self, request: Request, target: routing.Target, account: Account) -> Asked:
        body = await request.body() if request.method != "GET" else b""
        if len(body) > BODY_BYTES:
            raise Problem(413, "RequestEntityTooLarge", f"Request entity too large: limit is {BODY_BYTES}")
        media_type = request.headers.get("Content-Type", "").partition(";")[0].strip()
        return Asked(
            method=request.method, target=target, account=account, query=dict(request.query_params), body=body, media_type=media_type,
            accept=request.headers.get("Accept", "*/*"), agent=request.headers.get("User-Agent", ""),
        )  # fmt: skip

    def _watch(self, asked: Asked) -> Response:
        answering.require_right(self.store, asked)
        watch = streaming.Watch(self.store, asked, clock=self._clock, closing=self._closing)
        self._watches.add(watch)
        return StreamingResponse(self._lines(watch), media_type="application/json", background=None)

    async def _lines(self, watch: streaming.Watch) -> AsyncIterator[bytes]:
        try:
            async for line in watch.lines():
                await self._linger()
                yield line
        finally:
            watch.close()
            self._watches.discard(watch)

    def _unresourceful(self, request: Request, path: str, account: Account) -> Response:
        permissions.require(self.store, account, Act(verb="get" if request.method == "GET" else request.method.lower(), path=path))
        if path == "/version":
            return answered(discovery.version())
        if path == "/metrics":
            return PlainTextResponse(self.visitors.text())
        if (text := health.answer(path, verbose="verbose" in request.query_params)) is not None:
            return PlainTextResponse(text)
        if (described := openapi.document(path)) is not None:
            return answered(described)
        found = discovery.document(path, accept=request.headers.get("Accept", ""))
        if found is None:
            raise problems.no_such_path()
        return answered(found[0], media_type=found[1])


def answered(body: Object, *, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json") -> Response:
    return Response(msgspec.json.encode(body), status_code=status, headers=dict(headers or {}), media_type=media_type)
