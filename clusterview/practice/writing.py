"""A write as the API server does it: defaults, checks, who and when, and then the store. Also for the controllers, which are clients too."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clusterview.practice import addresses, defaulting, managed_fields, problems, validating
from clusterview.practice.objects import Object, digest, is_ending, name_of, stamp, uid_of
from clusterview.practice.resources import CLUSTER_ROLE_BINDINGS, NAMESPACES, NODES, ROLE_BINDINGS, Resource
from clusterview.practice.store import Store

# What a caller may not set: it is the server's own, and an update keeps it.
SERVERS_OWN = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "namespace", "name")


@dataclass(frozen=True)
class Writer:
    """Who writes: the field manager, empty for the cluster's own controllers, whose fields nobody asks for."""

    manager: str = ""
    dry_run: bool = False


CONTROLLER = Writer()


def create(store: Store, resource: Resource, body: Object, *, namespace: str, now: float, writer: Writer = CONTROLLER) -> Object:
    """This will create the object and give it as it is kept. Raises Problem 404 for the namespace, 409, 422, 403."""
    metadata = dict(body.get("metadata") or {})
    if metadata.get("resourceVersion"):
        raise problems.bad_request("resourceVersion should not be set on objects to be created")
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + digest(secrets.token_hex(8), length=5)
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink", "resourceVersion"):
        metadata.pop(key, None)
    metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": stamp(now)} | ({"generation": 1} if resource.counted else {})
    if resource.namespaced:
        metadata["namespace"] = namespace
        _check_namespace(store, resource, namespace=namespace, name=str(metadata.get("name", "")))
    item = {**body, "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    if writer.manager and resource.status and resource is not NODES:
        item.pop("status", None)
    item = defaulting.defaulted(item)
    validating.check(resource, item, None)
    if store.get(resource, namespace if resource.namespaced else "", name_of(item)) is not None:
        raise problems.exists(resource, name_of(item))
    item = addresses.assigned(store, item, before=None)
    if writer.manager:
        fields = managed_fields.updated(before=None, after=item, manager=writer.manager, subresource="", now=now)
        item["metadata"] = {**item["metadata"], "managedFields": fields}
    return item if writer.dry_run else store.put(resource, item)


def _check_namespace(store: Store, resource: Resource, *, namespace: str, name: str) -> None:
    found = store.get(NAMESPACES, "", namespace)
    if found is None:
        raise problems.not_found(NAMESPACES, namespace)
    if is_ending(found):
        raise problems.forbidden(resource, name, f"unable to create new content in namespace {namespace} because it is being terminated")


def update(
    store: Store, resource: Resource, body: Object, *, namespace: str, name: str, now: float, writer: Writer = CONTROLLER, subresource: str = ""
) -> Object:
    """This will replace the object. A body without resourceVersion replaces whatever is there. Raises Problem 404, 409, 422, 400."""
    before = existing(store, resource, namespace=namespace, name=name)
    said = body.get("metadata") or {}
    if said.get("name", name) != name:
        raise problems.bad_request(f"the name of the object ({said['name']}) does not match the name on the URL ({name})")
    if said.get("namespace", namespace) != namespace:
        raise problems.bad_request("the namespace of the provided object does not match the namespace sent on the request")
    return _replace(store, resource, before, body, now=now, writer=writer, subresource=subresource)


def modify(
    store: Store, resource: Resource, change: Callable[[Object], Object], *, namespace: str, name: str, now: float,
    writer: Writer = CONTROLLER, subresource: str = "",
) -> Object:  # fmt: skip
    """This will apply a patch (`change`) to the object as it is now. Raises Problem 404, 409, 422."""
    before = existing(store, resource, namespace=namespace, name=name)
    return _replace(store, resource, before, change(before), now=now, writer=writer, subresource=subresource)


def existing(store: Store, resource: Resource, *, namespace: str, name: str) -> Object:
    """This will find the object, or raise Problem 404."""
    found = store.get(resource, namespace if resource.namespaced else "", name)
    if found is None:
        raise problems.not_found(resource, name)
    return found


def _replace(store: Store, resource: Resource, before: Object, body: Object, *, now: float, writer: Writer, subresource: str) -> Object:
    name, said = name_of(before), body.get("metadata") or {}
    if said.get("uid") and said["uid"] != uid_of(before):
        why = f"Precondition failed: UID in precondition: {said['uid']}, UID in object meta: {uid_of(before)}"
        raise problems.conflict(resource, name, why)
    if said.get("resourceVersion") and said["resourceVersion"] != before["metadata"]["resourceVersion"]:
        raise problems.modified(resource, name)
    for key in ("name", "namespace"):
        if key in said and said[key] != before["metadata"].get(key):
            raise problems.invalid(resource, name, [validating.wrong(f"metadata.{key}", said[key], "field is immutable")])
    item = _merged(resource, before, body, subresource=subresource)
    if subresource != "status":
        item = addresses.assigned(store, defaulting.defaulted(item), before=before)
        validating.check(resource, item, before)
        _check_binding(resource, item, before)
    if _without(item, "managedFields") == _without(before, "managedFields"):
        return before
    if resource.counted and _counted(item) != _counted(before):
        item["metadata"]["generation"] = int(before["metadata"].get("generation") or 0) + 1
    if writer.manager:
        fields = managed_fields.updated(before=before, after=item, manager=writer.manager, subresource=subresource, now=now)
        item["metadata"]["managedFields"] = fields
    if writer.dry_run:
        return item
    if is_ending(item) and not item["metadata"].get("finalizers") and before["metadata"].get("finalizers"):
        return store.remove(resource, str(item["metadata"].get("namespace", "")), name)  # the last one who held it has let go
    return store.put(resource, item)


def _merged(resource: Resource, before: Object, body: Object, *, subresource: str) -> Object:
    """The body with what is not the caller's to say taken from what was there: status here, everything else there, and the server's own."""
    metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key not in (*SERVERS_OWN, "selfLink", "resourceVersion")}
    if subresource == "status":
        metadata = {**before["metadata"], **{key: metadata[key] for key in ("annotations", "labels") if key in metadata}}
        return {**before, "metadata": metadata} | ({"status": body["status"]} if "status" in body else {})
    own = {key: before["metadata"][key] for key in (*SERVERS_OWN, "resourceVersion") if key in before["metadata"]}
    item = {**body, "apiVersion": before["apiVersion"], "kind": before["kind"], "metadata": {**metadata, **own}}
    if resource.status:
        item.pop("status", None)
        item |= {"status": before["status"]} if "status" in before else {}
    return item


def _check_binding(resource: Resource, item: Object, before: Object) -> None:
    if resource in (ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS) and item.get("roleRef") != before.get("roleRef"):
        raise problems.invalid(resource, name_of(item), [validating.wrong("roleRef", item.get("roleRef"), "field is immutable")])


def _without(item: Object, key: str) -> Object:
    return {**item, "metadata": {name: value for name, value in item["metadata"].items() if name != key}}


def _counted(item: Object) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in ("metadata", "status")}
