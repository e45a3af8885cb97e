"""Claims and volumes find each other: a volume of the right class with room enough, or a new one where a provisioner would make it."""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.observer.quantities import whole
from clusterview.practice.controllers.acts import NOTHING, Controller, Key, Make, Outcome, Put
from clusterview.practice.objects import Object, annotations_of, changed, is_ending, name_of, namespace_of, uid_of
from clusterview.practice.resources import CLAIMS, STORAGE_CLASSES, VOLUMES
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

BY_HAND = "kubernetes.io/no-provisioner"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def concerns(store: Store, event: Event) -> Iterable[Key]:
    if event.resource is CLAIMS:
        yield namespace_of(event.object), name_of(event.object)
        if event.type == "DELETED" and event.object["spec"].get("volumeName"):
            yield "", str(event.object["spec"]["volumeName"])
    elif event.resource in (VOLUMES, STORAGE_CLASSES):
        yield from ((namespace_of(one), name_of(one)) for one in store.all(CLAIMS) if (one.get("status") or {}).get("phase") != "Bound")


def reconcile(store: Store, key: Key, now: float, timing: Timing) -> Outcome:
    if not key[0]:
        return _released(store, key[1])
    claim = store.get(CLAIMS, *key)
    if claim is None or is_ending(claim) or (claim.get("status") or {}).get("phase") == "Bound":
        return NOTHING
    wanted = class_of(store, claim)
    asked = str(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0"))
    fitting = [one for one in store.all(VOLUMES) if fits(one, claim, wanted, asked)]
    if fitting:
        return bound(claim, min(fitting, key=lambda one: whole(str(one["spec"]["capacity"]["storage"]))))
    kind = store.get(STORAGE_CLASSES, "", wanted) if wanted else None
    if kind is None or kind.get("provisioner") == BY_HAND:
        return NOTHING
    spec = {
        "claimRef": reference_to(claim),
        "capacity": {"storage": asked}, "accessModes": claim["spec"].get("accessModes") or ["ReadWriteOnce"], "storageClassName": wanted,
        "persistentVolumeReclaimPolicy": kind.get("reclaimPolicy", "Delete"), "csi": {"driver": kind["provisioner"], "volumeHandle": uid_of(claim)},
    }  # fmt: skip
    return Outcome((Make(VOLUMES, {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"pvc-{uid_of(claim)}"}, "spec": spec}),))


def class_of(store: Store, claim: Object) -> str:
    """The class that the claim names, else the default one."""
    said = claim["spec"].get("storageClassName")
    if said is not None:
        return str(said)
    return next((name_of(one) for one in store.all(STORAGE_CLASSES) if annotations_of(one).get(DEFAULT_CLASS) == "true"), "")


def fits(volume: Object, claim: Object, wanted: str, asked: str) -> bool:
    spec = volume["spec"]
    reference = spec.get("claimRef")
    if reference is not None and (reference.get("namespace"), reference.get("name")) != (namespace_of(claim), name_of(claim)):
        return False
    if (volume.get("status") or {}).get("phase") not in ("Available", None) or spec.get("storageClassName", "") != wanted:
        return False
    return set(claim["spec"].get("accessModes") or ()) <= set(spec.get("accessModes") or ()) and whole(str(spec["capacity"]["storage"])) >= whole(
        asked
    )


def bound(claim: Object, volume: Object) -> Outcome:
    """Both ends of the bond."""
    spec = volume["spec"]
    status = {"phase": "Bound", "capacity": spec["capacity"], "accessModes": spec.get("accessModes") or []}
    taken = {**claim["spec"], "volumeName": name_of(volume), "storageClassName": spec.get("storageClassName", "")}
    return Outcome((
        Put(VOLUMES, changed(volume, spec={**spec, "claimRef": reference_to(claim)}, status={"phase": "Bound"})),
        Put(CLAIMS, changed(claim, spec=taken, status=status)),
    ))  # fmt: skip


def reference_to(claim: Object) -> Object:
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace_of(claim), "name": name_of(claim), "uid": uid_of(claim)}


def _released(store: Store, name: str) -> Outcome:
    volume = store.get(VOLUMES, "", name)
    if volume is None or (volume.get("status") or {}).get("phase") == "Released":
        return NOTHING
    reference = volume["spec"].get("claimRef") or {}
    claim = store.get(CLAIMS, reference.get("namespace", ""), reference.get("name", ""))
    if claim is not None and uid_of(claim) == reference.get("uid"):
        return NOTHING
    return Outcome((Put(VOLUMES, changed(volume, status={"phase": "Released"})),))


CONTROLLER = Controller("persistentvolume-controller", concerns, reconcile)
