"""The `scale` subresource: how many replicas, said the same way for every kind that has some."""

from __future__ import annotations

from clusterview.practice import problems, validating
from clusterview.practice.objects import Object, name_of
from clusterview.practice.resources import Resource


def scale_of(item: Object) -> Object:
    """This will tell the object's Scale."""
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    metadata = {key: item["metadata"][key] for key in kept if key in item["metadata"]}
    status = {"replicas": int((item.get("status") or {}).get("replicas") or 0), "selector": selector_text(item["spec"].get("selector") or {})}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": item["spec"].get("replicas", 0)},
        "status": status,
    }


def scaled(resource: Resource, item: Object, scale: Object) -> Object:
    """This will give the object as the Scale asks. Raises Problem 422 for fewer than none."""
    asked = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(asked, int) or asked < 0:
        cause = validating.wrong("spec.replicas", asked, "must be greater than or equal to 0")
        raise problems.invalid(resource, name_of(item), [cause])
    version = (scale.get("metadata") or {}).get("resourceVersion")
    metadata = {**item["metadata"], **({"resourceVersion": version} if version else {})}
    return {**item, "metadata": metadata, "spec": {**item["spec"], "replicas": asked}}


def selector_text(selector: Object) -> str:
    """This will write a LabelSelector as a query does."""
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for one in selector.get("matchExpressions") or ():
        values = f" {one['operator'].lower()} ({','.join(one.get('values') or ())})"
        parts.append({"Exists": one["key"], "DoesNotExist": f"!{one['key']}"}.get(one["operator"], one["key"] + values))
    return ",".join(parts)
