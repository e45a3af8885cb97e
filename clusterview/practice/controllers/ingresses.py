"""What an ingress controller tells: the address at which it answers, on every Ingress of its class. The others are left to whoever serves them."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice.controllers.acts import NOTHING, Controller, Key, Outcome, Put
from clusterview.practice.objects import addresses_of, changed, is_ending, moment, name_of, namespace_of
from clusterview.practice.resources import INGRESSES
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

CLASS = "practice"
ADDRESS = "203.0.113.9"  # one controller, one address for all (a documentation address, RFC 5737)


def concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is INGRESSES:
        yield namespace_of(event.object), name_of(event.object)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(INGRESSES, *key)
    if found is None or is_ending(found) or found["spec"].get("ingressClassName") != CLASS or addresses_of(found):
        return NOTHING
    made_at = (moment(found["metadata"]["creationTimestamp"]) or now) + timing.load_balancer_seconds
    if now < made_at:
        return Outcome(again_at=made_at)
    return Outcome((Put(INGRESSES, changed(found, status={"loadBalancer": {"ingress": [{"ip": ADDRESS}]}})),))


CONTROLLER = Controller("ingress-controller", concerns, reconcile)
