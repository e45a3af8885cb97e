"""Strategic merge patch: a merge patch that knows which lists are sets with a key.

In a real cluster the keys stand in the types' own definitions; here stand those of the kinds that are served.
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

from __future__ import annotations

from typing import Any

from clusterview.practice import problems

PLAIN = "\0plain"  # a list of plain values that is merged as a set
KEYS: dict[str, str] = {
    "containers": "name", "initContainers": "name", "ephemeralContainers": "name", "volumes": "name", "env": "name", "imagePullSecrets": "name",
    "volumeMounts": "mountPath", "volumeDevices": "devicePath", "hostAliases": "ip", "topologySpreadConstraints": "topologyKey",
    "conditions": "type", "addresses": "type", "ownerReferences": "uid", "finalizers": PLAIN, "podIPs": "ip", "secrets": "name",
}  # fmt: skip


def key_of(path: tuple[str, ...]) -> str | None:
    """The key by which the list at this path is merged, or None where it is replaced."""
    if path[-1] == "ports":
        return "containerPort" if "containers" in path or "initContainers" in path else "port"
    if path[-1] == "addresses" and "endpoints" in path:
        return None
    return KEYS.get(path[-1])


def merge(original: Any, patch: dict[str, Any], path: tuple[str, ...] = ()) -> Any:
    """This will apply the patch and give the result; `original` stays as it is. Raises Problem 400 for a patch that makes no sense."""
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    result = dict(original) if isinstance(original, dict) else {}
    orders = {key.partition("/")[2]: value for key, value in patch.items() if key.startswith("$setElementOrder/")}
    kept = patch.get("$retainKeys")
    if kept is not None:
        result = {key: value for key, value in result.items() if key in kept}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            result[name] = [one for one in result.get(name) or () if one not in value]
        elif not key.startswith("$"):
            _merge_field(result, key, value, path=(*path, key), order=orders.get(key))
    for name, order in orders.items():
        if name not in patch and isinstance(result.get(name), list):
            result[name] = _ordered(result[name], order, key=key_of((*path, name)) or PLAIN)
    return result


def _merge_field(result: dict[str, Any], key: str, value: Any, *, path: tuple[str, ...], order: list[Any] | None) -> None:
    if value is None:
        result.pop(key, None)
    elif isinstance(value, dict):
        if value.get("$patch") == "delete":
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value, path)
    elif isinstance(value, list) and (merged_by := key_of(path)) is not None:
        result[key] = _merge_list(result.get(key) or [], value, key=merged_by, path=path, order=order)
    else:
        result[key] = value


def _merge_list(original: list[Any], patch: list[Any], *, key: str, path: tuple[str, ...], order: list[Any] | None) -> list[Any]:
    if key == PLAIN:
        result = [*original, *(one for one in patch if one not in original)]
        return _ordered(result, order, key=key) if order else result
    if any(one.get("$patch") == "replace" for one in patch):
        return [one for one in patch if "$patch" not in one]
    result = list(original)
    for one in patch:
        if key not in one:
            raise problems.bad_request(f"map: {one} does not contain declared merge key: {key}")
        place = next((number for number, known in enumerate(result) if known.get(key) == one[key]), None)
        if one.get("$patch") == "delete":
            result = [known for known in result if known.get(key) != one[key]]
        elif place is None:
            result.append(merge({}, one, path))
        else:
            result[place] = merge(result[place], one, path)
    return _ordered(result, order, key=key) if order else result


def _ordered(items: list[Any], order: list[Any], *, key: str) -> list[Any]:
    """The items that the order names, as it names them, at the places that they have among the others."""

    def identity(one: Any) -> Any:
        return one if key == PLAIN else one.get(key)

    wanted = [one if key == PLAIN else one.get(key) for one in order]
    named = sorted((one for one in items if identity(one) in wanted), key=lambda one: wanted.index(identity(one)))
    turn = iter(named)
    return [next(turn) if identity(one) in wanted else one for one in items]
