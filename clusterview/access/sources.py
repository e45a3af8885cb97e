"""From where a request comes, as the audit and the log say it: which session or token, which address, and the request's id where it has one.

The address is the other end of the connection. Behind a proxy that is the proxy, which says from where in X-Forwarded-For; a client may send that
header too, so it is told beside the address and never instead of it, and only what stands last counts: the nearest proxy wrote that.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

SESSION_DIGITS = 12  # of a hash of 64: enough to tell apart those that an audit holds
REQUEST_ID = re.compile(r"[\w.:=+/-]{1,64}", re.ASCII)


def of_request(request: HttpRequest, *, session_hash: str = "", token_id: int | None = None) -> dict[str, str]:
    """`session` or `token`, `address`, `forwarded_for` and `request`; what is not known is left out."""
    told = {
        "session": session_hash[:SESSION_DIGITS],
        "token": "" if token_id is None else str(token_id),
        "address": request.META.get("REMOTE_ADDR") or "",
        "forwarded_for": _forwarded_for(request.headers.get("X-Forwarded-For", "")),
        "request": request.headers.get("X-Request-ID", ""),
    }
    if not REQUEST_ID.fullmatch(told["request"]):
        del told["request"]
    return {name: value for name, value in told.items() if value}


def of_scope(scope: Mapping[str, Any]) -> dict[str, str]:
    """The same of a WebSocket's handshake, of which nothing is in the audit: `address` and `forwarded_for`."""
    sent = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    told = {"address": (scope.get("client") or ("",))[0], "forwarded_for": _forwarded_for(sent)}
    return {name: value for name, value in told.items() if value}


def _forwarded_for(sent: str) -> str:
    """Which address the nearest proxy saw; empty where nothing is in front of us, and for what is no address."""
    if not settings.SECURE:
        return ""
    last = sent.rpartition(",")[2].strip()
    if "%" in last:  # the zone of an IPv6 address, which may be any text, says nothing beyond the machine that has it
        return ""
    try:
        return str(ipaddress.ip_address(last))
    except ValueError:
        return ""
