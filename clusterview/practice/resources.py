"""Which resources the practice cluster serves: one row each, as a cluster's discovery would tell them."""

from __future__ import annotations

from dataclasses import dataclass

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """There is one of each, so that they are told apart by identity, which costs nothing.

    `status` and `scale` say which subresources there are; `counted`, whether `metadata.generation` counts the changes of its spec.

    `verbs` are what can be done with it at all; `custom` are those that a CustomResourceDefinition makes, which know no strategic merge patch.
    """

    group: str = ""
    version: str = "v1"
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    in_all: bool = False
    status: bool = False
    scale: bool = False
    counted: bool = False
    verbs: tuple[str, ...] = VERBS
    custom: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As messages say it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def subresources(self) -> tuple[str, ...]:
        extra = ("eviction",) if self.kind == "Pod" else ()
        return (("status",) if self.status else ()) + (("scale",) if self.scale else ()) + extra


PODS = Resource(plural="pods", kind="Pod", short=("po",), in_all=True, status=True, counted=True)
NODES = Resource(plural="nodes", kind="Node", namespaced=False, short=("no",), status=True)
NAMESPACES = Resource(plural="namespaces", kind="Namespace", namespaced=False, short=("ns",), status=True)
SERVICES = Resource(plural="services", kind="Service", short=("svc",), in_all=True, status=True)
EVENTS = Resource(plural="events", kind="Event", short=("ev",))
CLAIMS = Resource(plural="persistentvolumeclaims", kind="PersistentVolumeClaim", short=("pvc",), status=True)
VOLUMES = Resource(plural="persistentvolumes", kind="PersistentVolume", namespaced=False, short=("pv",), status=True)
CONFIG_MAPS = Resource(plural="configmaps", kind="ConfigMap", short=("cm",))
SECRETS = Resource(plural="secrets", kind="Secret")
SERVICE_ACCOUNTS = Resource(plural="serviceaccounts", kind="ServiceAccount", short=("sa",))
QUOTAS = Resource(plural="resourcequotas", kind="ResourceQuota", short=("quota",), status=True)
LIMITS = Resource(plural="limitranges", kind="LimitRange", short=("limits",))
DEPLOYMENTS = Resource(plural="deployments", kind="Deployment", short=("deploy",), scale=True, group="apps", in_all=True, status=True, counted=True)
REPLICA_SETS = Resource(plural="replicasets", kind="ReplicaSet", short=("rs",), scale=True, group="apps", in_all=True, status=True, counted=True)
STATEFUL_SETS = Resource(plural="statefulsets", kind="StatefulSet", short=("sts",), scale=True, group="apps", in_all=True, status=True, counted=True)
DAEMON_SETS = Resource(plural="daemonsets", kind="DaemonSet", short=("ds",), group="apps", in_all=True, status=True, counted=True)
JOBS = Resource(group="batch", plural="jobs", kind="Job", in_all=True, status=True, counted=True)
CRON_JOBS = Resource(group="batch", plural="cronjobs", kind="CronJob", short=("cj",), in_all=True, status=True, counted=True)
AUTOSCALERS = Resource(
    group="autoscaling", version="v2", plural="horizontalpodautoscalers", kind="HorizontalPodAutoscaler", short=("hpa",), in_all=True, status=True,
    counted=True,
)  # fmt: skip
BUDGETS = Resource(group="policy", plural="poddisruptionbudgets", kind="PodDisruptionBudget", short=("pdb",), status=True, counted=True)
SLICES = Resource(group="discovery.k8s.io", plural="endpointslices", kind="EndpointSlice", counted=True)
INGRESSES = Resource(group="networking.k8s.io", plural="ingresses", kind="Ingress", short=("ing",), status=True, counted=True)
NETWORK_POLICIES = Resource(group="networking.k8s.io", plural="networkpolicies", kind="NetworkPolicy", short=("netpol",), counted=True)
STORAGE_CLASSES = Resource(group="storage.k8s.io", plural="storageclasses", kind="StorageClass", namespaced=False, short=("sc",))
LEASES = Resource(group="coordination.k8s.io", plural="leases", kind="Lease")
ROLES = Resource(group="rbac.authorization.k8s.io", plural="roles", kind="Role")
ROLE_BINDINGS = Resource(group="rbac.authorization.k8s.io", plural="rolebindings", kind="RoleBinding")
CLUSTER_ROLES = Resource(group="rbac.authorization.k8s.io", plural="clusterroles", kind="ClusterRole", namespaced=False)
CLUSTER_ROLE_BINDINGS = Resource(group="rbac.authorization.k8s.io", plural="clusterrolebindings", kind="ClusterRoleBinding", namespaced=False)
GATEWAY_CLASSES = Resource(
    group="gateway.networking.k8s.io", plural="gatewayclasses", kind="GatewayClass", namespaced=False, short=("gc",), status=True, counted=True,
    custom=True,
)  # fmt: skip
GATEWAYS = Resource(
    group="gateway.networking.k8s.io", plural="gateways", kind="Gateway", short=("gtw",), status=True, counted=True, custom=True
)  # fmt: skip
ROUTES = Resource(group="gateway.networking.k8s.io", plural="httproutes", kind="HTTPRoute", status=True, counted=True, custom=True)

RESOURCES: tuple[Resource, ...] = (  # in the order in which `kubectl get all` prints them
    PODS, NODES, NAMESPACES, SERVICES, EVENTS, CLAIMS, VOLUMES, CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS, QUOTAS, LIMITS,
    DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, AUTOSCALERS, CRON_JOBS, JOBS, BUDGETS, SLICES,
    INGRESSES, NETWORK_POLICIES, STORAGE_CLASSES, LEASES, ROLES, ROLE_BINDINGS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS,
    GATEWAY_CLASSES, GATEWAYS, ROUTES,
)  # fmt: skip

# Worked out when somebody asks, and not in the store.
ACTS = Resource(group="practice.clusterview.io", plural="acts", kind="Act", namespaced=False, verbs=("create", "list"))
NODE_METRICS = Resource(group="metrics.k8s.io", version="v1beta1", plural="nodes", kind="NodeMetrics", namespaced=False, verbs=("get", "list"))
POD_METRICS = Resource(group="metrics.k8s.io", version="v1beta1", plural="pods", kind="PodMetrics", verbs=("get", "list"))
COMPUTED: tuple[Resource, ...] = (ACTS, NODE_METRICS, POD_METRICS)

# Asked and answered at once, never kept.
REVIEWS: dict[tuple[str, str], str] = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    ("authorization.k8s.io", "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
    ("authentication.k8s.io", "selfsubjectreviews"): "SelfSubjectReview",
}

BY_PATH = {(one.group, one.version, one.plural): one for one in (*RESOURCES, *COMPUTED)}
BY_KIND = {(one.api_version, one.kind): one for one in RESOURCES}


def groups() -> dict[str, list[str]]:
    """Each group (but the core one) and its versions."""
    found: dict[str, list[str]] = {}
    for group, version in [(one.group, one.version) for one in (*RESOURCES, *COMPUTED)] + [(group, "v1") for group, _ in REVIEWS]:
        if group and version not in found.setdefault(group, []):
            found[group].append(version)
    return found
