"""Events as kubectl shows them: a repeated one counts up instead of coming again, and old ones are forgotten.

Their names end with the time in hexadecimal, as those of Kubernetes do, so a list has them in the order in which they came; kubectl only knows
the second of each.
"""

from __future__ import annotations

from clusterview.practice.controllers.acts import Say
from clusterview.practice.objects import Object, changed, moment, name_of, namespace_of, stamp, uid_of
from clusterview.practice.resources import EVENTS, NAMESPACES
from clusterview.practice.store import Store

KEPT = 2_000
Said = dict[str, str]
"""The names of the Events by what they say."""


def record(store: Store, say: Say, *, now: float, said: Said) -> tuple[Object, bool]:
    """This will make the Event for what was said, or count up the one that `said` knows for it: (the Event, whether it is new)."""
    namespace = namespace_of(say.about) or "default"
    type = "Warning" if say.warning else "Normal"
    what = "/".join((uid_of(say.about), say.reason, say.message, type))
    before = store.get(EVENTS, namespace, said.get(what, ""))
    if before is not None:
        return changed(before, count=int(before.get("count") or 1) + 1, lastTimestamp=stamp(now)), False
    name = said[what] = _new_name(store, namespace, name_of(say.about), now=now)
    about = {"kind": say.about["kind"], "apiVersion": say.about["apiVersion"], "name": name_of(say.about), "uid": uid_of(say.about)}
    about |= {"namespace": namespace_of(say.about)} if namespace_of(say.about) else {}
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace}, "involvedObject": about, "reason": say.reason,
        "message": say.message, "source": {"component": say.component}, "reportingComponent": say.component, "reportingInstance": "",
        "firstTimestamp": stamp(now), "lastTimestamp": stamp(now), "eventTime": None, "count": 1, "type": type,
    }, True  # fmt: skip


def _new_name(store: Store, namespace: str, about: str, *, now: float) -> str:
    at = int(now * 1e9)
    while store.get(EVENTS, namespace, f"{about}.{at:x}") is not None:
        at += 1
    return f"{about}.{at:x}"


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
