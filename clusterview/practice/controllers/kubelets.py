"""The kubelets: each pod on a node that is on goes through its life, and a pod that is to end ends.

The one controller with a memory, as a kubelet has one: since when it knows a pod, and the stage that it wrote last. It begins anew with what the
pods' statuses say, like a kubelet that was restarted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from clusterview.practice.controllers import behaviours, pod_life
from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Drop, Key, Outcome, Put, Say
from clusterview.practice.controllers.behaviours import Behaviour
from clusterview.practice.objects import Object, changed, is_ending, is_true, moment, name_of, namespace_of, uid_of
from clusterview.practice.resources import NODES, PODS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

LONG_AGO = 3600.0
OVER = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Known:
    """What a kubelet remembers of a pod."""

    since: float
    behaviour: Behaviour
    stage: str = ""
    restarts: int = -1
    ends_at: float | None = None


class Kubelets:
    """All of them. `controller` is what the manager runs."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self.controller = Controller("kubelet", self.concerns, self.reconcile)

    def concerns(self, store: Store, event: Event) -> Iterable[Key]:
        if event.resource is PODS:
            if event.type == "DELETED":
                self._known.pop(uid_of(event.object), None)
            elif event.object["spec"].get("nodeName"):
                yield namespace_of(event.object), name_of(event.object)
        elif event.resource is NODES and (event.previous is None or behaviours.is_on(event.previous) is not behaviours.is_on(event.object)):
            yield from ((namespace_of(pod), name_of(pod)) for pod in store.pods_on(name_of(event.object)))

    def reconcile(self, store: Store, key: Key, now: float, timing: Timing) -> Outcome:
        pod = store.get(PODS, *key)
        node = store.get(NODES, "", pod["spec"].get("nodeName") or "") if pod is not None else None
        if pod is None or node is None or not behaviours.is_on(node):
            return NOTHING
        known = self._remember(pod, now)
        if is_ending(pod):
            return self._ending(pod, known, now, timing)
        if (pod.get("status") or {}).get("phase") in OVER:
            return NOTHING
        return self._living(store, pod, node, known, now, timing)

    def _remember(self, pod: Object, now: float) -> Known:
        behaviour = behaviours.of(pod)
        known = self._known.get(uid_of(pod))
        if known is None:
            since = now - LONG_AGO if is_true(pod, "Ready") else moment((pod.get("status") or {}).get("startTime")) or now
            known = Known(since, behaviour, stage="ready" if is_true(pod, "Ready") else "")
        elif known.behaviour != behaviour:
            running = known.stage in ("ready", "running")
            known = replace(known, behaviour=behaviour, since=now - LONG_AGO if running and behaviour in behaviours.RUNNING else now)
        self._known[uid_of(pod)] = known
        return known

    def _living(self, store: Store, pod: Object, node: Object, known: Known, now: float, timing: Timing) -> Outcome:
        stage = pod_life.stage_at(pod, known.behaviour, now - known.since, timing)
        again_at = known.since + stage.until if stage.until is not None else None
        if (stage.key, stage.restarts) == (known.stage, max(known.restarts, 0)) and known.stage:
            return Outcome(again_at=again_at)
        self._known[uid_of(pod)] = replace(known, stage=stage.key, restarts=stage.restarts)
        address = (pod.get("status") or {}).get("podIP") or free_address(store, node)
        begun_at = min(now, known.since + stage.begun) if now - known.since < LONG_AGO else now
        status = pod_life.status_of(pod, stage, known.behaviour, node=node, address=address, now=now, begun_at=begun_at)
        return Outcome((Put(PODS, changed(pod, status=status)), *told(pod, stage, known)), again_at)

    def _ending(self, pod: Object, known: Known, now: float, timing: Timing) -> Outcome:
        grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
        ends_at = known.ends_at if known.ends_at is not None else now + min(grace, pod_life.varied(timing.stop_seconds, pod, timing))
        self._known[uid_of(pod)] = replace(known, ends_at=ends_at)
        if now < ends_at:
            said = [Say(pod, "Killing", f"Stopping container {one['name']}", "kubelet") for one in pod["spec"]["containers"]]
            return Outcome(tuple(said) if known.ends_at is None else (), again_at=ends_at)
        if pod["metadata"].get("finalizers"):
            return NOTHING
        return Outcome((Drop(PODS, pod, at_once=True),))


def told(pod: Object, stage: pod_life.Stage, known: Known) -> Iterable[Act]:
    """The Events that go with a stage."""
    for one in pod["spec"]["containers"]:
        name, image = one["name"], one["image"]
        match stage.key:
            case "creating":
                yield Say(pod, "Pulling", f'Pulling image "{image}"', "kubelet")
            case "starting":
                yield Say(pod, "Pulled", f'Successfully pulled image "{image}"', "kubelet")
            case "running" | "ready" if known.stage not in ("running", "ready"):
                yield Say(pod, "Created", f"Container created: {name}", "kubelet")
                yield Say(pod, "Started", f"Container started: {name}", "kubelet")
            case "crashed":
                yield Say(pod, "BackOff", f"Back-off restarting failed container {name} in pod {name_of(pod)}", "kubelet", warning=True)
            case "pull failed":
                yield Say(pod, "Failed", f'Failed to pull image "{image}": not found', "kubelet", warning=True)
            case "pull backed off":
                yield Say(pod, "BackOff", f'Back-off pulling image "{image}"', "kubelet", warning=True)
    if stage.key == "running" and known.behaviour == "unready":
        yield Say(pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", "kubelet", warning=True)


def free_address(store: Store, node: Object) -> str:
    """An address from the node's own range that none of its pods has."""
    base = str(node["spec"].get("podCIDR") or "10.244.0.0/24").rpartition(".")[0]
    taken = {(pod.get("status") or {}).get("podIP") for pod in store.pods_on(name_of(node))}
    return next(address for address in (f"{base}.{number}" for number in range(2, 255)) if address not in taken)
