"""The Gateway API as an implementation of it behaves: classes and Gateways are accepted, get an address, and say how many routes lead through.

Which visitors a route's weights send where is `visitors`. https://gateway-api.sigs.k8s.io/reference/spec/
"""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice.controllers.acts import NOTHING, Controller, Key, Outcome, Put
from clusterview.practice.objects import Object, changed, is_ending, is_true, moment, name_of, namespace_of, with_condition
from clusterview.practice.resources import GATEWAY_CLASSES, GATEWAYS, ROUTES, SERVICES
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

NAME = "practice.clusterview.io/gateway-controller"


def _class_concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is GATEWAY_CLASSES:
        yield "", name_of(event.object)


def _gateway_concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is GATEWAYS:
        yield namespace_of(event.object), name_of(event.object)
    elif event.resource in (GATEWAY_CLASSES, ROUTES):
        yield from ((namespace_of(one), name_of(one)) for one in store.all(GATEWAYS))


def _route_concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is ROUTES:
        yield namespace_of(event.object), name_of(event.object)
    elif event.resource is GATEWAYS or (event.resource is SERVICES and event.type != "MODIFIED"):
        yield from ((namespace_of(one), name_of(one)) for one in store.all(ROUTES))


def _class(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(GATEWAY_CLASSES, *key)
    if found is None or is_true(found, "Accepted"):
        return NOTHING
    return Outcome((Put(GATEWAY_CLASSES, changed(found, status={"conditions": _said(found, [], now, Accepted=("True", "Accepted"))})),))


def _gateway(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(GATEWAYS, *key)
    if found is None or is_ending(found) or store.get(GATEWAY_CLASSES, "", found["spec"]["gatewayClassName"]) is None:
        return NOTHING
    before = found.get("status") or {}
    made_at = (moment(found["metadata"]["creationTimestamp"]) or now) + timing.load_balancer_seconds
    works = now >= made_at
    routes = sum(_refers(route, parent, found) for route in store.all(ROUTES) for parent in route["spec"].get("parentRefs") or ())
    programmed = ("True", "Programmed") if works else ("False", "AddressNotAssigned")
    status: Object = {"conditions": _said(found, before.get("conditions") or [], now, Accepted=("True", "Accepted"), Programmed=programmed)}
    kept = {one["name"]: one for one in before.get("listeners") or ()}
    status["listeners"] = [_listener(found, one, kept.get(one["name"], {}), routes, programmed, now) for one in found["spec"]["listeners"]]
    if works:
        taken = {one["value"] for other in store.all(GATEWAYS) for one in (other.get("status") or {}).get("addresses") or ()}
        free = next(ip for ip in (f"203.0.113.{number}" for number in range(250, 10, -1)) if ip not in taken)
        status["addresses"] = before.get("addresses") or [{"type": "IPAddress", "value": free}]
    return Outcome((Put(GATEWAYS, changed(found, status=status)),) if status != before else (), None if works else made_at)


def _listener(gateway: Object, listener: Object, before: Object, routes: int, programmed: tuple[str, str], now: float) -> Object:
    said = _said(
        gateway, before.get("conditions") or [], now, Accepted=("True", "Accepted"), Programmed=programmed, ResolvedRefs=("True", "ResolvedRefs")
    )
    kinds = [{"group": GATEWAYS.group, "kind": "HTTPRoute"}]
    return {"name": listener["name"], "supportedKinds": kinds, "attachedRoutes": routes, "conditions": said}


def _route(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(ROUTES, *key)
    if found is None or is_ending(found):
        return NOTHING
    told = [_parent(store, found, parent, now) for parent in found["spec"].get("parentRefs") or () if _gateway_of(store, found, parent) is not None]
    status = {"parents": told}
    return Outcome((Put(ROUTES, changed(found, status=status)),)) if status != (found.get("status") or {"parents": []}) else NOTHING


def _parent(store: Store, route: Object, parent: Object, now: float) -> Object:
    reference = {"group": GATEWAYS.group, "kind": "Gateway"} | parent
    before: Object = next((one for one in (route.get("status") or {}).get("parents") or () if one["parentRef"] == reference), {})
    backends = [one for rule in route["spec"].get("rules") or () for one in rule.get("backendRefs") or ()]
    missing = [one["name"] for one in backends if store.get(SERVICES, one.get("namespace") or namespace_of(route), one["name"]) is None]
    resolved = ("False", "BackendNotFound") if missing else ("True", "ResolvedRefs")
    said = _said(route, before.get("conditions") or [], now, Accepted=("True", "Accepted"), ResolvedRefs=resolved)
    return {"parentRef": reference, "controllerName": NAME, "conditions": said}


def _gateway_of(store: Store, route: Object, parent: Object) -> Object | None:
    if parent.get("kind", "Gateway") != "Gateway":
        return None
    found = store.get(GATEWAYS, parent.get("namespace") or namespace_of(route), parent["name"])
    if found is None or not all(_admits(one, gateway=found, route=route) for one in found["spec"]["listeners"]):
        return None
    return found


def _admits(listener: Object, *, gateway: Object, route: Object) -> bool:
    """Whether routes of another namespace are let in; the usual answer is no."""
    wanted = ((listener.get("allowedRoutes") or {}).get("namespaces") or {}).get("from", "Same")
    return wanted == "All" or namespace_of(gateway) == namespace_of(route)


def _refers(route: Object, parent: Object, gateway: Object) -> bool:
    return (parent.get("namespace") or namespace_of(route), parent["name"]) == (namespace_of(gateway), name_of(gateway))


def _said(item: Object, conditions: list[Object], now: float, **wanted: tuple[str, str]) -> list[Object]:
    """The conditions, each with the generation that it is about, as the Gateway API asks for."""
    generation = int(item["metadata"].get("generation") or 1)
    for type, (status, reason) in wanted.items():
        conditions = with_condition(conditions, type=type, status=status, now=now, reason=reason)
    return [{"message": "", **one, "observedGeneration": generation} for one in conditions]


CONTROLLERS = (
    Controller("gateway-class-controller", _class_concerns, _class),
    Controller("gateway-controller", _gateway_concerns, _gateway),
    Controller("route-controller", _route_concerns, _route),
)
