"""What a preflight looks at: one Service as just read, and everything around it, all at one moment.

Workloads, pods and slices are the picture's own records. The Service has a record of its own here, because a switch needs what the picture
leaves out: resourceVersion, whether annotations exist at all, and every manager that owns the selector.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from clusterview.observer import quantities
from clusterview.topology import objects
from clusterview.traffic import selectors
from clusterview.traffic.pairing import Switchable


class FieldOwner(msgspec.Struct, frozen=True):
    """A manager of `metadata.managedFields` that owns the selector; `operation` is `Apply` or `Update`."""

    manager: str
    operation: str


class ServiceNow(msgspec.Struct, frozen=True, kw_only=True):
    """The Service by a quorum read. `annotations` is None where the object has none (a patch must add the map then)."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    deleting: bool = False
    labels: dict[str, str] = {}
    annotations: dict[str, str] | None = None
    owners: tuple[objects.Owner, ...] = ()
    selector: dict[str, str] = {}
    selector_owners: tuple[FieldOwner, ...] = ()
    type: str = "ClusterIP"
    headless: bool = False
    ports: tuple[objects.ServicePort, ...] = ()
    session_affinity: str = "None"
    external_traffic_policy: str = ""
    internal_traffic_policy: str = ""
    publish_not_ready: bool = False
    ip_families: tuple[str, ...] = ()
    traffic_distribution: str = ""

    def annotation(self, name: str) -> str:
        return (self.annotations or {}).get(name, "")

    @property
    def selector_manager(self) -> str:
        """Who wrote the selector last, empty where nobody is named."""
        return self.selector_owners[-1].manager if self.selector_owners else ""


class SizeNow(msgspec.Struct, frozen=True, kw_only=True):
    """An object with a number of pods by a quorum read: an autoscaler (`number` is its least, `maximum` its most) or a workload."""

    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str
    annotations: dict[str, str] | None = None
    number: int
    maximum: int = 0
    manager: str = ""


class Right(msgspec.Struct, frozen=True):
    """A verb on a resource, as kubectl and RBAC name them (`patch`, `services`, `discovery.k8s.io`)."""

    verb: str
    resource: str
    group: str = ""


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """An object that is there for the pods it selects: a disruption budget, a policy, a monitor.

    `services`: it selects Services by their labels and so the pods behind them (a ServiceMonitor). `service`: only the pods behind that one are
    meant (Istio). `purpose` tells guards of one kind apart that cannot stand in for each other (a policy that lets pods in to one place says nothing
    of another). `namespace` is where it lies, empty for the Service's own.
    """

    kind: str
    name: str
    selection: selectors.Selection
    services: bool = False
    service: str = ""
    purpose: str = ""
    namespace: str = ""


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """A Rollout or Canary, the names of the Services that it switches and the workloads (kind, name) that it takes over."""

    kind: str
    name: str
    services: tuple[str, ...] = ()
    workloads: tuple[tuple[str, str], ...] = ()


class KeptSlice(msgspec.Struct, frozen=True):
    """An EndpointSlice with endpoints that Kubernetes' own controller does not keep: of which Service, and who does, empty where nobody says so."""

    service: str
    name: str
    keeper: str = ""


class Bound(msgspec.Struct, frozen=True):
    """One resource of a quota, as written: how much of it is used, and how much may be."""

    resource: str
    used: str
    hard: str

    def __str__(self) -> str:
        return f"{self.resource} {self.used}/{self.hard}"

    @property
    def room(self) -> Decimal:
        return quantities.amount(self.hard) - quantities.amount(self.used)


class Quota(msgspec.Struct, frozen=True):
    """A ResourceQuota, as far as it may hold pods back. One with scopes is for some pods and not for others."""

    name: str
    bounds: tuple[Bound, ...]
    is_scoped: bool = False

    @property
    def used_up(self) -> tuple[Bound, ...]:
        return tuple(one for one in self.bounds if one.room <= 0)


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is told, and what executors wait for only before a later member of a group. `unread` are the resources
    (`networkpolicies.networking.k8s.io`) that could not be listed; what they would say is not known. A kind that is not installed is not missing.
    `nearby` are those of which only the Service's own namespace could be listed, although what lies elsewhere may be about its pods too.
    """

    namespace_terminating: bool = False
    services: tuple[objects.Service, ...] = ()
    ingresses: tuple[objects.Ingress, ...] = ()
    autoscalers: tuple[objects.HorizontalPodAutoscaler, ...] = ()
    replica_sets: tuple[objects.ReplicaSet, ...] = ()
    guards: tuple[Guard, ...] = ()
    drivers: tuple[Driver, ...] = ()
    kept_slices: tuple[KeptSlice, ...] = ()
    quotas: tuple[Quota, ...] = ()
    unread: tuple[str, ...] = ()
    nearby: tuple[str, ...] = ()


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a preflight decides on. `dry_run` is what the API server answered to the patch with dryRun=All: None where it was not
    sent, empty where it agreed. `returning` is set for a way back, which depends on the side it leads to and on nothing else.
    `around` is None where nobody looked; executors look only before a later member of a group. `foreign_mark` is what another installation of
    Clusterview has left on the Service with its last effect, empty where there is nothing of the kind or nobody looked.
    `unobserved` are the uids of the workloads whose controller has not seen yet how they are to be. `references` is what the pod templates of
    workloads, by their uids, refer to (kind and name). `unplaced` is what the scheduler says of the new side's pods, by their uids, that it finds no
    node for; it is empty where nobody looked around.
    """

    service: ServiceNow
    key: str
    from_selector: dict[str, str]
    to_selector: dict[str, str]
    workloads: tuple[Switchable, ...] = ()
    unobserved: frozenset[str] = frozenset()
    references: dict[str, frozenset[tuple[str, str]]] = {}
    pods: tuple[objects.Pod, ...] = ()
    missing_rights: tuple[Right, ...] = ()
    dry_run: str | None = None
    returning: bool = False
    around: Surroundings | None = None
    unplaced: dict[str, str] = {}
    foreign_mark: str = ""

    def workloads_of(self, selector: dict[str, str]) -> list[Switchable]:
        return [one for one in self.workloads if selectors.matches(selector=selector, labels=one.template_labels)]

    def pods_of(self, selector: dict[str, str]) -> list[objects.Pod]:
        """The pods that the selector matches and that could get traffic: a finished pod never does."""
        matched = (pod for pod in self.pods if selectors.matches(selector=selector, labels=pod.labels))
        return [pod for pod in matched if pod.phase not in ("Succeeded", "Failed")]

    def homeless_of(self, selector: dict[str, str]) -> list[objects.Pod]:
        """Those that wait for a node, if only since they were made."""
        return [pod for pod in self.pods_of(selector) if pod.phase == "Pending" and not pod.node and not pod.deleting]

    def ready_of(self, selector: dict[str, str]) -> list[objects.Pod]:
        return [pod for pod in self.pods_of(selector) if pod.ready and not pod.deleting]


def belongs(*, pod: objects.Pod, workload: Switchable) -> bool:
    """This will tell whether the workload's controller made the pod.

    A Deployment's pods are owned by its ReplicaSets, whose names are the Deployment's, a dash, and the pod-template-hash that the pods
    carry too. A pod that merely has the labels, made by hand or by a Job, does not belong.
    """
    if pod.owner is None:
        return False
    if isinstance(workload, objects.StatefulSet):
        return pod.owner.kind == "StatefulSet" and pod.owner.uid == workload.uid
    template_hash = pod.labels.get(selectors.POD_TEMPLATE_HASH, "")
    return pod.owner.kind == "ReplicaSet" and bool(template_hash) and pod.owner.name == f"{workload.name}-{template_hash}"
