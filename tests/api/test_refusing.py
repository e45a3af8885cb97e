"""Every refusal has the one shape, whoever noticed it first, and says when it is worth to come again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from clusterview.api import switches
from clusterview.traffic.errors import Refused

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]
PREFLIGHT = "/api/v1/clusters/lab/preflight?namespace=store&service=shop&to=green"


@pytest.mark.parametrize("code", ["unreachable", "unidentified"])
def test_a_cluster_that_does_not_answer_says_when_to_come_again(code: str, lab: None, bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise Refused(503, code)

    monkeypatch.setattr(switches.requesting, "preview", refuse)
    answer = bearer("viewer").get(PREFLIGHT)
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, code, "1")


def test_what_will_not_change_by_itself_says_no_time(lab: None, bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise Refused(422, "no-pair")

    monkeypatch.setattr(switches.requesting, "preview", refuse)
    assert "Retry-After" not in bearer("viewer").get(PREFLIGHT).headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "/api/v1/me", "GET"), ("GET", "/api/v1/clusters/lab/arm", "POST"), ("DELETE", "/api/v1/clusters/lab/changes", "GET")],
)
def test_a_method_that_an_address_does_not_take_is_refused_in_the_one_shape(method: str, path: str, allowed: str, lab: None, client: Client) -> None:
    answer = client.generic(method, path)
    assert (answer.status_code, answer["Allow"], answer["Content-Type"]) == (405, allowed, "application/json")
    assert answer.json() == {"code": "method_not_allowed", "sentence": "This address is not for that method; the header Allow names those it is for."}


def test_the_description_is_refused_as_everything_else(lab: None, client: Client) -> None:
    described, other = client.get("/api/v1/openapi.json"), client.get("/api/v1/me")
    assert (described.status_code, described.json(), described["WWW-Authenticate"]) == (401, other.json(), other["WWW-Authenticate"])
