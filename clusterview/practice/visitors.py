"""Visitors: requests along Ingress or Service to ready endpoints, so that there is something true to measure while a switch is practised.

Nothing is sent; who would have answered is counted. A Service without a ready endpoint answers 503, which is the outage that a wrong selector
makes. Only Services that somebody outside can reach are visited: those behind an Ingress, NodePorts and load balancers. The counts are at
`/metrics`, in the form that Prometheus reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, generate_latest

from clusterview.practice.controllers.endpoint_slices import SERVICE
from clusterview.practice.objects import Object, labels_of, name_of, namespace_of
from clusterview.practice.resources import INGRESSES, PODS, SERVICES, SLICES
from clusterview.practice.store import Store

PER_SECOND = 20.0
ROUND_SECONDS = 1.0
SIDES = ("slot", "color", "track", "version", "app.kubernetes.io/version")
OUTSIDE = ("LoadBalancer", "NodePort")


@dataclass(frozen=True)
class Visit:
    """Where a share of a Service's visitors ends: at a pod of a side, or nowhere."""

    namespace: str
    service: str
    pod: str
    side: str
    code: int
    share: float


def planned(store: Store) -> Iterator[Visit]:
    """This will tell how the visitors of each Service spread at this moment; the shares of a Service make one."""
    behind = ready_pods(store)
    for service in doors(store):
        place = (namespace_of(service), name_of(service))
        pods = behind.get(place, [])
        if not pods:
            yield Visit(*place, pod="", side="", code=503, share=1.0)
        for pod in pods:
            yield Visit(*place, pod=name_of(pod), side=side_of(pod), code=200, share=1.0 / len(pods))


def doors(store: Store) -> Iterator[Object]:
    """The Services that can be reached from outside."""
    routed = {
        (namespace_of(one), path["backend"]["service"]["name"])
        for one in store.all(INGRESSES)
        for rule in one["spec"].get("rules") or ()
        for path in (rule.get("http") or {}).get("paths") or ()
        if "service" in path["backend"]
    }
    for service in store.all(SERVICES):
        if service["spec"]["type"] in OUTSIDE or (namespace_of(service), name_of(service)) in routed:
            yield service


def ready_pods(store: Store) -> dict[tuple[str, str], list[Object]]:
    """The pods behind each Service that take traffic, as the EndpointSlices say."""
    found: dict[tuple[str, str], list[Object]] = {}
    for one in store.all(SLICES):
        pods = found.setdefault((namespace_of(one), labels_of(one).get(SERVICE, "")), [])
        for endpoint in one.get("endpoints") or ():
            pod = store.get(PODS, namespace_of(one), (endpoint.get("targetRef") or {}).get("name", ""))
            if pod is not None and (endpoint.get("conditions") or {}).get("ready") is not False:
                pods.append(pod)
    return found


def side_of(pod: Object) -> str:
    """The pod's value of the first label that usually tells versions apart."""
    labels = labels_of(pod)
    return next((labels[key] for key in SIDES if key in labels), "")


class Visitors:
    """All of them, from the beginning. `visit` is called as time passes."""

    def __init__(self, *, per_second: float = PER_SECOND) -> None:
        self._per_second = per_second
        self._registry = CollectorRegistry()
        names = ("namespace", "service", "pod", "side", "code")
        self._requests = Counter("practice_requests", "Requests that visitors made", names, registry=self._registry)
        self._last: float | None = None

    def visit(self, store: Store, *, now: float) -> None:
        """This will count the visits since the last time, once a second at most."""
        if self._last is None:
            self._last = now
        seconds = now - self._last
        if seconds < ROUND_SECONDS:
            return
        self._last = now
        for one in planned(store):
            count = self._requests.labels(one.namespace, one.service, one.pod, one.side, str(one.code))
            count.inc(one.share * seconds * self._per_second)

    def text(self) -> str:
        """The counts as Prometheus reads them."""
        return generate_latest(self._registry).decode()
