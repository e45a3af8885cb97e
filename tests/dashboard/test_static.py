"""What the web process sends of the built front end: compressed beforehand, and kept by browsers for as long as it is that build."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client

from clusterview.views import bundles

pytestmark = pytest.mark.skipif(not (settings.DIST / ".stamp").exists(), reason="the front end is not built")
WORTH_IT = {".js", ".css", ".svg"}


def built() -> list[Path]:
    return [path for path in settings.DIST.rglob("*") if path.suffix in WORTH_IT]


def ask(address: str, *, reads: str = "") -> tuple[HttpResponseBase, bytes]:
    answer = Client().get(address, headers={"Accept-Encoding": reads} if reads else {})
    return answer, b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_whatever_of_a_build_is_compressed_is_of_that_build() -> None:
    assert built()
    for path in built():
        assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == path.read_bytes()
        assert path.with_name(f"{path.name}.br").stat().st_mtime >= path.stat().st_mtime


@pytest.mark.parametrize(("reads", "sent"), [("gzip, deflate, br, zstd", "br"), ("gzip, deflate", "gzip"), ("", None), ("identity", None)])
def test_a_browser_gets_the_smallest_form_that_it_reads_and_proxies_keep_them_apart(reads: str, sent: str | None) -> None:
    path = settings.DIST / bundles.script(entry="src/live.tsx").removeprefix(settings.STATIC_URL)
    answer, body = ask(bundles.script(entry="src/live.tsx"), reads=reads)
    assert answer.get("Content-Encoding") == sent
    assert answer["Vary"] == "Accept-Encoding"
    assert answer["Content-Type"].startswith("text/javascript")
    assert int(answer["Content-Length"]) == len(body)
    assert body == path.with_name(path.name + {"br": ".br", "gzip": ".gz", None: ""}[sent]).read_bytes()


def test_a_file_that_is_named_after_its_contents_is_kept_and_another_is_asked_for_again() -> None:
    for address in (bundles.script(entry="src/live.tsx"), *bundles.styles(entry="src/live.tsx"), *bundles.styles(entry="src/pages.css")):
        assert ask(address)[0]["Cache-Control"].endswith("immutable")
    icon, _ = ask("/static/favicon.svg")
    assert icon["Cache-Control"] == "max-age=60, public"
    unchanged = Client().get("/static/favicon.svg", headers={"If-None-Match": icon["ETag"], "Accept-Encoding": "br"})
    assert unchanged.status_code == 304
    assert unchanged["Vary"] == "Accept-Encoding"
