"""Reads out of objects which pods they are there for: disruption budgets, policies, monitors, and the names and routes of a mesh.

Everything is told as labels, for only those tell an old side from a new one; where a kind has words of its own for namespaces or Services, those
that mean others are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from clusterview.kube import structs
from clusterview.traffic.selectors import Selection
from clusterview.traffic.situations import Guard

CILIUM_NAMESPACE = "io.kubernetes.pod.namespace"

Of = Callable[[str], Iterable[Any]]


class Home(msgspec.Struct, frozen=True):
    """The Service's namespace."""

    name: str
    labels: Mapping[str, str]


def guards(of: Of, home: Home) -> Iterator[Guard]:
    """This will tell whom the objects guard that `of` gives by their kind."""
    for told in (_budgets, _policies, _cilium, _subsets, _monitors):
        yield from told(of, home)


def _selection(selector: structs.LabelSelector) -> Selection:
    return Selection(selector.match_labels, selector.match_expressions)


def _budgets(of: Of, _: Home) -> Iterator[Guard]:
    for item in of("PodDisruptionBudget"):
        if item.spec.selector is not None:
            yield Guard(kind="PodDisruptionBudget", name=item.metadata.name, selection=_selection(item.spec.selector))


def _policies(of: Of, home: Home) -> Iterator[Guard]:
    """A NetworkPolicy guards the pods it is for, and for each of its directions those that it lets through. One that lies elsewhere is told of where
    it names pods of this namespace, not where it names all of them: https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    for item in of("NetworkPolicy"):
        name, pods = item.metadata.name, item.spec.pod_selector
        elsewhere = item.metadata.namespace if item.metadata.namespace != home.name else ""
        if not elsewhere:
            yield Guard(kind="NetworkPolicy", name=name, selection=_selection(pods), purpose="for")
        place = msgspec.json.encode(pods, order="deterministic").decode()
        for direction, peer in peers(item):
            if peer.pod_selector is not None and _is_home(peer.namespace_selector, home, elsewhere):
                selection = _selection(peer.pod_selector)
                yield Guard(kind="NetworkPolicy", name=name, namespace=elsewhere, selection=selection, purpose=f"{direction} {place}")


def peers(item: structs.NetworkPolicy) -> Iterator[tuple[str, structs.PolicyPeer]]:
    """Whom a policy lets in, and whom it lets out to."""
    yield from (("ingress", peer) for rule in item.spec.ingress for peer in rule.peers)
    yield from (("egress", peer) for rule in item.spec.egress for peer in rule.peers)


def _is_home(selector: structs.LabelSelector | None, home: Home, elsewhere: str) -> bool:
    return not elsewhere if selector is None else _selection(selector).selects(home.labels)


def _cilium(of: Of, home: Home) -> Iterator[Guard]:
    for item in of("CiliumNetworkPolicy"):
        name = item.metadata.name
        for rule in (*filter(None, [item.spec]), *item.specs):
            if rule.endpoint_selector is None:
                continue
            place = msgspec.json.encode(rule.endpoint_selector, order="deterministic").decode()
            doors = [("for", rule.endpoint_selector)]
            doors += [(f"ingress {place}", one) for way in rule.ingress for one in way.endpoints]
            doors += [(f"egress {place}", one) for way in rule.egress for one in way.endpoints]
            for purpose, selector in doors:
                if (selection := _of_cilium(selector, home)) is not None:
                    yield Guard(kind="CiliumNetworkPolicy", name=name, selection=selection, purpose=purpose)


def _of_cilium(selector: structs.LabelSelector, home: Home) -> Selection | None:
    """Keys may carry where a label comes from, and the namespace is one of them. None where another namespace is meant.

    https://docs.cilium.io/en/stable/security/policy/kubernetes/#namespaces
    """
    labels = {_without_source(key): value for key, value in selector.match_labels.items()}
    if labels.pop(CILIUM_NAMESPACE, home.name) != home.name:
        return None
    return Selection(labels, tuple(one | {"key": _without_source(str(one.get("key")))} for one in selector.match_expressions))


def _without_source(key: str) -> str:
    return key.removeprefix("k8s:").removeprefix("any:")


def _subsets(of: Of, home: Home) -> Iterator[Guard]:
    """Istio's names for pods of a Service, and the routes that lead to one of them: they send nothing to a side that has no name."""
    subsets = [(rule.metadata.name, rule.spec.host, one) for rule in of("DestinationRule") for one in rule.spec.subsets if one.labels]
    for name, host, one in subsets:
        if service := _service_of(host, home):
            yield Guard(kind="DestinationRule", name=name, service=service, selection=Selection(one.labels))
    for item in of("VirtualService"):
        for target in (target for route in (*item.spec.http, *item.spec.tcp, *item.spec.tls) for target in route.route):
            service = _service_of(target.destination.host, home)
            for _, host, one in subsets:
                if service and target.weight != 0 and (service, target.destination.subset) == (_service_of(host, home), one.name):
                    yield Guard(kind="VirtualService", name=item.metadata.name, service=service, selection=Selection(one.labels))


def _service_of(host: str, home: Home) -> str:
    """The Service of this namespace that a host names, empty where it is none."""
    name, _, rest = host.partition(".")
    return name if not rest or rest.partition(".")[0] == home.name else ""


def _monitors(of: Of, _: Home) -> Iterator[Guard]:
    for kind in ("ServiceMonitor", "PodMonitor", "AuthorizationPolicy", "PeerAuthentication"):
        for item in of(kind):
            yield Guard(kind=kind, name=item.metadata.name, selection=_selection(item.spec.selector), services=kind == "ServiceMonitor")
