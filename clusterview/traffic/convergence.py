"""Whether the cluster has done what the new selector says, by its EndpointSlices.

This proves the control plane and no more: kube-proxies and load balancers follow. Slices are merged by pod over address families and over
slices, because one pod stands in several when the Service is dual-stack or its named ports have different numbers per pod.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from clusterview.topology import objects


class Convergence(msgspec.Struct, frozen=True, kw_only=True):
    """`missing` are ready pods without an endpoint, `strangers` endpoints of pods outside the new side (old ones, or none at all),
    `ports` Service ports that some ready pod is not listed for. Converged when there are ready pods and all three are empty. `others` are pods
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
    *, ready: Collection[str], present: Collection[str], slices: Iterable[objects.EndpointSlice], ports: Iterable[str], others: Iterable[str] = ()
) -> Convergence:
    """This will compare the Service's slices with its pods.

    `ready` are the uids of the new side's ready pods, `present` of all its pods (a pod that just lost readiness may still be listed, not
    ready), `ports` the names of the Service's ports, the empty name for a single unnamed one.
    """
    listed: dict[str, set[str]] = {}
    strangers: set[str] = set()
    for one in slices:
        for endpoint in one.endpoints:
            if endpoint.pod_uid not in present:
                strangers.add(endpoint.pod_uid or endpoint.address)
            elif endpoint.ready and not endpoint.terminating:
                listed.setdefault(endpoint.pod_uid, set()).update(one.ports)
    wanted = set(ports)
    return Convergence(
        ready=frozenset(ready),
        missing=frozenset(set(ready) - set(listed)),
        strangers=frozenset(strangers | (set(listed) - set(ready))),
        ports=frozenset(port for uid, names in listed.items() if uid in ready for port in wanted - names),
        others=frozenset(others),
    )
