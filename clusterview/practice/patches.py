"""The three kinds of patch, each by its media type: JSON Patch (RFC 6902), merge patch (RFC 7386), strategic merge patch."""

from __future__ import annotations

from typing import Any

import jsonpatch
import msgspec
from jsonpointer import JsonPointerException

from clusterview.practice import problems, strategic
from clusterview.practice.objects import Object

JSON_PATCH, MERGE, STRATEGIC = "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"
MEDIA_TYPES = (JSON_PATCH, MERGE, STRATEGIC)
OPERATIONS = 10_000


def read(*, media_type: str, body: bytes) -> Any:
    """This will read a patch's body. Raises Problem 415 for another media type, 400 for a body that is no such patch."""
    if media_type not in MEDIA_TYPES:
        raise problems.wrong_media(MEDIA_TYPES)
    try:
        patch = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise problems.bad_request(f"error decoding patch: {error}") from error
    if isinstance(patch, list) is not (media_type == JSON_PATCH) or not isinstance(patch, list | dict):
        raise problems.bad_request("error decoding patch: json: cannot unmarshal")
    if isinstance(patch, list) and len(patch) > OPERATIONS:
        raise problems.bad_request(f"The allowed maximum operations in a JSON patch is {OPERATIONS}, got {len(patch)}")
    return patch


def apply(*, media_type: str, patch: Any, item: Object) -> Object:
    """This will give the object as the patch makes it; `item` stays as it is. Raises Problem 422 or 400."""
    if media_type == STRATEGIC:
        return dict(strategic.merge(item, patch))
    if media_type == MERGE:
        return dict(merge(item, patch))
    try:
        made = jsonpatch.apply_patch(item, patch)
    except (jsonpatch.JsonPatchException, JsonPointerException, TypeError, KeyError) as error:
        raise problems.patch_refused() from error
    if not isinstance(made, dict):
        raise problems.patch_refused()
    return made


def merge(original: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(original) if isinstance(original, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result
