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


urlpatterns = [path("threads", threads), path("held", held), path("stream", stream)]


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
