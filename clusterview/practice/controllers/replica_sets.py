"""ReplicaSets: as many pods as asked for."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice.controllers import owning
from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Drop, Key, Make, Outcome, Put, Say
from clusterview.practice.objects import Object, changed, is_ending, is_true, name_of
from clusterview.practice.resources import PODS, REPLICA_SETS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

COMPONENT = "replicaset-controller"
BURST = 250


def concerns(store: Store, event: Event) -> Iterable[Key]:
    return owning.keys(event, REPLICA_SETS)


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(REPLICA_SETS, *key)
    if found is None:
        return NOTHING
    pods = owning.active(owning.pods_of(store, found))
    acts: list[Act] = []
    if not is_ending(found):
        acts += sized(found, pods)
    told = with_status(found, pods, now=now)
    if told.get("status") != found.get("status"):
        acts.append(Put(REPLICA_SETS, told))
    return Outcome(tuple(acts))


def sized(owner: Object, pods: list[Object]) -> Iterable[Act]:
    """This will make the missing pods, or let the ones go that are too many."""
    wanted = owner["spec"]["replicas"]
    for _ in range(min(BURST, wanted - len(pods))):
        yield Make(PODS, owning.new_pod(owner), owning.told_of(owner, COMPONENT))
    for pod in owning.first_to_go(pods)[: max(0, len(pods) - wanted)]:
        yield Drop(PODS, pod)
        yield Say(owner, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}", COMPONENT)


def with_status(owner: Object, pods: list[Object], *, now: float) -> Object:
    """The ReplicaSet as it should tell of its pods."""
    ready = [pod for pod in pods if is_true(pod, "Ready")]
    seconds = int(owner["spec"].get("minReadySeconds") or 0)
    available = [pod for pod in ready if owning.is_available(pod, min_ready_seconds=seconds, now=now)]
    status: Object = {"replicas": len(pods), "observedGeneration": owner["metadata"].get("generation", 1)}
    for name, count in (("fullyLabeledReplicas", len(pods)), ("readyReplicas", len(ready)), ("availableReplicas", len(available))):
        if count:
            status[name] = count
    return changed(owner, status=status)


CONTROLLER = Controller(COMPONENT, concerns, reconcile)
