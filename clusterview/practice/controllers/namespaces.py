"""Namespaces: what every new one gets, and the end of one with everything in it."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Drop, Key, Make, Outcome
from clusterview.practice.objects import Object, is_ending, name_of, namespace_of
from clusterview.practice.resources import CONFIG_MAPS, NAMESPACES, RESOURCES, SERVICE_ACCOUNTS, Resource
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

AUTHORITY = "kube-root-ca.crt"


def concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is NAMESPACES:
        yield "", name_of(event.object)
    elif event.resource.namespaced and event.type == "DELETED":
        found = store.get(NAMESPACES, "", namespace_of(event.object))
        if found is not None and is_ending(found):
            yield "", name_of(found)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(NAMESPACES, *key)
    if found is None:
        return NOTHING
    if not is_ending(found):
        return Outcome(tuple(_furnished(store, name_of(found))))
    left = [(resource, item) for resource in RESOURCES if resource.namespaced for item in store.all(resource, name_of(found))]
    if not left:
        return Outcome((Drop(NAMESPACES, found, at_once=True),))
    return Outcome(tuple(Drop(resource, item) for resource, item in left if not is_ending(item)))


def _furnished(store: Store, name: str) -> Iterable[Act]:
    wanted: tuple[tuple[Resource, Object], ...] = (
        (SERVICE_ACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}),
        (CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": AUTHORITY, "namespace": name}, "data": {"ca.crt": ""}}),
    )
    for resource, item in wanted:
        if store.get(resource, name, name_of(item)) is None:
            yield Make(resource, item)


CONTROLLER = Controller("namespace-controller", concerns, reconcile)
