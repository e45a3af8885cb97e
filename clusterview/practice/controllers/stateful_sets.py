"""StatefulSets: pods with a number and a volume of their own, one after the other.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clusterview.practice.controllers import owning
from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Drop, Key, Make, Outcome, Put, Say
from clusterview.practice.objects import Object, changed, is_ending, is_true, labels_of, name_of, namespace_of
from clusterview.practice.resources import CLAIMS, PODS, STATEFUL_SETS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

REVISION, NUMBER, POD_NAME = "controller-revision-hash", "apps.kubernetes.io/pod-index", "statefulset.kubernetes.io/pod-name"
COMPONENT = "statefulset-controller"


def concerns(store: Store, event: Event) -> Iterable[Key]:
    return owning.keys(event, STATEFUL_SETS)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(STATEFUL_SETS, *key)
    if found is None or is_ending(found):
        return NOTHING
    pods = {number_of(pod): pod for pod in owning.pods_of(store, found)}
    revision = f"{name_of(found)}-{owning.template_hash(found['spec']['template'])}"
    acts = [*claims(store, found), *next_step(found, pods, revision)]
    told = changed(found, status=status_of(found, pods, revision))
    if told["status"] != found.get("status"):
        acts.append(Put(STATEFUL_SETS, told))
    return Outcome(tuple(acts))


def number_of(pod: Object) -> int:
    return int(name_of(pod).rpartition("-")[2])


def next_step(owner: Object, pods: dict[int, Object], revision: str) -> Iterator[Act]:
    """What may be done now: mostly one pod, since the next waits for the one before."""
    wanted, ordered = owner["spec"]["replicas"], owner["spec"]["podManagementPolicy"] == "OrderedReady"
    for number in range(wanted):
        pod = pods.get(number)
        if pod is None:
            made = new_pod(owner, number, revision)
            yield Make(PODS, made)
            yield Say(owner, "SuccessfulCreate", f"Create Pod {name_of(made)} in StatefulSet {name_of(owner)} successful", COMPONENT)
        elif (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded") and not is_ending(pod):
            yield Drop(PODS, pod)
        if ordered and (pod is None or is_ending(pod) or not is_true(pod, "Ready")):
            return
    for number in sorted((one for one in pods if one >= wanted), reverse=True):
        if not is_ending(pods[number]):
            yield from _let_go(owner, pods[number])
        if ordered:
            return
    if owner["spec"]["updateStrategy"]["type"] == "RollingUpdate" and not any(is_ending(pod) for pod in pods.values()):
        yield from _renewed(owner, pods, revision)


def _let_go(owner: Object, pod: Object) -> Iterator[Act]:
    yield Drop(PODS, pod)
    yield Say(owner, "SuccessfulDelete", f"Delete Pod {name_of(pod)} in StatefulSet {name_of(owner)} successful", COMPONENT)


def _renewed(owner: Object, pods: dict[int, Object], revision: str) -> Iterator[Act]:
    first = int((owner["spec"]["updateStrategy"].get("rollingUpdate") or {}).get("partition") or 0)
    for number in sorted((one for one in pods if first <= one < owner["spec"]["replicas"]), reverse=True):
        if labels_of(pods[number]).get(REVISION) != revision:
            yield from _let_go(owner, pods[number])
            return


def new_pod(owner: Object, number: int, revision: str) -> Object:
    """The pod with this number."""
    name = f"{name_of(owner)}-{number}"
    labels = {REVISION: revision, POD_NAME: name, NUMBER: str(number)}
    mounted = [
        {"name": one["metadata"]["name"], "persistentVolumeClaim": {"claimName": f"{one['metadata']['name']}-{name}"}}
        for one in owner["spec"].get("volumeClaimTemplates") or ()
    ]
    spec: Object = {"hostname": name, "subdomain": owner["spec"].get("serviceName", "")}
    if mounted:
        spec["volumes"] = [*mounted, *(owner["spec"]["template"]["spec"].get("volumes") or ())]
    return owning.new_pod(owner, name=name, labels=labels, spec=spec)


def claims(store: Store, owner: Object) -> Iterator[Act]:
    """The claims that are missing. They stay when the pod goes."""
    for number in range(owner["spec"]["replicas"]):
        for template in owner["spec"].get("volumeClaimTemplates") or ():
            name = f"{template['metadata']['name']}-{name_of(owner)}-{number}"
            if store.get(CLAIMS, namespace_of(owner), name) is None:
                labels = owner["spec"]["selector"].get("matchLabels") or {}
                metadata = {"name": name, "namespace": namespace_of(owner), "labels": labels}
                yield Make(CLAIMS, {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]})


def status_of(owner: Object, pods: dict[int, Object], revision: str) -> Object:
    """What the StatefulSet's status says."""
    present = list(pods.values())
    ready = [pod for pod in present if is_true(pod, "Ready") and not is_ending(pod)]
    updated = [pod for pod in present if labels_of(pod).get(REVISION) == revision and not is_ending(pod)]
    done = len(updated) == owner["spec"]["replicas"] == len(ready)
    current = revision if done else (owner.get("status") or {}).get("currentRevision") or revision
    status: Object = {"observedGeneration": owner["metadata"].get("generation", 1), "replicas": len(present), "availableReplicas": len(ready)}
    counts = {"readyReplicas": len(ready), "updatedReplicas": len(updated)}
    counts["currentReplicas"] = sum(labels_of(pod).get(REVISION) == current for pod in present)
    status |= {name: count for name, count in counts.items() if count}
    return status | {"currentRevision": current, "updateRevision": revision, "collisionCount": 0}


CONTROLLER = Controller(COMPONENT, concerns, reconcile)
