"""REST lets in who shows a valid token or a session, and a session that changes something also shows the CSRF token."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from clusterview.access import people, tokens
from clusterview.models import Cluster

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]


def test_a_stranger_is_told_how_to_come_in(lab: None, client: Client) -> None:
    answer = client.get("/api/v1/clusters")
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_each_knows_who_they_are(lab: None, client: Client, bearer: Bearer) -> None:
    assert bearer("operator").get("/api/v1/me").json() == {"name": "operator-token", "role": "operator", "language": "en"}
    client.force_login(people.add(name="ada", role="admin", actor="ada"))
    answer = client.get("/api/v1/me", headers={"Accept-Language": "ko"})
    assert answer.json() == {"name": "ada", "role": "admin", "language": "ko"}


def test_a_revoked_token_and_a_disabled_person_are_strangers_at_once(lab: None, client: Client, bearer: Bearer) -> None:
    script = bearer("viewer")
    client.force_login(people.add(name="vera", role="viewer", actor="ada"))
    assert [one.get("/api/v1/me").status_code for one in (script, client)] == [200, 200]
    tokens.revoke(name="viewer-token")
    User.objects.filter(username="vera").update(is_active=False)
    assert [one.get("/api/v1/me").status_code for one in (script, client)] == [401, 401]


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic YWRhOmFkYQ==", "Bearer  ", "wrong"])
def test_a_wrong_token_is_not_made_good_by_a_session(lab: None, client: Client, header: str) -> None:
    client.force_login(people.add(name="ada", role="admin", actor="ada"))
    assert client.get("/api/v1/me", headers={"Authorization": header}).status_code == 401


def test_a_session_changes_nothing_without_the_csrf_token(lab: None) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.add(name="ada", role="admin", actor="ada"))
    strict.get("/c/lab/")
    for sent in ({}, {"X-CSRFToken": "x" * 64}):
        answer = strict.post("/api/v1/clusters/lab/arm", headers=sent)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert not Cluster.objects.get().armed
    token = strict.cookies["csrftoken"].value
    assert strict.post("/api/v1/clusters/lab/arm", headers={"X-CSRFToken": token}).status_code == 200


def test_a_token_needs_no_csrf_token(lab: None) -> None:
    token = tokens.create(name="ci", role="admin")
    strict = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})
    assert strict.post("/api/v1/clusters/lab/arm").status_code == 200


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch"])
def test_nothing_is_changed_by_another_method(lab: None, bearer: Bearer, method: str) -> None:
    client = bearer("admin")
    assert getattr(client, method)("/api/v1/clusters/lab/arm", headers={"X-HTTP-Method-Override": "POST"}).status_code == 405
    assert not Cluster.objects.get().armed


def test_what_a_proxy_might_say_of_the_person_is_not_believed(lab: None, client: Client) -> None:
    people.add(name="ada", role="admin", actor="ada")
    sent = {"X-Remote-User": "ada", "Remote-User": "ada", "X-Forwarded-User": "ada", "Impersonate-User": "ada"}
    assert client.get("/api/v1/me", headers=sent).status_code == 401


def test_the_description_is_shown_to_those_who_are_let_in(lab: None, client: Client, bearer: Bearer) -> None:
    assert client.get("/api/v1/openapi.json").status_code == 401
    described = bearer("viewer").get("/api/v1/openapi.json").json()
    assert "/api/v1/clusters/{cluster}/topology" in described["paths"]


def test_an_address_that_is_not_there_answers_in_json(lab: None, bearer: Bearer) -> None:
    answer = bearer("viewer").get("/api/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
