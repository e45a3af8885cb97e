"""What a path of the API means: which resource, in which namespace, which object, which part of it."""

from __future__ import annotations

from dataclasses import dataclass

from clusterview.practice import problems
from clusterview.practice.resources import BY_PATH, NAMESPACES, REVIEWS, Resource


@dataclass(frozen=True)
class Target:
    """`review` is the kind of a question that is answered at once; everything else is about `resource`."""

    group: str
    version: str
    plural: str
    resource: Resource | None = None
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    review: str = ""

    @property
    def found(self) -> Resource:
        """The resource. Raises Problem 404 where there is none."""
        if self.resource is None:
            raise problems.no_such_path()
        return self.resource


def resolve(path: str) -> Target | None:
    """This will read `/api/v1/...` and `/apis/GROUP/VERSION/...`; None for a path that is not a resource's. Raises Problem 404."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in NAMESPACES.subresources:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "")[0:3]
    if len(rest) > 3:
        raise problems.no_such_path()
    resource = BY_PATH.get((group, version, plural))
    review = REVIEWS.get((group, plural), "") if version == "v1" else ""
    if resource is None and not review:
        return Target(group, version, plural, namespace=namespace, name=name, subresource=subresource)
    if resource is not None and ((bool(namespace) and not resource.namespaced) or subresource not in ("", *resource.subresources)):
        resource = None
    return Target(group, version, plural, resource, namespace, name, subresource, review)
