"""Administrators say who may sign in; nobody else can, and somebody who can is always left."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.test import Client

from clusterview.access import auditing, links, people
from clusterview.models import AuditEntry, Grant, LoginLink

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Whose open pages were rung for."""
    from clusterview.stream import notices

    found: list[int] = []
    monkeypatch.setattr(notices, "revoked", lambda *, redis, user_id=None, session_hash=None: found.append(user_id) or True)
    return found


@pytest.fixture
def ada(client: Client) -> User:
    user = people.add(name="ada", role="admin", actor="command line")
    client.force_login(user)
    return user


def from_here() -> QuerySet[AuditEntry]:
    """What was written down of what happened on the page."""
    return AuditEntry.objects.exclude(actor="command line").order_by("sequence")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_an_administrator_sees_people(client: Client, role: str) -> None:
    someone = people.add(name="vera", role=role, actor="command line")
    client.force_login(someone)
    for answer in (
        client.get("/people"),
        client.post("/people", {"name": "eve", "role": "admin"}),
        client.post(f"/people/{someone.pk}/role", {"role": "admin"}),
    ):
        assert answer.status_code == 403
    assert people.person_of_session(client.session.session_key).role == role  # type: ignore[union-attr]
    assert User.objects.count() == 1


@pytest.mark.parametrize("act", ["", "/link", "/role", "/disable", "/enable"])
def test_an_administrator_who_lost_the_right_since_they_were_let_in_changes_nobody(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    vera = people.add(name="vera", role="viewer", actor="command line")
    User.objects.filter(pk=vera.pk).update(is_active=act != "/enable")
    seen = people.person_of_session(client.session.session_key)
    monkeypatch.setattr(people, "person_of_session", lambda _: seen)
    Grant.objects.filter(user=ada).update(role="operator")
    before = list(User.objects.order_by("pk").values()), list(Grant.objects.order_by("pk").values())
    answer = client.post(f"/people/{vera.pk}{act}" if act else "/people", {"name": "eve", "role": "admin"})
    assert answer.status_code == 403
    assert (list(User.objects.order_by("pk").values()), list(Grant.objects.order_by("pk").values())) == before
    assert not LoginLink.objects.exists()
    assert not from_here().exists()


def test_a_new_persons_link_is_shown_once_and_signs_them_in(client: Client, ada: User) -> None:
    shown = client.post("/people", {"name": "vera", "role": "operator"}).content.decode()
    token = re.search(r"http://testserver/login/([\w-]{40,})", shown)
    assert token
    assert token[1] not in client.get("/people").content.decode()
    assert links.use(token=token[1]) == User.objects.get(username="vera")
    written = [(one.actor, one.action, one.told) for one in from_here()]
    added = ("ada", "PERSON_ADDED", {"name": "vera", "role": "operator"})
    assert written == [added, ("ada", "LINK_MADE", {"name": "vera"}), ("vera", "SIGNED_IN", {})]
    assert token[1] not in str(AuditEntry.objects.values()) + str(LoginLink.objects.values())


@pytest.mark.parametrize("name", ["", "ada", "Ada", "Clusterview", "a b", "<b>", "x" * 61, "line\nbreak", "ａda", "ｃlusterview", "ﷺ"])
def test_a_name_that_cannot_be_is_refused_with_a_reason(client: Client, ada: User, name: str) -> None:
    shown = client.post("/people", {"name": name, "role": "viewer"}).content.decode()
    assert "errorlist" in shown
    assert User.objects.count() == 1


def test_a_name_is_written_down_as_it_is_kept(client: Client, ada: User) -> None:
    client.post("/people", {"name": "ｖera", "role": "viewer"})
    assert User.objects.filter(username="vera").exists()
    assert from_here().get(action="PERSON_ADDED").told == {"name": "vera", "role": "viewer"}


def test_nobody_becomes_more_by_other_fields(client: Client, ada: User) -> None:
    client.post("/people", {"name": "vera", "role": "viewer", "is_superuser": "1", "is_staff": "1", "user": "1"})
    vera = User.objects.get(username="vera")
    assert (vera.is_superuser, vera.is_staff, vera.has_usable_password()) == (False, False, False)
    assert client.post("/people", {"name": "eve", "role": "root"}).status_code == 200
    assert not User.objects.filter(username="eve").exists()


def test_a_disabled_person_is_signed_out_at_once_and_comes_back_by_a_new_link_only(client: Client, ada: User, rung: list[int]) -> None:
    vera, theirs = people.add(name="vera", role="viewer", actor="command line"), Client()
    theirs.force_login(vera)
    assert client.post(f"/people/{vera.pk}/disable").status_code == 302
    assert people.person_of_session(theirs.session.session_key) is None
    assert rung == [vera.pk]
    client.post(f"/people/{vera.pk}/enable")
    assert people.person_of_session(theirs.session.session_key) is None
    assert [entry.action for entry in from_here()] == ["PERSON_DISABLED", "PERSON_ENABLED"]
    theirs.post(f"/login/{links.create(user=vera, actor='ada')}")
    assert people.person_of_session(theirs.session.session_key) is not None
    assert auditing.verify() == []


def test_another_role_counts_at_once_and_ends_no_page(client: Client, ada: User, rung: list[int]) -> None:
    vera, theirs = people.add(name="vera", role="viewer", actor="command line"), Client()
    theirs.force_login(vera)
    client.post(f"/people/{vera.pk}/role", {"role": "operator"})
    assert people.person_of_session(theirs.session.session_key).role == "operator"  # type: ignore[union-attr]
    assert rung == []
    assert from_here().get().told == {"name": "vera", "from": "viewer", "to": "operator"}


@pytest.mark.parametrize(("action", "sent"), [("disable", {}), ("role", {"role": "viewer"}), ("role", {"role": "root"}), ("role", {})])
def test_the_last_administrator_stays_one(client: Client, ada: User, action: str, sent: dict[str, str]) -> None:
    assert client.post(f"/people/{ada.pk}/{action}", sent).status_code == 409
    assert people.person_of_session(client.session.session_key).role == "admin"  # type: ignore[union-attr]
    assert not from_here().exists()


def test_a_person_who_is_not_there_is_not_found(client: Client, ada: User) -> None:
    stray = User.objects.create_user("stray")
    for identifier in (stray.pk, 9999, 10**30):
        assert client.post(f"/people/{identifier}/disable").status_code == 404
    assert client.post(f"/people/{ada.pk}/delete").status_code == 404


def test_the_address_that_stands_above_a_new_link_leads_to_everybody_and_makes_no_other_link(client: Client, ada: User) -> None:
    path = f"/people/{ada.pk}/link"
    shown = client.post(path).content.decode()
    assert 'action="/language"' not in shown, "the link would be gone with the words"
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/people")
    assert LoginLink.objects.count() == 1


@pytest.mark.parametrize("path", ["/people", "/people/1/disable", "/people/1/role", "/people/1/link", "/language", "/signed-out"])
def test_every_form_needs_its_token(path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.add(name="ada", role="admin", actor="command line"))
    answer = strict.post(path, {"name": "eve", "role": "admin", "language": "ko"})
    assert answer.status_code == 403
    assert b"style" not in answer.content.replace(b"stylesheet", b"")
    assert User.objects.count() == 1


def test_links_lead_to_the_public_address(client: Client, ada: User, settings: Any) -> None:
    settings.PUBLIC_URL = "https://clusterview.example"
    assert b"https://clusterview.example/login/" in client.post(f"/people/{ada.pk}/link").content
