"""The server itself, with everything before the consumer, lets no stranger and no foreign page open a socket, and says why it closes one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from clusterview.stream.messages import WHOLE
from tests.journeys.dashboard import Dashboard

pytestmark = [pytest.mark.lab, pytest.mark.browser]


@pytest.fixture(scope="module")
def cookie(administrator_state: dict[str, Any]) -> str:
    return "; ".join(f"{one['name']}={one['value']}" for one in administrator_state["cookies"])


def knock(*, dashboard: Dashboard, cookie: str | None, origin: str | None) -> ClientConnection:
    address = dashboard.url.replace("http", "ws", 1) + "/ws/live"
    headers = {"Cookie": cookie} if cookie else {}
    return connect(address, origin=origin, additional_headers=headers, max_size=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("signed_in", "origin"), [(False, "{url}"), (True, None), (True, "http://evil.example"), (True, "null")])
def test_strangers_and_foreign_pages_are_refused_before_the_handshake(
    signed_in: bool, origin: str | None, cookie: str, dashboard: Dashboard
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        knock(dashboard=dashboard, cookie=cookie if signed_in else None, origin=origin and origin.format(url=dashboard.url))
    assert refused.value.response.status_code == 403


@pytest.fixture
def opened(cookie: str, dashboard: Dashboard) -> Iterator[ClientConnection]:
    with knock(dashboard=dashboard, cookie=cookie, origin=dashboard.url) as socket:
        yield socket


@pytest.mark.parametrize(
    ("frame", "reason", "code"),
    [
        ("hello", "bad_message", 1008),
        (b"\xc1", "bad_message", 1008),
        (b"x" * 65_537, "bad_message", 1009),
        (msgspec.msgpack.encode({"type": "hello", "cluster": "nowhere", "view": WHOLE}), "unknown_cluster", 1008),
        (msgspec.msgpack.encode({"type": "hello", "cluster": "lab", "view": "no name"}), "bad_message", 1008),
    ],
    ids=["text", "no MessagePack", "too long", "another cluster", "no view"],
)
def test_what_is_no_hello_is_told_why_and_ends_it(frame: str | bytes, reason: str, code: int, opened: ClientConnection) -> None:
    opened.send(frame)
    assert msgspec.msgpack.decode(opened.recv(timeout=10)) == {"type": "bye", "reason": reason}
    with pytest.raises(ConnectionClosed) as closed:
        opened.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
