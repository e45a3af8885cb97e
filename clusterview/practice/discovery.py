"""What the API server tells of itself: versions, groups, resources. kubectl and the clients find by it what can be asked for.

The aggregated form (one document for all groups) is what kubectl asks for first; the older forms are for everybody else.
"""

from __future__ import annotations

from collections.abc import Iterable

from clusterview.practice import problems
from clusterview.practice.objects import Object
from clusterview.practice.resources import COMPUTED, RESOURCES, REVIEWS, Resource, groups

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
GIT_VERSION = "v1.37.2"
SUBRESOURCE_KINDS = {"status": ("get", "patch", "update"), "scale": ("get", "patch", "update"), "eviction": ("create",)}


def version() -> Object:
    """The answer to `/version`."""
    major, minor, _ = GIT_VERSION.removeprefix("v").split(".")
    return {
        "major": major, "minor": minor, "gitVersion": GIT_VERSION, "gitCommit": "0" * 40, "gitTreeState": "clean",
        "buildDate": "2026-08-01T00:00:00Z", "goVersion": "go1.26.0", "compiler": "gc", "platform": "linux/amd64",
    }  # fmt: skip


def document(path: str, *, accept: str) -> tuple[Object, str] | None:
    """This will give the document at a path of discovery and its content type; None where the path is none. Raises Problem 404."""
    aggregated = "apidiscovery.k8s.io;v=v2;" in accept.replace(" ", "")
    match [part for part in path.split("/") if part]:
        case ["api"]:
            return (_aggregated([("", ["v1"])]), AGGREGATED) if aggregated else (_core_versions(), "application/json")
        case ["apis"]:
            return (_aggregated(groups().items()), AGGREGATED) if aggregated else (_group_list(), "application/json")
        case ["api", "v1"]:
            return _resource_list("", "v1"), "application/json"
        case ["apis", group]:
            if group not in groups():
                raise problems.no_such_path()
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, groups()[group])}, "application/json"
        case ["apis", group, version]:
            if version not in groups().get(group, ()):
                raise problems.no_such_path()
            return _resource_list(group, version), "application/json"
        case _:
            return None


def _core_versions() -> Object:
    address = [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": address}


def _group(name: str, versions: list[str]) -> Object:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _group_list() -> Object:
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name, versions) for name, versions in groups().items()]}


def _of(group: str, version: str) -> list[Resource]:
    return [one for one in (*RESOURCES, *COMPUTED) if (one.group, one.version) == (group, version)]


def _reviews(group: str) -> list[tuple[str, str]]:
    return [(plural, kind) for (of, plural), kind in REVIEWS.items() if of == group]


def _resource_list(group: str, version: str) -> Object:
    listed: list[Object] = []
    for one in _of(group, version):
        entry = {"name": one.plural, "singularName": one.singular, "namespaced": one.namespaced, "kind": one.kind, "verbs": list(one.verbs)}
        entry |= ({"shortNames": list(one.short)} if one.short else {}) | ({"categories": ["all"]} if one.in_all else {})
        listed.append(entry)
        for part in one.subresources:
            listed.append({"name": f"{one.plural}/{part}", "singularName": "", "namespaced": one.namespaced, **_part(one, part)})
    for plural, kind in _reviews(group):
        listed.append({"name": plural, "singularName": kind.lower(), "namespaced": False, "kind": kind, "verbs": ["create"]})
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def _part(resource: Resource, part: str) -> Object:
    kinds = {"scale": ("autoscaling", "v1", "Scale"), "eviction": ("policy", "v1", "Eviction")}
    group, version, kind = kinds.get(part, ("", "", resource.kind))
    return {"kind": kind, "verbs": list(SUBRESOURCE_KINDS[part])} | ({"group": group, "version": version} if group else {})


def _aggregated(listed: Iterable[tuple[str, list[str]]]) -> Object:
    items = []
    for group, versions in listed:
        told = [{"version": version, "freshness": "Current", "resources": _aggregated_resources(group, version)} for version in versions]
        items.append({"metadata": {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None}, "versions": told})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_resources(group: str, version: str) -> list[Object]:
    found = []
    for one in _of(group, version):
        entry: Object = {
            "resource": one.plural, "responseKind": {"group": group, "version": version, "kind": one.kind},
            "scope": "Namespaced" if one.namespaced else "Cluster", "singularResource": one.singular, "verbs": list(one.verbs),
        }  # fmt: skip
        entry |= ({"shortNames": list(one.short)} if one.short else {}) | ({"categories": ["all"]} if one.in_all else {})
        entry["subresources"] = [_aggregated_part(one, part) for part in one.subresources]
        found.append(entry)
    for plural, kind in _reviews(group):
        response = {"group": group, "version": version, "kind": kind}
        found.append({"resource": plural, "responseKind": response, "scope": "Cluster", "singularResource": kind.lower(), "verbs": ["create"]})
    return found


def _aggregated_part(resource: Resource, part: str) -> Object:
    told = _part(resource, part)
    kind = {"group": told.get("group", resource.group), "version": told.get("version", resource.version), "kind": told["kind"]}
    return {"subresource": part, "responseKind": kind, "verbs": told["verbs"]}
