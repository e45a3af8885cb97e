"""From where somebody asks is what the connection says; what a client may have made up stands beside it, or nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from clusterview.access import sources

HOPS = "203.0.113.9, 198.51.100.7"


def told(**headers: str) -> dict[str, str]:
    return sources.of_request(RequestFactory().get("/", REMOTE_ADDR="127.0.0.1", headers=headers))


@pytest.mark.parametrize("secure", [True, False])
def test_what_a_proxy_says_stands_beside_the_address_where_there_is_a_proxy_t66(settings: Any, secure: bool) -> None:
    settings.SECURE = secure
    asked_from = {"address": "127.0.0.1"} | ({"forwarded_for": "198.51.100.7"} if secure else {})
    assert told(**{"X-Forwarded-For": HOPS}) == asked_from
    sent = [(b"x-forwarded-for", one.encode()) for one in HOPS.split(", ")]
    assert sources.of_scope({"client": ("127.0.0.1", 5), "headers": sent}) == asked_from


@pytest.mark.parametrize(
    "sent",
    ["", "unknown", "10.0.0.1, evil", "10.0.0.1:80", "10.0.0.1\nforged", "x" * 9000, "::1%x address=10.9.9.9 by=admin", f"::1%{'x' * 9000}"],
)
def test_what_is_no_address_is_left_out(settings: Any, sent: str) -> None:
    settings.SECURE = True
    assert told(**{"X-Forwarded-For": sent}) == {"address": "127.0.0.1"}


@pytest.mark.parametrize(("sent", "kept"), [("0af7-651916cd", True), ("x" * 65, False), ("a b", False), ("{}", False), ("상점", False)])
def test_a_request_s_id_is_kept_where_it_is_one(sent: str, kept: bool) -> None:
    assert told(**{"X-Request-ID": sent}).get("request") == (sent if kept else None)


def test_a_connection_without_an_address_has_none() -> None:
    assert sources.of_scope({"client": None, "headers": []}) == {}
