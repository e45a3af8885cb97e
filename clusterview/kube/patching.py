"""The only way in which a cluster is changed: one JSON Patch, sent once.

Whether it was applied is known in two cases only. A definite answer (2xx, or a refusal) says so; an error before the first byte was sent means no.
Everything else is `LostAnswer`, and the caller reads the object to find out, for a patch may land long after its sender gave up. Nothing here is
repeated, not even after a refused credential. The reply is read leniently: a patch that was applied must not come back as an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from clusterview.kube import errors
from clusterview.kube.connections import Connection
from clusterview.kube.reading import parsed

JSON_PATCH = "application/json-patch+json"
FIELD_MANAGER = "clusterview"  # whose fields ours are, in managedFields
WRITE_SECONDS = 10.0


def json_patch(
    connection: Connection,
    path: str,
    operations: Sequence[dict[str, Any]],
    *,
    dry_run: bool = False,
    timeout: float = WRITE_SECONDS,
) -> dict[str, Any]:
    """This will send the patch and give the object as the API server answered it. `timeout` bounds the whole answer, in seconds.

    Raises Unreachable (nothing was sent, so nothing was applied); Conflict, Invalid, Forbidden, NotFound, Unauthorized, TooManyRequests (refused,
    not applied; a failed `test` is Invalid without details); LostAnswer (sent, and unknown). A patch that changes nothing is a success that
    keeps the resourceVersion. With `dry_run` the server checks everything, admission included, and stores nothing.
    """
    query = [("fieldManager", FIELD_MANAGER)] + ([("dryRun", "All")] if dry_run else [])
    answer = connection.request(
        "PATCH", path, query=query, body=msgspec.json.encode(list(operations)), content_type=JSON_PATCH, read_seconds=timeout, is_write=True
    )
    try:
        return parsed(answer.body, what=f"PATCH {path}")
    except errors.BrokenAnswer as error:
        raise errors.LostAnswer(f"PATCH {path} was accepted, but the answer cannot be read. Read the object to see what it is now.") from error


def pointer(*keys: str) -> str:
    """This will write a JSON Pointer (RFC 6901): `pointer("metadata", "annotations", "clusterview.io/op")`."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
