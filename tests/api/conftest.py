"""A web process that sees one cluster, `lab`, as a test says; and REST clients for each role, which hold each answer against the description."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404

from clusterview.access import clusters, tokens
from clusterview.api.rest import api
from clusterview.stream import hub
from tests.api.seen import Hub


class Described(Client):
    """A client to which a status that the description does not tell of its operation is a defect."""

    paths: dict[str, Any] = api.get_openapi_schema()["paths"]

    def request(self, **request: Any) -> HttpResponse:
        answer: Any = super().request(**request)
        method = request["REQUEST_METHOD"].lower()
        route = ""
        with contextlib.suppress(Resolver404):
            route = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{answer.resolver_match.route}")
        if operation := self.paths.get(route, {}).get(method):
            assert answer.status_code in operation["responses"], f"{method} {route} answered {answer.status_code}, which is not described"
        return answer


@pytest.fixture
def client() -> Client:
    """A client of a stranger."""
    return Described()


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Hub:
    """What the process sees; a test may change it."""
    made = Hub()
    monkeypatch.setattr(hub, "hub", lambda: made)
    return made


@pytest.fixture
def lab(db: None, seen: Hub) -> None:
    clusters.register(opened=[("lab", "the lab")])


@pytest.fixture
def bearer(db: None) -> Callable[[str], Client]:
    """A client that sends the token of a role."""

    def make(role: str) -> Client:
        return Described(headers={"Authorization": f"Bearer {tokens.create(name=f'{role}-token', role=role)}"})

    return make
