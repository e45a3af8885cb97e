"""What can go wrong with one request to the API server, instead of its answer. The first fault that takes a request has it alone."""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus

import h11

from tests.faults.client import Client
from tests.faults.timeline import Fault, Grip
from tests.faults.upstream import Request, Upstream

REASONS = {401: "Unauthorized", 403: "Forbidden", 410: "Expired", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}
JSON = (b"Content-Type", b"application/json")
MEBIBYTE = 1024 * 1024
LOGIN_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body><form><input name=password type=password></form></body></html>"


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which requests: `path` is searched as a regular expression in path and query, and `body` in the body; `times` bounds how many,
    `probability` is that of each.
    """

    method: str | None = None
    path: str = ""
    body: str = ""
    times: int | None = None
    probability: float = 1.0

    def fits(self, request: Request) -> bool:
        """Whether the request is of this kind, whatever chance and count say."""
        is_asked = self.method in (None, request.method) and re.search(self.path, request.path) is not None
        return is_asked and (not self.body or re.search(self.body, request.body.decode(errors="replace")) is not None)


@dataclass(frozen=True, kw_only=True)
class RequestFault(Fault):
    """A fault of the requests that match."""

    match: Match = field(default_factory=Match)

    async def strike(self, request: Request, *, grip: Grip, client: Client, upstream: Upstream) -> None:
        """This will do to the request whatever the fault does."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class AnswerStatus(RequestFault):
    """A Status object with this code; the API server is not asked."""

    code: int
    retry_after_seconds: int | None = None

    async def strike(self, request: Request, *, grip: Grip, client: Client, upstream: Upstream) -> None:
        grip.note(code=self.code)
        seconds = self.retry_after_seconds
        headers = [JSON] if seconds is None else [JSON, (b"Retry-After", str(seconds).encode())]
        await client.answer(status=self.code, headers=headers, body=json.dumps(status(code=self.code)).encode())


@dataclass(frozen=True, kw_only=True)
class AnswerHtml(RequestFault):
    """200 and a login page; the API server is not asked."""

    async def strike(self, request: Request, *, grip: Grip, client: Client, upstream: Upstream) -> None:
        grip.note(bytes=len(LOGIN_PAGE))
        await client.answer(status=200, headers=[(b"Content-Type", b"text/html; charset=utf-8")], body=LOGIN_PAGE)


@dataclass(frozen=True, kw_only=True)
class GzipBomb(RequestFault):
    """A small compressed body that inflates to so many MiB of valid JSON, blanks for the most part; the API server is not asked."""

    mebibytes: int = 100

    async def strike(self, request: Request, *, grip: Grip, client: Client, upstream: Upstream) -> None:
        body = bomb(mebibytes=self.mebibytes)
        grip.note(bytes=len(body), inflated_bytes=self.mebibytes * MEBIBYTE)
        await client.answer(status=200, headers=[JSON, (b"Content-Encoding", b"gzip")], body=body)


@dataclass(frozen=True, kw_only=True)
class DropAnswer(RequestFault):
    """The API server is asked and answers, and then the client gets an RST: what it asked for was done, and it cannot know."""

    async def strike(self, request: Request, *, grip: Grip, client: Client, upstream: Upstream) -> None:
        async with upstream.asked(request) as answer:
            code = await answer.status_at_its_end()
        grip.note(code=code)
        client.reset()


@dataclass(frozen=True, kw_only=True)
class Repeat(RequestFault):
    """The API server is asked twice, as by a balancer that sends a request again, and the client gets the second answer."""

    async def strike(self, request: Request, *, grip: Grip, client: Client, upstream: Upstream) -> None:
        async with upstream.asked(request) as answer:
            first = await answer.status_at_its_end()
        async with upstream.asked(request) as answer:
            code, body = await answer.whole()
        grip.note(first=first, code=code)
        await client.answer(status=code, headers=[JSON], body=body)


@dataclass(frozen=True, kw_only=True)
class Delay(RequestFault):
    """The request reaches the API server after `seconds`, or when `ApiProxy.release` is called: an orphan, whose answer nobody gets.

    The client's connection is reset at once, or, without `hang_up`, left waiting until the client gives up or the orphan was delivered.
    """

    seconds: float | None = None
    hang_up: bool = True

    async def strike(self, request: Request, *, grip: Grip, client: Client, upstream: Upstream) -> None:
        grip.note(held_bytes=len(request.body))
        orphan = asyncio.create_task(self._deliver(request, grip=grip, upstream=upstream))
        grip.handle.orphans.append(orphan)
        if not self.hang_up:
            await asyncio.wait({orphan})
        client.reset()

    async def _deliver(self, request: Request, *, grip: Grip, upstream: Upstream) -> int:
        released = asyncio.ensure_future(grip.handle.released.wait())
        await asyncio.wait({released}, timeout=self.seconds)
        released.cancel()
        try:
            async with upstream.asked(request) as answer:
                code = await answer.status_at_its_end()
        except (OSError, h11.ProtocolError):
            code = 0
        grip.note(delivered=True, code=code)
        return code


def status(*, code: int) -> dict[str, object]:
    """A failure as the API server writes it;
    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
    """
    phrase = HTTPStatus(code).phrase
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "message": f"the fault proxy says: {phrase}", "reason": REASONS.get(code, ""),
    }  # fmt: skip


@cache
def bomb(*, mebibytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    pieces = [packer.compress(b" " * MEBIBYTE) for _ in range(mebibytes - 1)]
    return b"".join([*pieces, packer.compress(b" " * (MEBIBYTE - 2) + b"{}"), packer.flush()])
