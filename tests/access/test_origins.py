"""Only our own page opens a WebSocket."""

from __future__ import annotations

from typing import Any

import pytest

from clusterview.access import origins


def scope(*, host: bytes = b"127.0.0.1:8000", sent: tuple[bytes, ...] = (b"http://127.0.0.1:8000",)) -> dict[str, Any]:
    return {"headers": [(b"host", host), *((b"origin", origin) for origin in sent)]}


def test_the_page_itself_may_open_one() -> None:
    assert origins.allowed(scope())


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
@pytest.mark.parametrize(("port", "said"), [("", ""), (":80", ""), (":443", ":443"), (":8000", ":8000")])
def test_on_any_port_the_page_itself_may_open_one(name: str, port: str, said: str) -> None:
    assert origins.allowed(scope(host=f"{name}{port}".encode(), sent=(f"http://{name}{said}".encode(),)))
    assert not origins.allowed(scope(host=f"{name}{port}".encode(), sent=(f"http://{name}:81".encode(),)))


@pytest.mark.parametrize("host", [b"", b":80", b"::1", b"[::1", b"127.0.0.1:", b"127.0.0.1:80:80", b"127.0.0.1:x", b"evil.example"])
def test_a_host_that_is_none_of_ours_opens_none(host: bytes) -> None:
    assert not origins.allowed(scope(host=host, sent=(b"http://" + host,)))


@pytest.mark.parametrize(
    "sent",
    [
        (),
        (b"null",),
        (b"https://evil.example",),
        (b"http://127.0.0.1:8000.evil.example",),
        (b"https://127.0.0.1:8000",),
        (b"http://127.0.0.1:8001",),
        (b"HTTP://127.0.0.1:8000",),
        (b"http://localhost:8000",),
        (b"http://127.0.0.1:8000/",),
        (b"http://127.0.0.1:8000", b"http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000é".encode("latin-1"),),
    ],
)
def test_any_other_origin_is_refused(sent: tuple[bytes, ...]) -> None:
    assert not origins.allowed(scope(sent=sent))


def test_a_foreign_host_header_does_not_make_its_origin_ours() -> None:
    assert not origins.allowed(scope(host=b"evil.example:8000", sent=(b"http://evil.example:8000",)))


def test_behind_a_proxy_only_the_public_address_counts(settings: Any) -> None:
    settings.PUBLIC_URL = "https://clusterview.example"
    assert origins.allowed(scope(host=b"clusterview.example", sent=(b"https://clusterview.example",)))
    assert not origins.allowed(scope(sent=(b"http://127.0.0.1:8000",)))
    assert not origins.allowed(scope(host=b"clusterview.example", sent=(b"https://app.clusterview.example",)))
