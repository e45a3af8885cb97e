"""Which kinds there are to read, and how each is asked for: one row per list and watch. Those on demand are listed when somebody asks, in one
namespace, and never watched.

Leases are two rows, because only two namespaces hold those that tell of nodes and leaders, and a cluster may have many others. ReplicaSets
are asked for as metadata only: their owner is all that links a pod to its Deployment. The Gateway API is installed in some clusters only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from clusterview.kube import structs
from clusterview.kube.connections import JSON, path
from clusterview.kube.decoding import decoder_of

PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@dataclass(frozen=True, kw_only=True)
class KindSpec:
    """One list and watch. `namespace` narrows it to one, empty is all of them; `query` goes with every list and watch."""

    kind: str
    group: str = ""
    version: str = "v1"
    resource: str
    namespaced: bool = True
    struct: type[Any]
    metadata_only: bool = False
    namespace: str = ""
    query: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Unique among the rows: `Pod`, `Lease/kube-system`."""
        return key_of(kind=self.kind, namespace=self.namespace)

    @property
    def path(self) -> str:
        root = ("apis", self.group, self.version) if self.group else ("api", self.version)
        inside = ("namespaces", self.namespace) if self.namespace else ()
        return path(*root, *inside, self.resource)

    @property
    def list_accept(self) -> str:
        return PARTIAL_LIST if self.metadata_only else JSON

    @property
    def watch_accept(self) -> str:
        return PARTIAL if self.metadata_only else JSON

    def within(self, namespace: str) -> KindSpec:
        """This will narrow the row to one namespace."""
        return dataclasses.replace(self, namespace=namespace)

    def selecting(self, labels: Mapping[str, str]) -> KindSpec:
        """This will narrow the row to objects that carry all these labels."""
        pairs = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        return dataclasses.replace(self, query=(*self.query, ("labelSelector", pairs))) if labels else self

    def of(self, *, namespace: str, name: str) -> str:
        """This will give the path of one object."""
        return f"{self.within(namespace).path if self.namespaced else self.path}{path(name)}"

    def decoder(self) -> msgspec.json.Decoder[Any]:
        return decoder_of(self.struct)


KINDS: tuple[KindSpec, ...] = (
    KindSpec(kind="Namespace", resource="namespaces", namespaced=False, struct=structs.Namespace),
    KindSpec(kind="Node", resource="nodes", namespaced=False, struct=structs.Node),
    KindSpec(kind="Pod", resource="pods", struct=structs.Pod),
    KindSpec(kind="Service", resource="services", struct=structs.Service),
    KindSpec(kind="EndpointSlice", group="discovery.k8s.io", resource="endpointslices", struct=structs.EndpointSlice),
    KindSpec(kind="Deployment", group="apps", resource="deployments", struct=structs.Deployment),
    KindSpec(kind="ReplicaSet", group="apps", resource="replicasets", struct=structs.ReplicaSet, metadata_only=True),
    KindSpec(kind="StatefulSet", group="apps", resource="statefulsets", struct=structs.StatefulSet),
    KindSpec(kind="DaemonSet", group="apps", resource="daemonsets", struct=structs.DaemonSet),
    KindSpec(kind="Job", group="batch", resource="jobs", struct=structs.Job),
    KindSpec(kind="CronJob", group="batch", resource="cronjobs", struct=structs.CronJob),
    KindSpec(kind="Ingress", group="networking.k8s.io", resource="ingresses", struct=structs.Ingress),
    KindSpec(kind="Gateway", group="gateway.networking.k8s.io", resource="gateways", struct=structs.Gateway),
    KindSpec(kind="HTTPRoute", group="gateway.networking.k8s.io", resource="httproutes", struct=structs.HTTPRoute),
    KindSpec(
        kind="HorizontalPodAutoscaler", group="autoscaling", version="v2", resource="horizontalpodautoscalers", struct=structs.HorizontalPodAutoscaler
    ),
    KindSpec(kind="PodDisruptionBudget", group="policy", resource="poddisruptionbudgets", struct=structs.PodDisruptionBudget),
    KindSpec(kind="PersistentVolumeClaim", resource="persistentvolumeclaims", struct=structs.PersistentVolumeClaim),
    KindSpec(kind="PersistentVolume", resource="persistentvolumes", namespaced=False, struct=structs.PersistentVolume),
    KindSpec(kind="StorageClass", group="storage.k8s.io", resource="storageclasses", namespaced=False, struct=structs.StorageClass),
    KindSpec(kind="Lease", group="coordination.k8s.io", resource="leases", struct=structs.Lease, namespace="kube-system"),
    KindSpec(kind="Lease", group="coordination.k8s.io", resource="leases", struct=structs.Lease, namespace="kube-node-lease"),
    KindSpec(kind="Event", resource="events", struct=structs.Event, query=(("fieldSelector", "type=Warning"),)),
)


ON_DEMAND: tuple[KindSpec, ...] = (
    KindSpec(kind="NetworkPolicy", group="networking.k8s.io", resource="networkpolicies", struct=structs.NetworkPolicy),
    KindSpec(kind="ResourceQuota", resource="resourcequotas", struct=structs.ResourceQuota),
    KindSpec(kind="ServiceMonitor", group="monitoring.coreos.com", resource="servicemonitors", struct=structs.Selecting),
    KindSpec(kind="PodMonitor", group="monitoring.coreos.com", resource="podmonitors", struct=structs.Selecting),
    KindSpec(kind="AuthorizationPolicy", group="security.istio.io", resource="authorizationpolicies", struct=structs.Selecting),
    KindSpec(kind="PeerAuthentication", group="security.istio.io", resource="peerauthentications", struct=structs.Selecting),
    KindSpec(kind="CiliumNetworkPolicy", group="cilium.io", version="v2", resource="ciliumnetworkpolicies", struct=structs.CiliumNetworkPolicy),
    KindSpec(kind="DestinationRule", group="networking.istio.io", resource="destinationrules", struct=structs.DestinationRule),
    KindSpec(kind="VirtualService", group="networking.istio.io", resource="virtualservices", struct=structs.VirtualService),
    KindSpec(kind="Rollout", group="argoproj.io", version="v1alpha1", resource="rollouts", struct=structs.Rollout),
    KindSpec(kind="Canary", group="flagger.app", version="v1beta1", resource="canaries", struct=structs.Canary),
)


ASKING = {"Deployment", "StatefulSet"}
REFERRING = {"Deployment": structs.ReferringDeployment, "StatefulSet": structs.ReferringStatefulSet}
COUNTED = {"HorizontalPodAutoscaler", "Deployment", "StatefulSet"}


def counted(kind: str) -> KindSpec:
    """This will give the row of a kind of COUNTED, read for its number of pods alone. Raises KeyError for another kind."""
    return dataclasses.replace(_BY_KIND[kind if kind in COUNTED else ""], struct=structs.Counted)


def asking(kind: str) -> KindSpec:
    """This will give the row of a kind of workloads, read for what each of its pods asks for. Raises KeyError for another kind."""
    return dataclasses.replace(_BY_KIND[kind if kind in ASKING else ""], struct=structs.Asking)


def referring(kind: str) -> KindSpec:
    """This will give the row of a kind of workloads, read with the names that their pod templates refer to. Raises KeyError for another kind."""
    return dataclasses.replace(_BY_KIND[kind], struct=REFERRING[kind])


def addressed() -> KindSpec:
    """This will give the row of pods, read with all their addresses."""
    return dataclasses.replace(_BY_KIND["Pod"], struct=structs.AddressedPod)


def placed() -> KindSpec:
    """This will give the row of pods, read for what the scheduler says of them."""
    return dataclasses.replace(_BY_KIND["Pod"], struct=structs.PlacedPod)


def key_of(*, kind: str, namespace: str) -> str:
    """The key of the row of a kind, in one namespace if given."""
    return f"{kind}/{namespace}" if namespace else str(kind)


def named(kind: str) -> KindSpec:
    """This will give the first row of a kind. Raises KeyError for a kind that is not read."""
    return _BY_KIND[kind]


_BY_KIND = {spec.kind: spec for spec in reversed((*KINDS, *ON_DEMAND))}
