"""What goes wrong is told without details, and browsers' reports are read with care."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from clusterview.access import clusters, links, people
from clusterview.views import bundles

pytestmark = pytest.mark.django_db
SECRET = "a detail of the inside"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Client:
    """Signed in, where the live page fails."""

    def fail(**_: Any) -> str:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(bundles, "script", fail)
    clusters.register(opened=[("lab", "the lab")])
    client = Client(raise_request_exception=False)
    client.force_login(people.add(name="ada", role="admin", actor="ada"))
    return client


def test_a_failing_page_tells_no_details(broken: Client) -> None:
    answer = broken.get("/c/lab/", headers={"Accept-Language": "en"})
    assert answer.status_code == 500
    assert b"Something went wrong" in answer.content
    assert SECRET.encode() not in answer.content
    assert b"Traceback" not in answer.content
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_the_page_says_what_is_wrong_with_the_kubeconfig(client: Client) -> None:
    clusters.register(opened=[], problem="The kubeconfig /a/b is not YAML: line 3.")
    client.force_login(people.add(name="ada", role="admin", actor="ada"))
    assert b"The kubeconfig /a/b is not YAML: line 3." in client.get("/").content
    clusters.register(opened=[])
    assert b"not YAML" not in client.get("/").content


def test_who_is_signed_in_keeps_the_way_to_the_other_pages_where_something_is_not_there_or_not_allowed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    clusters.register(opened=[("lab", "the lab")])
    assert b"/c/lab/traffic" not in client.get("/nowhere").content
    client.force_login(people.add(name="vera", role="viewer", actor="ada"))
    for path, status in (("/nowhere", 404), ("/people", 403)):
        answer = client.get(path)
        assert (answer.status_code, b'href="/c/lab/traffic"' in answer.content) == (status, True)

    def away(_: Any) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(people, "person_of_session", away)
    assert client.get("/nowhere").status_code == 404


def report(client: Client, body: bytes) -> int:
    return client.post("/csp-report", body, content_type="application/csp-report").status_code


def test_a_report_is_logged_without_the_pages_address(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    token = links.create(user=people.add(name="vera", role="viewer", actor="ada"), actor="ada")
    told = {"violated-directive": "script-src", "blocked-uri": "inline\nforged line", "document-uri": f"http://x/login/{token}"}
    with caplog.at_level(logging.WARNING):
        assert report(client, json.dumps({"csp-report": told}).encode()) == 204
    assert "script-src" in caplog.text
    assert token not in caplog.text
    assert "\nforged" not in caplog.text


TOO_LONG = b'{"csp-report": {"blocked-uri": "' + b"x" * 20_000 + b'"}}'


DEEP = b"[" * 8_192


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'{"csp-report": 1}', b"\xff", TOO_LONG, DEEP])
def test_a_report_that_is_none_is_refused(client: Client, body: bytes) -> None:
    assert report(client, body) == 400


def test_a_report_cannot_be_read(client: Client) -> None:
    assert client.get("/csp-report").status_code == 405
