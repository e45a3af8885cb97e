"""What the API server refuses with 422, for the mistakes that people make by hand and those that the product must be told of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import available_timezones

from clusterview.practice import problems
from clusterview.practice.controllers import schedules
from clusterview.practice.objects import Object, annotations_of, labels_of, name_of, selects
from clusterview.practice.problems import Cause
from clusterview.practice.resources import Resource

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
KEY_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")
LETTERS = "alphanumeric characters, '-', '_' or '.'"
PATH_SEGMENT = re.compile(r"[^/%]+\Z")
NODE_PORTS = range(30_000, 32_768)


def check(resource: Resource, item: Object, before: Object | None) -> None:
    """This will raise Problem 422 with every mistake in the object; `before` is what it replaces."""
    causes = [*_metadata(resource, item)]
    rules = RULES.get(resource.kind)
    if rules is not None:
        causes += rules(item, before)
    if causes:
        raise problems.invalid(resource, name_of(item), causes)


def required(field: str, why: str = "") -> Cause:
    return Cause(field, "FieldValueRequired", "Required value" + (f": {why}" if why else ""))


def wrong(field: str, value: Any, why: str) -> Cause:
    shown = f'"{value}"' if isinstance(value, str) else _go(value)
    return Cause(field, "FieldValueInvalid", f"Invalid value: {shown}: {why}")


def prohibited(field: str, why: str) -> Cause:
    return Cause(field, "FieldValueForbidden", f"Forbidden: {why}")


def unsupported(field: str, value: str, known: tuple[str, ...]) -> Cause:
    listed = ", ".join(f'"{one}"' for one in known)
    return Cause(field, "FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {listed}')


def _go(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"))
    return "null" if value is None else str(value)


def _metadata(resource: Resource, item: Object) -> Iterator[Cause]:
    name = name_of(item)
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif resource.group == "rbac.authorization.k8s.io":
        if not PATH_SEGMENT.match(name):
            yield wrong("metadata.name", name, "may not contain '/' or '%'")
    elif resource.kind in ("Namespace", "Service") and not (LABEL.match(name) and len(name) < 64):
        what = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'"
        yield wrong("metadata.name", name, _rule(LABEL, what, "'my-name',  or '123-abc'"))
    elif not SUBDOMAIN.match(name) or len(name) > 253:
        what = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
        yield wrong("metadata.name", name, _rule(SUBDOMAIN, what, "'example.com'"))
    yield from _labels(labels_of(item), "metadata.labels")
    yield from _keys(annotations_of(item), "metadata.annotations")


def _rule(pattern: re.Pattern[str], what: str, examples: str) -> str:
    """A rule as Kubernetes words it."""
    regex = pattern.pattern.removesuffix(r"\Z")
    return f"{what}, and must start and end with an alphanumeric character (e.g. {examples}, regex used for validation is '{regex}')"


def _keys(labels: Any, field: str) -> Iterator[Cause]:
    for key in labels or {}:
        prefix, _, name = key.rpartition("/")
        if len(name) > 63 or not KEY_NAME.match(name) or (prefix and not SUBDOMAIN.match(prefix)):
            yield wrong(field, key, _rule(KEY_NAME, f"name part must consist of {LETTERS}", "'MyName',  or 'my.name',  or '123-abc'"))


def _labels(labels: Any, field: str) -> Iterator[Cause]:
    yield from _keys(labels, field)
    for value in (labels or {}).values():
        if not isinstance(value, str) or len(value) > 63 or not LABEL_VALUE.match(value):
            what = f"a valid label must be an empty string or consist of {LETTERS}"
            yield wrong(field, value, _rule(LABEL_VALUE, what, "'MyValue',  or 'my_value',  or '12345'"))


def pod_spec(spec: Object, field: str) -> Iterator[Cause]:
    """The mistakes in a pod's spec or template."""
    if not spec.get("containers"):
        yield required(f"{field}.containers")
    names: set[str] = set()
    for part in ("initContainers", "containers"):
        for number, one in enumerate(spec.get(part) or ()):
            where = f"{field}.{part}[{number}]"
            if not one.get("name"):
                yield required(f"{where}.name")
            elif one["name"] in names:
                yield Cause(f"{where}.name", "FieldValueDuplicate", f'Duplicate value: "{one["name"]}"')
            names.add(str(one.get("name")))
            if not one.get("image"):
                yield required(f"{where}.image")


def pod(item: Object, before: Object | None) -> Iterator[Cause]:
    yield from pod_spec(item["spec"], "spec")
    if before is not None and _frozen(item["spec"]) != _frozen(before["spec"]):
        allowed = (
            "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
        )
        yield prohibited("spec", f"pod updates may not change fields other than {allowed}tolerations),`spec.terminationGracePeriodSeconds`")


def _frozen(spec: Object) -> Object:
    left = {
        key: value for key, value in spec.items() if key not in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName")
    }
    for part in ("containers", "initContainers"):
        if left.get(part):
            left[part] = [{key: value for key, value in one.items() if key != "image"} for one in left[part]]
    return left


def workload(item: Object, before: Object | None) -> Iterator[Cause]:
    spec = item["spec"]
    selector, template = spec.get("selector"), spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not selector:
        yield required("spec.selector")
    if not selector or not selects(selector, labels):
        yield wrong("spec.template.metadata.labels", labels or None, "`selector` does not match template `labels`")
    if before is not None and before["spec"].get("selector") != selector:
        yield wrong("spec.selector", selector, "field is immutable")
    yield from replicas(item)
    yield from _labels(labels, "spec.template.labels")
    yield from pod_spec(template.get("spec") or {}, "spec.template.spec")


def replicas(item: Object) -> Iterator[Cause]:
    """Also what a Scale may ask for."""
    asked = item["spec"].get("replicas")
    if isinstance(asked, int) and asked < 0:
        yield wrong("spec.replicas", asked, "must be greater than or equal to 0")


def stateful_set(item: Object, before: Object | None) -> Iterator[Cause]:
    yield from workload(item, before)
    if before is not None:
        free = (
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        )
        if any(before["spec"].get(key) != item["spec"].get(key) for key in before["spec"].keys() | item["spec"].keys() if key not in free):
            named = ", ".join(f"'{key}'" for key in free[:-1])
            yield prohibited("spec", f"updates to statefulset spec for fields other than {named} and '{free[-1]}' are forbidden")


def service(item: Object, before: Object | None) -> Iterator[Cause]:
    spec = item["spec"]
    kinds = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    if spec["type"] not in kinds:
        yield unsupported("spec.type", spec["type"], kinds)
    if spec["type"] == "ExternalName":
        if not spec.get("externalName"):
            yield required("spec.externalName")
    elif not spec.get("ports") and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    yield from _service_ports(spec.get("ports") or ())
    if spec["sessionAffinity"] not in ("ClientIP", "None"):
        yield unsupported("spec.sessionAffinity", spec["sessionAffinity"], ("ClientIP", "None"))
    yield from _labels(spec.get("selector"), "spec.selector")
    if before is not None and spec["type"] != "ExternalName":
        was = before["spec"].get("clusterIP")
        if was and spec.get("clusterIP") != was:
            yield wrong("spec.clusterIPs[0]", [spec.get("clusterIP")], "may not change once set")


def _service_ports(ports: Any) -> Iterator[Cause]:
    names: set[str] = set()
    for number, one in enumerate(ports):
        where, name = f"spec.ports[{number}]", one.get("name") or ""
        if len(ports) > 1 and not name:
            yield required(f"{where}.name")
        elif name in names:
            yield Cause(f"{where}.name", "FieldValueDuplicate", f'Duplicate value: "{name}"')
        names.add(name)
        if not isinstance(one.get("port"), int) or not 1 <= one["port"] <= 65535:
            yield wrong(f"{where}.port", one.get("port", 0), "must be between 1 and 65535, inclusive")
        if one.get("nodePort") and one["nodePort"] not in NODE_PORTS:
            why = f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
            yield wrong(f"{where}.nodePort", one["nodePort"], why)


def budget(item: Object, before: Object | None) -> Iterator[Cause]:
    spec = item["spec"]
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield wrong("spec", spec, "minAvailable and maxUnavailable cannot be both set")


def autoscaler(item: Object, before: Object | None) -> Iterator[Cause]:
    spec = item["spec"]
    if not spec.get("scaleTargetRef"):
        yield required("spec.scaleTargetRef")
    if not spec.get("maxReplicas"):
        yield wrong("spec.maxReplicas", spec.get("maxReplicas") or 0, "must be greater than 0")
    elif spec["maxReplicas"] < spec["minReplicas"]:
        yield wrong("spec.maxReplicas", spec["maxReplicas"], "must be greater than or equal to `minReplicas`")


def job(item: Object, before: Object | None) -> Iterator[Cause]:
    yield from pod_spec(item["spec"]["template"]["spec"], "spec.template.spec")
    if item["spec"]["template"]["spec"]["restartPolicy"] == "Always":
        yield unsupported("spec.template.spec.restartPolicy", "Always", ("OnFailure", "Never"))


def cron_job(item: Object, before: Object | None) -> Iterator[Cause]:
    spec = item["spec"]
    if not spec.get("schedule"):
        yield required("spec.schedule")
    else:
        try:
            schedules.read(spec["schedule"])
        except ValueError as problem:
            yield wrong("spec.schedule", spec["schedule"], str(problem))
    policies = ("Allow", "Forbid", "Replace")
    if spec["concurrencyPolicy"] not in policies:
        yield unsupported("spec.concurrencyPolicy", spec["concurrencyPolicy"], policies)
    if spec.get("timeZone") and spec["timeZone"] not in available_timezones():
        yield wrong("spec.timeZone", spec["timeZone"], "unknown time zone " + spec["timeZone"])
    template = spec["jobTemplate"]["spec"]["template"]["spec"]
    yield from pod_spec(template, "spec.jobTemplate.spec.template.spec")
    if template["restartPolicy"] == "Always":
        yield unsupported("spec.jobTemplate.spec.template.spec.restartPolicy", "Always", ("OnFailure", "Never"))


def gateway(item: Object, before: Object | None) -> Iterator[Cause]:
    if not item["spec"].get("gatewayClassName"):
        yield required("spec.gatewayClassName")
    if not item["spec"].get("listeners"):
        yield required("spec.listeners")


def route(item: Object, before: Object | None) -> Iterator[Cause]:
    for number, rule in enumerate(item["spec"].get("rules") or ()):
        for place, one in enumerate(rule.get("backendRefs") or ()):
            weight = one.get("weight", 1)
            if not isinstance(weight, int) or not 0 <= weight <= 1_000_000:
                end = "less than or equal to 1e+06" if isinstance(weight, int) and weight > 0 else "greater than or equal to 0"
                field = f"spec.rules[{number}].backendRefs[{place}].weight"
                yield wrong(field, weight, f"{field} in body should be {end}")


Rules = Callable[[Object, Object | None], Iterator[Cause]]
RULES: dict[str, Rules] = {
    "Pod": pod, "Deployment": workload, "ReplicaSet": workload, "StatefulSet": stateful_set, "DaemonSet": workload, "Service": service,
    "PodDisruptionBudget": budget, "HorizontalPodAutoscaler": autoscaler, "Job": job, "CronJob": cron_job,
    "Gateway": gateway, "HTTPRoute": route,
}  # fmt: skip
