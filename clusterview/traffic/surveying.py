"""Lists what stands around a Service in its namespace, for the person who is about to switch it, and once more before a later member of a group.
NetworkPolicies are those of every namespace: a database's may let in the old side's pods alone.

Nothing here decides a switch, so nothing here may stop one: a kind that we may not list or that its API server cannot give (the conversion
webhook of a broken CRD, say) is named as unread and left out, and each list has a few seconds and no more. Kinds of other people's are asked
for only where their API group is installed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from clusterview.kube import errors, kinds, listing, reading, structs
from clusterview.kube.connections import Connection
from clusterview.observer import translating
from clusterview.traffic import guarding
from clusterview.traffic.situations import Bound, Driver, KeptSlice, Quota, Surroundings

LIST_SECONDS = 3.0
AT_ONCE = 4
BUILT_IN = ("Service", "EndpointSlice", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget", "ResourceQuota")
MESH = ("AuthorizationPolicy", "PeerAuthentication", "DestinationRule", "VirtualService")
INSTALLED = ("ServiceMonitor", "PodMonitor", "CiliumNetworkPolicy", *MESH, "Rollout", "Canary")
EVERYWHERE_SECONDS, EVERYWHERE_AT_ONCE = 3.0, 2_000  # ten thousand policies are five pages
NAMESPACE_NAME = "kubernetes.io/metadata.name"
KEPT_BY, CONTROLLER = "endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"
OF_PODS = ("count/pods", "pods", "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")

Read = dict[str, Any]


class Unread(msgspec.Struct, frozen=True):
    """A resource that could not be read."""

    resource: str


class Nearby(msgspec.Struct, frozen=True):
    """What of a kind lies in the namespace, where the others' could not be listed."""

    items: Iterable[Any]


class Policies(list[structs.NetworkPolicy]):
    """NetworkPolicies as they are listed, of which those are kept that may be about pods of the namespace. Raises errors.TimedOut in the end."""

    def __init__(self, *, namespace: str) -> None:
        super().__init__()
        self._namespace, self._until = namespace, time.monotonic() + EVERYWHERE_SECONDS

    def append(self, item: structs.NetworkPolicy, /) -> None:
        if time.monotonic() > self._until:
            raise errors.TimedOut("There are more NetworkPolicies in the cluster than can be listed in time.")
        if item.metadata.namespace == self._namespace or any(peer.namespace_selector and peer.pod_selector for _, peer in guarding.peers(item)):
            super().append(item)


def survey(connection: Connection, *, namespace: str) -> Surroundings:
    """This will list what stands around the Services of a namespace. Raises errors.Unreachable and Unauthorized, and nothing for one kind."""
    asked: dict[str, Callable[[], Any]] = {kind: _list(connection, kind, namespace) for kind in BUILT_IN}
    asked["NetworkPolicy"] = lambda: _policies_everywhere(connection, namespace)
    asked["Namespace"] = lambda: reading.get_object(connection, kinds.named("Namespace"), name=namespace)
    asked["groups"] = lambda: {one["name"] for one in reading.get(connection, "/apis", read_seconds=LIST_SECONDS)["groups"]}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = _together(pool, asked)
        groups = found.pop("groups")
        there = [kind for kind in INSTALLED if isinstance(groups, Unread) or kinds.named(kind).group in groups]
        there += ["ReplicaSet"] if "Rollout" in there else []
        found |= _together(pool, {kind: _list(connection, kind, namespace) for kind in there})
    return _surroundings(found, namespace=namespace)


def quotas(connection: Connection, *, namespace: str) -> list[Quota]:
    """This will list the quotas of a namespace that may hold pods back. Raises errors.KubeError."""
    found = listing.list_kind(connection, kinds.named("ResourceQuota"), namespace=namespace, page_seconds=LIST_SECONDS)
    return [quota for item in found.items if (quota := _quota(item)).bounds]


def _list(connection: Connection, kind: str, namespace: str) -> Callable[[], Any]:
    return lambda: listing.list_kind(connection, kinds.named(kind), namespace=namespace, page_seconds=LIST_SECONDS).items


def _policies_everywhere(connection: Connection, namespace: str) -> Any:
    spec = kinds.named("NetworkPolicy")
    try:
        return listing.list_kind(
            connection, spec, limit=EVERYWHERE_AT_ONCE, page_seconds=LIST_SECONDS, gather=lambda: Policies(namespace=namespace)
        ).items
    except (errors.Unreachable, errors.Unauthorized):
        raise
    except errors.KubeError:
        return Nearby(_list(connection, "NetworkPolicy", namespace)())


def _together(pool: ThreadPoolExecutor, asked: dict[str, Callable[[], Any]]) -> Read:
    return dict(zip(asked, pool.map(_answer, asked, asked.values()), strict=True))


def _answer(kind: str, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except errors.NotFound:
        return ()
    except (errors.Unreachable, errors.Unauthorized):
        raise
    except (errors.KubeError, KeyError):
        return Unread("" if kind == "groups" else _resource(kind))


def _resource(kind: str) -> str:
    spec = kinds.named(kind)
    return f"{spec.resource}.{spec.group}" if spec.group else spec.resource


def _surroundings(found: Read, *, namespace: str) -> Surroundings:
    def of(kind: str) -> Iterable[Any]:
        items = found.get(kind, ())
        return () if isinstance(items, Unread) else items.items if isinstance(items, Nearby) else items

    def records(kind: str) -> tuple[Any, ...]:
        return tuple(translating.record_of(kind=kind, item=item) for item in of(kind))

    read = found["Namespace"] if isinstance(found["Namespace"], structs.Namespace) else None
    home = guarding.Home(namespace, {NAMESPACE_NAME: namespace} | (read.metadata.labels if read else {}))
    return Surroundings(
        namespace_terminating=read is not None and read.status.phase == "Terminating",
        services=records("Service"),
        ingresses=records("Ingress"),
        autoscalers=records("HorizontalPodAutoscaler"),
        replica_sets=tuple(one for one in records("ReplicaSet") if one.owner is not None and one.owner.kind == "Rollout"),
        guards=tuple(guarding.guards(of, home)),
        drivers=(*map(_rollout, of("Rollout")), *map(_canary, of("Canary"))),
        kept_slices=tuple(_kept_slices(of)),
        quotas=tuple(quota for item in of("ResourceQuota") if (quota := _quota(item)).bounds),
        unread=tuple(sorted(one.resource for one in found.values() if isinstance(one, Unread))),
        nearby=tuple(_resource(kind) for kind, one in found.items() if isinstance(one, Nearby)),
    )


def _kept_slices(of: guarding.Of) -> Iterator[KeptSlice]:
    """https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#management"""
    for item in of("EndpointSlice"):
        keeper = item.metadata.labels.get(KEPT_BY, "")
        if item.endpoints and keeper != CONTROLLER:
            yield KeptSlice(item.metadata.labels.get(translating.SERVICE_LABEL, ""), item.metadata.name, keeper)


def _rollout(item: structs.Rollout) -> Driver:
    """https://argo-rollouts.readthedocs.io/en/stable/features/specification/"""
    strategy, workload = item.spec.strategy, item.spec.workload_ref
    blue_green, canary = strategy.blue_green or structs.BlueGreenServices(), strategy.canary or structs.CanaryServices()
    services = (blue_green.active_service, blue_green.preview_service, canary.stable_service, canary.canary_service)
    workloads = ((workload.kind, workload.name),) if workload is not None else ()
    return Driver(kind="Rollout", name=item.metadata.name, services=tuple(filter(None, services)), workloads=workloads)


def _canary(item: structs.Canary) -> Driver:
    """Flagger makes three Services and a workload `-primary`: https://docs.flagger.app/usage/how-it-works#canary-service"""
    target = item.spec.target_ref
    name = item.spec.service.name or target.name
    workloads = ((target.kind, target.name), (target.kind, f"{target.name}-primary"))
    return Driver(kind="Canary", name=item.metadata.name, services=(name, f"{name}-primary", f"{name}-canary"), workloads=workloads)


def _quota(item: structs.ResourceQuota) -> Quota:
    used, hard = item.status.used, item.status.hard
    bounds = tuple(Bound(name, used[name], hard[name]) for name in OF_PODS if name in hard and name in used)
    return Quota(item.metadata.name, bounds, is_scoped=bool(item.spec.scopes) or item.spec.scope_selector is not None)
