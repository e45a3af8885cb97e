"""Which node takes which pod: taints, selectors, room. Pure questions, asked by the scheduler and by DaemonSets."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.observer.quantities import millis, whole
from clusterview.practice.objects import Object, labels_of, name_of, selects

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


def untolerated(node: Object, tolerations: Iterable[Object]) -> Object | None:
    """The first taint of the node that keeps the pod away."""
    listed = list(tolerations)
    taints = [one for one in node["spec"].get("taints") or () if one.get("effect") in ("NoSchedule", "NoExecute")]
    if node["spec"].get("unschedulable") and not any(one["key"] == UNSCHEDULABLE for one in taints):
        taints.append({"key": UNSCHEDULABLE, "effect": "NoSchedule"})
    return next((taint for taint in taints if not any(tolerates(one, taint) for one in listed)), None)


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether one toleration is about this taint."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("operator") == "Exists":
        return not toleration.get("key") or toleration["key"] == taint["key"]
    return bool(toleration.get("key") == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or ""))


def fits_selector(node: Object, spec: Object) -> bool:
    """Whether the pod's nodeSelector and required node affinity name this node."""
    wanted = spec.get("nodeSelector") or {}
    if any(labels_of(node).get(key) != value for key, value in wanted.items()):
        return False
    terms = _terms(spec)
    return terms is None or any(_fits_term(node, term) for term in terms)


def _terms(spec: Object) -> list[Object] | None:
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    return list(required.get("nodeSelectorTerms") or ()) if required else None


def _fits_term(node: Object, term: Object) -> bool:
    fields = {"matchExpressions": term.get("matchFields") or ()}
    return selects(fields, {"metadata.name": name_of(node)}) and selects({"matchExpressions": term.get("matchExpressions") or ()}, labels_of(node))


def only(node: str) -> Object:
    """The affinity of a pod that is made for one node."""
    fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": fields}]}}}


def meant_for(spec: Object) -> str:
    """The node that `only` named, if it did."""
    for term in _terms(spec) or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and len(field["values"]) == 1:
                return str(field["values"][0])
    return ""


def asked(spec: Object) -> tuple[int, int]:
    """What the pod's containers request: CPU in thousandths, memory in bytes."""
    requests = [(one.get("resources") or {}).get("requests") or {} for one in spec.get("containers") or ()]
    return sum(millis(str(one.get("cpu", "0"))) for one in requests), sum(whole(str(one.get("memory", "0"))) for one in requests)


def lacks(node: Object, pods: list[Object], spec: Object) -> str:
    """What the node has too little of for one more pod, in the scheduler's words; empty where there is room."""
    room = (node.get("status") or {}).get("allocatable") or {}
    running = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
    if len(running) + 1 > whole(str(room.get("pods", "110"))):
        return "Too many pods"
    cpu, memory = asked(spec)
    used = [asked(pod["spec"]) for pod in running] if cpu or memory else []
    if cpu and sum(one for one, _ in used) + cpu > millis(str(room.get("cpu", "0"))):
        return "Insufficient cpu"
    if memory and sum(one for _, one in used) + memory > whole(str(room.get("memory", "0"))):
        return "Insufficient memory"
    return ""
