"""What the API server fills in where a manifest says nothing, for the fields that people and the product look at."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from clusterview.practice.objects import Object

TOLERATED_SECONDS = 300
PROBES = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def defaulted(item: Object) -> Object:
    """This will give a copy in which the defaults of its kind are filled in."""
    fill = DEFAULTS.get(item["kind"])
    return fill({**item, "spec": dict(item.get("spec") or {})}) if fill else item


def _set(target: dict[str, Any], **values: Any) -> None:
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value


def pod_spec(spec: Object) -> Object:
    """This will fill in what a pod's spec leaves open."""
    spec = {**spec}
    _set(
        spec,
        restartPolicy="Always",
        dnsPolicy="ClusterFirst",
        terminationGracePeriodSeconds=30,
        schedulerName="default-scheduler",
        securityContext={},
    )
    for part in ("initContainers", "containers"):
        if spec.get(part):
            spec[part] = [_container(one) for one in spec[part]]
    if spec.get("volumes"):
        spec["volumes"] = [_volume(one) for one in spec["volumes"]]
    return spec


def _container(container: Object) -> Object:
    container = {**container}
    image = str(container.get("image", ""))
    tag = image.rpartition("/")[2].partition(":")[2]
    policy = "Always" if tag in ("", "latest") and "@" not in image else "IfNotPresent"
    _set(container, imagePullPolicy=policy, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File", resources={})
    if container.get("ports"):
        container["ports"] = [{"protocol": "TCP"} | one for one in container["ports"]]
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        if container.get(name):
            container[name] = PROBES | container[name]
            if "httpGet" in container[name]:
                container[name]["httpGet"] = {"path": "/", "scheme": "HTTP"} | container[name]["httpGet"]
    return container


def _volume(volume: Object) -> Object:
    for source in ("configMap", "secret"):
        if source in volume:
            return {**volume, source: {"defaultMode": 420} | volume[source]}
    return {**volume, "emptyDir": {}} if volume.keys() == {"name"} else volume


def pod(item: Object) -> Object:
    spec = item["spec"] = pod_spec(item["spec"])
    _set(spec, serviceAccountName="default", serviceAccount="default", enableServiceLinks=True, preemptionPolicy="PreemptLowerPriority", priority=0)
    spec["tolerations"] = list(spec.get("tolerations") or ())
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(one.get("key") in (key, None) and one.get("effect") in ("NoExecute", None) for one in spec["tolerations"]):
            spec["tolerations"].append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATED_SECONDS})
    item["status"] = {"phase": "Pending", "qosClass": quality(spec)} | (item.get("status") or {})
    return item


def quality(spec: Object) -> str:
    """The quality of service class, from what the containers ask for."""
    asked = [one.get("resources") or {} for one in spec.get("containers") or ()]
    if not any(one.get("requests") or one.get("limits") for one in asked):
        return "BestEffort"
    guaranteed = all(
        one.get("limits") and {"cpu", "memory"} <= one["limits"].keys() and (one.get("requests") or one["limits"]) == one["limits"] for one in asked
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _template(spec: Object) -> None:
    template = {**(spec.get("template") or {})}
    template["metadata"] = template.get("metadata") or {}
    template["spec"] = pod_spec(template.get("spec") or {})
    spec["template"] = template


def deployment(item: Object) -> Object:
    spec = item["spec"]
    _set(spec, replicas=1, strategy={"type": "RollingUpdate"}, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = {"type": "RollingUpdate"} | spec["strategy"]
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": "25%", "maxSurge": "25%"} | (strategy.get("rollingUpdate") or {})
    spec["strategy"] = strategy
    _template(spec)
    return item


def replica_set(item: Object) -> Object:
    _set(item["spec"], replicas=1)
    _template(item["spec"])
    return item


def stateful_set(item: Object) -> Object:
    spec = item["spec"]
    _set(
        spec, replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=10,
        updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "partition": 0}},
        persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"},
    )  # fmt: skip
    _template(spec)
    return item


def daemon_set(item: Object) -> Object:
    spec = item["spec"]
    _set(spec, revisionHistoryLimit=10, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}})
    _template(spec)
    _annotate(item, {"deprecated.daemonset.template.generation": "1"})
    return item


def _annotate(item: Object, more: dict[str, str]) -> None:
    item["metadata"] = {**item["metadata"], "annotations": more | (item["metadata"].get("annotations") or {})}


def job(item: Object) -> Object:
    """Its pods are found by its uid."""
    spec = item["spec"]
    _set(
        spec, completions=1, parallelism=1, backoffLimit=6, completionMode="NonIndexed", suspend=False, manualSelector=False,
        podReplacementPolicy="TerminatingOrFailed",
    )  # fmt: skip
    _template(spec)
    if not spec["manualSelector"]:
        metadata = item["metadata"]
        own = {"controller-uid": metadata["uid"], "job-name": metadata["name"]}
        own |= {f"batch.kubernetes.io/{key}": value for key, value in own.items()}
        _set(spec, selector={"matchLabels": {"batch.kubernetes.io/controller-uid": metadata["uid"]}})
        template = spec["template"]
        template["metadata"] = {**template["metadata"], "labels": {**(template["metadata"].get("labels") or {}), **own}}
        item["metadata"] = {**metadata, "labels": own | (metadata.get("labels") or {})}
    return item


def cron_job(item: Object) -> Object:
    spec = item["spec"]
    _set(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    template = {"metadata": {}, **(spec.get("jobTemplate") or {})}
    inner = template["spec"] = {**(template.get("spec") or {})}
    _template(inner)
    spec["jobTemplate"] = template
    item["status"] = item.get("status") or {}
    return item


def gateway(item: Object) -> Object:
    own: Object = {"allowedRoutes": {"namespaces": {"from": "Same"}}}
    item["spec"]["listeners"] = [own | one for one in item["spec"].get("listeners") or ()]
    return item


def route(item: Object) -> Object:
    spec = item["spec"]
    spec["parentRefs"] = [{"group": "gateway.networking.k8s.io", "kind": "Gateway"} | one for one in spec.get("parentRefs") or ()]
    spec["rules"] = [_rule(one) for one in spec.get("rules") or [{}]]
    return item


def _rule(rule: Object) -> Object:
    rule = {**rule}
    _set(rule, matches=[{"path": {"type": "PathPrefix", "value": "/"}}])
    if rule.get("backendRefs"):
        rule["backendRefs"] = [{"group": "", "kind": "Service", "weight": 1} | one for one in rule["backendRefs"]]
    return rule


def service(item: Object) -> Object:
    spec = item["spec"]
    _set(spec, type="ClusterIP", sessionAffinity="None")
    if spec["sessionAffinity"] == "ClientIP":
        _set(spec, sessionAffinityConfig={"clientIP": {"timeoutSeconds": 10800}})
    if spec["type"] != "ExternalName":
        _set(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _set(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _set(spec, allocateLoadBalancerNodePorts=True)
    if spec.get("ports"):
        spec["ports"] = [{"protocol": "TCP"} | one | {"targetPort": one.get("targetPort") or one.get("port")} for one in spec["ports"]]
    item["status"] = {"loadBalancer": {}} | (item.get("status") or {})
    return item


def autoscaler(item: Object) -> Object:
    _set(item["spec"], minReplicas=1)
    return item


def claim(item: Object) -> Object:
    _set(item["spec"], volumeMode="Filesystem")
    item["status"] = {"phase": "Pending"} | (item.get("status") or {})
    return item


def volume(item: Object) -> Object:
    _set(item["spec"], persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    item["status"] = {"phase": "Available"} | (item.get("status") or {})
    return item


def ingress(item: Object) -> Object:
    item["status"] = {"loadBalancer": {}} | (item.get("status") or {})
    return item


def secret(item: Object) -> Object:
    plain = {key: base64.b64encode(str(value).encode()).decode() for key, value in (item.get("stringData") or {}).items()}
    filled = {"type": "Opaque"} | {key: value for key, value in item.items() if key not in ("spec", "stringData")}
    return filled | ({"data": (item.get("data") or {}) | plain} if plain else {})


def storage_class(item: Object) -> Object:
    filled = {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"} | item
    return {key: value for key, value in filled.items() if key != "spec"}


def namespace(item: Object) -> Object:
    item["spec"] = {"finalizers": ["kubernetes"]} | item["spec"]
    item["status"] = {"phase": "Active"} | (item.get("status") or {})
    labels = {"kubernetes.io/metadata.name": item["metadata"]["name"], **(item["metadata"].get("labels") or {})}
    item["metadata"] = {**item["metadata"], "labels": labels}
    return item


DEFAULTS: dict[str, Callable[[Object], Object]] = {
    "Pod": pod, "Deployment": deployment, "ReplicaSet": replica_set, "StatefulSet": stateful_set, "DaemonSet": daemon_set, "Job": job,
    "Service": service, "HorizontalPodAutoscaler": autoscaler, "PersistentVolumeClaim": claim, "PersistentVolume": volume,
    "StorageClass": storage_class, "Namespace": namespace, "CronJob": cron_job, "Gateway": gateway, "HTTPRoute": route,
    "Ingress": ingress, "Secret": secret,
}  # fmt: skip
