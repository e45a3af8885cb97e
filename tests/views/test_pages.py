"""Pages show nothing to strangers, and a link signs in only when its button is pressed."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from clusterview.access import clusters, links, people
from clusterview.models import AuditEntry

pytestmark = pytest.mark.django_db

OPEN_TO_ALL = {"livez", "readyz", "login/<str:token>", "signed-out", "csp-report"}
NOTHING_THERE = {"api/v1/"}  # only a name, from which the others are made
EXAMPLES = {"uuidstr": "00000000-0000-4000-8000-000000000000", "slug": "lab", "int": "1", "str": "x" * 43}
OVERRIDDEN = {"X-HTTP-Method-Override": "POST"}
PARAMETER = re.compile(r"<(\w+):\w+>")


@pytest.fixture
def lab_known() -> None:
    clusters.register(opened=[("lab", "lab context")])


def addresses(patterns: list[Any], prefix: str = "") -> list[str]:
    found = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found += addresses(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            found.append(prefix + str(pattern.pattern))
    return found


def test_every_address_refuses_a_stranger(lab_known: None) -> None:
    seen = [address for address in addresses(get_resolver().url_patterns) if address not in OPEN_TO_ALL | NOTHING_THERE]
    assert {"c/<slug:cluster>/", "api/v1/switches/<uuidstr:switch>/back"} <= set(seen)
    for address in seen:
        path = "/" + PARAMETER.sub(lambda found: EXAMPLES[found[1]], address)
        resolve(path)
        for method in ("get", "post", "put", "delete"):
            answer = getattr(Client(), method)(path)
            refusals = {401, 405} if address.startswith("api/") else {302, 401, 403, 405}
            assert answer.status_code in refusals, (method, path, answer.status_code)
            assert b"lab context" not in answer.content


@pytest.mark.django_db(transaction=True)  # what streams its answer gives its connection back
@pytest.mark.parametrize(
    ("body", "content_type"),
    [("{}", "application/json"), ("{}", "text/plain"), ("a=b", "application/x-www-form-urlencoded"), ("", "multipart/form-data; boundary=x")],
)
def test_no_page_of_somebody_else_changes_anything_with_the_session_of_who_looks_at_it_t09(lab_known: None, body: str, content_type: str) -> None:
    """A form, or `fetch` in the mode `no-cors`: the browser sends the cookie along, and nothing else that would let it in."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.add(name="ada", role="admin", actor="ada"))
    before = AuditEntry.objects.count()
    seen = [address for address in addresses(get_resolver().url_patterns) if address not in NOTHING_THERE | {"csp-report"}]
    assert {"api/v1/clusters/<slug:cluster>/switches", "api/v1/switches/<uuidstr:switch>/back", "people"} <= set(seen)
    for address in seen:
        path = "/" + PARAMETER.sub(lambda found: EXAMPLES[found[1]], address)
        for method in ("post", "put", "patch", "delete"):
            answer = getattr(strict, method)(path, body, content_type=content_type, headers=OVERRIDDEN)
            assert answer.status_code in (403, 405), (method, path, answer.status_code)
        for method in ("head", "get"):
            getattr(strict, method)(path, headers=OVERRIDDEN)
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("practice", [True, False])
def test_every_page_says_when_it_shows_the_practice_cluster(client: Client, lab_known: None, settings: Any, practice: bool) -> None:
    settings.PRACTICE = practice
    client.post(f"/login/{links.create(user=people.add(name='vera', role='admin', actor='ada'), actor='ada')}")
    assert (b'data-practice="true"' in client.get("/c/lab/").content) is practice
    for path in ("/people", "/nowhere"):
        assert (b"chip-practice" in client.get(path).content) is practice
    assert (b"chip-practice" in Client().get("/signed-out").content) is practice


def test_from_a_page_about_people_one_link_leads_to_each_page_of_the_first_cluster(client: Client) -> None:
    client.force_login(people.add(name="ada", role="admin", actor="ada"))
    pages = ("/c/lab/", "/c/lab/traffic", "/c/lab/history")
    assert not [page for page in pages if f'href="{page}"' in client.get("/people").content.decode()]
    clusters.register(opened=[("lab", "lab context")])
    assert [page for page in pages if f'href="{page}"' in client.get("/people").content.decode()] == [*pages]


def test_from_a_page_about_people_one_comes_back_to_the_cluster_that_one_came_from(client: Client) -> None:
    clusters.register(opened=[("north", "the north"), ("south", "the south")])
    ada = people.add(name="ada", role="admin", actor="ada")
    client.force_login(ada)
    shown = client.get("/people?cluster=south").content.decode()
    assert 'href="/c/south/traffic"' in shown
    assert "the south" in shown
    acts = {f"/people{act}?cluster=south" for act in ("", f"/{ada.pk}/role", f"/{ada.pk}/link", f"/{ada.pk}/disable")}
    assert set(re.findall(r'action="(/people[^"]*)"', shown)) == acts
    assert client.post(f"/people/{ada.pk}/enable?cluster=south")["Location"] == "/people?cluster=south"
    for unknown in ("west", "//elsewhere"):
        assert 'href="/c/north/traffic"' in client.get("/people", {"cluster": unknown}).content.decode()
    assert client.post(f"/people/{ada.pk}/enable?cluster=//elsewhere")["Location"] == "/people"


def test_opening_a_link_changes_nothing_and_pressing_its_button_signs_in(client: Client, lab_known: None) -> None:
    path = f"/login/{links.create(user=people.add(name='vera', role='viewer', actor='ada'), actor='ada')}"
    for _ in range(2):
        shown = client.get(path)
        assert shown.status_code == 200
        assert b"Sign in" in shown.content
        assert "no-store" in shown["Cache-Control"]
    assert client.get("/c/lab/").status_code == 401
    assert client.post(path).status_code == 302
    page = client.get("/c/lab/")
    assert b'data-person="vera"' in page.content
    assert client.post(path).status_code == 410


def test_the_session_key_changes_at_sign_in(client: Client) -> None:
    client.get("/")
    client.session["planted"] = 1
    session = client.session
    session.save()
    before = session.session_key
    client.post(f"/login/{links.create(user=people.add(name='vera', role='viewer', actor='ada'), actor='ada')}")
    assert client.session.session_key != before
    assert "planted" not in client.session


def signed_in(client: Client, name: str = "vera") -> str:
    """Where somebody is led who signs in now."""
    answer = client.post(f"/login/{links.create(user=people.add(name=name, role='viewer', actor='ada'), actor='ada')}")
    return str(answer["Location"])


def test_a_pasted_link_is_where_one_is_after_the_sign_in_that_it_needed(client: Client, lab_known: None) -> None:
    address = "/c/lab/traffic?ns=store&sel=Service/store/shop"
    assert client.get(address).status_code == 401
    assert signed_in(client) == address
    client.post("/signed-out")
    assert signed_in(client, "otto") == "/", "it is not kept for the next person"


@pytest.mark.parametrize(
    "planted", ["//evil.example", "/\\evil.example", "https://evil.example/c/", "/c\\evil", "javascript:alert(1)", "/login/x", "c/lab/", ""]
)
def test_a_sign_in_leads_to_nowhere_but_a_page_of_a_cluster(client: Client, lab_known: None, planted: str) -> None:
    client.get("/c/lab/")
    (name,) = [one for one in client.cookies if one not in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)]
    client.cookies[name] = planted
    assert signed_in(client) == "/"


def test_a_sign_in_needs_the_csrf_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    token = links.create(user=people.add(name="vera", role="viewer", actor="ada"), actor='ada')
    assert strict.post(f"/login/{token}").status_code == 403
    assert links.find(token=token)


def test_signing_out_ends_the_session(client: Client, lab_known: None) -> None:
    client.force_login(people.add(name="vera", role="viewer", actor="ada"))
    assert client.get("/c/lab/").status_code == 200
    assert client.get("/signed-out").status_code == 200
    assert client.get("/c/lab/").status_code == 200, "a GET signs nobody out"
    client.post("/signed-out")
    assert client.get("/c/lab/").status_code == 401


def test_the_first_page_leads_to_the_cluster_or_says_how_to_connect_one(client: Client) -> None:
    client.force_login(people.add(name="ada", role="admin", actor="ada"))
    assert b"--kubeconfig" in client.get("/").content
    clusters.register(opened=[("lab", "lab")])
    assert client.get("/")["Location"] == "/c/lab/"


def test_a_cluster_that_is_not_open_is_not_found(client: Client, lab_known: None) -> None:
    client.force_login(people.add(name="ada", role="admin", actor="ada"))
    clusters.register(opened=[])
    assert client.get("/c/lab/").status_code == 404


@pytest.mark.parametrize("path", ["/", "/livez", "/signed-out", "/c/lab/", "/nowhere"])
def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    answer = client.get(path)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"


class Parsed(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements, self.text = list[tuple[str, dict[str, str | None]]](), ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onfocus='alert(1)", "{{ x }}{% x %}"])
def test_whatever_a_person_or_a_context_is_called_is_text_t19(client: Client, hostile: str) -> None:
    ada = people.add(name=f"ada {hostile}", role="admin", actor="somebody")
    link = links.create(user=ada, actor="somebody")
    clusters.register(opened=[("lab", f"lab {hostile}")])
    client.force_login(ada)
    shown = {path: Parsed(client.get(path).content) for path in ("/c/lab/", "/people", f"/login/{link}", "/nowhere")}
    for path, page in shown.items():
        assert not [tag for tag, _ in page.elements if tag == "img"], path
        assert not [one for tag, one in page.elements if tag == "script" and "src" not in one], path
        assert not [name for _, one in page.elements for name in one if name.startswith("on")], path
    assert f"lab {hostile}" in shown["/c/lab/"].text
    assert [one for _, one in shown["/c/lab/"].elements if one.get("data-person") == f"ada {hostile}"]
    for path in ("/people", f"/login/{link}"):
        assert f"ada {hostile}" in shown[path].text, path


def test_a_foreign_host_header_is_refused(client: Client) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
