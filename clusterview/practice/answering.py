"""A request to a resource, answered: who asks, may they, what is asked for, done. Watches go on in `streaming`, everything else ends here."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from clusterview.practice import deleting, evicting, listing, patches, permissions, problems, protobuf, reviews, scaling, shaping, writing
from clusterview.practice.accounts import Account
from clusterview.practice.objects import Object, name_of
from clusterview.practice.permissions import Act
from clusterview.practice.resources import PODS, SECRETS, Resource
from clusterview.practice.routing import Target
from clusterview.practice.store import Store
from clusterview.practice.writing import Writer

VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True)
class Asked:
    """One request, as far as resources are concerned."""

    method: str
    target: Target
    account: Account
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    media_type: str = "application/json"
    accept: str = "application/json"
    agent: str = ""

    @property
    def is_watch(self) -> bool:
        return self.method == "GET" and self.query.get("watch") in ("1", "true")

    @property
    def verb(self) -> str:
        """The verb by which RBAC knows this."""
        collection = not self.target.name
        if self.method == "GET":
            return "watch" if self.is_watch else "list" if collection else "get"
        if self.method == "DELETE" and collection:
            return "deletecollection"
        return VERBS.get(self.method, self.method.lower())

    @property
    def writer(self) -> Writer:
        """Who writes, for managedFields: what the client says, else the program's name."""
        manager = self.query.get("fieldManager") or self.agent.partition("/")[0] or "unknown"
        dry_run = self.query.get("dryRun", "")
        if dry_run not in ("", "All"):
            raise problems.bad_request(f'Invalid value: "{dry_run}": dryRun must be "All"')
        return Writer(manager=manager[:128], dry_run=dry_run == "All")


def require_right(store: Store, asked: Asked) -> None:
    """This will raise Problem 403 unless the account may ask this."""
    target = asked.target
    namespace = target.namespace or (target.name if target.plural == "namespaces" else "")
    act = Act(verb=asked.verb, group=target.group, resource=target.plural, subresource=target.subresource, namespace=namespace, name=target.name)
    permissions.require(store, asked.account, act)


def answer(store: Store, pages: listing.Pages, asked: Asked, *, now: float) -> tuple[int, Object]:
    """This will do what is asked and give the status and the body. Raises Problem."""
    require_right(store, asked)
    if asked.target.review:
        if asked.method != "POST":
            raise problems.not_allowed()
        return 201, reviews.answer(asked.target.review, store, asked.account, content(asked))
    resource = asked.target.found
    if asked.target.subresource in ("scale", "eviction"):
        return {"scale": scale, "eviction": eviction}[asked.target.subresource](store, resource, asked, now)
    acts: dict[str, Callable[..., tuple[int, Object]]] = {
        "get": get, "list": pages.answer, "create": create, "update": update, "patch": patch, "delete": delete, "deletecollection": delete_all,
    }  # fmt: skip
    if asked.verb not in acts or (asked.verb == "create" and asked.target.name):
        raise problems.not_allowed()
    return acts[asked.verb](store, resource, asked, now)


def parsed(body: bytes) -> Object:
    """This will read a JSON object. Raises Problem 400."""
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise problems.bad_request(f"the object provided is unrecognized: {error}") from error
    if not isinstance(found, dict):
        raise problems.bad_request("the object provided is unrecognized (must be of type Object)")
    return found


def content(asked: Asked) -> Object:
    """This will read the body, whatever it is encoded in. Raises Problem 400, 415."""
    if asked.media_type == protobuf.MEDIA_TYPE:
        return protobuf.read(asked.body)
    if asked.media_type not in ("application/json", ""):
        raise problems.wrong_media(("application/json", protobuf.MEDIA_TYPE))
    return parsed(asked.body)


def of_kind(resource: Resource, asked: Asked, *, kind: str = "") -> Object:
    """This will read the body as an object of the resource; of the built-in kinds it need not say which. Raises Problem 400, 415."""
    body = content(asked)
    expected = (kind or resource.kind, resource.api_version)
    if resource.custom and not body.get("kind"):
        what = f"Object 'Kind' is missing in '{asked.body.decode(errors='replace')}'"
        raise problems.bad_request(f"the object provided is unrecognized (must be of type {resource.kind}): {what}")
    said = (body.get("kind") or expected[0], body.get("apiVersion") or ("" if resource.custom else expected[1]))
    if not kind and said != expected:
        message = f"the API version in the data ({said[1]}) does not match the expected API version ({expected[1]})"
        if said[0] != expected[0]:
            message = f"{said[0]} in version {said[1]!r} cannot be handled as a {expected[0]}"
        raise problems.bad_request(message)
    metadata = body.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise problems.bad_request("metadata must be an object")
    if resource is SECRETS and body.get("stringData"):
        body["data"] = {
            **(body.get("data") or {}),
            **{key: base64.b64encode(value.encode()).decode() for key, value in body.pop("stringData").items()},
        }
    return body


def get(store: Store, resource: Resource, asked: Asked, now: float) -> tuple[int, Object]:
    item = writing.existing(store, resource, namespace=asked.target.namespace, name=asked.target.name)
    return 200, shaping.one(resource, item, accept=asked.accept, query=asked.query, now=now)


def create(store: Store, resource: Resource, asked: Asked, now: float) -> tuple[int, Object]:
    if resource.namespaced and not asked.target.namespace:
        raise problems.not_allowed()
    body = of_kind(resource, asked)
    said = (body.get("metadata") or {}).get("namespace") or asked.target.namespace
    if said != asked.target.namespace and resource.namespaced:
        raise problems.bad_request("the namespace of the provided object does not match the namespace sent on the request")
    item = writing.create(store, resource, body, namespace=asked.target.namespace, now=now, writer=asked.writer)
    return 201, shaping.one(resource, item, accept=asked.accept, query=asked.query, now=now)


def update(store: Store, resource: Resource, asked: Asked, now: float) -> tuple[int, Object]:
    body, target = of_kind(resource, asked), asked.target
    item = writing.update(
        store, resource, body, namespace=target.namespace, name=target.name, now=now, writer=asked.writer, subresource=target.subresource
    )
    return 200, shaping.one(resource, item, accept=asked.accept, query=asked.query, now=now)


def patch(store: Store, resource: Resource, asked: Asked, now: float) -> tuple[int, Object]:
    if resource.custom and asked.media_type == patches.STRATEGIC:
        raise problems.wrong_media((patches.JSON_PATCH, patches.MERGE))
    changes, target = patches.read(media_type=asked.media_type, body=asked.body), asked.target
    item = writing.modify(
        store, resource, lambda before: patches.apply(media_type=asked.media_type, patch=changes, item=before),
        namespace=target.namespace, name=target.name, now=now, writer=asked.writer, subresource=target.subresource,
    )  # fmt: skip
    return 200, shaping.one(resource, item, accept=asked.accept, query=asked.query, now=now)


def delete(store: Store, resource: Resource, asked: Asked, now: float) -> tuple[int, Object]:
    options = deleting.read(content(asked) if asked.body else {}, asked.query)
    item, is_gone = deleting.delete(store, resource, namespace=asked.target.namespace, name=asked.target.name, options=options, now=now)
    if resource is PODS and is_gone:
        return 200, item  # kube-apiserver answers with the pod itself, gone or not
    return 200, deleting.result(resource, item, is_gone=is_gone)


def delete_all(store: Store, resource: Resource, asked: Asked, now: float) -> tuple[int, Object]:
    options = deleting.read(content(asked) if asked.body else {}, asked.query)
    chosen = listing.chosen(store, resource, namespace=asked.target.namespace, query=asked.query)
    for item in chosen:
        namespace = str(item["metadata"].get("namespace", ""))
        deleting.delete(store, resource, namespace=namespace, name=name_of(item), options=options, now=now)
    return 200, {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(store.version)},
        "items": chosen,
    }


def scale(store: Store, resource: Resource, asked: Asked, now: float) -> tuple[int, Object]:
    target = asked.target
    item = writing.existing(store, resource, namespace=target.namespace, name=target.name)
    if asked.method == "GET":
        return 200, scaling.scale_of(item)
    if asked.method == "PUT":
        asked_scale = of_kind(resource, asked, kind="Scale")
    elif asked.method == "PATCH":
        changes = patches.read(media_type=asked.media_type, body=asked.body)
        asked_scale = patches.apply(media_type=asked.media_type, patch=changes, item=scaling.scale_of(item))
    else:
        raise problems.not_allowed()
    made = writing.update(
        store, resource, scaling.scaled(resource, item, asked_scale), namespace=target.namespace, name=target.name, now=now,
        writer=asked.writer, subresource="scale",
    )  # fmt: skip
    return 200, scaling.scale_of(made)


def eviction(store: Store, resource: Resource, asked: Asked, now: float) -> tuple[int, Object]:
    if asked.method != "POST":
        raise problems.not_allowed()
    body = of_kind(resource, asked, kind="Eviction")
    dry_run = asked.writer.dry_run
    return 201, evicting.evict(store, body, namespace=asked.target.namespace, name=asked.target.name, now=now, dry_run=dry_run)
