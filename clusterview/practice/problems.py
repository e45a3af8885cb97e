"""Refusals, worded as kube-apiserver words them: people and programs read its reasons, and the message is what kubectl prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from clusterview.practice.objects import Object
from clusterview.practice.resources import Resource


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong with a field. `reason` is the API's own word: FieldValueRequired, FieldValueInvalid, ..."""

    field: str
    reason: str
    message: str


class Problem(Exception):
    """An answer that is not a success: what becomes a `Status`."""

    def __init__(self, code: int, reason: str, message: str, *, details: Object | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.details, self.headers = details, headers or {}

    def status(self) -> Object:
        """The body of the answer."""
        body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        return body | ({"reason": self.reason} if self.reason else {}) | ({"details": self.details} if self.details else {}) | {"code": self.code}


def _details(resource: Resource, name: str) -> Object:
    return {"name": name} | ({"group": resource.group} if resource.group else {}) | {"kind": resource.plural}


def not_found(resource: Resource, name: str) -> Problem:
    return Problem(404, "NotFound", f'{resource.qualified} "{name}" not found', details=_details(resource, name))


def no_such_path() -> Problem:
    return Problem(404, "NotFound", "the server could not find the requested resource", details={})


def exists(resource: Resource, name: str) -> Problem:
    return Problem(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', details=_details(resource, name))


def modified(resource: Resource, name: str) -> Problem:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def conflict(resource: Resource, name: str, why: str) -> Problem:
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return Problem(409, "Conflict", message, details=_details(resource, name))


def precondition(resource: Resource, name: str, why: str) -> Problem:
    """A deletion that insisted on what is not so. It names the kind where others name the resource."""
    message = f'Operation cannot be fulfilled on {resource.kind} "{name}": {why}'
    return Problem(409, "Conflict", message, details=_details(resource, name) | {"kind": resource.kind})


def invalid(resource: Resource, name: str, causes: Iterable[Cause]) -> Problem:
    listed = list(causes)
    told = [f"{one.field}: {one.message}" for one in listed]
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    message = f'{kind} "{name}" is invalid: ' + (told[0] if len(told) == 1 else f"[{', '.join(told)}]")
    told_causes = [{"reason": one.reason, "message": one.message, "field": one.field} for one in listed]
    details: Object = _details(resource, name) | {"kind": resource.kind, "causes": told_causes}
    return Problem(422, "Invalid", message, details=details)


def patch_refused() -> Problem:
    """What a JSON Patch gets whose `test` fails or whose path is not there."""
    return Problem(422, "Invalid", "the server rejected our request due to an error in our request", details={})


def bad_request(message: str) -> Problem:
    return Problem(400, "BadRequest", message)


def forbidden(resource: Resource, name: str, why: str) -> Problem:
    quoted = f' "{name}"' if name else ""
    return Problem(403, "Forbidden", f"{resource.qualified}{quoted} is forbidden: {why}", details=_details(resource, name))


def unauthorized() -> Problem:
    return Problem(401, "Unauthorized", "Unauthorized")


def not_allowed() -> Problem:
    return Problem(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", details={})


def wrong_media(accepted: Iterable[str]) -> Problem:
    listed = ", ".join(accepted)
    return Problem(415, "UnsupportedMediaType", f"the body of the request was in an unknown format - accepted media types include: {listed}")


def expired(message: str) -> Problem:
    return Problem(410, "Expired", message)


def too_old(asked: int, oldest: int) -> Problem:
    return expired(f"too old resource version: {asked} ({oldest})")


def too_large(asked: int, current: int) -> Problem:
    details = {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}], "retryAfterSeconds": 1}
    return Problem(504, "Timeout", f"Timeout: Too large resource version: {asked}, current: {current}", details=details, headers={"Retry-After": "1"})


def budget_exhausted(cause: str, *, retry_after_seconds: int = 0) -> Problem:
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    if not retry_after_seconds:
        return Problem(429, "TooManyRequests", message, details=details)
    details["retryAfterSeconds"] = retry_after_seconds
    return Problem(429, "TooManyRequests", message, details=details, headers={"Retry-After": str(retry_after_seconds)})
