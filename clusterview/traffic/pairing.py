"""Which workloads are the sides of one application, by their labels alone.

Two workloads are sides of a Service when both carry its selector but for one key, and differ in that key. Keys that say *which application*
a workload is, or which part of one (`app`, `component`, `role`, a Helm release, ...), never tell sides apart unless the annotation names
them: with them a leader and its followers, or the same chart installed twice, would look like blue and green. A key of no usual name does so only
beside one of an application. A hash that the next rollout changes is never such a key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from clusterview.topology import objects
from clusterview.traffic import selectors

BLUE_GREEN = "clusterview.io/blue-green"
IGNORE = "clusterview.io/ignore"

APPLICATION_KEYS = frozenset({"app", "k8s-app", "name", "run", "app.kubernetes.io/name"})
PART_KEYS = frozenset({"component", "tier", "role", "app.kubernetes.io/component", "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by"})
INSTANCE_KEYS = frozenset({"app.kubernetes.io/instance", "release"})
NAMING_KEYS = APPLICATION_KEYS | PART_KEYS | INSTANCE_KEYS
USUAL_KEYS = ("slot", "color", "colour", "version", "track", "app.kubernetes.io/version")

Switchable = objects.Deployment | objects.StatefulSet


def key_of(*, selector: Mapping[str, str], annotations: Mapping[str, str], workloads: Iterable[Switchable]) -> str | None:
    """This will name the label that tells the sides apart, None where there are no two sides.

    Where several labels would do, the usual names come first, then the alphabet; the annotation decides alone.
    """
    workloads = list(workloads)
    candidates = candidate_keys(selector=selector, annotations=annotations)
    return next((key for key in candidates if len(sides_by_value(selector=selector, key=key, workloads=workloads)) >= 2), None)


def candidate_keys(*, selector: Mapping[str, str], annotations: Mapping[str, str]) -> list[str]:
    """This will list the keys of the selector that may tell sides apart, the likeliest first."""
    chosen = chosen_key(annotations)
    keys = [chosen] if chosen else [key for key in selector if _may_tell_versions(key, selector=selector)]
    return in_usual_order(key for key in keys if key in selector)


def _may_tell_versions(key: str, *, selector: Mapping[str, str]) -> bool:
    """A key of no usual name may say which application it is (`io.kompose.service`) as well, where nothing else in the selector says that."""
    return key in USUAL_KEYS or (key not in NAMING_KEYS and not APPLICATION_KEYS.isdisjoint(selector))


def chosen_key(annotations: Mapping[str, str]) -> str:
    """The key that the annotation names (`key=slot`), empty where it names none."""
    name, _, key = annotations.get(BLUE_GREEN, "").partition("=")
    return key.strip() if name.strip() == "key" else ""


def sides_by_value(*, selector: Mapping[str, str], key: str, workloads: Iterable[Switchable]) -> dict[str, list[Switchable]]:
    """This will group the workloads that carry the selector without `key` by their value under it."""
    if key in selectors.HASHES:
        return {}
    rest = selectors.without(selector=selector, key=key)
    return by_value(key=key, workloads=(one for one in workloads if not rest or selectors.matches(selector=rest, labels=one.template_labels)))


def by_value(*, key: str, workloads: Iterable[Switchable]) -> dict[str, list[Switchable]]:
    grouped: dict[str, list[Switchable]] = defaultdict(list)
    for workload in workloads:
        if key in workload.template_labels:
            grouped[workload.template_labels[key]].append(workload)
    return dict(grouped)


def telling_key(one: Switchable, other: Switchable) -> str | None:
    """This will name the label in which two versions of one application differ, None where they are not that.

    They are when they share an application's name, are the same part of it, and differ in some other label; a Helm release counts here,
    because a chart installed once for each colour is common.
    """
    a, b = one.template_labels, other.template_labels
    both = a.keys() & b.keys()
    same = {key for key in both if a[key] == b[key]}
    if not same & APPLICATION_KEYS or (both & (APPLICATION_KEYS | PART_KEYS)) - same:
        return None
    return next(iter(in_usual_order(both - same - selectors.HASHES)), None)


def in_usual_order(keys: Iterable[str]) -> list[str]:
    order = {name: place for place, name in enumerate(USUAL_KEYS)}
    return sorted(set(keys), key=lambda key: (order.get(key, len(order)), key))
