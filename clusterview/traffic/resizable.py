"""What an executor reads of a side whose size it changes: whether it may be made smaller now, and how far its pods are."""

from __future__ import annotations

from clusterview.kube import errors
from clusterview.models import Sizing
from clusterview.traffic import looking, preflight, selectors
from clusterview.traffic.checking import of_sizes


def against(sizing: Sizing, cluster: looking.Cluster) -> str:
    """The codes of what stands against making the side smaller, as of now; empty where nothing does."""
    switch = sizing.switch
    try:
        service, residents = cluster.service_among(namespace=sizing.namespace, name=sizing.service)
    except errors.NotFound:
        return "gone"
    if switch is None or service.uid != sizing.service_uid:
        return "replaced"
    seen = cluster.situation(service=service, residents=residents, key=switch.key, source=sizing.selector, target=service.selector)
    checks = of_sizes.scale_down(cluster.surrounded(seen), replicas=sizing.target)
    return ", ".join(one.code for one in preflight.blocks(list(checks)))


def progress(sizing: Sizing, cluster: looking.Cluster) -> tuple[int, str, str]:
    """How many pods of the side are ready, and the code of what keeps others from it with the names that it is about."""
    pods = [one for one in cluster.records(kind="Pod", namespace=sizing.namespace) if selectors.matches(selector=sizing.selector, labels=one.labels)]
    present = [one for one in pods if one.phase not in ("Succeeded", "Failed") and not one.deleting]
    ready = [one for one in present if one.ready]
    homeless = [one for one in present if one.phase == "Pending" and not one.node]
    if len(ready) >= sizing.target:
        return len(ready), "", ""
    if len(present) < sizing.target and (full := _full(sizing, cluster)):
        return len(ready), "quota-full", full
    if len(present) < sizing.target and (refusal := _refusal(sizing, cluster)):
        return len(ready), "pods-refused", refusal
    return len(ready), "no-room" if homeless else "", ", ".join(one.name for one in homeless)


def _refusal(sizing: Sizing, cluster: looking.Cluster) -> str:
    """What is said to the pods that the API server does not take: by a LimitRange, an admission."""
    try:
        found = [one for kind in looking.WORKLOADS for one in cluster.workloads(kind=kind, namespace=sizing.namespace)]
    except errors.Forbidden:
        return ""
    mine = (one for one in found if selectors.matches(selector=sizing.selector, labels=one.record.template_labels))
    return next((one.refusal for one in mine if one.refusal), "")


def _full(sizing: Sizing, cluster: looking.Cluster) -> str:
    """The quotas of the namespace that are used up."""
    try:
        full = [one for one in cluster.quotas(namespace=sizing.namespace) if one.used_up]
        return "; ".join(f"{one.name}: {', '.join(map(str, one.used_up))}" for one in full)
    except errors.Forbidden:
        return ""
