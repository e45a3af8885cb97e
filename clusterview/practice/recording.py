"""Events as kubectl shows them: a repeated one counts up instead of coming again, and old ones are forgotten."""

from __future__ import annotations

from clusterview.practice.controllers.acts import Say
from clusterview.practice.objects import Object, changed, digest, moment, name_of, namespace_of, stamp, uid_of
from clusterview.practice.resources import EVENTS, NAMESPACES
from clusterview.practice.store import Store

KEPT = 2_000


def record(store: Store, say: Say, *, now: float) -> tuple[Object, bool]:
    """This will make the Event for what was said, or count up the one that said it before: (the Event, whether it is new)."""
    namespace = namespace_of(say.about) or "default"
    type = "Warning" if say.warning else "Normal"
    name = f"{name_of(say.about)}.{digest('/'.join((uid_of(say.about), say.reason, say.message, type)), length=16)}"
    before = store.get(EVENTS, namespace, name)
    if before is not None:
        return changed(before, count=int(before.get("count") or 1) + 1, lastTimestamp=stamp(now)), False
    about = {"kind": say.about["kind"], "apiVersion": say.about["apiVersion"], "name": name_of(say.about), "uid": uid_of(say.about)}
    about |= {"namespace": namespace_of(say.about)} if namespace_of(say.about) else {}
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace}, "involvedObject": about, "reason": say.reason,
        "message": say.message, "source": {"component": say.component}, "reportingComponent": say.component, "reportingInstance": "",
        "firstTimestamp": stamp(now), "lastTimestamp": stamp(now), "eventTime": None, "count": 1, "type": type,
    }, True  # fmt: skip


def can_be_said(store: Store, say: Say) -> bool:
    """Whether there is a namespace for it."""
    return store.get(NAMESPACES, "", namespace_of(say.about) or "default") is not None


def outdated(store: Store, *, now: float, life_seconds: float) -> list[Object]:
    """The Events that may be forgotten: those that are old, and the oldest where there are too many."""
    events = sorted(store.all(EVENTS), key=lambda one: str(one.get("lastTimestamp") or one["metadata"]["creationTimestamp"]))
    spare = max(0, len(events) - KEPT)
    return [
        one for number, one in enumerate(events)
        if number < spare or now - (moment(one.get("lastTimestamp") or one["metadata"]["creationTimestamp"]) or now) > life_seconds
    ]  # fmt: skip
