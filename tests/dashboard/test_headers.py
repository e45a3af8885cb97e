"""What every answer of an installation behind https says to browsers and proxies, and how its cookies may be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from dashboard.installing import ROOT

ASKED = """
import json, sys
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from clusterview.access import clusters, links, people
from tests.views.test_pages import EXAMPLES, PARAMETER, addresses

call_command("migrate", verbosity=0)
clusters.register(opened=[("lab", "the lab")])
ada = people.add(name="ada", role="admin", actor="somebody")
known = [*addresses(get_resolver().url_patterns), "nowhere", "api/v1/nowhere"]
every = ["/" + PARAMETER.sub(lambda found: EXAMPLES[found[1]], one) for one in known]
proxied = {"host": "view.example.com", "X-Forwarded-Proto": "https"}
signed_in, stranger = Client(headers=proxied), Client(headers=proxied)
answers, cookies = {}, {}


def keep(name, answer):
    answers[name] = [answer.status_code, dict(answer.headers)]
    for cookie in answer.cookies.values():
        if cookie["max-age"] != 0:  # which takes it away
            cookies[cookie.key] = cookie.OutputString(["path", "domain", "secure", "httponly", "samesite"]).partition("; ")[2]


for path in every:
    keep("stranger " + path, stranger.get(path))
keep("sign in", signed_in.post("/login/" + links.create(user=ada, actor="somebody")))
keep("language", signed_in.post("/language", {"language": "ko"}))
for path in every:
    keep("ada " + path, signed_in.get(path))
json.dump({"answers": answers, "cookies": cookies}, sys.stdout)
"""
POLICY = (
    "base-uri 'none'; connect-src 'self'; default-src 'none'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; "
    "report-uri /csp-report; script-src 'self'; style-src 'self'; worker-src 'self'"
)
SAID = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@pytest.fixture(scope="module")
def https(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What every address answers to a stranger and to an administrator where PUBLIC_URL is https, which a process reads once."""
    state = tmp_path_factory.mktemp("state")
    (state / "secret-key").write_text("a key for tests only, as long as a real one")
    around = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    around |= {"CLUSTERVIEW_STATE": str(state), "PUBLIC_URL": "https://view.example.com", "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, env=around, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_answer_says_what_browsers_may_do_with_it_t62(https: dict[str, Any]) -> None:
    answers = https["answers"]
    assert {answers[f"ada {path}"][0] for path in ("/c/lab/", "/people", "/api/v1/me", "/api/v1/audit", "/api/v1/clusters")} == {200}
    for name, (_, headers) in answers.items():
        headers["Content-Security-Policy"] = "; ".join(sorted(headers["Content-Security-Policy"].split("; ")))
        assert {one: headers.get(one) for one in SAID} == SAID, name
        assert not [one for one in headers if one.lower().startswith("access-control")], name


def test_no_answer_may_be_kept_for_somebody_else_t10(https: dict[str, Any]) -> None:
    for name, (_, headers) in https["answers"].items():
        assert "no-store" in headers["Cache-Control"].split(", "), name
    for path in ("me", "clusters", "audit", "nowhere"):
        assert {"Cookie", "Authorization"} <= set(https["answers"][f"ada /api/v1/{path}"][1]["Vary"].split(", ")), path


def test_cookies_go_to_this_origin_alone_and_over_https_alone_t62(https: dict[str, Any]) -> None:
    assert https["cookies"] == {
        "__Host-clusterview": "HttpOnly; Path=/; SameSite=Lax; Secure",
        "csrftoken": "Path=/; SameSite=Lax; Secure",
        "clusterview_wanted": "HttpOnly; Path=/login/; SameSite=Lax; Secure",
        "django_language": "Path=/; SameSite=Lax; Secure",
    }
