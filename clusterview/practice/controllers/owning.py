"""What the controllers of pods have in common: which pods are whose, how many are ready, and which go first when there are too many."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from clusterview.practice.controllers.acts import Key, Say
from clusterview.practice.objects import Object, annotations_of, controller_of, digest, is_ending, is_true, moment, name_of, namespace_of, owned_by
from clusterview.practice.resources import PODS, Resource
from clusterview.practice.store import Event, Store

COST = "controller.kubernetes.io/pod-deletion-cost"


def keys(event: Event, resource: Resource) -> Iterator[Key]:
    """The object itself, and the one that controls it, where that is of the resource."""
    if event.resource is resource:
        yield namespace_of(event.object), name_of(event.object)
    for item in (event.object, event.previous):
        owner = controller_of(item) if item is not None else None
        if owner is not None and owner["kind"] == resource.kind:
            yield namespace_of(event.object), owner["name"]


def pods_of(store: Store, owner: Object) -> list[Object]:
    """The pods that this object controls, those that are ending included."""
    uid = owner["metadata"]["uid"]
    return [pod for pod in store.owned(uid, PODS) if (controller_of(pod) or {}).get("uid") == uid]


def active(pods: Iterable[Object]) -> list[Object]:
    """Those that count: neither ending nor ended."""
    return [pod for pod in pods if not is_ending(pod) and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]


def is_available(pod: Object, *, min_ready_seconds: int, now: float) -> bool:
    """Ready, and for long enough."""
    if not is_true(pod, "Ready"):
        return False
    since = next((moment(one["lastTransitionTime"]) for one in pod["status"]["conditions"] if one["type"] == "Ready"), None)
    return not min_ready_seconds or (since is not None and now - since >= min_ready_seconds)


def first_to_go(pods: Iterable[Object]) -> list[Object]:
    """In the order in which a ReplicaSet lets them go: not placed, not running, not ready, cheap, and young ones first."""

    def rank(pod: Object) -> tuple[bool, bool, bool, int, float, str]:
        placed, running = bool(pod["spec"].get("nodeName")), (pod.get("status") or {}).get("phase") == "Running"
        cost = annotations_of(pod).get(COST, "0")
        born = moment(pod["metadata"]["creationTimestamp"]) or 0.0
        return placed, running, is_true(pod, "Ready"), int(cost) if cost.lstrip("-").isdecimal() else 0, -born, name_of(pod)

    return sorted(pods, key=rank)


def new_pod(owner: Object, *, name: str = "", labels: dict[str, str] | None = None, spec: Object | None = None) -> Object:
    """A pod from the owner's template."""
    template = owner["spec"]["template"]
    metadata = {"labels": {**(template["metadata"].get("labels") or {}), **(labels or {})}, "namespace": namespace_of(owner)}
    metadata |= {"name": name} if name else {"generateName": f"{name_of(owner)}-"}
    metadata["ownerReferences"] = [owned_by(owner)]
    if template["metadata"].get("annotations"):
        metadata["annotations"] = template["metadata"]["annotations"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**template["spec"], **(spec or {})}}


def told_of(owner: Object, component: str) -> Say:
    """What a controller says when it has made a pod."""
    return Say(owner, "SuccessfulCreate", "Created pod: {name}", component)


def template_hash(template: Object) -> str:
    """What a template is called: the same for the same content."""
    return digest(json.dumps(bare(template), sort_keys=True))


def bare(template: Object) -> Object:
    """The template without the label that tells ReplicaSets apart."""
    labels = {key: value for key, value in ((template.get("metadata") or {}).get("labels") or {}).items() if key != "pod-template-hash"}
    return {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}}


def share_of(value: int | str | None, total: int, *, up: bool) -> int:
    """A number, or a percentage of the total rounded up or down."""
    if isinstance(value, str) and value.endswith("%"):
        part = total * int(value[:-1])
        return -(-part // 100) if up else part // 100
    return int(value or 0)
