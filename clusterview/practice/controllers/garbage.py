"""Garbage collection: what belonged to something that is gone goes too; an owner deleted in the foreground waits for what belongs to it."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Drop, Key, Outcome, Put
from clusterview.practice.deleting import FOREGROUND
from clusterview.practice.objects import Object, is_ending, uid_of, with_metadata
from clusterview.practice.resources import BY_KIND, Resource
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing


def concerns(store: Store, event: Event) -> Iterable[Key]:
    """By the uid of an owner: when it ends, and whenever something of an owner that waits has gone."""
    if event.type == "DELETED":
        yield "", uid_of(event.object)
        yield from (("", one["uid"]) for one in event.object["metadata"].get("ownerReferences") or ())
    elif FOREGROUND in (event.object["metadata"].get("finalizers") or ()):
        yield "", uid_of(event.object)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    _, uid = key
    dependents = store.owned(uid)
    owner = store.of_uid(uid)
    if owner is None:
        return Outcome(tuple(Drop(_resource(one), one) for one in dependents if not is_ending(one) and not _has_other_owner(store, one, uid)))
    if not is_ending(owner) or FOREGROUND not in (owner["metadata"].get("finalizers") or ()):
        return NOTHING
    acts: list[Act] = [Drop(_resource(one), one) for one in dependents if not is_ending(one)]
    if not dependents:
        left = [one for one in owner["metadata"]["finalizers"] if one != FOREGROUND]
        made = with_metadata(owner, finalizers=left or None)
        acts.append(Put(_resource(owner), made) if left else Drop(_resource(owner), made, at_once=True))
    return Outcome(tuple(acts))


def _resource(item: Object) -> Resource:
    return BY_KIND[(item["apiVersion"], item["kind"])]


def _has_other_owner(store: Store, item: Object, uid: str) -> bool:
    return any(one["uid"] != uid and store.of_uid(one["uid"]) is not None for one in item["metadata"]["ownerReferences"])


CONTROLLER = Controller("garbage-collector", concerns, reconcile)
