"""The address under which people reach the page, as PUBLIC_URL says it and as browsers say it.

A browser's Origin is compared with it letter by letter, so it is written here as a browser writes it (the scheme and the name in small letters, no
port that goes without saying), and what no Origin can be is refused. Standard library only, like what `up` refuses beside it.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from dashboard.refusals import Refused

PORTS = {"https": 443, "http": 80}
NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")


def public_url(*, said: str) -> str | None:
    """The origin that PUBLIC_URL names; None where it says nothing. Raises Refused where that is no origin."""
    said = said.strip()
    if not said:
        return None
    parts = split(said)
    if parts.scheme not in PORTS:
        raise refusal(said, "has to begin with https://")
    if parts.username is not None or parts.path not in ("", "/") or "?" in said or "#" in said:
        raise refusal(said, "may have nothing beside the name and the port: the page has an address of its own, not a folder of another one")
    port = port_of(said, parts)
    host = host_of(said, parts)
    return f"{parts.scheme}://{host}" if port in (None, PORTS[parts.scheme]) else f"{parts.scheme}://{host}:{port}"


def split(said: str) -> SplitResult:
    try:
        return urlsplit(said)
    except ValueError as problem:
        raise refusal(said, "is no address") from problem


def port_of(said: str, parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise refusal(said, "has a port that is no number from 1 to 65535")
    return port


def host_of(said: str, parts: SplitResult) -> str:
    """The name, or the number; one of IPv6 in its shortest form and in brackets."""
    host = parts.hostname or ""
    if ":" in host and "%" not in host:
        try:
            return f"[{ipaddress.IPv6Address(host).compressed}]"
        except ValueError:
            host = ""
    if not NAME.fullmatch(host):
        raise refusal(said, "has no name that a browser could send, which is of letters, digits, dots and hyphens (xn--... for any other letters)")
    return host


def refusal(said: str, why: str) -> Refused:
    return Refused(f"PUBLIC_URL is {said!r}; it {why}. Write it as https://the.name, with :PORT where that is not 443, or leave it unset.")
