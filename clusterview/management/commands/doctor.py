"""`manage.py doctor`: looks at every setting, component and permission, and says what to do about what is wrong.

It changes nothing, and it goes on after a finding, so that one run tells everything. A kind that may not be read is no fault: the page
names it, and the doctor says which right is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from clusterview.access import granting
from clusterview.kube import errors, kubeconfigs, reading
from clusterview.kube.connections import Connection
from clusterview.kube.kinds import KINDS
from clusterview.management import telling
from clusterview.models.people import Role
from clusterview.stream import publishing


class Finding(NamedTuple):
    """One thing that was looked at; `remedy` is empty when all is well."""

    subject: str
    seen: str
    remedy: str = ""


class Command(BaseCommand):
    help = "Looks at every setting, component and permission, and says what to do about what is wrong."
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        found = [*settings_seen(), *database_seen(), *redis_seen(), *clusters_seen()]
        for finding in found:
            self.stdout.write(f"{'look' if finding.remedy else 'ok  '}  {finding.subject}: {finding.seen}")
            if finding.remedy:
                self.stdout.write(f"      -> {finding.remedy}")
        if wrong := [finding for finding in found if finding.remedy]:
            raise CommandError(f"{len(wrong)} of {len(found)} need a look.")


def settings_seen() -> Iterator[Finding]:
    """This will look at the state folder, the front end and the address."""
    mode = settings.STATE_DIR.stat().st_mode & 0o777
    yield Finding("state folder", f"{settings.STATE_DIR}, mode {mode:o}", f"chmod 700 {settings.STATE_DIR}" if mode & 0o077 else "")
    is_open = telling.key_is_open()
    seen = "is readable by everybody on this machine" if is_open else "is not readable by everybody"
    yield Finding("secret key", f"{settings.SECRET_KEY_FILE} {seen}", f"chmod 600 {settings.SECRET_KEY_FILE}" if is_open else "")
    built = (settings.DIST / ".vite" / "manifest.json").exists()
    yield Finding("front end", "built" if built else "not built", "" if built else "Start `python3 manage.py up`, which builds it.")
    public = settings.PUBLIC_URL
    encrypted = public is None or public.startswith("https://")
    kept = f"{settings.REWIND_HOURS:g} hours or {settings.REWIND_BYTES / 1e6:g} MB" if settings.REWIND_HOURS else "nothing is recorded"
    yield Finding("rewind", kept)
    yield Finding("PUBLIC_URL", public or "not set, so the page is for this machine", "" if encrypted else "Let it begin with https://.")


def database_seen() -> Iterator[Finding]:
    """This will look at the database, its tables, and whether anybody can administer."""
    connection = connections["default"]
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as problem:
        yield Finding("database", f"{connection.vendor} does not answer: {problem}", "Check DATABASE_URL and that the database runs.")
        return
    remedy = "Start `python3 manage.py up`, or run `python3 manage.py migrate`."
    yield Finding("database", f"{connection.vendor}, {len(missing)} migrations missing", remedy if missing else "")
    if not missing:
        count = User.objects.filter(is_active=True, grant__role=Role.ADMIN).count()
        yield Finding("administrators", str(count), "" if count else "Run `python3 manage.py user add NAME --role admin`.")
        yield audit_seen(vendor=connection.vendor)


def audit_seen(*, vendor: str) -> Finding:
    """This will look at what keeps the audit as it was written. SQLite has no roles, so there is nothing to advise."""
    if not granting.can_change_the_audit():
        return Finding("audit", "the database lets this role add entries and change none; the hash chain tells the rest")
    remedy = "Let another role own the tables and name it in DATABASE_OWNER_URL; the README says how." if vendor == "postgresql" else ""
    return Finding("audit", f"{granting.ALONE}; export it now and then to another place", remedy)


def redis_seen() -> Iterator[Finding]:
    """This will look at Redis, and at whether it may forget what it was told."""
    client = publishing.connect(url=settings.REDIS_URL)
    try:
        wrong = publishing.problem(client=client)
    except redis.RedisError as problem:
        yield Finding("Redis", f"does not answer: {problem}", "Start `python3 manage.py up`, or check REDIS_URL.")
        return
    finally:
        client.close()
    yield Finding("Redis", "answers, but not as it should" if wrong else "answers, and keeps what it is told", wrong)
    if exposed := publishing.exposure(url=settings.REDIS_URL):
        yield Finding("Redis, the way to it", "open to others", exposed)


def clusters_seen() -> Iterator[Finding]:
    """This will look at each cluster that `up` would open, and at no other."""
    try:
        found = kubeconfigs.to_open(settings.KUBECONFIG_PATHS, settings.KUBE_CONTEXTS)
    except errors.KubeError as problem:
        yield Finding("kubeconfig", "cannot be used", problem.sentence)
        return
    if not found:
        yield Finding("kubeconfig", "none was found", "Name one with --kubeconfig or KUBECONFIG, or put one at ~/.kube/config.")
    for access in found:
        connection = Connection(access)
        try:
            yield from cluster_seen(connection=connection)
        finally:
            connection.close()


def cluster_seen(*, connection: Connection) -> Iterator[Finding]:
    """This will look at one cluster: whether it answers, and which kinds our account may not read."""
    subject = f"cluster {connection.access.name}"
    if weak := kubeconfigs.weakness(connection.access):
        seen = f"{weak}: whoever is on the way may read along, and answer in the cluster's place"
        remedy = "Let the kubeconfig name https:// and a `certificate-authority`, without `insecure-skip-tls-verify`."
        yield Finding(f"{subject}, the way to it", seen, remedy)
    try:
        yield Finding(subject, f"{connection.access.server} answers, {reading.version(connection)}")
        denied = [
            spec.key for spec in KINDS
            if not all(reading.may(connection, verb, spec.group, spec.resource, spec.namespace or None) for verb in ("list", "watch"))
        ]  # fmt: skip
    except errors.KubeError as problem:
        yield Finding(subject, "does not answer as it should", problem.sentence)
        return
    remedy = "An administrator of the cluster gives the rights: `python3 manage.py rbac | kubectl apply -f -`."
    yield Finding(f"{subject}, rights to read", f"missing for {', '.join(denied)}" if denied else "complete", remedy if denied else "")
