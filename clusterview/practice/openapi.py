"""As much OpenAPI as lets `kubectl apply` and `create` work without a flag: that the server checks the fields itself, and no schema.

kubectl asks for each kind whether PATCH knows the parameter `fieldValidation`, and if so leaves the checking to the server.
https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
"""

from __future__ import annotations

from clusterview.practice.objects import Object
from clusterview.practice.resources import RESOURCES, Resource

ROOT = "/openapi/v3"


def document(path: str) -> Object | None:
    """This will give the list of documents, or one of them; None where the path is none."""
    by_path: dict[str, list[Resource]] = {}
    for one in RESOURCES:
        by_path.setdefault(f"apis/{one.group}/{one.version}" if one.group else f"api/{one.version}", []).append(one)
    if path == ROOT:
        return {"paths": {name: {"serverRelativeURL": f"{ROOT}/{name}"} for name in by_path}}
    found = by_path.get(path.removeprefix(f"{ROOT}/")) if path.startswith(f"{ROOT}/") else None
    if found is None:
        return None
    paths = {f"/{path.removeprefix(f'{ROOT}/')}/{one.plural}/{{name}}": {"patch": _patch(one)} for one in found}
    return {"openapi": "3.0.0", "info": {"title": "Practice cluster", "version": "v1"}, "paths": paths, "components": {"schemas": {}}}


def _patch(resource: Resource) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    parameter = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}
    answer = {"200": {"description": "OK"}}
    return {"operationId": f"patch{resource.kind}", "parameters": [parameter], "responses": answer, "x-kubernetes-group-version-kind": kind}
