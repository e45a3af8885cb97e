"""Whoever is refused leaves a line in the log, and nobody can fill it with them."""

from __future__ import annotations

import itertools
import logging

import pytest
from django.test import Client

from clusterview.access import attempts, clusters, links, people, tokens

SEEN = {"address": "192.0.2.1"}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test has used up another one's lines."""
    monkeypatch.setattr(attempts, "_lines", attempts.Lines())


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "clusterview.access.attempts"]


def test_each_kind_has_a_few_lines_a_minute_and_the_next_one_counts_the_others_t66(caplog: pytest.LogCaptureFixture) -> None:
    now = itertools.chain([0.0] * 1000, [30.0, 61.0, 61.0])
    lines = attempts.Lines(clock=lambda: next(now))
    for _ in range(1000):
        lines.add("bad_token", asked_from=SEEN)
    assert said(caplog) == ["refused (bad_token): somebody from address=192.0.2.1"] * attempts.MOST_LINES
    caplog.clear()
    lines.add("not_allowed", asked_from=SEEN, by="vera")
    for _ in range(2):
        lines.add("bad_token", asked_from={})
    assert said(caplog) == [
        "refused (not_allowed): vera from address=192.0.2.1",
        "refused (bad_token): somebody from unknown; 990 more before it were not written",
        "refused (bad_token): somebody from unknown",
    ]


@pytest.mark.django_db
def test_a_bad_token_a_dead_link_a_role_and_a_forged_form_leave_a_line_each_t02_t42(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clusters.register(opened=[("lab", "the lab")])
    token = tokens.create(name="ci", role="viewer")
    Client().get("/api/v1/me", headers={"Authorization": "Bearer stolen-and-revoked"})
    Client().post("/login/stolen-and-used")
    Client().post("/api/v1/clusters/lab/arm", headers={"Authorization": f"Bearer {token}"})
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(vera := people.add(name="vera", role="viewer", actor="ada"))
    strict.get("/people")
    strict.post("/api/v1/clusters/lab/arm")
    strict.post(f"/login/{links.create(user=vera, actor='ada')}")
    assert [line.partition(" address=")[0].partition(" session=")[0].partition(" token=")[0] for line in said(caplog)] == [
        "refused (bad_token): somebody from",
        "refused (dead_link): somebody from",
        "refused (not_allowed): ci from",
        "refused (not_allowed): vera from",
        "refused (csrf): somebody from",
        "refused (csrf): somebody from",
    ]
    assert "stolen" not in caplog.text


@pytest.mark.django_db
def test_what_is_sent_in_place_of_a_token_leaves_a_line_where_a_token_lets_in_and_none_elsewhere(caplog: pytest.LogCaptureFixture) -> None:
    """The password of a proxy in front comes along with every page."""
    caplog.set_level(logging.INFO)
    basic = {"Authorization": "Basic c3RvbGVu"}
    Client().get("/people", headers=basic)
    assert said(caplog) == []
    Client().get("/api/v1/me", headers=basic)
    assert [line.partition(":")[0] for line in said(caplog)] == ["refused (bad_token)"]


@pytest.mark.django_db
def test_who_is_let_in_or_only_has_not_signed_in_leaves_none(caplog: pytest.LogCaptureFixture) -> None:
    Client().get("/api/v1/me")
    Client().get("/")
    Client().get("/api/v1/me", headers={"Authorization": f"Bearer {tokens.create(name='ci', role='viewer')}"})
    assert said(caplog) == []
