"""Whoever acts as an administrator is one in the transaction that acts, and not only when they were let in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from clusterview.access import clusters, links, names, people, tokens
from clusterview.access.people import Person
from clusterview.models import ApiToken, AuditEntry, Cluster, Grant, LoginLink

pytestmark = pytest.mark.django_db
Act = Callable[[Person | str], object]


def vera() -> User:
    return User.objects.get(username="vera")


ACTS: dict[str, Act] = {
    "ARMED": lambda actor: clusters.arm(cluster="off", actor=actor),
    "DISARMED": lambda actor: clusters.disarm(cluster="on", actor=actor),
    "LINK_MADE": lambda actor: links.create(user=vera(), actor=actor),
    "PERSON_ADDED": lambda actor: people.add(name="eve", role="admin", actor=actor),
    "PERSON_DISABLED": lambda actor: people.set_active(user_id=vera().pk, active=False, actor=actor),
    "ROLE_CHANGED": lambda actor: people.set_role(user_id=vera().pk, role="admin", actor=actor),
}


@pytest.fixture(autouse=True)
def here() -> None:
    """Two clusters, of which one is armed, and two people."""
    clusters.register(opened=[("on", "one"), ("off", "another")])
    clusters.arm(cluster="on", actor=names.COMMAND_LINE)
    for name, role in (("ada", "admin"), ("vera", "viewer")):
        people.add(name=name, role=role, actor=names.COMMAND_LINE)


def ada() -> Person:
    user = User.objects.get(username="ada")
    return Person(name="ada", role="admin", user_id=user.pk)


def ci() -> Person:
    found = people.person_of_token(tokens.create(name="ci", role="admin"))
    assert found is not None
    return found


def demote() -> None:
    Grant.objects.filter(user__username="ada").update(role="operator")


def disable() -> None:
    User.objects.filter(username="ada").update(is_active=False)


def remove() -> None:
    Grant.objects.filter(user__username="ada").delete()


def revoke() -> None:
    ApiToken.objects.update(revoked_at=timezone.now())


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("someone", "lose"), [(ada, demote), (ada, disable), (ada, remove), (ci, revoke)])
def test_who_lost_the_right_meanwhile_changes_nothing(act: str, someone: Callable[[], Person], lose: Callable[[], None]) -> None:
    person = someone()
    lose()
    before = everything()
    with pytest.raises(PermissionDenied):
        ACTS[act](person)
    assert everything() == before


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("someone", [ada, ci, lambda: names.COMMAND_LINE])
def test_who_has_the_right_and_the_command_line_act_and_are_named(act: str, someone: Callable[[], Person | str]) -> None:
    actor = someone()
    ACTS[act](actor)
    last = AuditEntry.objects.order_by("sequence").last()
    assert last is not None
    assert (last.actor, last.action) == (actor if isinstance(actor, str) else actor.name, act)


def everything() -> list[list[dict[str, object]]]:
    return [list(kind._default_manager.order_by("pk").values()) for kind in (User, Grant, LoginLink, Cluster, AuditEntry)]
