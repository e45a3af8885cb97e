"""`manage.py doctor`: looks at every setting, component and permission, and says what to do about what is wrong.

It changes nothing, and it goes on after a finding, so that one run tells everything. A kind that may not be read is no fault: the page
names it, and the doctor says which right is missing, and gives the command for the account that was asked.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
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
from clusterview.kube.kinds import KINDS, KindSpec
from clusterview.management import telling
from clusterview.models import Cluster
from clusterview.models.people import Role
from clusterview.observer import readers
from clusterview.stream import keys, publishing
from clusterview.traffic import reconciling

ROOM_BYTES = 500e6


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
    private = f"Where it is Clusterview's alone: chmod 700 {settings.STATE_DIR}"
    yield Finding("state folder", f"{settings.STATE_DIR}, mode {mode:o}", private if mode & 0o077 else "")
    room = shutil.disk_usage(settings.STATE_DIR).free
    yield Finding("disk room", f"{room / 1e9:.1f} GB", "" if room >= ROOM_BYTES else "Make room: without it no switch goes on.")
    is_open = telling.key_is_open()
    seen = "is readable by everybody on this machine" if is_open else "is not readable by everybody"
    yield Finding("secret key", f"{settings.SECRET_KEY_FILE} {seen}", telling.CLOSING_KEY if is_open else "")
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
        yield traffic_seen()


def audit_seen(*, vendor: str) -> Finding:
    """This will look at what keeps the audit as it was written. SQLite has no roles, so there is nothing to advise."""
    if not granting.can_change_the_audit():
        return Finding("audit", "the database lets this role add entries and change none; the hash chain tells the rest")
    remedy = "Let another role own the tables and name it in DATABASE_OWNER_URL; the README says how." if vendor == "postgresql" else ""
    return Finding("audit", f"{granting.ALONE}; export it now and then to another place", remedy)


def traffic_seen() -> Finding:
    """This will look whether a `traffic` worker is at work."""
    age = reconciling.age_seconds()
    remedy = "Start `python3 manage.py up`, or look at what it prints of `traffic`: nobody goes on with what another process left, or holds sizes."
    return Finding("traffic worker", reconciling.in_words(age), remedy if reconciling.is_late(age) else "")


def redis_seen() -> Iterator[Finding]:
    """This will look at Redis, and at whether it may forget what it was told."""
    client = publishing.connect(url=settings.REDIS_URL)
    try:
        wrong = publishing.problem(client=client)
        others = len(keys.others(client.scan_iter("cv:*", count=1_000)))
    except redis.RedisError as problem:
        yield Finding("Redis", f"does not answer: {problem}", "Start `python3 manage.py up`, or check REDIS_URL.")
        return
    finally:
        client.close()
    yield Finding("Redis", "answers, but not as it should" if wrong else "answers, and keeps what it is told", wrong)
    if others:
        shared = "fine where those are other installations, or an earlier key; all processes of one need the same"
        yield Finding("Redis", f"also used with {others} other secret key{'s' if others > 1 else ''}: {shared}")
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
    """This will look at one cluster: the way to it, whether it answers, what our account may do there, and whether switching is on."""
    subject, known = f"cluster {connection.access.name}", None
    with contextlib.suppress(DatabaseError):  # which is told already
        known = Cluster.objects.filter(pk=connection.access.id).first()
    if weak := kubeconfigs.weakness(connection.access):
        seen = f"{weak}: whoever is on the way may read along, and answer in the cluster's place"
        remedy = "Let the kubeconfig name https:// and a `certificate-authority`, without `insecure-skip-tls-verify`."
        yield Finding(f"{subject}, the way to it", seen, remedy)
    try:
        yield Finding(subject, f"{connection.access.server} answers, {reading.version(connection)}")
        yield rights_to_read_seen(connection=connection, subject=subject)
        yield rights_to_switch_seen(connection=connection, subject=subject, is_armed=bool(known and known.armed))
    except errors.KubeError as problem:
        yield Finding(subject, "does not answer as it should", problem.sentence)
    yield switching_seen(known=known, subject=subject)


def rights_to_read_seen(*, connection: Connection, subject: str) -> Finding:
    """This will look which kinds may not be read, neither in the whole cluster nor in the namespaces that are named for that case.

    What belongs to no namespace of those is no fault where they are named: whoever names them has no rights elsewhere.
    """
    denied = [spec for spec in KINDS if not may_read(connection=connection, spec=spec)]
    elsewhere = [spec.key for spec in denied if settings.KUBE_NAMESPACES and (spec.namespace or not spec.namespaced)]
    missing = [spec.key for spec in denied if spec.key not in elsewhere]
    seen = f"missing for {', '.join(missing)}" if missing else f"complete but for {', '.join(elsewhere)}" if elsewhere else "complete"
    remedy = f"An administrator of the cluster gives the rights: `{rbac(connection=connection)}`." if missing else ""
    return Finding(f"{subject}, rights to read", seen, remedy)


def may_read(*, connection: Connection, spec: KindSpec) -> bool:
    """Whether a kind may be read, in the whole cluster or else in the namespaces that are named for that case."""

    def may(namespace: str | None) -> bool:
        return all(reading.may(connection, verb, spec.group, spec.resource, namespace) for verb in ("list", "watch"))

    instead = settings.KUBE_NAMESPACES[: readers.NAMESPACES_AT_MOST] if spec.namespaced and not spec.namespace else []
    return may(spec.namespace or None) or (bool(instead) and all(may(namespace) for namespace in instead))


def rights_to_switch_seen(*, connection: Connection, subject: str, is_armed: bool) -> Finding:
    """This will look where Services may be patched. That it may be nowhere is a fault only where switching is armed."""
    where = "everywhere" if reading.may(connection, "patch", "", "services") else ", ".join(namespaces_to_switch(connection=connection))
    if where or not is_armed:
        return Finding(f"{subject}, rights to switch", where or "in no namespace")
    command = rbac("--switch", "NAMESPACE", connection=connection)
    off = shlex.join(["python3", "manage.py", "arm", connection.access.name, "--off"])
    return Finding(f"{subject}, rights to switch", "in no namespace", f"Switching is armed, so give them: `{command}`; or forbid it: `{off}`.")


def namespaces_to_switch(*, connection: Connection) -> list[str]:
    """Those of the first namespaces in which Services may be patched."""
    asked = [*settings.KUBE_NAMESPACES, connection.access.namespace]
    if not settings.KUBE_NAMESPACES and reading.may(connection, "list", "", "namespaces"):
        found = reading.get(connection, "/api/v1/namespaces", (("limit", "100"),))
        asked = [str(one["metadata"]["name"]) for one in found.get("items") or []]
    return [one for one in dict.fromkeys(asked) if one and reading.may(connection, "patch", "", "services", one)]


def rbac(*words: str, connection: Connection) -> str:
    """The command that prints the rights for the account that is asked about."""
    try:
        user = reading.username(connection)
    except errors.KubeError:
        user = ""
    return f"python3 manage.py rbac {shlex.join(['--user', user or 'NAME', *words])} | kubectl apply -f -"


def switching_seen(*, known: Cluster | None, subject: str) -> Finding:
    """This will look whether switching is on, and whether it was frozen because the database is older than the cluster."""
    if known and known.frozen_at and not known.armed:
        remedy = "The database does not know of effects that stand in the cluster: the page names them. "
        remedy += f"`{shlex.join(['python3', 'manage.py', 'arm', known.name, '--looked'])}` says that somebody has looked, and allows switching."
        return Finding(f"{subject}, switching", f"frozen since {known.frozen_at:%Y-%m-%d %H:%M} UTC", remedy)
    return Finding(f"{subject}, switching", f"armed since {known.armed_at:%Y-%m-%d %H:%M} UTC" if known and known.armed_at else "off")
