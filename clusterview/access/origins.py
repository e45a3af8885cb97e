"""Which pages may open a WebSocket: only our own, by scheme, host and port.

A browser sends the session cookie with a WebSocket from any page, so the Origin header is what keeps other pages out.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def allowed(scope: dict[str, Any]) -> bool:
    """This will tell whether the handshake carries exactly one Origin header, and that one is ours."""
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(origins) != 1 or len(hosts) != 1:
        return False
    if settings.PUBLIC_URL:
        return bool(origins[0] == settings.PUBLIC_URL.encode())
    host = hosts[0].decode("latin-1")
    return host.rpartition(":")[0] in LOOPBACK and bool(origins[0] == f"http://{host}".encode())
