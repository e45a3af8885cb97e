"""Who is asking, and what they may do, is what the database says at that moment."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Collection
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from clusterview.access import auditing, links, people, roles, tokens
from clusterview.access.sharing import SharedLook
from clusterview.models import ApiToken, AuditEntry, Grant, LoginLink
from clusterview.models.people import Role

pytestmark = pytest.mark.django_db


def bearer(token: str) -> people.Person | None:
    return people.person_of_request(RequestFactory().get("/", headers={"Authorization": f"Bearer {token}"}))


def test_each_role_includes_the_ones_before_it() -> None:
    table = {role: [needed for needed in Role.values if roles.allows(role, needed)] for role in Role.values}
    assert table == {"viewer": ["viewer"], "operator": ["viewer", "operator"], "admin": ["viewer", "operator", "admin"]}
    assert not roles.allows("", "viewer")


def test_a_token_works_until_it_is_revoked_and_is_not_stored() -> None:
    token = tokens.create(name="ci", role="operator")
    assert bearer(token) == people.Person(name="ci", role="operator", token_id=ApiToken.objects.get().pk)
    assert token not in str(ApiToken.objects.values())
    assert bearer(token + "x") is None
    assert tokens.revoke(name="ci")
    assert bearer(token) is None
    assert not tokens.revoke(name="ci")


def test_two_tokens_cannot_share_a_name() -> None:
    tokens.create(name="ci", role="viewer")
    with pytest.raises(ValueError, match="already"):
        tokens.create(name="ci", role="admin")


def test_a_disabled_person_is_nobody_at_once(client: Client) -> None:
    user = people.add(name="vera", role="viewer", actor="ada")
    client.force_login(user)
    key = client.session.session_key
    found = people.person_of_session(key)
    assert found is not None
    assert (found.name, found.role) == ("vera", "viewer")
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert people.person_of_session(key) is None


def test_a_person_and_their_role_and_what_is_written_of_it_come_together_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise OSError

    for place, name in ((Grant.objects, "create"), (auditing, "record")):
        with monkeypatch.context() as broken:
            broken.setattr(place, name, fail)
            with pytest.raises(OSError):
                people.add(name="vera", role="viewer", actor="ada")
        assert (User.objects.count(), Grant.objects.count(), AuditEntry.objects.count()) == (0, 0, 0)
    people.add(name="vera", role="viewer", actor="ada")
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.body) == ("ada", "PERSON_ADDED", {"name": "vera", "role": "viewer"})


def test_someone_without_a_grant_is_nobody(client: Client) -> None:
    client.force_login(User.objects.create_user("stray"))
    assert people.person_of_session(client.session.session_key) is None


def test_a_link_signs_in_once() -> None:
    user = people.add(name="vera", role="viewer", actor="ada")
    token = links.create(user=user, actor="ada")
    assert links.find(token=token) == user
    assert links.use(token=token) == user
    assert links.use(token=token) is None
    assert links.find(token=token) is None
    assert token not in str(LoginLink.objects.values())


def test_whoever_has_no_link_begins_no_transaction_t12() -> None:
    token = links.create(user=people.add(name="vera", role="viewer", actor="ada"), actor="ada")
    links.use(token=token)
    with CaptureQueriesContext(connection) as asked:
        assert [links.use(token=one) for one in (token, "x" * 43, "")] == [None] * 3
    assert [one["sql"] for one in asked if not one["sql"].startswith("SELECT")] == []


def test_a_new_link_ends_that_person_s_older_ones_and_nobody_else_s() -> None:
    vera, otto = (people.add(name=name, role="viewer", actor="ada") for name in ("vera", "otto"))
    lost, other = (links.create(user=user, actor="ada") for user in (vera, otto))
    new = links.create(user=vera, actor="ada")
    assert links.use(token=lost) is None
    assert (links.use(token=new), links.use(token=other)) == (vera, otto)


def test_an_expired_link_and_a_disabled_persons_link_do_not_work() -> None:
    user = people.add(name="vera", role="viewer", actor="ada")
    old = links.create(user=user, actor="ada", lasting=-links.LASTING)
    assert links.use(token=old) is None
    token = links.create(user=user, actor="ada")
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert links.use(token=token) is None


def test_whoever_is_let_in_again_signs_in_anew(client: Client) -> None:
    people.add(name="ada", role="admin", actor="ada")
    vera = people.add(name="vera", role="viewer", actor="ada")
    client.force_login(vera)
    before = links.create(user=vera, actor="ada")
    people.set_active(user_id=vera.pk, active=False, actor="ada")
    assert not LoginLink.objects.exists()
    meanwhile = links.create(user=vera, actor="ada")
    people.set_active(user_id=vera.pk, active=True, actor="ada")
    assert people.person_of_session(client.session.session_key) is None
    assert [links.use(token=token) for token in (before, meanwhile)] == [None, None]
    assert links.use(token=links.create(user=vera, actor="ada")) == vera


def test_a_link_that_was_used_stays_written_down_when_its_person_is_disabled() -> None:
    people.add(name="ada", role="admin", actor="ada")
    vera = people.add(name="vera", role="viewer", actor="ada")
    links.use(token=links.create(user=vera, actor="ada"))
    people.set_active(user_id=vera.pk, active=False, actor="ada")
    assert LoginLink.objects.get().used_at is not None


def test_somebody_who_was_signing_in_while_they_were_disabled_is_not_in_when_they_are_let_in_again(client: Client) -> None:
    people.add(name="ada", role="admin", actor="ada")
    token = links.create(user=people.add(name="vera", role="viewer", actor="ada"), actor="ada")
    vera = links.use(token=token)
    assert vera is not None
    for active in (False, True):
        people.set_active(user_id=vera.pk, active=active, actor="ada")
    client.force_login(vera)
    assert people.person_of_session(client.session.session_key) is None


def test_a_look_at_who_is_signed_in_leaves_nobody_behind_for_the_collector() -> None:
    """Open pages are looked at again and again for as long as they are open."""
    keys = sessions("vera", "olga")
    gc.collect()
    gc.disable()
    try:
        assert len(people.persons_of_sessions(keys)) == 2
        assert not [one for one in gc.get_objects() if isinstance(one, User | Grant)]
    finally:
        gc.enable()


@pytest.mark.django_db(transaction=True)
async def test_thousands_who_ask_at_once_are_looked_up_together_and_each_for_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def look(keys: Collection[str]) -> dict[str, people.Person]:
        looks.append(len(keys))
        return people.persons_of_sessions(keys)

    monkeypatch.setattr(people, "_sessions", SharedLook(database_sync_to_async(look)))
    cookies = await database_sync_to_async(sessions)("vera", "olga", "dora", "ada")
    await database_sync_to_async(disable)("dora")
    asked = [cookie for cookie in [*cookies[:3], "stranger"] for _ in range(300)]
    scopes = [{"headers": [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())]} for cookie in asked]
    found = await asyncio.gather(*(people.person_of_scope(scope) for scope in scopes))
    assert [one and one.name for one in found] == ["vera"] * 300 + ["olga"] * 300 + [None] * 600
    assert sum(looks) <= 5


def sessions(*names: str) -> list[str]:
    """The session of each of these new people."""
    made = []
    for name in names:
        client = Client()
        client.force_login(people.add(name=name, role="admin", actor="ada"))
        made.append(str(client.session.session_key))
    return made


def disable(name: str) -> None:
    people.set_active(user_id=User.objects.get(username=name).pk, active=False, actor="admin")
