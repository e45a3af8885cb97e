"""Visitors: requests along HTTPRoute, Ingress or Service to ready endpoints, so that there is something true to measure while a switch is practised.

Nothing is sent; who would have answered is counted, and how long that would have taken. Every way in has as many visitors: each accepted
HTTPRoute (by the weights of its backends), each Service behind an Ingress that has an address, each NodePort and load balancer. A Service
without a ready endpoint answers 503, which is the outage that a wrong selector makes; a backend that does not exist answers 500, as the Gateway
API says. The counts are at `/metrics`, in the form that Prometheus reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from clusterview.practice.controllers import behaviours
from clusterview.practice.controllers.endpoint_slices import SERVICE
from clusterview.practice.objects import Object, addresses_of, labels_of, name_of, namespace_of, share
from clusterview.practice.resources import INGRESSES, PODS, ROUTES, SERVICES, SLICES
from clusterview.practice.store import Store

PER_SECOND = 20.0
ROUND_SECONDS = 1.0
SIDES = ("slot", "color", "track", "version", "app.kubernetes.io/version")
OUTSIDE = ("LoadBalancer", "NodePort")
USUAL_SECONDS, SLOW_SECONDS, REFUSED_SECONDS = 0.03, 0.3, 0.001
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
GOLDEN = 0.6180339887498949  # steps of this length fill the unit interval evenly


@dataclass(frozen=True)
class Visit:
    """Where a share of the visitors of one way in (`route`) ends: at a pod of a side, or nowhere. `seconds` is the shortest answer."""

    namespace: str
    route: str
    service: str
    pod: str
    side: str
    code: int
    share: float
    seconds: float


def planned(store: Store) -> Iterator[Visit]:
    """This will tell how the visitors of each way in spread at this moment; the shares of one make one."""
    ways = list(ways_in(store))
    ready = {namespace: ready_pods(store, namespace) for namespace in {namespace for namespace, *_ in ways}}
    for namespace, route, service, part in ways:
        yield from _at(store, namespace, route, service, part, ready[namespace].get(service, []))


def _at(store: Store, namespace: str, route: str, service: str, part: float, pods: list[Object]) -> Iterator[Visit]:
    if not pods:
        code = 503 if store.get(SERVICES, namespace, service) is not None or not route.startswith("HTTPRoute") else 500
        yield Visit(namespace, route, service, "", "", code, part, REFUSED_SECONDS)
    for pod in pods:
        behaviour = behaviours.of(pod)
        seconds = (SLOW_SECONDS if behaviour == "slow" else USUAL_SECONDS) * (0.8 + 0.4 * share(name_of(pod)))
        for code, portion in ((200, 0.5), (500, 0.5)) if behaviour == "errors" else ((200, 1.0),):
            yield Visit(namespace, route, service, name_of(pod), side_of(pod), code, part * portion / len(pods), seconds)


def ways_in(store: Store) -> Iterator[tuple[str, str, str, float]]:
    """What can be reached from outside: the namespace, the way in, a Service that it leads to, and which part of its visitors."""
    for item in store.all(ROUTES):
        if any(one["type"] == "Accepted" and one["status"] == "True" for told in _parents(item) for one in told.get("conditions") or ()):
            backends = [one for rule in item["spec"].get("rules") or () for one in rule.get("backendRefs") or ()]
            total = sum(int(one.get("weight", 1)) for one in backends)
            for one in backends:
                if weight := int(one.get("weight", 1)):
                    yield namespace_of(item), f"HTTPRoute/{name_of(item)}", one["name"], weight / total
    for item in store.all(INGRESSES):
        if not addresses_of(item):
            continue
        paths = [path for rule in item["spec"].get("rules") or () for path in (rule.get("http") or {}).get("paths") or ()]
        for service in dict.fromkeys(path["backend"]["service"]["name"] for path in paths if "service" in path["backend"]):
            yield namespace_of(item), f"Ingress/{name_of(item)}", service, 1.0
    for item in store.all(SERVICES):
        if item["spec"]["type"] in OUTSIDE:
            yield namespace_of(item), f"Service/{name_of(item)}", name_of(item), 1.0


def _parents(route: Object) -> list[Object]:
    return list((route.get("status") or {}).get("parents") or ())


def ready_pods(store: Store, namespace: str) -> dict[str, list[Object]]:
    """The pods behind each Service of the namespace that take traffic, as the EndpointSlices say."""
    found: dict[str, list[Object]] = {}
    for one in store.all(SLICES, namespace):
        pods = found.setdefault(labels_of(one).get(SERVICE, ""), [])
        for endpoint in one.get("endpoints") or ():
            pod = store.get(PODS, namespace, (endpoint.get("targetRef") or {}).get("name", ""))
            if pod is not None and (endpoint.get("conditions") or {}).get("ready") is not False:
                pods.append(pod)
    return found


def side_of(pod: Object) -> str:
    """The pod's value of the first label that usually tells versions apart."""
    labels = labels_of(pod)
    return next((labels[key] for key in SIDES if key in labels), "")


def load_of(store: Store) -> dict[tuple[str, str], float]:
    """How many visitors each pod has in a second, by namespace and name."""
    found: dict[tuple[str, str], float] = {}
    for one in planned(store):
        if one.pod:
            found[(one.namespace, one.pod)] = found.get((one.namespace, one.pod), 0.0) + one.share * PER_SECOND
    return found


class Visitors:
    """All of them, from the beginning. `visit` is called as time passes."""

    def __init__(self, *, per_second: float = PER_SECOND) -> None:
        self._per_second = per_second
        self._registry = CollectorRegistry()
        names = ("namespace", "route", "service", "pod", "side")
        self._requests = Counter("practice_requests", "Requests that visitors made", (*names, "code"), registry=self._registry)
        self._durations = Histogram(
            "practice_request_duration_seconds", "How long their answers took", names, buckets=BUCKETS, registry=self._registry
        )
        self._last: float | None = None
        self._made: dict[tuple[str, ...], float] = {}

    def visit(self, store: Store, *, now: float) -> None:
        """This will count the visits since the last time, once a second at most."""
        if self._last is None:
            self._last = now
        seconds = now - self._last
        if seconds < ROUND_SECONDS:
            return
        self._last = now
        for one in planned(store):
            self._count(one, one.share * seconds * self._per_second)

    def _count(self, one: Visit, more: float) -> None:
        """Whole requests only; what is left of one is for the next time."""
        labels = (one.namespace, one.route, one.service, one.pod, one.side)
        before = self._made.get((*labels, str(one.code)), 0.0)
        after = self._made[(*labels, str(one.code))] = before + more
        for number in range(int(before + 1e-6), int(after + 1e-6)):
            self._durations.labels(*labels).observe(one.seconds * spread(number))
        self._requests.labels(*labels, str(one.code)).inc(int(after + 1e-6) - int(before + 1e-6))

    def text(self) -> str:
        """The counts as Prometheus reads them."""
        return generate_latest(self._registry).decode()


def spread(number: int) -> float:
    """By how much the answer to a request is longer than the shortest: half of them by less than 1.5, one in a hundred by more than 5."""
    return 0.5 + 0.5 / (1.0 - 0.9 * (number * GOLDEN % 1.0))
