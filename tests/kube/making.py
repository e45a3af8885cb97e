"""Small objects of the API, for tests that need no cluster."""

from __future__ import annotations

from typing import Any

from clusterview.kube import kinds
from clusterview.kube.kinds import KindSpec

PODS: KindSpec = kinds.named("Pod")


def pod(name: str, *, version: int, uid: str = "", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "store", "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": {"phase": "Running"}}


def page(*items: dict[str, Any], version: int, token: str = "") -> dict[str, Any]:
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": str(version), "continue": token}, "items": list(items)}


def event(type: str, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": type, "object": item}


def bookmark(version: int) -> dict[str, Any]:
    return event("BOOKMARK", {"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": str(version), "creationTimestamp": None}})


def failure(code: int, reason: str, message: str = "", **details: Any) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "message": message or reason,
        "code": code,
        "details": details,
    }
