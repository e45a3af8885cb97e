"""Whether the cluster has done what the new selector says, by its EndpointSlices.

This proves the control plane and no more: kube-proxies and load balancers follow. Slices of an address family are merged by pod, because one pod
stands in several when its named ports have other numbers than those of other pods. A dual-stack Service has slices of its own for each family,
which are written one after the other, and a client uses one of them: a pod is there when each family that it has an address of lists it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

from clusterview.topology import objects


class Convergence(msgspec.Struct, frozen=True, kw_only=True):
    """`missing` are ready pods without an endpoint in one of their families, `strangers` endpoints of pods outside the new side (old ones, or none at
    all), `ports` Service ports that some ready pod is not listed for. Converged when there are ready pods and all three are empty. `others` are pods
    that the selector matches and that are of neither side.
    """

    ready: frozenset[str]
    missing: frozenset[str]
    strangers: frozenset[str]
    ports: frozenset[str]
    others: frozenset[str] = frozenset()

    @property
    def converged(self) -> bool:
        return bool(self.ready) and not (self.missing or self.strangers or self.ports)


def compare(
    *, ready: Mapping[str, Collection[str]], present: Collection[str], slices: Iterable[objects.EndpointSlice], ports: Iterable[str],
    others: Iterable[str] = (),
) -> Convergence:  # fmt: skip
    """This will compare the Service's slices with its pods.

    `ready` are the uids of the new side's ready pods with the address families in which each is to be listed, `present` those of all its pods (one
    that just lost readiness may still be listed, not ready), `ports` the names of the Service's ports, the empty name for a single unnamed one.
    """
    listed: dict[str, dict[str, set[str]]] = defaultdict(dict)
    strangers: set[str] = set()
    for one in slices:
        for endpoint in one.endpoints:
            if endpoint.pod_uid not in present:
                strangers.add(endpoint.pod_uid or endpoint.address)
            elif endpoint.ready and not endpoint.terminating:
                listed[endpoint.pod_uid].setdefault(one.address_type, set()).update(one.ports)
    wanted = set(ports)
    return Convergence(
        ready=frozenset(ready),
        missing=frozenset(uid for uid, families in ready.items() if uid not in listed or not listed[uid].keys() >= set(families)),
        strangers=frozenset(strangers | (set(listed) - set(ready))),
        ports=frozenset(port for uid, found in listed.items() if uid in ready for names in found.values() for port in wanted - names),
        others=frozenset(others),
    )
