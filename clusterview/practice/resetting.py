"""Back to the beginning of a story while everybody watches: ordinary writes, no restart.

What the story tells is told anew, in a store of its own, and compared with what is there. What is missing is made, what is different is put
back, what somebody else made is deleted. Objects keep their uids, their status and what the cluster gave them; controllers do the rest.
Roles and bindings stay, for a dashboard may be looking by their grace.
"""

from __future__ import annotations

from collections.abc import Iterator

from clusterview.practice import deleting, managed_fields, problems
from clusterview.practice.controllers import behaviours, owning
from clusterview.practice.objects import Object, annotations_of, controller_of, is_ending, labels_of, name_of, namespace_of, uid_of, with_metadata
from clusterview.practice.resources import DEPLOYMENTS, PODS, REPLICA_SETS, Resource
from clusterview.practice.store import Store
from clusterview.practice.stories import telling

RIGHTS = "rbac.authorization.k8s.io"
# What the cluster gave, and a manifest does not say.
GIVEN = {"Service": ("clusterIP", "clusterIPs"), "PersistentVolume": ("claimRef",)}


def reset(store: Store, *, story: str, now: float) -> list[Object]:
    """This will bring the objects back, and give those that it changed. Raises Problem 409 while one of them is still being deleted."""
    beginning = Store()
    telling.tell(beginning, story=story, now=now)
    told = [(resource, item) for resource, item in beginning.everything() if resource.group != RIGHTS]
    for resource, item in told:
        found = store.get(resource, namespace_of(item), name_of(item))
        if found is not None and is_ending(found):
            raise problems.conflict(resource, name_of(item), "it is still being deleted; reset again in a moment")
    changed = [*_deleted(store, beginning, now=now), *_put_back(store, told, now=now)]
    return [*changed, *_scaled_down(store, told), *_mended(store)]


def _deleted(store: Store, beginning: Store, *, now: float) -> Iterator[Object]:
    """What somebody made beside the story: no controller owns it, and a client's write is noted on it."""
    for resource, item in list(store.everything()):
        metadata = item["metadata"]
        is_made = bool(metadata.get("managedFields")) and not metadata.get("ownerReferences") and resource.group != RIGHTS
        if is_made and not is_ending(item) and beginning.get(resource, namespace_of(item), name_of(item)) is None:
            deleting.delete(store, resource, namespace=namespace_of(item), name=name_of(item), options=deleting.Options(), now=now)
            yield item


def _put_back(store: Store, told: list[tuple[Resource, Object]], *, now: float) -> Iterator[Object]:
    for resource, item in told:
        found = store.get(resource, namespace_of(item), name_of(item))
        if found is None:
            yield store.put(resource, item)
            continue
        made = _as_told(found, item)
        if _said(made) != _said(found):
            if resource.counted and made["spec"] != found["spec"]:
                made["metadata"]["generation"] = int(found["metadata"].get("generation") or 0) + 1
            fields = managed_fields.updated(before=found, after=made, manager=telling.AUTHOR.manager, subresource="", now=now)
            yield store.put(resource, with_metadata(made, managedFields=fields or None))


def _as_told(found: Object, told: Object) -> Object:
    """The object with everything that the story says of it; its status and what the cluster gave it stay."""
    annotations = {key: value for key, value in annotations_of(found).items() if not key.startswith(behaviours.PREFIX)} | annotations_of(told)
    metadata = {**found["metadata"], "labels": labels_of(told), "annotations": annotations}
    made = {**told, "metadata": {key: value for key, value in metadata.items() if value or key not in ("labels", "annotations")}}
    if "spec" in told:
        given = {key: found["spec"][key] for key in GIVEN.get(told["kind"], ()) if key in found["spec"]}
        made["spec"] = {**told["spec"], **given}
    if "status" in found:
        made["status"] = found["status"]
    return made


def _said(item: Object) -> Object:
    return {**item, "metadata": (labels_of(item), annotations_of(item))}


def _scaled_down(store: Store, told: list[tuple[Resource, Object]]) -> Iterator[Object]:
    """The other revisions, at once: where a story begins with a version that does not start, no rollout would ever end them."""
    for _, deployment in ((resource, item) for resource, item in told if resource is DEPLOYMENTS):
        found = store.get(DEPLOYMENTS, namespace_of(deployment), name_of(deployment))
        for one in store.owned(uid_of(found), REPLICA_SETS) if found is not None else ():
            if one["spec"]["replicas"] and owning.bare(one["spec"]["template"]) != owning.bare(deployment["spec"]["template"]):
                generation = int(one["metadata"].get("generation") or 0) + 1
                yield store.put(REPLICA_SETS, with_metadata({**one, "spec": {**one["spec"], "replicas": 0}}, generation=generation))


def _mended(store: Store) -> Iterator[Object]:
    """The pods, which behave again as the template says that they came from."""
    for pod in store.all(PODS):
        owner = controller_of(pod)
        template = ((store.of_uid(owner["uid"]) if owner else None) or {}).get("spec", {}).get("template") or {}
        wanted = {key: value for key, value in annotations_of(template).items() if key.startswith(behaviours.PREFIX)} if template else {}
        kept = {key: value for key, value in annotations_of(pod).items() if not key.startswith(behaviours.PREFIX)}
        if {**kept, **wanted} != annotations_of(pod) and not is_ending(pod):
            yield store.put(PODS, with_metadata(pod, annotations={**kept, **wanted} or None))
