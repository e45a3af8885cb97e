"""The patches that a switch sends, as values that can be printed before anything is done.

Every patch tests uid and resourceVersion, so a request that arrives late (a timed-out one still on the wire, a paused worker's) is refused
by the API server instead of landing on a newer object. The effect also tests the whole selector and replaces the whole selector: a merge
would leave keys behind that somebody else added. A mark or a seal writes a value never used before, because a patch that changes nothing
is answered 200 and keeps the resourceVersion, and so would fence nothing.
"""

from __future__ import annotations

import json
import secrets
import shlex
import uuid
from collections.abc import Mapping
from typing import Any

from clusterview.traffic import selectors

OP = "clusterview.io/op"
FENCE = "clusterview.io/fence"

Patch = list[dict[str, Any]]


class UnsafeSelector(ValueError):
    """The selector would be empty, or would not match the pods it is meant for. Nothing was sent."""


def marker(*, operation: uuid.UUID, step: int) -> str:
    """This will name one effect: the operation and which of its effects it is."""
    return f"{operation}:{step}"


def fresh_fence(*, holder: str, epoch: int) -> str:
    """This will make a fence value that was never used before: who, in which claim, and 96 random bits."""
    return f"{holder}:{epoch}:{secrets.token_hex(12)}"


def mark_patch(*, uid: str, resource_version: str, annotations: Mapping[str, str] | None, fence: str) -> Patch:
    """This will write only the fence, on exactly this version of the object: the mark before an effect, the seal after a doubt."""
    return [*_tests(uid=uid, resource_version=resource_version), *_annotate(annotations=annotations, values={FENCE: fence})]


def effect_patch(
    *,
    uid: str,
    resource_version: str,
    annotations: Mapping[str, str] | None,
    expected: Mapping[str, str],
    target: Mapping[str, str],
    pod_labels: list[Mapping[str, str]],
    marker: str,
    fence: str,
) -> Patch:
    """This will replace the selector `expected` by `target` on exactly this version of this object, with the operation's marker.

    `pod_labels` are the labels of the pods that are meant to get the traffic. Raises UnsafeSelector where `target` is empty or matches
    none of them: a Service without a match answers nobody, one with an empty selector keeps its present endpoints for ever.
    """
    if not target or not expected or not any(selectors.matches(selector=target, labels=labels) for labels in pod_labels):
        raise UnsafeSelector(selectors.text(target))
    return [
        *_tests(uid=uid, resource_version=resource_version),
        {"op": "test", "path": "/spec/selector", "value": dict(expected)},
        {"op": "replace", "path": "/spec/selector", "value": dict(target)},
        *_annotate(annotations=annotations, values={OP: marker, FENCE: fence}),
    ]


def size_path(kind: str) -> str:
    """Where an object of this kind has its number of pods: an autoscaler the least, a workload the wanted one."""
    return "/spec/minReplicas" if kind == "HorizontalPodAutoscaler" else "/spec/replicas"


def size_patch(
    *, kind: str, uid: str, resource_version: str, annotations: Mapping[str, str] | None, expected: int, target: int, marker: str, fence: str
) -> Patch:
    """This will replace the number of pods `expected` by `target` on exactly this version of this object, with the operation's marker."""
    return [
        *_tests(uid=uid, resource_version=resource_version),
        {"op": "test", "path": size_path(kind), "value": expected},
        {"op": "replace", "path": size_path(kind), "value": target},
        *_annotate(annotations=annotations, values={OP: marker, FENCE: fence}),
    ]


def kubectl_equivalent(*, context: str, namespace: str, service: str, expected: Mapping[str, str], target: Mapping[str, str]) -> str:
    """This will write the command that does the same by hand; it refuses, as the patch does, where the selector is another by then."""
    patch = [
        {"op": "test", "path": "/spec/selector", "value": dict(expected)},
        {"op": "replace", "path": "/spec/selector", "value": dict(target)},
    ]
    where = ["--context", context, "--namespace", namespace]
    return shlex.join(["kubectl", *where, "patch", "service", service, "--type=json", "--patch", json.dumps(patch)])


def widened(*, selector: Mapping[str, str], key: str) -> dict[str, str]:
    """This will return the selector that both sides carry: without the label that tells them apart. Empty where nothing else is left."""
    return selectors.without(selector=selector, key=key)


def _tests(*, uid: str, resource_version: str) -> Patch:
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/metadata/resourceVersion", "value": resource_version},
    ]


def _annotate(*, annotations: Mapping[str, str] | None, values: Mapping[str, str]) -> Patch:
    """Adding a key below absent annotations is a 422 that looks like a failed test, so the whole map is added there."""
    if annotations is None:
        return [{"op": "add", "path": "/metadata/annotations", "value": dict(values)}]
    return [{"op": "add", "path": f"/metadata/annotations/{_pointer(name)}", "value": value} for name, value in values.items()]


def _pointer(name: str) -> str:
    """One reference token of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
