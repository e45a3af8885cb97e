"""PUBLIC_URL is the origin that a browser sends, or it is refused with what to write instead."""

from __future__ import annotations

import pytest

from dashboard import addresses
from dashboard.refusals import Refused


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ("https://view.example.com", "https://view.example.com"),
        (" https://view.example.com/ ", "https://view.example.com"),
        ("https://View.Example.com", "https://view.example.com"),
        ("HTTPS://view.example.com", "https://view.example.com"),
        ("https://view.example.com:443", "https://view.example.com"),
        ("https://view.example.com:", "https://view.example.com"),
        ("https://view.example.com:8443/", "https://view.example.com:8443"),
        ("https://view.example.com:80", "https://view.example.com:80"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://127.0.0.1:20443", "http://127.0.0.1:20443"),
        ("https://[2001:DB8:0::1]:443", "https://[2001:db8::1]"),
        ("https://xn--9i1b.example", "https://xn--9i1b.example"),
        ("", None),
        (" ", None),
    ],
)
def test_it_is_written_as_a_browser_writes_it(said: str, origin: str | None) -> None:
    assert addresses.public_url(said=said) == origin


@pytest.mark.parametrize(
    "said",
    [
        "view.example.com", "view.example.com:8443", "//view.example.com", "ftp://view.example.com", "https:view.example.com", "https://", "https://:443",
        "https://example.com/view", "https://example.com//", "https://example.com?", "https://example.com/?a=b", "https://example.com#top",
        "https://me:word@example.com", "https://example.com:0", "https://example.com:65536", "https://example.com:https", "https://*.example.com",
        "https://.example.com", "https://*", "https://example.com.", "https://view example.com", "https://한글.example", "https://[::1", "https://[::x]",
        "https://[fe80::1%25eth0]", "https://example.com\\view",
    ],
)  # fmt: skip
def test_what_can_be_no_origin_is_refused_with_the_remedy(said: str) -> None:
    with pytest.raises(Refused, match=r"^PUBLIC_URL is .*; it .*\. Write it as https://the\.name.*$"):
        addresses.public_url(said=said)
