"""The cloud's part: an address for every Service of type LoadBalancer, a moment after it was asked for."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice.controllers.acts import NOTHING, Controller, Key, Outcome, Put, Say
from clusterview.practice.objects import addresses_of, changed, is_ending, moment, name_of, namespace_of
from clusterview.practice.resources import SERVICES
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

COMPONENT = "service-controller"


def concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is SERVICES:
        yield namespace_of(event.object), name_of(event.object)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    service = store.get(SERVICES, *key)
    if service is None or is_ending(service):
        return NOTHING
    balanced = service["spec"]["type"] == "LoadBalancer"
    told = addresses_of(service)
    if not balanced:
        return Outcome((Put(SERVICES, changed(service, status={"loadBalancer": {}})),)) if told else NOTHING
    made_at = (moment(service["metadata"]["creationTimestamp"]) or now) + timing.load_balancer_seconds
    if service["spec"].get("loadBalancerClass"):  # another cloud's
        return NOTHING
    if told or now < made_at:
        return NOTHING if told else Outcome(again_at=made_at)
    taken = {one["ip"] for other in store.all(SERVICES) for one in addresses_of(other) if "ip" in one}
    address = next(ip for ip in (f"203.0.113.{number}" for number in range(10, 250)) if ip not in taken)  # documentation addresses (RFC 5737)
    made = changed(service, status={"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}})
    return Outcome((Put(SERVICES, made), Say(service, "EnsuredLoadBalancer", "Ensured load balancer", COMPONENT)))


CONTROLLER = Controller(COMPONENT, concerns, reconcile)
