"""Deployments: one ReplicaSet for each template, and pods that move from the old to the new within the bounds that were set.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clusterview.practice.controllers import owning
from clusterview.practice.controllers.acts import NOTHING, Act, Controller, Drop, Key, Make, Outcome, Put, Say
from clusterview.practice.objects import (
    Object,
    annotations_of,
    changed,
    condition,
    controller_of,
    is_ending,
    moment,
    name_of,
    namespace_of,
    owned_by,
    stamp,
    with_condition,
    with_metadata,
)  # fmt: skip
from clusterview.practice.resources import DEPLOYMENTS, PODS, REPLICA_SETS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

DESIRED, MOST = "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"
REVISION, HASH = "deployment.kubernetes.io/revision", "pod-template-hash"
COMPONENT = "deployment-controller"


def concerns(store: Store, event: Event) -> Iterable[Key]:
    yield from owning.keys(event, DEPLOYMENTS)
    if event.resource is PODS and event.type == "DELETED":  # `Recreate` waits for the last one
        reference = controller_of(event.object)
        owner = store.get(REPLICA_SETS, namespace_of(event.object), reference["name"]) if reference is not None else None
        above = controller_of(owner) if owner is not None else None
        if above is not None:
            yield namespace_of(event.object), above["name"]


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    found = store.get(DEPLOYMENTS, *key)
    if found is None or is_ending(found):
        return NOTHING
    uid = found["metadata"]["uid"]
    sets = [one for one in store.owned(uid, REPLICA_SETS) if (controller_of(one) or {}).get("uid") == uid]
    newest = next((one for one in sets if owning.bare(one["spec"]["template"]) == owning.bare(found["spec"]["template"])), None)
    olds = [one for one in sets if one is not newest]
    acts: list[Act] = []
    if newest is None and not found["spec"].get("paused"):
        acts += begun(found, olds, store)
    elif newest is not None:
        acts += _in_revision(newest, olds)
        acts += rolled(found, newest, olds, store)
        acts += _cleaned(found, olds)
    status = told(found, newest, sets, now=now)
    revision = annotations_of(newest).get(REVISION, "1") if newest is not None else annotations_of(found).get(REVISION)
    annotations = annotations_of(found) | ({REVISION: revision} if revision else {})
    if status != found.get("status") or annotations != annotations_of(found):
        acts.append(Put(DEPLOYMENTS, changed(with_metadata(found, annotations=annotations or None), status=status)))
    return Outcome(tuple(acts), again_at=_deadline(found, status, now))


def revision_after(sets: Iterable[Object]) -> int:
    return 1 + max((int(annotations_of(one).get(REVISION, "0")) for one in sets), default=0)


def begun(owner: Object, olds: list[Object], store: Store) -> Iterator[Act]:
    """The first step to the present template: its ReplicaSet."""
    size = size_of_new(owner, 0, olds, store)
    made = new_set(owner, revision=revision_after(olds), size=size)
    yield Make(REPLICA_SETS, made)
    if size:
        yield _scaled(owner, made, 0, size)


def new_set(owner: Object, *, revision: int, size: int) -> Object:
    """The ReplicaSet for the Deployment's present template."""
    template = owner["spec"]["template"]
    mark = owning.template_hash(template)
    labels = {**(template["metadata"].get("labels") or {}), HASH: mark}
    selector = {**owner["spec"]["selector"]}
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: mark}
    metadata = {
        "name": f"{name_of(owner)}-{mark}", "namespace": namespace_of(owner), "labels": labels, "ownerReferences": [owned_by(owner)],
        "annotations": {REVISION: str(revision), **_sizes(owner)},
    }  # fmt: skip
    spec = {"replicas": size, "selector": selector, "template": {**template, "metadata": {**template["metadata"], "labels": labels}}}
    if owner["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = owner["spec"]["minReadySeconds"]
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}


def _in_revision(newest: Object, olds: list[Object]) -> Iterator[Act]:
    """A template that comes back is the newest revision again."""
    revision = revision_after(olds)
    if int(annotations_of(newest).get(REVISION, "0")) < revision:
        yield Put(REPLICA_SETS, with_metadata(newest, annotations={**annotations_of(newest), REVISION: str(revision)}))


def rolled(owner: Object, newest: Object, olds: list[Object], store: Store) -> Iterator[Act]:
    """The next step from old to new."""
    wanted, strategy = owner["spec"]["replicas"], owner["spec"]["strategy"]
    yield from _resize(owner, newest, size_of_new(owner, newest["spec"]["replicas"], olds, store))
    if strategy["type"] == "Recreate":
        for one in olds:
            yield from _resize(owner, one, 0)
    elif not owner["spec"].get("paused"):
        _, unavailable = bounds(strategy, wanted)
        for one, size in shrunk(newest, in_use(olds), least=wanted - unavailable):
            yield from _resize(owner, one, size)


def size_of_new(owner: Object, before: int, olds: list[Object], store: Store) -> int:
    """How large the newest ReplicaSet may be now, which has `before` pods."""
    wanted, strategy = owner["spec"]["replicas"], owner["spec"]["strategy"]
    if strategy["type"] == "Recreate":
        return before if any(owning.pods_of(store, one) for one in olds) else int(wanted)
    if not in_use(olds) or owner["spec"].get("paused"):
        return int(wanted)
    surge, _ = bounds(strategy, wanted)
    total = before + sum(one["spec"]["replicas"] for one in olds)
    return int(min(wanted, before + max(0, wanted + surge - total)))


def in_use(olds: list[Object]) -> list[Object]:
    """The old ones that have pods, or should have."""
    return [one for one in olds if one["spec"]["replicas"] or (one.get("status") or {}).get("replicas")]


def bounds(strategy: Object, wanted: int) -> tuple[int, int]:
    """How many pods more, and how many fewer, there may be while rolling."""
    rolling = strategy.get("rollingUpdate") or {}
    surge = owning.share_of(rolling.get("maxSurge"), wanted, up=True)
    unavailable = owning.share_of(rolling.get("maxUnavailable"), wanted, up=False)
    return surge, unavailable if surge or unavailable else 1


def shrunk(newest: Object, olds: list[Object], *, least: int) -> Iterator[tuple[Object, int]]:
    """The sizes of the old ones when they give up what is not needed: first what is not available anyway, then the rest."""
    available = sum(int((one.get("status") or {}).get("availableReplicas") or 0) for one in (newest, *olds))
    waiting = newest["spec"]["replicas"] - int((newest.get("status") or {}).get("availableReplicas") or 0)
    total = newest["spec"]["replicas"] + sum(one["spec"]["replicas"] for one in olds)
    spare = max(0, total - least - waiting)
    for one in olds:
        size = one["spec"]["replicas"]
        useless = max(0, size - int((one.get("status") or {}).get("availableReplicas") or 0))
        given = min(useless, spare)
        useful = min(size - given, max(0, available - least), spare - given)
        spare, available = spare - given - useful, available - useful
        yield one, size - given - useful


def _resize(owner: Object, one: Object, size: int) -> Iterator[Act]:
    before = one["spec"]["replicas"]
    if size != before:
        sized = with_metadata(changed(one, spec={**one["spec"], "replicas": size}), annotations=annotations_of(one) | _sizes(owner))
        yield Put(REPLICA_SETS, _grown(sized))
        yield _scaled(owner, one, before, size)


def _sizes(owner: Object) -> dict[str, str]:
    """What the Deployment notes on its ReplicaSets."""
    wanted, strategy = owner["spec"]["replicas"], owner["spec"]["strategy"]
    most = wanted + (bounds(strategy, wanted)[0] if strategy["type"] == "RollingUpdate" else 0)
    return {DESIRED: str(wanted), MOST: str(most)}


def _scaled(owner: Object, one: Object, before: int, size: int) -> Say:
    word = "up" if size > before else "down"
    return Say(owner, "ScalingReplicaSet", f"Scaled {word} replica set {name_of(one)} from {before} to {size}", COMPONENT)


def _grown(item: Object) -> Object:
    return with_metadata(item, generation=int(item["metadata"].get("generation") or 0) + 1)


def _cleaned(owner: Object, olds: list[Object]) -> Iterator[Act]:
    empty = [one for one in olds if not one["spec"]["replicas"] and not (one.get("status") or {}).get("replicas") and not is_ending(one)]
    empty.sort(key=lambda one: int(annotations_of(one).get(REVISION, "0")))
    for one in empty[: max(0, len(empty) - owner["spec"]["revisionHistoryLimit"])]:
        yield Drop(REPLICA_SETS, one)


def told(owner: Object, newest: Object | None, sets: list[Object], *, now: float) -> Object:
    """What the Deployment's status says."""

    def total(field: str) -> int:
        return sum(int((one.get("status") or {}).get(field) or 0) for one in sets)

    wanted = owner["spec"]["replicas"]
    updated = int(((newest or {}).get("status") or {}).get("replicas") or 0)
    counts = {
        "replicas": total("replicas"), "updatedReplicas": updated, "readyReplicas": total("readyReplicas"),
        "availableReplicas": total("availableReplicas"), "unavailableReplicas": max(0, max(wanted, total("replicas")) - total("availableReplicas")),
    }  # fmt: skip
    status: Object = {"observedGeneration": owner["metadata"].get("generation", 1)} | {name: count for name, count in counts.items() if count}
    before = (owner.get("status") or {}).get("conditions") or []
    _, unavailable = bounds(owner["spec"]["strategy"], wanted) if owner["spec"]["strategy"]["type"] == "RollingUpdate" else (0, 0)
    enough = counts["availableReplicas"] >= wanted - unavailable
    reason, message = ("MinimumReplicasAvailable", "has") if enough else ("MinimumReplicasUnavailable", "does not have")
    conditions = with_condition(
        before, type="Available", status="True" if enough else "False", now=now, reason=reason, message=f"Deployment {message} minimum availability."
    )
    done = updated == wanted == counts["replicas"] == counts["availableReplicas"]
    status["conditions"] = _progress(owner, conditions, newest, counts, done=done, now=now)
    return status


def _progress(owner: Object, conditions: list[Object], newest: Object | None, counts: dict[str, int], *, done: bool, now: float) -> list[Object]:
    """Whether it gets on. What has stood still for `progressDeadlineSeconds` is said to be stuck."""
    name = name_of(newest) if newest is not None else name_of(owner)
    before = condition(owner, "Progressing")
    if done:
        return _with_update(conditions, "True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.', now=now)
    old = owner.get("status") or {}
    moved = before is None or any(int(old.get(field) or 0) != counts[field] for field in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    if moved or (
        before is not None and before.get("reason") == "NewReplicaSetAvailable" and old.get("observedGeneration") != owner["metadata"]["generation"]
    ):
        return _with_update(conditions, "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.', now=now, anew=True)
    since = moment((before or {}).get("lastUpdateTime"))
    if (before or {}).get("reason") == "ReplicaSetUpdated" and since is not None and now - since > owner["spec"]["progressDeadlineSeconds"]:
        return _with_update(conditions, "False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.', now=now)
    return conditions


def _with_update(conditions: list[Object], status: str, reason: str, message: str, *, now: float, anew: bool = False) -> list[Object]:
    before = next((one for one in conditions if one["type"] == "Progressing"), None)
    made = with_condition(conditions, type="Progressing", status=status, now=now, reason=reason, message=message)
    same = before is not None and before.get("reason") == reason and not anew
    at = before["lastUpdateTime"] if before is not None and same else stamp(now)
    return [one | {"lastUpdateTime": at} if one["type"] == "Progressing" else {"lastUpdateTime": one["lastTransitionTime"]} | one for one in made]


def _deadline(owner: Object, status: Object, now: float) -> float | None:
    found = next((one for one in status["conditions"] if one["type"] == "Progressing"), None)
    if found is None or found["reason"] != "ReplicaSetUpdated":
        return None
    return max(now + 1.0, (moment(found["lastUpdateTime"]) or now) + float(owner["spec"]["progressDeadlineSeconds"]) + 1.0)


CONTROLLER = Controller(COMPONENT, concerns, reconcile)
