"""What the API server sent, said in the picture's words. The only place that knows both; pure.

Where the API leaves something out, its documented default is filled in here, so that nobody behind has to know of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypedDict

import msgspec

from clusterview.kube import structs
from clusterview.observer import pod_status, shortening
from clusterview.observer.quantities import millis, moment, whole
from clusterview.observer.sharing import Kept, map_of, one_of
from clusterview.projection.observations import Renewal, Sighting
from clusterview.topology import objects
from clusterview.topology.objects import AnyRecord, Namespace, Uid

ROLE_LABEL = "node-role.kubernetes.io/"
ZONE_LABELS = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
ACCESS_VOLUME = "kube-api-access"
GATEWAY_GROUP = "gateway.networking.k8s.io"
SERVICE_LABEL = "kubernetes.io/service-name"


class _Base(TypedDict):
    uid: Uid
    namespace: Namespace
    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    owner: objects.Owner | None
    created_at: int | None
    deleting: bool


class _Workload(TypedDict):
    selector: dict[str, str]
    selector_exact: bool
    template_labels: dict[str, str]
    images: tuple[str, ...]
    ports: tuple[objects.ContainerPort, ...]


def sighting(*, kind: str, item: Any) -> Sighting:
    """This will turn an object as `kube` gave it into a record for the picture, with its version, and cut what is too much to be shown. `kind` is
    that of `kube.kinds`.
    """
    renewal = None
    if isinstance(item, structs.Lease):
        renewal = Renewal(renewed=item.spec.renew_time or "", acquired_at=moment(item.spec.acquire_time))
    found = shortening.shortened(record_of(kind=kind, item=item))
    return Sighting(record=found, version=item.metadata.resource_version, renewal=renewal)


def record_of(*, kind: str, item: Any) -> AnyRecord:
    """This will turn such an object into a record with all that it holds and every text whole, for whoever decides by them."""
    return TRANSLATIONS[kind](item)


def _base(metadata: structs.Metadata) -> _Base:
    return {
        "uid": Uid(metadata.uid),
        "namespace": Namespace(metadata.namespace),
        "name": metadata.name,
        "labels": map_of(metadata.labels),
        "annotations": _annotations(metadata.annotations) if metadata.annotations is not None else {},
        "owner": _owner(metadata.owner),
        "created_at": moment(metadata.creation_timestamp),
        "deleting": metadata.deletion_timestamp is not None,
    }


def _owner(found: structs.Owner | None) -> objects.Owner | None:
    if found is None:
        return None
    return _owners.get(found) or _owners.keep(found, objects.Owner(found.kind, found.name, Uid(found.uid)))


def _annotations(found: structs.Annotations) -> dict[str, str]:
    known = _annotated.get(found)
    return known if known is not None else _annotated.keep(found, found.as_dict())


_owners: Kept[structs.Owner, objects.Owner] = Kept()
_annotated: Kept[structs.Annotations, dict[str, str]] = Kept()


def namespace(item: structs.Namespace) -> objects.NamespaceObject:
    return objects.NamespaceObject(**_base(item.metadata), phase=item.status.phase)


def node(item: structs.Node) -> objects.Node:
    labels, status = item.metadata.labels, item.status
    ready = _said(status.conditions, "Ready")
    addresses = {one.type: one.address for one in reversed(status.addresses)}
    return objects.Node(
        **_base(item.metadata),
        ready=ready.status,
        reason=_reason(ready),
        pressures=tuple(one.type for one in status.conditions if one.type != "Ready" and one.status == "True"),
        unschedulable=item.spec.unschedulable,
        taints=tuple(objects.Taint(key=one.key, value=one.value, effect=one.effect) for one in item.spec.taints),
        zone=next((labels[label] for label in ZONE_LABELS if label in labels), ""),
        roles=tuple(sorted(label.removeprefix(ROLE_LABEL) for label in labels if label.startswith(ROLE_LABEL))),
        kubelet_version=status.node_info.kubelet_version,
        address=addresses.get("InternalIP") or next(iter(addresses.values()), ""),
        cpu_allocatable=millis(status.allocatable.get("cpu", "")),
        memory_allocatable=whole(status.allocatable.get("memory", "")),
        pods_allocatable=whole(status.allocatable.get("pods", "")),
    )


def _said(conditions: Iterable[structs.Condition], type: str) -> structs.Condition:
    """What is said of it, and that it is not true where anybody says so; of what nobody says anything it is not known."""
    found = [one for one in conditions if one.type == type]
    return next((one for one in found if one.status != "True"), found[0] if found else structs.Condition())


def _reason(*conditions: structs.Condition) -> str:
    """Why the first of them that is not true is not."""
    return next((one.reason for one in conditions if one.status != "True"), "")


def pod(item: structs.Pod) -> objects.Pod:
    ready = item.status.condition("Ready")
    return objects.Pod(
        **_base(item.metadata),
        node=one_of(item.spec.node_name),
        address=item.status.pod_ip,
        phase=item.status.phase or "Pending",
        status=pod_status.status_of(pod=item) or "Pending",
        ready=ready is not None and ready.status == "True",
        restarts=pod_status.restarts_of(pod=item),
        containers=_containers_of(item),
        volumes=one_of(tuple([_volume(one) for one in item.spec.volumes])),
    )


def _volume(volume: structs.Volume) -> objects.Volume:
    name = ACCESS_VOLUME if is_access(volume) else volume.name
    return objects.Volume(name, volume.source, volume.target)


def is_access(volume: structs.Volume) -> bool:
    """The volume with the token that each pod gets has five letters of chance in its name, which tell nobody anything."""
    return volume.projected is not None and volume.name.startswith(f"{ACCESS_VOLUME}-")


def _containers_of(item: structs.Pod) -> tuple[objects.Container, ...]:
    """A list tells siblings one after the other, and most are as the one before. They are not shared beyond that: each restart makes other ones."""
    global _told
    asked = item.spec.init_containers, item.status.init_container_statuses, item.spec.containers, item.status.container_statuses
    before, made = _told
    if asked != before:
        first, first_statuses, wanted, statuses = asked
        made = (*_containers(first, first_statuses, init=True), *_containers(wanted, statuses, init=False))
        _told = asked, made
    return made


_told: tuple[object, tuple[objects.Container, ...]] = ((), ())  # read and written whole, for threads share it


def _containers(wanted: tuple[structs.Container, ...], statuses: tuple[structs.ContainerStatus, ...], *, init: bool) -> tuple[objects.Container, ...]:
    if not wanted:
        return ()
    known = {one.name: one for one in statuses}
    return tuple([_container(one, known.get(one.name, structs.ContainerStatus()), init=init) for one in wanted])


def _container(wanted: structs.Container, status: structs.ContainerStatus, *, init: bool) -> objects.Container:
    state, reason = "waiting", status.state.waiting.reason if status.state.waiting is not None else ""
    if status.state.terminated is not None:
        state, reason = "terminated", status.state.terminated.reason or f"ExitCode:{status.state.terminated.exit_code}"
    elif status.state.running is not None:
        state, reason = "running", ""
    return objects.Container(
        name=wanted.name,
        image=wanted.image,
        init=init,
        ready=status.ready,
        restarts=status.restart_count,
        state=state,
        reason=reason,
        ports=_ports(wanted),
    )


def _ports(container: structs.Container) -> tuple[objects.ContainerPort, ...]:
    return tuple(objects.ContainerPort(name=one.name, port=one.container_port, protocol=one.protocol) for one in container.ports)


def service(item: structs.Service) -> objects.Service:
    spec = item.spec
    return objects.Service(
        **_base(item.metadata),
        type=spec.type,
        headless=spec.cluster_ip == "None",
        selector=map_of(spec.selector) if spec.selector else None,
        ports=tuple(
            objects.ServicePort(name=one.name, port=one.port, target=str(one.target_port or one.port), node_port=one.node_port, protocol=one.protocol)
            for one in spec.ports
        ),
        cluster_ip="" if spec.cluster_ip == "None" else spec.cluster_ip,
        external_name=spec.external_name,
        addresses=(*_addresses(item.status), *spec.external_ips),
        session_affinity=spec.session_affinity,
        external_traffic_policy=spec.external_traffic_policy,
        internal_traffic_policy=spec.internal_traffic_policy,
        publish_not_ready=spec.publish_not_ready_addresses,
        selector_manager=_selector_manager(item.metadata.managed_fields),
    )


def _addresses(status: structs.LoadBalancerStatus) -> tuple[str, ...]:
    return tuple(one.ip or one.hostname for one in status.load_balancer.ingress)


def _selector_manager(managers: tuple[structs.FieldManager, ...]) -> str:
    writers = [one for one in managers if one.owns_selector]
    return max(writers, key=lambda one: one.time or "").manager if writers else ""


def endpoint_slice(item: structs.EndpointSlice) -> objects.EndpointSlice:
    return objects.EndpointSlice(
        **_base(item.metadata),
        service=item.metadata.labels.get(SERVICE_LABEL, ""),
        address_type=item.address_type,
        endpoints=tuple(_endpoint(one) for one in item.endpoints or ()),
        ports={one.name or "": one.port for one in item.ports or () if one.port is not None},
    )


def _endpoint(item: structs.Endpoint) -> objects.Endpoint:
    said, target = item.conditions, item.target_ref
    ready = said.ready is not False
    return objects.Endpoint(
        pod_uid=Uid(target.uid if target is not None and target.kind == "Pod" else ""),
        address=next(iter(item.addresses), ""),
        node=one_of(item.node_name or ""),
        ready=ready,
        serving=ready if said.serving is None else said.serving,
        terminating=bool(said.terminating),
    )


def _workload(spec: structs.WorkloadSpec) -> _Workload:
    containers = spec.template.spec.containers
    return {
        "selector": map_of(spec.selector.match_labels),
        "selector_exact": not spec.selector.match_expressions,
        "template_labels": map_of(spec.template.metadata.labels),
        "images": one_of(tuple(one.image for one in containers)),
        "ports": one_of(tuple(port for one in containers for port in _ports(one))),
    }


def _wanted(spec: structs.WorkloadSpec) -> int:
    return 1 if spec.replicas is None else spec.replicas


def deployment(item: structs.Deployment) -> objects.Deployment:
    return objects.Deployment(
        **_base(item.metadata),
        **_workload(item.spec),
        wanted=_wanted(item.spec),
        ready=item.status.ready_replicas,
        updated=item.status.updated_replicas,
        available=item.status.available_replicas,
        paused=item.spec.paused,
    )


def stateful_set(item: structs.StatefulSet) -> objects.StatefulSet:
    return objects.StatefulSet(
        **_base(item.metadata),
        **_workload(item.spec),
        wanted=_wanted(item.spec),
        ready=item.status.ready_replicas,
        updated=item.status.updated_replicas,
        available=item.status.available_replicas,
        service=item.spec.service_name,
    )


def daemon_set(item: structs.DaemonSet) -> objects.DaemonSet:
    return objects.DaemonSet(
        **_base(item.metadata),
        **_workload(item.spec),
        wanted=item.status.desired_number_scheduled,
        ready=item.status.number_ready,
        updated=item.status.updated_number_scheduled,
        available=item.status.number_available,
    )


def replica_set(item: structs.ReplicaSet) -> objects.ReplicaSet:
    return objects.ReplicaSet(**_base(item.metadata))


def ingress(item: structs.Ingress) -> objects.Ingress:
    routed = [(rule.host, path.path, path.backend) for rule in item.spec.rules if rule.http is not None for path in rule.http.paths]
    if item.spec.default_backend is not None:
        routed.append(("", "", item.spec.default_backend))
    return objects.Ingress(
        **_base(item.metadata),
        class_name=item.spec.ingress_class_name or "",
        paths=tuple(
            objects.IngressPath(host=host, path=path, service=to.name, port=to.port.name or str(to.port.number or ""))
            for host, path, backend in routed
            if (to := backend.service) is not None
        ),
        tls_hosts=tuple(host for tls in item.spec.tls for host in tls.hosts),
        addresses=_addresses(item.status),
    )


def job(item: structs.Job) -> objects.Job:
    spec, status = item.spec, item.status
    said = {one.type: one.reason for one in status.conditions if one.status == "True"}
    return objects.Job(
        **_base(item.metadata),
        status=_job_status(said, suspended=spec.suspend, deleting=item.metadata.deletion_timestamp is not None),
        reason=said.get("Failed") or said.get("FailureTarget", ""),
        parallelism=spec.parallelism,
        completions=spec.completions,
        active=status.active,
        succeeded=status.succeeded,
        failed=status.failed,
    )


def _job_status(said: Collection[str], *, suspended: bool, deleting: bool) -> str:
    """As kubectl prints it (`printJob` in https://github.com/kubernetes/kubernetes/blob/master/pkg/printers/internalversion/printers.go), but that
    one is suspended as soon as that is asked for.
    """
    possible = {
        "Complete": "Complete" in said, "Failed": "Failed" in said, "Terminating": deleting, "Suspended": suspended or "Suspended" in said,
        "FailureTarget": "FailureTarget" in said, "SuccessCriteriaMet": "SuccessCriteriaMet" in said,
    }  # fmt: skip
    return next((status for status, is_so in possible.items() if is_so), "Running")


def cron_job(item: structs.CronJob) -> objects.CronJob:
    return objects.CronJob(
        **_base(item.metadata),
        schedule=item.spec.schedule,
        time_zone=item.spec.time_zone or "",
        suspended=item.spec.suspend,
        active=len(item.status.active),
        last_scheduled_at=moment(item.status.last_schedule_time),
        last_succeeded_at=moment(item.status.last_successful_time),
    )


def gateway(item: structs.Gateway) -> objects.Gateway:
    accepted, programmed = (_said(item.status.conditions, type) for type in ("Accepted", "Programmed"))
    return objects.Gateway(
        **_base(item.metadata),
        class_name=item.spec.gateway_class_name,
        listeners=tuple(objects.Listener(one.name, one.protocol, one.port, one.hostname or "") for one in item.spec.listeners),
        addresses=tuple(one.value for one in item.status.addresses),
        accepted=accepted.status,
        programmed=programmed.status,
        reason=_reason(accepted, programmed),
    )


def http_route(item: structs.HTTPRoute) -> objects.HTTPRoute:
    own, spec = Namespace(item.metadata.namespace), item.spec
    told: defaultdict[objects.RouteParent, list[structs.Condition]] = defaultdict(list)
    for one in item.status.parents:
        told[_parent(one.parent_ref, own)] += one.conditions
    known = {parent: _with_word(parent, conditions) for parent, conditions in told.items()}
    return objects.HTTPRoute(
        **_base(item.metadata),
        hostnames=spec.hostnames,
        parents=tuple(known.get(parent, parent) for parent in (_parent(one, own) for one in spec.parent_refs)),
        rules=tuple(_rule(one, own) for one in spec.rules),
    )


def _parent(reference: structs.Reference, own: Namespace) -> objects.RouteParent:
    return objects.RouteParent(
        kind=_kind(reference, "Gateway"),
        namespace=Namespace(reference.namespace or own),
        name=reference.name,
        section=reference.section_name or "",
        port=reference.port or 0,
    )


def _with_word(parent: objects.RouteParent, told: Iterable[structs.Condition]) -> objects.RouteParent:
    accepted, resolved = (_said(told, type) for type in ("Accepted", "ResolvedRefs"))
    return msgspec.structs.replace(parent, accepted=accepted.status, resolved=resolved.status, reason=_reason(accepted, resolved))


def _rule(rule: structs.RouteRule, own: Namespace) -> objects.RouteRule:
    return objects.RouteRule(
        paths=tuple(dict.fromkeys(one.path.value for one in rule.matches or (structs.RouteMatch(),))),
        backends=tuple(
            objects.RouteBackend(
                kind=_kind(one, "Service"), namespace=Namespace(one.namespace or own), name=one.name, port=one.port or 0, weight=one.weight
            )
            for one in rule.backend_refs
        ),
    )


def _kind(reference: structs.Reference, usual: str) -> str:
    """The kinds that we know are in the core group and in that of the Gateway API; whose name is another group's is another kind."""
    kind = reference.kind or usual
    return kind if reference.group in (None, "", GATEWAY_GROUP) else f"{kind}.{reference.group}"


def autoscaler(item: structs.HorizontalPodAutoscaler) -> objects.HorizontalPodAutoscaler:
    return objects.HorizontalPodAutoscaler(
        **_base(item.metadata),
        target_kind=item.spec.scale_target_ref.kind,
        target_name=item.spec.scale_target_ref.name,
        minimum=item.spec.min_replicas,
        maximum=item.spec.max_replicas,
        current=item.status.current_replicas,
        desired=item.status.desired_replicas,
    )


def budget(item: structs.PodDisruptionBudget) -> objects.PodDisruptionBudget:
    spec, status = item.spec, item.status
    selector = spec.selector.match_labels if spec.selector is not None and not spec.selector.match_expressions else None
    return objects.PodDisruptionBudget(
        **_base(item.metadata),
        selector=selector,
        minimum_available="" if spec.min_available is None else str(spec.min_available),
        maximum_unavailable="" if spec.max_unavailable is None else str(spec.max_unavailable),
        disruptions_allowed=status.disruptions_allowed,
        healthy=status.current_healthy,
        healthy_wanted=status.desired_healthy,
    )


def claim(item: structs.PersistentVolumeClaim) -> objects.PersistentVolumeClaim:
    return objects.PersistentVolumeClaim(
        **_base(item.metadata),
        phase=item.status.phase,
        volume=item.spec.volume_name,
        storage_class=item.spec.storage_class_name or "",
        capacity=item.status.capacity.get("storage", ""),
        access_modes=item.status.access_modes or item.spec.access_modes,
    )


def volume(item: structs.PersistentVolume) -> objects.PersistentVolume:
    bound = item.spec.claim_ref or structs.TargetRef()
    return objects.PersistentVolume(
        **_base(item.metadata),
        phase=item.status.phase,
        storage_class=item.spec.storage_class_name,
        capacity=item.spec.capacity.get("storage", ""),
        claim_namespace=bound.namespace,
        claim_name=bound.name,
        reclaim_policy=item.spec.persistent_volume_reclaim_policy,
    )


def storage_class(item: structs.StorageClass) -> objects.StorageClass:
    annotations = item.metadata.annotations
    is_default = annotations is not None and annotations.default_class == "true"
    return objects.StorageClass(**_base(item.metadata), provisioner=item.provisioner, default=is_default)


def lease(item: structs.Lease) -> objects.Lease:
    return objects.Lease(**_base(item.metadata), holder=item.spec.holder_identity or "", transitions=item.spec.lease_transitions or 0)


def event(item: structs.Event) -> objects.Event:
    about = item.involved_object
    return objects.Event(
        **_base(item.metadata),
        about_kind=about.kind,
        about_name=about.name,
        about_uid=Uid(about.uid),
        reason=item.reason,
        message=item.message,
        count=item.times,
        last_seen_at=moment(item.seen_at),
    )


TRANSLATIONS: Mapping[str, Callable[[Any], AnyRecord]] = {
    objects.Kind.NAMESPACE: namespace,
    objects.Kind.NODE: node,
    objects.Kind.POD: pod,
    objects.Kind.SERVICE: service,
    objects.Kind.ENDPOINT_SLICE: endpoint_slice,
    objects.Kind.DEPLOYMENT: deployment,
    objects.Kind.REPLICA_SET: replica_set,
    objects.Kind.STATEFUL_SET: stateful_set,
    objects.Kind.DAEMON_SET: daemon_set,
    objects.Kind.JOB: job,
    objects.Kind.CRON_JOB: cron_job,
    objects.Kind.INGRESS: ingress,
    objects.Kind.GATEWAY: gateway,
    objects.Kind.HTTP_ROUTE: http_route,
    objects.Kind.HORIZONTAL_POD_AUTOSCALER: autoscaler,
    objects.Kind.POD_DISRUPTION_BUDGET: budget,
    objects.Kind.PERSISTENT_VOLUME_CLAIM: claim,
    objects.Kind.PERSISTENT_VOLUME: volume,
    objects.Kind.STORAGE_CLASS: storage_class,
    objects.Kind.LEASE: lease,
    objects.Kind.EVENT: event,
}
