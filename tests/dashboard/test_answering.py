"""How the web process answers: each request in one thread, and coroutines on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from dashboard import answering

SECONDS = 10.0
RELEASED = threading.Event()
Next = Callable[[HttpRequest], HttpResponse]


def noting(following: Next) -> Next:
    """A middleware that notes its thread."""

    def handle(request: HttpRequest) -> HttpResponse:
        request.META["middleware"] = threading.current_thread().name
        return following(request)

    return handle


def threads(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.META['middleware']} {threading.current_thread().name}")


def held(_: HttpRequest) -> HttpResponse:
    assert RELEASED.wait(SECONDS)
    return HttpResponse("released")


async def stream(_: HttpRequest) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[str]:
        for name in (threading.current_thread().name, "end"):
            await asyncio.sleep(0)
            yield f"{name}\n"

    return StreamingHttpResponse(pieces())


def length(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{len(request.body)}")


def named(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.get_host())


urlpatterns = [path(view.__name__, view) for view in (threads, held, stream, length)] + [path("readyz", named), path("metrics", named)]


@pytest.fixture
def client(settings: Any) -> httpx.AsyncClient:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["tests.dashboard.test_answering.noting"]
    return httpx.AsyncClient(transport=httpx.ASGITransport(answering.Handler()), base_url="http://localhost")


async def test_a_request_is_answered_in_one_thread_from_its_first_middleware_on(client: httpx.AsyncClient) -> None:
    middleware, view = (await client.get("/threads")).text.split()
    assert middleware == view
    assert view.startswith("answering")


async def test_one_that_waits_keeps_no_other_waiting(client: httpx.AsyncClient) -> None:
    RELEASED.clear()
    waiting = [asyncio.create_task(client.get("/held")) for _ in range(answering.AT_ONCE - 1)]
    async with asyncio.timeout(SECONDS):
        assert (await client.get("/threads")).status_code == 200
        assert not any(one.done() for one in waiting)
        RELEASED.set()
        assert {one.text for one in await asyncio.gather(*waiting)} == {"released"}


@pytest.mark.parametrize(("method", "body"), [("GET", "ok\n"), ("HEAD", "")])
async def test_the_process_lives_while_every_thread_is_held(client: httpx.AsyncClient, method: str, body: str) -> None:
    RELEASED.clear()
    waiting = [asyncio.create_task(client.get("/held")) for _ in range(answering.AT_ONCE + 1)]
    try:
        async with asyncio.timeout(SECONDS / 2):
            answer = await client.request(method, "/livez")
        assert (answer.status_code, answer.text, answer.headers["Content-Type"], answer.headers["Content-Length"]) == (200, body, "text/plain", "3")
        assert not any(one.done() for one in waiting)
    finally:
        RELEASED.set()
        await asyncio.gather(*waiting)


async def test_a_coroutine_runs_on_the_event_loop_and_streams(client: httpx.AsyncClient) -> None:
    assert (await client.get("/stream")).text.split("\n") == [threading.current_thread().name, "end", ""]


class Chunks:
    """A body that comes in pieces and never says how long it is; counts those that were taken."""

    def __init__(self, *, most: int, size: int) -> None:
        self._most, self._size, self.taken = most, size, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.taken < self._most:
            self.taken += 1
            yield b"x" * self._size


async def test_a_body_without_end_is_refused_and_not_read_any_further_t58(client: httpx.AsyncClient) -> None:
    chunks = Chunks(most=1_000, size=answering.MOST_BYTES // 4)
    answer = await client.post("/nowhere", content=chunks)
    assert (answer.status_code, answer.json()["code"], answer.headers["Connection"]) == (413, "too_large", "close")
    assert chunks.taken == 5


async def test_a_body_that_says_it_is_too_long_is_refused_unread_t58(client: httpx.AsyncClient) -> None:
    chunks = Chunks(most=1_000, size=1)
    answer = await client.post("/length", content=chunks, headers={"Content-Length": str(answering.MOST_BYTES + 1)})
    assert (answer.status_code, answer.json()["code"], chunks.taken) == (413, "too_large", 0)


async def test_a_body_as_long_as_any_may_be_is_read_whole(client: httpx.AsyncClient) -> None:
    whole = await client.post("/length", content=b"x" * answering.MOST_BYTES)
    pieces = await client.post("/length", content=Chunks(most=4, size=answering.MOST_BYTES // 4))
    assert whole.text == pieces.text == str(answering.MOST_BYTES)


@pytest.mark.parametrize(("at", "code"), [("/livez", 200), ("/readyz", 200), ("/metrics", 200), ("/threads", 400)])
async def test_how_the_process_is_doing_may_be_asked_by_any_name_and_nothing_else(
    at: str, code: int, client: httpx.AsyncClient, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware", *settings.MIDDLEWARE]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(answering.Handler()), base_url="http://10.0.0.5:8000") as pod:
        assert (await pod.get(at)).status_code == code
    said = [(record.levelname, record.exc_info) for record in caplog.records if record.name == "django.security.DisallowedHost"]
    assert said == ([("WARNING", None)] if code == 400 else [])
