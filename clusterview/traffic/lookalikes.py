"""Services without a pair of their own that look as if they could be switched, and what stands in the way.

Two of them are applications that another kind of switch would move: by route (an Ingress or HTTPRoute leads to this Service, and a sibling
Service leads to the other version) and by replica ratio (one Service leads to both versions at once). Neither is offered yet.
The others get the one reason that a person can do something about; the order below is from what is certain to what is only missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

import msgspec

from clusterview.topology import objects
from clusterview.traffic import owners, pairing, selectors
from clusterview.traffic.pairing import Switchable

R = TypeVar("R", bound=objects.Record)

MOST_VERSIONS = 8  # a Service over more workloads is no application in two versions


class Strategy(StrEnum):
    """How an application's traffic would be moved; `none` where there is nothing to move it between."""

    SELECTOR = "selector"
    ROUTE = "route"
    RATIO = "ratio"
    NONE = "none"


class Neighbours:
    """What lives in one namespace, each kind by name; of ReplicaSets those that a Rollout made. An HTTPRoute may live elsewhere and lead here.

    Workloads are found by label, because a namespace may hold a thousand of them and as many Services.
    """

    def __init__(
        self, *, services: Iterable[objects.Service] = (), workloads: Iterable[Switchable] = (),
        replica_sets: Iterable[objects.ReplicaSet] = (), ingresses: Iterable[objects.Ingress] = (), http_routes: Iterable[objects.HTTPRoute] = (),
    ) -> None:  # fmt: skip
        self.services, self.workloads = _in_order(services), _in_order(workloads)
        self.replica_sets, self.ingresses, self.http_routes = _in_order(replica_sets), _in_order(ingresses), _in_order(http_routes)
        self._by_label: dict[tuple[str, str], list[Switchable]] = defaultdict(list)
        for workload in self.workloads:
            for pair in workload.template_labels.items():
                self._by_label[pair].append(workload)

    def behind(self, service: objects.Service) -> list[Switchable]:
        """The workloads whose pods the Service selects."""
        selector = service.selector or {}
        rarest = min((self._by_label.get(pair, []) for pair in selector.items()), key=len, default=[])
        return [one for one in rarest if selectors.matches(selector=selector, labels=one.template_labels)]

    def near(self, service: objects.Service) -> list[Switchable]:
        """The workloads that may carry the selector but for one pair: all that carry one of its two rarest."""
        if len(service.selector or {}) < 2:
            return list(self.workloads)
        one, other = sorted((self._by_label.get(pair, []) for pair in (service.selector or {}).items()), key=len)[:2]
        return list({each.uid: each for each in (*one, *other)}.values())

    @cached_property
    def routes(self) -> Mapping[str, frozenset[str]]:
        """The Ingresses and HTTPRoutes that lead to each Service, as a backend of weight 0 does not."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for ingress in self.ingresses:
            for path in ingress.paths:
                found[path.service].add(f"Ingress {ingress.name}")
        here = {one.namespace for one in self.services}
        for route in self.http_routes:
            name = route.name if route.namespace in here else f"{route.namespace}/{route.name}"
            for backend in (backend for rule in route.rules for backend in rule.backends):
                if backend.kind == objects.Kind.SERVICE and backend.namespace in here and backend.weight > 0:
                    found[backend.name].add(f"HTTPRoute {name}")
        return {service: frozenset(routes) for service, routes in found.items()}


def _in_order(records: Iterable[R]) -> tuple[R, ...]:
    return tuple(sorted(records, key=lambda one: (one.name, one.uid)))


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a Service is found to be. `sides` are its workloads by value; `why_not` is None where a switch may be tried."""

    strategy: Strategy = Strategy.NONE
    key: str = ""
    live: str = ""
    sides: dict[str, list[Switchable]] = {}
    why_not: str | None = None
    params: dict[str, str] = {}


def explain(*, service: objects.Service, among: Neighbours) -> Finding:
    """This will say what a Service without a pair is, and why it cannot be switched."""
    selector = service.selector or {}
    if service.type == "ExternalName":
        return _no("external-name")
    if not selector:
        return _no("selectorless")
    if driver := driver_of(service=service, sides=among.behind(service), among=among):
        return _no("owner", owner=driver.name, sign=driver.sign)
    return _by_route(service, among) or _by_ratio(service, among) or _unpaired(service, among)


def driver_of(*, service: objects.Service, sides: Iterable[Switchable], among: Neighbours) -> owners.Owner | None:
    """The controller that moves this Service's traffic itself, None where there is none."""
    selector = service.selector or {}
    made = (one for one in among.replica_sets if selectors.matches(selector=selector, labels=one.labels))
    found = owners.of_record(service, others=[*owners.drivers(sides), *owners.drivers(made)])
    return next((one for one in found if one.forbids), None)


def _no(code: str, **params: str) -> Finding:
    return Finding(why_not=code, params=params)


def _by_route(service: objects.Service, among: Neighbours) -> Finding | None:
    """A sibling Service has no way in of its own: what another route leads to by itself is another installation, not a version that waits."""
    routes, mine = among.routes, among.behind(service)
    if service.name not in routes or not mine:
        return None
    for other in among.services:
        is_waiting = other.type != "ExternalName" and not is_ignored(other) and routes.get(other.name, frozenset()) <= routes[service.name]
        theirs = among.behind(other) if is_waiting and other.name != service.name else []
        if not theirs or not {one.uid for one in mine}.isdisjoint(one.uid for one in theirs):
            continue
        if key := pairing.telling_key(mine[0], theirs[0]):
            sides = pairing.by_value(key=key, workloads=[*mine, *theirs])
            params = {"sibling": other.name, "route": ", ".join(sorted(routes[service.name]))}
            return Finding(strategy=Strategy.ROUTE, key=key, live=mine[0].template_labels[key], sides=sides, why_not="route", params=params)
    return None


def _by_ratio(service: objects.Service, among: Neighbours) -> Finding | None:
    both = among.behind(service)
    if len(both) > MOST_VERSIONS:
        return None
    keys = [key for number, one in enumerate(both) for other in both[number + 1 :] if (key := pairing.telling_key(one, other))]
    chosen = pairing.chosen_key(service.annotations)
    for key in [chosen] if chosen else pairing.in_usual_order(keys):
        sides = pairing.by_value(key=key, workloads=both)
        if key not in selectors.HASHES and len(sides) >= 2:
            return Finding(strategy=Strategy.RATIO, key=key, sides=sides, why_not="ratio", params={"key": key})
    return None


def _unpaired(service: objects.Service, among: Neighbours) -> Finding:
    selector, behind = service.selector or {}, among.behind(service)
    keys = pairing.candidate_keys(selector=selector, annotations=service.annotations)
    chosen = pairing.chosen_key(service.annotations)
    near = among.near(service)
    alone = [(key, *side) for key in keys for side in pairing.sides_by_value(selector=selector, key=key, workloads=near).items()]
    if not selectors.HASHES.isdisjoint({chosen, *selector}):
        return _no("pod-template-hash")
    if chosen and not alone:
        return _no("annotation-key", key=chosen)
    if differing := next(_differing(selector, behind, among), None):
        return _no("several-keys", keys=", ".join(differing))
    if len(behind) >= 2:
        return _no("alike", workloads=", ".join(one.name for one in behind))
    if alone:
        key, value, workloads = alone[0]
        return _no("one-side", key=key, value=value, workload=workloads[0].name)
    if behind:
        return _no("no-key", selector=selectors.text(selector), workload=behind[0].name)
    return _no("no-workload", selector=selectors.text(selector))


def _differing(selector: Mapping[str, str], behind: list[Switchable], among: Neighbours) -> Iterator[list[str]]:
    """The keys of the selector in which another version differs from the live one, where they are more than one."""
    if len(selector.keys() - pairing.APPLICATION_KEYS - pairing.PART_KEYS) < 2:
        return
    for one in behind:
        for other in among.workloads:
            labels = other.template_labels
            keys = sorted(key for key, value in selector.items() if labels.get(key) != value)
            if len(keys) >= 2 and all(key in labels for key in keys) and pairing.telling_key(one, other):
                yield keys


def is_ignored(service: objects.Service) -> bool:
    return service.annotations.get(pairing.IGNORE) == "true"
