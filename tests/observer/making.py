"""Objects as the API server writes them, decoded the way that `kube` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from clusterview.kube.kinds import named


def decoded(kind: str, **fields: Any) -> Any:
    """An object of that kind with a uid, a name and a version."""
    metadata = {"uid": "u", "name": "n", "namespace": "shop", "resourceVersion": "7", **fields.pop("metadata", {})}
    return named(kind).decoder().decode(msgspec.json.encode({"metadata": metadata, **fields}))


def pod(
    *,
    phase: str = "Running",
    reason: str = "",
    containers: Sequence[Any] = (),
    inits: Sequence[Any] = (),
    conditions: Mapping[str, str] = MappingProxyType({}),
    **rest: Any,
) -> Any:
    """A pod by its containers' statuses; each status may have `sidecar`."""
    spec = {
        "containers": [{"name": one["name"]} for one in containers],
        "initContainers": [{"name": one["name"], **({"restartPolicy": "Always"} if one.get("sidecar") else {})} for one in inits],
    }
    status = {
        "phase": phase,
        "reason": reason,
        "containerStatuses": containers,
        "initContainerStatuses": inits,
        "conditions": [{"type": type, "status": status, "reason": rest.get(f"{type}_reason", "")} for type, status in conditions.items()],
    }
    return decoded("Pod", spec=spec, status=status, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"} if rest.get("deleting") else {})


def container(name: str = "c", *, ready: bool = False, restarts: int = 0, **state: Any) -> dict[str, Any]:
    """A container's status. The state is one of running={}, waiting="reason", terminated="reason" (with exit_code, signal)."""
    kind = next(iter({"running", "waiting", "terminated"} & set(state)), None)
    detail: dict[str, Any] = {}
    if kind is not None:
        detail = {"reason": state[kind]} if isinstance(state[kind], str) else dict(state[kind])
        detail |= {"exitCode": state["exit_code"]} if "exit_code" in state else {}
        detail |= {"signal": state["signal"]} if "signal" in state else {}
    extra = {key: state[key] for key in ("started", "sidecar") if key in state}
    return {"name": name, "ready": ready, "restartCount": restarts, "state": {kind: detail} if kind else {}, **extra}
