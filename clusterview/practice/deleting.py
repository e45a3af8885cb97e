"""A deletion as the API server does it: pods get their time to end, finalizers hold, dependents go or stay as was asked."""

from __future__ import annotations

from dataclasses import dataclass

from clusterview.practice import problems, writing
from clusterview.practice.objects import Object, is_ending, name_of, namespace_of, stamp, uid_of, with_metadata
from clusterview.practice.resources import BY_KIND, NAMESPACES, PODS, Resource
from clusterview.practice.store import Store

FOREGROUND = "foregroundDeletion"
PROPAGATIONS = ("Background", "Foreground", "Orphan")


@dataclass(frozen=True)
class Options:
    """What DELETE was asked for. `grace_seconds` is None where the object's own applies; `uid` and `version` are preconditions."""

    grace_seconds: int | None = None
    propagation: str = "Background"
    uid: str = ""
    version: str = ""
    dry_run: bool = False


def read(body: Object, query: dict[str, str]) -> Options:
    """This will read DeleteOptions, from the body or the query. Raises Problem 400."""
    conditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    propagation = str(body.get("propagationPolicy") or query.get("propagationPolicy") or "Background")
    if propagation not in PROPAGATIONS:
        raise problems.bad_request(f'invalid propagationPolicy "{propagation}"')
    return Options(
        grace_seconds=None if grace is None else int(grace),
        propagation=propagation,
        uid=str(conditions.get("uid") or ""),
        version=str(conditions.get("resourceVersion") or ""),
        dry_run=body.get("dryRun") == ["All"] or query.get("dryRun") == "All",
    )


def delete(store: Store, resource: Resource, *, namespace: str, name: str, options: Options, now: float) -> tuple[Object, bool]:
    """This will delete the object, or mark it where it may not go at once: (as it is afterwards, whether it is gone). Raises Problem 404, 409."""
    item = writing.existing(store, resource, namespace=namespace, name=name)
    _check_preconditions(resource, item, options)
    grace = grace_of(resource, item, options)
    held = list(item["metadata"].get("finalizers") or ())
    if options.propagation == "Foreground" and store.owned(uid_of(item)) and FOREGROUND not in held:
        held.append(FOREGROUND)
    stays = bool(held) or grace > 0 or resource is NAMESPACES
    if options.dry_run:
        return item, not stays
    if options.propagation == "Orphan":
        orphan(store, item)
    if not stays:
        return store.remove(resource, namespace_of(item), name), True
    return _marked(store, resource, item, held=held, grace=grace, now=now), False


def _check_preconditions(resource: Resource, item: Object, options: Options) -> None:
    version = item["metadata"]["resourceVersion"]
    if options.uid and options.uid != uid_of(item):
        why = f"the UID in the precondition ({options.uid}) does not match the UID in record ({uid_of(item)})"
        raise problems.precondition(resource, name_of(item), f"{why}. The object might have been deleted and then recreated")
    if options.version and options.version != version:
        why = f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion in record ({version})"
        raise problems.precondition(resource, name_of(item), f"{why}. The object might have been modified")


def _marked(store: Store, resource: Resource, item: Object, *, held: list[str], grace: int, now: float) -> Object:
    before = item["metadata"].get("deletionGracePeriodSeconds")
    if is_ending(item) and (before is None or grace >= before) and held == (item["metadata"].get("finalizers") or []):
        return item
    made = with_metadata(item, deletionTimestamp=stamp(now + grace), deletionGracePeriodSeconds=grace, finalizers=held or None)
    if resource.counted:
        made["metadata"]["generation"] = int(item["metadata"].get("generation") or 0) + 1
    if resource is NAMESPACES:
        made["status"] = {**(item.get("status") or {}), "phase": "Terminating"}
    return store.put(resource, made)


def grace_of(resource: Resource, item: Object, options: Options) -> int:
    """How many seconds the object has to end. Only a pod that is on a node, and has not ended, needs any."""
    if resource is not PODS or not item["spec"].get("nodeName") or (item.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    if options.grace_seconds is not None:
        return max(0, options.grace_seconds)
    return int(item["spec"].get("terminationGracePeriodSeconds") or 0)


def orphan(store: Store, owner: Object) -> None:
    """This will let the dependents stay without their owner."""
    for one in store.owned(uid_of(owner)):
        left = [reference for reference in one["metadata"]["ownerReferences"] if reference["uid"] != uid_of(owner)]
        store.put(BY_KIND[(one["apiVersion"], one["kind"])], with_metadata(one, ownerReferences=left or None))


def result(resource: Resource, item: Object, *, is_gone: bool) -> Object:
    """What DELETE answers: a Status for what is gone, the object for what has yet to go."""
    if not is_gone:
        return item
    details = {"name": name_of(item)} | ({"group": resource.group} if resource.group else {}) | {"kind": resource.plural, "uid": uid_of(item)}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
