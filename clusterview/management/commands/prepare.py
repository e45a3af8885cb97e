"""What `up` needs before the page opens: tables, an administrator, the clusters of the kubeconfig, and a link for whoever signs in first.

Where DATABASE_OWNER_URL names the owner of the tables, `--migrate` also gives the role of DATABASE_URL its rights (`migrate.py`).
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from clusterview.access import clusters, granting, links, names, people
from clusterview.kube import errors, kubeconfigs
from clusterview.management import telling
from clusterview.models import Cluster
from clusterview.models.people import Role
from clusterview.stream import publishing

ADMINISTRATOR = "admin"


class Command(BaseCommand):
    help = "Prepares the database for `up` and prints one line of JSON: login_path, problem, doubts and refusal."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--migrate", action="store_true", help="bring the tables up to date first")
        parser.add_argument("--link", action="store_true", help="make a link also where somebody has signed in before")

    def handle(self, *_: Any, **options: Any) -> None:
        if options["migrate"]:
            call_command("migrate", verbosity=0, interactive=False)
        known = administrator()
        user = known or first_administrator()
        problem = register_clusters()
        is_wanted = options["link"] or known is None or not User.objects.filter(last_login__isnull=False).exists()
        path = f"/login/{links.create(user=user, actor=names.COMMAND_LINE)}" if is_wanted else None
        told = {"login_path": path, "problem": problem, "doubts": [*filter(None, doubts())], "refusal": unsuitable_redis()}
        self.stdout.write(json.dumps(told))


def administrator() -> User | None:
    """Who gets the link: `admin`, or another active administrator where `admin` was disabled."""
    active = User.objects.filter(is_active=True, grant__role=Role.ADMIN).order_by("pk")
    return active.filter(username=ADMINISTRATOR).first() or active.first()


def first_administrator() -> User:
    """This will make `admin`, or an administrator of the one whom an earlier start has begun to make."""
    named = {"name": ADMINISTRATOR, "role": Role.ADMIN, "actor": names.COMMAND_LINE}
    return people.complete(**named) or people.add(**named)


def doubts() -> Iterator[str | None]:
    """What an administrator of the machine should know, and nothing is refused for."""
    yield weakness()
    yield publishing.exposure(url=settings.REDIS_URL)
    if telling.key_is_open():
        yield f"Everybody on this machine may read {settings.SECRET_KEY_FILE}, and with it sign in as anybody: {telling.CLOSING_KEY}."


def weakness() -> str | None:
    """What PostgreSQL could do for the audit and does not; None where it does, and on SQLite, which has no roles."""
    if connection.vendor != "postgresql" or not granting.can_change_the_audit():
        return None
    return f"The audit is {granting.ALONE}: the role of DATABASE_URL can also change entries. The README says what DATABASE_OWNER_URL is for."


def unsuitable_redis() -> str | None:
    """Why nothing may be started with this Redis; None for one that is away, which comes back as it is."""
    client = publishing.connect(url=settings.REDIS_URL)
    try:
        return publishing.eviction(client=client) or None
    except redis.RedisError:
        return None
    finally:
        client.close()


def register_clusters() -> str | None:
    """This will register the clusters that are to be opened, and return in words why there is none, if so."""
    if not settings.PRACTICE:
        disarm_practice()
    try:
        found = kubeconfigs.to_open(settings.KUBECONFIG_PATHS, settings.KUBE_CONTEXTS)
    except errors.KubeError as problem:
        clusters.register(opened=[], problem=problem.sentence)
        return problem.sentence
    clusters.register(opened=[(access.id, access.name) for access in found])
    if settings.PRACTICE and not settings.READ_ONLY:
        arm_practice(identifiers=[access.id for access in found])
    return None if found else "No kubeconfig was found: the page says how to connect a cluster."


def arm_practice(*, identifiers: list[str]) -> None:
    """This will arm the practice clusters, where nothing can break, and note which they were."""
    practice_armed().write_text("\n".join(identifiers))
    for identifier in identifiers:
        clusters.arm(cluster=identifier, actor=names.PRACTICE, looked=Cluster.objects.get(pk=identifier).lost_marks)


def disarm_practice() -> None:
    """This will take back what `arm_practice` did: a real cluster whose context has the same name begins with switching off."""
    if practice_armed().exists():
        for identifier in practice_armed().read_text().splitlines():
            if clusters.known(identifier):
                clusters.disarm(cluster=identifier, actor=names.PRACTICE)
        practice_armed().unlink()


def practice_armed() -> Path:
    return Path(settings.STATE_DIR) / "practice-armed"
