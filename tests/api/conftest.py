"""A web process that sees one cluster, `lab`, as a test says; and REST clients for each role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from clusterview.access import clusters, tokens
from clusterview.stream import hub
from tests.api.seen import Hub


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
        return Client(headers={"Authorization": f"Bearer {tokens.create(name=f'{role}-token', role=role)}"})

    return make
