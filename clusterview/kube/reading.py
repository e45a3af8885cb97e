"""Rare reads: one object, who the cluster is, whether it is in contact, what it says of its own health, what we may do.

`contact` is what "live" rests on, so it has a short time-out and a connection of its own: a frozen API server must be
noticed in seconds, and a busy pool must not look like a frozen API server.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

import msgspec

from clusterview.kube import errors, structs
from clusterview.kube.connections import READ_SECONDS, Connection, Query
from clusterview.kube.credentials import data_or_file
from clusterview.kube.kinds import KindSpec, named
from clusterview.kube.listing import UNREADABLE, list_kind

CONTACT_SECONDS = 2.0
ANYTHING = "*/*"


@dataclass(frozen=True)
class Identity:
    """Which cluster this is. `is_weak` where kube-system may not be read: then it is server and CA, which a rebuilt cluster may share."""

    value: str
    is_weak: bool


@dataclass(frozen=True)
class Standing:
    """Which cluster this is and how far its history has come: `version` is empty where namespaces may not be listed."""

    identity: Identity
    version: str = ""


@dataclass(frozen=True)
class Check:
    """One line of `/readyz?verbose`; `detail` is what a failed check says of itself."""

    name: str
    ok: bool
    detail: str = ""


def get_bytes(connection: Connection, path: str, query: Query = (), *, read_seconds: float = READ_SECONDS) -> bytes:
    """This will read a path as JSON, unparsed. Raises errors.KubeError."""
    return connection.request("GET", path, query=query, read_seconds=read_seconds).body


def get(connection: Connection, path: str, query: Query = (), *, read_seconds: float = READ_SECONDS) -> dict[str, Any]:
    """This will read a path as a parsed JSON object, unredacted: nothing of it may be shown or kept whole. Raises errors.KubeError."""
    return parsed(get_bytes(connection, path, query, read_seconds=read_seconds), what=f"GET {path}")


def get_object(connection: Connection, spec: KindSpec, *, namespace: str = "", name: str, read_seconds: float = READ_SECONDS) -> Any:
    """This will read one object as `spec.struct`, by a quorum read (never from a cache). Raises errors.KubeError, NotFound where it is gone."""
    target = spec.of(namespace=namespace, name=name)
    answer = connection.request("GET", target, accept=spec.watch_accept, read_seconds=read_seconds)
    try:
        return spec.decoder().decode(answer.body)
    except UNREADABLE as error:
        raise errors.BrokenAnswer(f"The object at {target} cannot be read: {str(error)[:200]}.") from error


def service(connection: Connection, *, namespace: str, name: str, read_seconds: float = READ_SECONDS) -> structs.Service:
    """This will read one Service by a quorum read: resourceVersion, selector and the owners of the selector as they are now."""
    found = get_object(connection, named("Service"), namespace=namespace, name=name, read_seconds=read_seconds)
    assert isinstance(found, structs.Service)
    return found


def version(connection: Connection) -> str:
    """This will tell the API server's version, as `v1.37.2`. Raises errors.KubeError."""
    return errors.words_of(get(connection, "/version", read_seconds=5.0).get("gitVersion"))


def contact(connection: Connection) -> float:
    """This will confirm that the API server answers, and say in how many seconds. Raises errors.KubeError after 2 s at most.

    Any answer by a Kubernetes API server is contact, also one that says it is not well or that we may not ask: `readiness` is for that.
    """
    started = time.monotonic()
    answer = connection.request(
        "GET", "/livez", accept=ANYTHING, read_seconds=CONTACT_SECONDS, connect_seconds=CONTACT_SECONDS, also=(403, 404, 429, 500)
    )
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise errors.NotKubernetes("GET /livez was answered with a web page. A login page or proxy may stand before the API server.")
    return time.monotonic() - started


def readiness(connection: Connection) -> list[Check] | None:
    """This will read the API server's own checks (etcd among them), or None where they may not be read. Raises errors.KubeError.

    One that says that it is not ready and not why has failed a check of that name.
    """
    answer = connection.request("GET", "/readyz", query=(("verbose", ""),), accept=ANYTHING, read_seconds=5.0, also=(403, 404, 500))
    if answer.status in (403, 404):
        return None
    checks = parse_checks(answer.body.decode(errors="replace"))
    if answer.status == 500 and all(check.ok for check in checks):
        checks.append(Check("readyz", ok=False))
    return checks


def parse_checks(text: str) -> list[Check]:
    """This will read lines like `[+]ping ok` and `[-]etcd failed: reason withheld`."""
    checks = []
    for line in text.splitlines():
        sign, rest = line[:3], line[3:]
        if sign in ("[+]", "[-]"):
            name, _, detail = rest.partition(" ")
            checks.append(Check(errors.words_of(name), ok=sign == "[+]", detail="" if sign == "[+]" else detail))
    return checks


def identity(connection: Connection) -> Identity:
    """This will tell which cluster this is: the UID of kube-system, else a digest of server and CA. Raises errors.KubeError."""
    try:
        found = get_object(connection, named("Namespace"), name="kube-system", read_seconds=5.0)
    except (errors.Forbidden, errors.NotFound):
        return _weak_identity(connection)
    return Identity(str(found.metadata.uid), is_weak=False)


def standing(connection: Connection) -> Standing:
    """This will tell which cluster this is and the resourceVersion of now, by one small list, which is never from a cache that lags behind.

    Raises errors.KubeError after 2 s at most.
    """
    spec = dataclasses.replace(named("Namespace"), query=(("fieldSelector", "metadata.name=kube-system"),))
    try:
        found = list_kind(connection, spec, page_seconds=CONTACT_SECONDS)
    except (errors.Forbidden, errors.NotFound):
        return Standing(_weak_identity(connection))
    uid = next((str(one.metadata.uid) for one in found.items if one.metadata.name == "kube-system"), "")
    return Standing(Identity(uid, is_weak=False) if uid else _weak_identity(connection), found.resource_version)


def _weak_identity(connection: Connection) -> Identity:
    authority = data_or_file(entry=connection.access.cluster, key="certificate-authority") or b""
    return Identity(hashlib.sha256(connection.access.server.encode() + b"\n" + authority).hexdigest(), is_weak=True)


def may(
    connection: Connection,
    verb: str,
    group: str,
    resource: str,
    namespace: str | None = None,
    *,
    name: str | None = None,
    subresource: str | None = None,
) -> bool:
    """This will ask the API server whether our account may do this (SelfSubjectAccessReview). Raises errors.KubeError."""
    attributes = {"verb": verb, "group": group, "resource": resource, "namespace": namespace, "name": name, "subresource": subresource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
    target = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = connection.request("POST", target, body=msgspec.json.encode(review), read_seconds=10.0)
    status = parsed(answer.body, what=f"POST {target}").get("status")
    return isinstance(status, dict) and status.get("allowed") is True


def username(connection: Connection) -> str:
    """This will ask the API server what it calls our account (SelfSubjectReview). Raises errors.KubeError."""
    target = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    status = parsed(connection.request("POST", target, body=msgspec.json.encode(review), read_seconds=10.0).body, what=f"POST {target}").get("status")
    user = status.get("userInfo") if isinstance(status, dict) else None
    return str(user.get("username") or "") if isinstance(user, dict) else ""


def parsed(body: bytes, *, what: str) -> dict[str, Any]:
    """This will parse a JSON object leniently. Raises BrokenAnswer for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise errors.BrokenAnswer(f"The answer to {what} is not JSON.") from error
    if not isinstance(found, dict):
        raise errors.BrokenAnswer(f"The answer to {what} is not a JSON object.")
    return found
