"""What can be switched, found from the cluster alone, and what cannot, with the reason.

A Service can be switched when its selector has a key K and two or more Deployments or StatefulSets of its namespace carry the rest of the
selector and differ in K. The value the selector holds today is live. No annotation is needed; `clusterview.io/blue-green: "key=slot"`
chooses K, and `clusterview.io/ignore: "true"` hides the Service. Services over one pair (an internal and an external one) form a group.
Where a selector alone has a pair, that is the way in which it is told, whatever else leads to the Service. One that a switch of ours has moved
stays an application while it can be taken back, for going back depends on the old side alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from clusterview.topology import objects
from clusterview.topology.pictures import Picture
from clusterview.traffic import lookalikes, pairing, selectors
from clusterview.traffic.lookalikes import Finding, Neighbours, Strategy
from clusterview.traffic.pairing import Switchable

VERSION_LABELS = ("app.kubernetes.io/version", "version")
GROUP_ID_CHARACTERS = 16
NONE_SWITCHED: Mapping[str, str] = {}


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an application: the workload that carries `value` under the key. `ready` and `wanted` count pods."""

    value: str
    workload_kind: str
    workload: str
    version: str
    image: str
    ready: int
    wanted: int
    created_at: int | None


class Group(msgspec.Struct, frozen=True):
    """The Services that can be switched between the same workloads by the same key. `id` stays while the workloads keep their names; the
    Services need not be on the same side (one for a preview is on the other).
    """

    id: str
    services: tuple[str, ...]


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """A Service and the sides between which its traffic moves or might.

    `why_not` is the code of what stands against any switch here, None where one may be tried; `why_not_params` are the values of its words.
    `live` is empty where both sides take traffic (a ratio) or there are none. `group` is None for a Service that has its pair to itself.
    """

    namespace: str
    service: str
    service_uid: str
    strategy: Strategy = Strategy.SELECTOR
    key: str = ""
    live: str = ""
    sides: tuple[Side, ...] = ()
    group: Group | None = None
    why_not: str | None = None
    why_not_params: dict[str, str] = {}


def discover(picture: Picture, *, everything: bool = False, switched: Mapping[str, str] = NONE_SWITCHED) -> list[Application]:
    """This will list what has two sides, ordered by namespace and name; with `everything` each Service that is not ignored, once.

    `switched` is the key of each Service, by uid, that can be taken back: it is listed with the sides that are left of it.
    """
    by_namespace = _by_namespace(picture)
    return [one for name in sorted(by_namespace) for one in of_namespace(by_namespace[name], everything=everything, switched=switched)]


def of_namespace(among: Neighbours, *, everything: bool = False, switched: Mapping[str, str] = NONE_SWITCHED) -> list[Application]:
    """This will list the applications of one namespace by name."""
    services = [one for one in among.services if not lookalikes.is_ignored(one)]
    findings = [(service, _paired(service, among) or _unpaired(service, among, key=switched.get(service.uid))) for service in services]
    groups = _groups(findings)
    return [
        _application(service=service, finding=finding, group=groups.get(service.uid))
        for service, finding in findings
        if everything or finding.strategy is not Strategy.NONE
    ]


def version_of(workload: Switchable) -> str:
    """This will tell the version by label, else by the tag of the first image, else nothing."""
    for labels in (workload.template_labels, workload.labels):
        for name in VERSION_LABELS:
            if labels.get(name):
                return labels[name]
    image = workload.images[0].partition("@")[0] if workload.images else ""
    tag = image.rpartition("/")[2].partition(":")[2]
    return tag


def _by_namespace(picture: Picture) -> dict[str, Neighbours]:
    services: dict[str, list[objects.Service]] = defaultdict(list)
    workloads: dict[str, list[Switchable]] = defaultdict(list)
    replica_sets: dict[str, list[objects.ReplicaSet]] = defaultdict(list)
    ingresses: dict[str, list[objects.Ingress]] = defaultdict(list)
    http_routes: dict[str, list[objects.HTTPRoute]] = defaultdict(list)  # by where they lead
    for record in picture.objects.values():
        match record:
            case objects.Service():
                services[record.namespace].append(record)
            case objects.Deployment() | objects.StatefulSet():
                workloads[record.namespace].append(record)
            case objects.ReplicaSet(owner=objects.Owner(kind="Rollout")):
                replica_sets[record.namespace].append(record)
            case objects.Ingress():
                ingresses[record.namespace].append(record)
            case objects.HTTPRoute():
                for name in {backend.namespace for rule in record.rules for backend in rule.backends}:
                    http_routes[name].append(record)
    return {
        name: Neighbours(
            services=services[name], workloads=workloads[name], replica_sets=replica_sets[name], ingresses=ingresses[name],
            http_routes=http_routes[name],
        )
        for name in services
    }  # fmt: skip


def _paired(service: objects.Service, among: Neighbours) -> Finding | None:
    selector, near = service.selector or {}, among.near(service)
    key = pairing.key_of(selector=selector, annotations=service.annotations, workloads=near)
    if key is None:
        return None
    sides = pairing.sides_by_value(selector=selector, key=key, workloads=near)
    why_not, params = _against(service=service, sides=sides, among=among)
    return Finding(strategy=Strategy.SELECTOR, key=key, live=selector[key], sides=sides, why_not=why_not, params=params)


def _unpaired(service: objects.Service, among: Neighbours, *, key: str | None) -> Finding:
    """What a Service without a pair is; with the `key` of a switch it still is what that has moved."""
    found = lookalikes.explain(service=service, among=among)
    if key is None or found.strategy is not Strategy.NONE:
        return found
    selector = service.selector or {}
    sides = pairing.sides_by_value(selector=selector, key=key, workloads=among.near(service))
    return msgspec.structs.replace(found, strategy=Strategy.SELECTOR, key=key, live=selector.get(key, ""), sides=sides)


def _against(*, service: objects.Service, sides: Mapping[str, list[Switchable]], among: Neighbours) -> tuple[str | None, dict[str, str]]:
    workloads = [one for side in sides.values() for one in side]
    governs = any(isinstance(one, objects.StatefulSet) and one.service == service.name for one in among.workloads)
    if driver := lookalikes.driver_of(service=service, sides=workloads, among=among):
        return "owner", {"owner": driver.name, "sign": driver.sign}
    if service.type == "ExternalName":
        return "external-name", {}
    if service.headless and (governs or any(isinstance(one, objects.StatefulSet) for one in workloads)):
        return "headless-statefulset", {}
    if not selectors.HASHES.isdisjoint(service.selector or {}):
        return "pod-template-hash", {}
    if any(len(side) > 1 for side in sides.values()):
        return "third-workload", {}
    return None, {}


def _groups(findings: Iterable[tuple[objects.Service, Finding]]) -> dict[str, Group]:
    """The group of each Service by its uid, where more than one can be switched between the same workloads by the same key."""
    shared: dict[str, list[objects.Service]] = defaultdict(list)
    for service, finding in findings:
        if finding.strategy is Strategy.SELECTOR and finding.why_not is None:
            workloads = sorted((str(objects.kind_of(one)), one.name) for side in finding.sides.values() for one in side)
            shared[json.dumps([service.namespace, finding.key, workloads])].append(service)
    found: dict[str, Group] = {}
    for pair, services in shared.items():
        if len(services) >= 2:
            group = Group(hashlib.sha256(pair.encode()).hexdigest()[:GROUP_ID_CHARACTERS], tuple(one.name for one in services))
            found |= {one.uid: group for one in services}
    return found


def _application(*, service: objects.Service, finding: Finding, group: Group | None) -> Application:
    sides = (_side(value=value, workload=min(finding.sides[value], key=lambda one: one.name)) for value in sorted(finding.sides))
    return Application(
        namespace=service.namespace, service=service.name, service_uid=service.uid, strategy=finding.strategy, key=finding.key,
        live=finding.live, sides=tuple(sides), group=group, why_not=finding.why_not, why_not_params=finding.params,
    )  # fmt: skip


def _side(*, value: str, workload: Switchable) -> Side:
    return Side(
        value=value,
        workload_kind=str(objects.kind_of(workload)),
        workload=workload.name,
        version=version_of(workload),
        image=workload.images[0] if workload.images else "",
        ready=workload.ready,
        wanted=workload.wanted,
        created_at=workload.created_at,
    )
