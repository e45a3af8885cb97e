"""The clusters that this installation has opened."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from clusterview.access import auditing, names, people, transacting
from clusterview.models import Cluster

ID = re.compile(r"[-a-zA-Z0-9_]{1,100}")


class ArmedElsewhere(Exception):
    """The same cluster is armed under another name. What looks only at its own name would not see what is done by the other one."""

    def __init__(self, other: Cluster) -> None:
        super().__init__(f"it is armed as {other.name}")
        self.other = other


class Frozen(Exception):
    """The database does not know of effects that stand in the cluster, and nobody has said yet that they looked at each of them."""


def register(*, opened: Iterable[tuple[str, str]], problem: str = "") -> None:
    """This will make the given (id, name) the active clusters. A cluster that was known keeps whether it is armed; of several that are the same one
    only that which was armed last does.

    `problem` says in words why there is none, for the page.
    """
    _problem_file().write_text(problem)
    _open(dict(opened))


@transacting.whole
def _open(named: dict[str, str]) -> None:
    _lock_all()
    Cluster.objects.exclude(pk__in=named).update(active=False)
    for identifier, name in named.items():
        Cluster.objects.update_or_create(pk=identifier, defaults={"name": name, "active": True})
    stay = dict[str, Cluster]()
    for found in Cluster.objects.filter(active=True, armed_at__isnull=False, identity_is_weak=False).exclude(identity="").order_by("-armed_at"):
        if (other := stay.setdefault(found.identity, found)) is not found:
            _disarm(found, actor=names.PRODUCT, body={"armed_as": other.name})


def problem() -> str:
    """Why no cluster could be opened, in words; empty when nothing went wrong."""
    path = _problem_file()
    return path.read_text() if path.exists() else ""


def _problem_file() -> Path:
    return settings.STATE_DIR / "kubeconfig-problem"


def ids() -> list[str]:
    """The ids of the active clusters, in the order of their names."""
    return list(opened())


def opened() -> dict[str, str]:
    """The active clusters' names by their ids, in the order of the names."""
    return dict(Cluster.objects.filter(active=True).values_list("pk", "name"))


def known(cluster: str) -> bool:
    """This will tell whether the cluster is one of the active ones."""
    return is_id(cluster) and Cluster.objects.filter(pk=cluster, active=True).exists()


def names_of(identifiers: Collection[str]) -> dict[str, str]:
    """The names of those of these clusters that are active, by id. Whoever asks for what is no id takes the names from nobody who asks beside."""
    asked = [one for one in identifiers if is_id(one)]
    return dict(Cluster.objects.filter(pk__in=asked, active=True).values_list("pk", "name"))


def is_id(text: str) -> bool:
    """Whether it can be the id of a cluster: a slug, as in addresses. PostgreSQL does not take each text."""
    return ID.fullmatch(text) is not None


@transacting.whole
def arm(
    *, cluster: str, actor: people.Person | str, identity: str = "", identity_is_weak: bool = True, looked: Collection[str] = ()
) -> Cluster:
    """This will allow switching in the cluster with this identity, and write down who did. Raises PermissionDenied
    (`people.administrator`), Cluster.DoesNotExist, ArmedElsewhere, and Frozen unless `looked` names every mark that the cluster is frozen for.

    An identity that is not known yet is the one of the first cluster that answers (`identify`).
    """
    found, others = _with_those_armed(cluster)  # before the right, in the order in which a switch takes both
    by = people.administrator(actor)
    if found.frozen_at and found.lost_marks.keys() - set(looked):
        raise Frozen
    if not found.armed or (identity and identity != found.identity):
        _refuse_one_of(others, identity=identity or found.identity)
        found.armed_at, found.frozen_at = timezone.now(), None
        found.armed_by_id = None if isinstance(actor, str) else actor.user_id
        found.identity, found.identity_is_weak = identity, identity_is_weak
        found.save()
        auditing.record(actor=by, action="ARMED", cluster=found.pk, body={"identity": identity})
    return found


@transacting.whole
def identify(*, cluster: str, identity: str, is_weak: bool) -> bool:
    """This will remember which cluster was armed. Where that was another one, switching is forbidden and False returned: it is written down. Raises
    ArmedElsewhere for one that was not known yet and is armed under another name; nothing is remembered then.
    """
    found, others = _with_those_armed(cluster)
    known = found.identity
    if known in ("", identity):
        _refuse_one_of(others, identity=identity)
        found.identity, found.identity_is_weak = identity, is_weak
        found.save()
        return True
    _disarm(found, actor=names.PRODUCT, body={"armed": known, "answers": identity})
    return False


@transacting.whole
def freeze(*, cluster: str, marks: dict[str, str]) -> None:
    """This will forbid switching in a cluster that carries marks of operations which the database should know and does not, and write down that a
    part of the audit is missing. It is armed again only by who says that they looked at these marks.
    """
    found = Cluster.objects.select_for_update(no_key=True).get(pk=cluster)
    new = {mark: where for mark, where in marks.items() if mark not in found.lost_marks}
    if not new:
        return
    found.frozen_at, found.lost_marks = timezone.now(), {**found.lost_marks, **new}
    found.armed_at, found.armed_by_id = None, None
    found.save()
    auditing.record(actor=names.PRODUCT, action=auditing.GAP, cluster=found.pk, body={"marks": new})


@transacting.whole
def disarm(*, cluster: str, actor: people.Person | str) -> Cluster:
    """This will forbid switching in the cluster, and write it down. Raises as `arm`."""
    found = Cluster.objects.select_for_update(no_key=True).get(pk=cluster, active=True)
    by = people.administrator(actor)
    _disarm(found, actor=by, body={})
    return found


def _with_those_armed(cluster: str) -> tuple[Cluster, list[Cluster]]:
    """An open cluster, and the other open ones that are armed, as they stay until the end of the transaction. Raises Cluster.DoesNotExist."""
    known = _lock_all()
    found = known.pop(cluster, None)
    if found is None or not found.active:
        raise Cluster.DoesNotExist
    return found, [one for one in known.values() if one.active and one.armed]


def _lock_all() -> dict[str, Cluster]:
    """Every cluster by its id, locked in one order: of two that are the same and armed at once, the second sees the first."""
    return {one.pk: one for one in Cluster.objects.select_for_update(no_key=True).order_by("pk")}


def _refuse_one_of(armed: list[Cluster], *, identity: str) -> None:
    """Raises ArmedElsewhere where one of these is the cluster with this identity. An address with its CA counts too, although several clusters behind
    one proxy share it: nearly always it is one cluster, and whoever may read kube-system there tells them apart.
    """
    if other := next((one for one in armed if identity and one.identity == identity), None):
        raise ArmedElsewhere(other)


def _disarm(found: Cluster, *, actor: people.Person | str, body: dict[str, str]) -> None:
    if found.armed:
        found.armed_at, found.armed_by_id = None, None
        found.save()
        auditing.record(actor=actor, action="DISARMED", cluster=found.pk, body=body)
