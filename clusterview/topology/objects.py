"""What stands in the picture: one record per Kubernetes object, with only the fields that the product shows or decides on.

Records are values. Two observations of an object that lead to equal records are the same picture, so nothing is sent for them; that is
why a record holds no resourceVersion and no time that moves by itself (a Lease says `late`, not when it was renewed).
Moments are whole seconds since 1970 (`*_at`), absent ones are None. Secrets, environment values and ConfigMap data have no field here.
In the picture no text is longer than 1,024 characters, and no list than 1,000 where the record would be a large one (`observer.shortening`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

import msgspec

Uid = NewType("Uid", str)
Namespace = NewType("Namespace", str)


class Kind(StrEnum):
    """The kinds of the picture, by their Kubernetes names; `ControlPlanePart` is ours."""

    CONTROL_PLANE_PART = "ControlPlanePart"
    NAMESPACE = "Namespace"
    NODE = "Node"
    POD = "Pod"
    SERVICE = "Service"
    ENDPOINT_SLICE = "EndpointSlice"
    DEPLOYMENT = "Deployment"
    REPLICA_SET = "ReplicaSet"
    STATEFUL_SET = "StatefulSet"
    DAEMON_SET = "DaemonSet"
    JOB = "Job"
    CRON_JOB = "CronJob"
    INGRESS = "Ingress"
    GATEWAY = "Gateway"
    HTTP_ROUTE = "HTTPRoute"
    HORIZONTAL_POD_AUTOSCALER = "HorizontalPodAutoscaler"
    POD_DISRUPTION_BUDGET = "PodDisruptionBudget"
    PERSISTENT_VOLUME_CLAIM = "PersistentVolumeClaim"
    PERSISTENT_VOLUME = "PersistentVolume"
    STORAGE_CLASS = "StorageClass"
    LEASE = "Lease"
    EVENT = "Event"


class Owner(msgspec.Struct, frozen=True):
    """The controlling owner (`metadata.ownerReferences` with `controller: true`, else the first)."""

    kind: str
    name: str
    uid: Uid


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every object of the picture has. `namespace` is empty for cluster-scoped kinds."""

    uid: Uid
    namespace: Namespace = Namespace("")
    name: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}  # an allow-list: owners that manage the object, and our own
    owner: Owner | None = None
    created_at: int | None = None
    deleting: bool = False


class ControlPlanePart(Record, frozen=True, kw_only=True, tag="ControlPlanePart"):
    """kube-apiserver, etcd, kube-scheduler, kube-controller-manager; uid is `control-plane/<name>`.

    `state` is `ok`, `failing`, `late` (its Lease is not renewed), `unknown` (nothing tells), or `provider` (run by the provider).
    `checks` are the failed checks of `/readyz?verbose`; `leader` the Lease's holder.
    """

    state: str
    version: str = ""
    checks_ok: int = 0
    checks_total: int = 0
    failing_checks: tuple[str, ...] = ()
    leader: str = ""
    leader_since: int | None = None


class NamespaceObject(Record, frozen=True, kw_only=True, tag="Namespace"):
    phase: str = "Active"


class Taint(msgspec.Struct, frozen=True):
    key: str
    value: str
    effect: str


class Node(Record, frozen=True, kw_only=True, tag="Node"):
    """`ready` is the Ready condition's status (`True`, `False`, `Unknown`); `pressures` the other conditions that are true.

    cpu in millicores, memory in bytes.
    """

    ready: str = "Unknown"
    reason: str = ""
    pressures: tuple[str, ...] = ()
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()
    zone: str = ""
    roles: tuple[str, ...] = ()
    kubelet_version: str = ""
    address: str = ""
    cpu_allocatable: int = 0
    memory_allocatable: int = 0
    pods_allocatable: int = 0


class Container(msgspec.Struct, frozen=True):
    """`state` is `running`, `waiting` or `terminated`; `reason` as kubectl prints it (CrashLoopBackOff, OOMKilled, ...)."""

    name: str
    image: str
    init: bool
    ready: bool
    restarts: int
    state: str
    reason: str
    ports: tuple[ContainerPort, ...] = ()


class ContainerPort(msgspec.Struct, frozen=True):
    name: str
    port: int
    protocol: str


class Volume(msgspec.Struct, frozen=True):
    """`source` is the volume's type (emptyDir, persistentVolumeClaim, configMap, secret, ...); `target` the name it refers to."""

    name: str
    source: str
    target: str


class Pod(Record, frozen=True, kw_only=True, tag="Pod"):
    """`status` is what `kubectl get pods` prints (Running, Pending, CrashLoopBackOff, Terminating, ...)."""

    node: str = ""
    address: str = ""
    phase: str = "Pending"
    status: str = "Pending"
    ready: bool = False
    restarts: int = 0
    containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()


class ServicePort(msgspec.Struct, frozen=True):
    """`target` is the targetPort as written: a number in digits or a container port's name."""

    name: str
    port: int
    target: str
    node_port: int
    protocol: str


class Service(Record, frozen=True, kw_only=True, tag="Service"):
    """`selector` is None where `spec.selector` is absent or empty. `selector_manager` is who last wrote the selector by managedFields."""

    type: str = "ClusterIP"
    headless: bool = False
    selector: dict[str, str] | None = None
    ports: tuple[ServicePort, ...] = ()
    cluster_ip: str = ""
    external_name: str = ""
    addresses: tuple[str, ...] = ()
    session_affinity: str = "None"
    external_traffic_policy: str = ""
    internal_traffic_policy: str = ""
    publish_not_ready: bool = False
    selector_manager: str = ""


class Endpoint(msgspec.Struct, frozen=True):
    """`ready: null` of the API counts as true, `serving: null` as ready (EndpointConditions, discovery.k8s.io/v1)."""

    pod_uid: Uid
    address: str
    node: str
    ready: bool
    serving: bool
    terminating: bool


class EndpointSlice(Record, frozen=True, kw_only=True, tag="EndpointSlice"):
    """`service` is the label kubernetes.io/service-name. `ports` are the numbers that endpoints listen on, by Service port name."""

    service: str = ""
    address_type: str = "IPv4"
    endpoints: tuple[Endpoint, ...] = ()
    ports: dict[str, int] = {}


class PackedSlice(Record, frozen=True, kw_only=True, tag="EndpointSlice"):
    """An EndpointSlice as an observer keeps it (`endpoints`): without its endpoints, and those as bytes and names of nodes. It is in no message."""

    empty: EndpointSlice
    packed: bytes
    nodes: tuple[str, ...]


class Workload(Record, frozen=True, kw_only=True):
    """What Deployment, StatefulSet and DaemonSet have in common. `selector` is matchLabels; `wanted` is spec.replicas.

    `selector_exact` is false where matchExpressions are used too, which `selector` cannot say.
    """

    selector: dict[str, str] = {}
    selector_exact: bool = True
    template_labels: dict[str, str] = {}
    images: tuple[str, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    wanted: int = 0
    ready: int = 0
    updated: int = 0
    available: int = 0
    paused: bool = False


class Deployment(Workload, frozen=True, kw_only=True, tag="Deployment"):
    pass


class StatefulSet(Workload, frozen=True, kw_only=True, tag="StatefulSet"):
    service: str = ""


class DaemonSet(Workload, frozen=True, kw_only=True, tag="DaemonSet"):
    pass


class ReplicaSet(Record, frozen=True, kw_only=True, tag="ReplicaSet"):
    pass


class Job(Record, frozen=True, kw_only=True, tag="Job"):
    """`status` is what `kubectl get jobs` prints (Running, Complete, Failed, Suspended, ...), `reason` why it failed. Counts are of pods.

    `completions` is None where the pods find out among themselves when all is done.
    """

    status: str = "Running"
    reason: str = ""
    parallelism: int = 1
    completions: int | None = None
    active: int = 0
    succeeded: int = 0
    failed: int = 0


class CronJob(Record, frozen=True, kw_only=True, tag="CronJob"):
    """`time_zone` is empty for that of the controller manager; `active` counts Jobs."""

    schedule: str = ""
    time_zone: str = ""
    suspended: bool = False
    active: int = 0
    last_scheduled_at: int | None = None
    last_succeeded_at: int | None = None


class IngressPath(msgspec.Struct, frozen=True):
    host: str
    path: str
    service: str
    port: str


class Ingress(Record, frozen=True, kw_only=True, tag="Ingress"):
    class_name: str = ""
    paths: tuple[IngressPath, ...] = ()
    tls_hosts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class Listener(msgspec.Struct, frozen=True):
    """`hostname` is empty for any."""

    name: str
    protocol: str
    port: int
    hostname: str


class Gateway(Record, frozen=True, kw_only=True, tag="Gateway"):
    """`accepted` and `programmed` are the conditions' statuses: `True`, `False`, or `Unknown`, also where nobody carries the Gateway out.

    `reason` is that of the first of them that is not true.
    """

    class_name: str = ""
    listeners: tuple[Listener, ...] = ()
    addresses: tuple[str, ...] = ()
    accepted: str = "Unknown"
    programmed: str = "Unknown"
    reason: str = ""


class RouteParent(msgspec.Struct, frozen=True):
    """What a route is attached to, a Gateway mostly, and what is said there of it, in the words of `Gateway`: whether it is accepted, and whether
    all that it names is found (`resolved`). Kinds of other groups are written `Kind.group`; `section` is a listener's name, `port` 0 for any.
    """

    kind: str
    namespace: Namespace
    name: str
    section: str = ""
    port: int = 0
    accepted: str = "Unknown"
    resolved: str = "Unknown"
    reason: str = ""


class RouteBackend(msgspec.Struct, frozen=True):
    """Where a rule leads to, a Service mostly, with its weight beside the rule's other backends; one of weight 0 gets nothing."""

    kind: str
    namespace: Namespace
    name: str
    port: int
    weight: int


class RouteRule(msgspec.Struct, frozen=True):
    paths: tuple[str, ...]
    backends: tuple[RouteBackend, ...]


class HTTPRoute(Record, frozen=True, kw_only=True, tag="HTTPRoute"):
    """`hostnames` are empty for all those of its parents."""

    hostnames: tuple[str, ...] = ()
    parents: tuple[RouteParent, ...] = ()
    rules: tuple[RouteRule, ...] = ()


class HorizontalPodAutoscaler(Record, frozen=True, kw_only=True, tag="HorizontalPodAutoscaler"):
    target_kind: str = ""
    target_name: str = ""
    minimum: int = 1
    maximum: int = 0
    current: int = 0
    desired: int = 0


class PodDisruptionBudget(Record, frozen=True, kw_only=True, tag="PodDisruptionBudget"):
    """`selector` is None where matchExpressions are used or none is given; counts as the API reports them."""

    selector: dict[str, str] | None = None
    minimum_available: str = ""
    maximum_unavailable: str = ""
    disruptions_allowed: int = 0
    healthy: int = 0
    healthy_wanted: int = 0


class PersistentVolumeClaim(Record, frozen=True, kw_only=True, tag="PersistentVolumeClaim"):
    phase: str = "Pending"
    volume: str = ""
    storage_class: str = ""
    capacity: str = ""
    access_modes: tuple[str, ...] = ()


class PersistentVolume(Record, frozen=True, kw_only=True, tag="PersistentVolume"):
    phase: str = "Available"
    storage_class: str = ""
    capacity: str = ""
    claim_namespace: str = ""
    claim_name: str = ""
    reclaim_policy: str = ""


class StorageClass(Record, frozen=True, kw_only=True, tag="StorageClass"):
    provisioner: str = ""
    default: bool = False


class Lease(Record, frozen=True, kw_only=True, tag="Lease"):
    """`late` turns true when nothing renewed it for 20 s; the renewal itself is not part of the picture."""

    holder: str = ""
    transitions: int = 0
    late: bool = False


class Event(Record, frozen=True, kw_only=True, tag="Event"):
    """A warning. `message` is cut at 1 KiB."""

    about_kind: str = ""
    about_name: str = ""
    about_uid: Uid = Uid("")
    reason: str = ""
    message: str = ""
    count: int = 1
    last_seen_at: int | None = None


AnyRecord = (
    ControlPlanePart
    | NamespaceObject
    | Node
    | Pod
    | Service
    | EndpointSlice
    | Deployment
    | ReplicaSet
    | StatefulSet
    | DaemonSet
    | Job
    | CronJob
    | Ingress
    | Gateway
    | HTTPRoute
    | HorizontalPodAutoscaler
    | PodDisruptionBudget
    | PersistentVolumeClaim
    | PersistentVolume
    | StorageClass
    | Lease
    | Event
)


_KINDS: dict[type[Record], Kind] = {record: Kind(record.__struct_config__.tag) for record in (*AnyRecord.__args__, PackedSlice)}


def kind_of(record: AnyRecord) -> Kind:
    """This will tell the record's kind."""
    return _KINDS[type(record)]
