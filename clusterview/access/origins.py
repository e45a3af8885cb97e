"""Which pages may open a WebSocket: only our own, by scheme, host and port.

A browser sends the session cookie with a WebSocket from any page, so the Origin header is what keeps other pages out.
"""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings

OUR_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(?::([0-9]+))?")


def allowed(scope: dict[str, Any]) -> bool:
    """This will tell whether the handshake carries exactly one Origin header, and that one is ours."""
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(origins) != 1 or len(hosts) != 1:
        return False
    if settings.PUBLIC_URL:
        return bool(origins[0] == settings.PUBLIC_URL.encode())
    host = OUR_HOST.fullmatch(hosts[0].decode("latin-1"))
    return host is not None and bool(origins[0] == origin(name=host[1], port=host[2]).encode())


def origin(*, name: str, port: str | None) -> str:
    """As a browser says it of our page: without the port that goes without saying (https://url.spec.whatwg.org/#concept-url-port)."""
    return f"http://{name}" if port in (None, "80") else f"http://{name}:{port}"
