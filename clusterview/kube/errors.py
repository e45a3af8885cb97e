"""What can go wrong at a Kubernetes API, as a small family: each error says in one sentence what happened and what helps, and whether trying
again by itself can help (`temporary`).

The difference that matters most is between a write that was certainly not applied (`Unreachable`, every definite answer) and one whose
answer was lost after bytes were sent (`LostAnswer`): the second must be classified by reading, never repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import ClassVar

DETAIL_CHARACTERS = 400
FORBIDDEN = re.compile(r'cannot (?P<verb>[a-z*]+) (?:resource "(?P<resource>[^"]+)"|path "(?P<path>[^"]+)")')


class KubeError(Exception):
    """`sentence` is clear English with the remedy; `temporary` says whether the same request may succeed later without anybody's help."""

    temporary: ClassVar[bool] = False

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Unreachable(KubeError):
    """No connection, so nothing was sent."""

    temporary = True


class Untrusted(Unreachable):
    """The server's certificate could not be verified. Nothing was sent. Waiting does not help, a new CA may."""

    temporary = False


class Unauthorized(KubeError):
    """401, also after the credential was fetched anew."""


class Forbidden(KubeError):
    """403. `verb` and `resource` as the server names them, empty where it does not."""

    def __init__(self, sentence: str, *, verb: str = "", resource: str = "") -> None:
        super().__init__(sentence)
        self.verb, self.resource = verb, resource


class NotFound(KubeError):
    """404: no such object, or no such API."""


class Gone(KubeError):
    """410: the resourceVersion or the continue token is too old. A new list helps."""

    temporary = True


class TooManyRequests(KubeError):
    """429. `retry_after_seconds` is what the server asked for, 1 where it did not say."""

    temporary = True

    def __init__(self, sentence: str, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class Conflict(KubeError):
    """409: the object was written in between, or exists already."""

    temporary = True


class Invalid(KubeError):
    """422. `details` are the server's causes, `field: message` each; empty for a failed JSON Patch `test`."""

    def __init__(self, sentence: str, *, details: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.details = details


class ServerError(KubeError):
    """5xx as the answer to a read; also a 4xx that has no class of its own (then `temporary` still holds: nothing was changed)."""

    temporary = True

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class BrokenAnswer(KubeError):
    """The answer to a read stopped half way, timed out, or cannot be parsed."""

    temporary = True


class TimedOut(BrokenAnswer):
    """The answer to a read did not come, or stopped coming, within its time."""


class LostAnswer(KubeError):
    """A write was sent and no definite answer came. It may have been applied, or may still be: read and classify, do not repeat."""


class NotKubernetes(KubeError):
    """Something answered that is not a Kubernetes API: a login page, a redirect, a compressed body that nobody asked for."""


class BadKubeconfig(KubeError):
    """A kubeconfig that cannot be read, parsed or used."""


class PluginFailed(KubeError):
    """A credential plugin (`exec`) is missing, hangs, fails, or gave an expired credential. Logging in again may help."""

    temporary = True


# The cluster does not know us with what we have. Nothing was changed, and only another credential helps.
NO_CREDENTIAL = (Unauthorized, PluginFailed, BadKubeconfig)


def of_answer(*, status: int, headers: Mapping[str, str], body: bytes, method: str, path: str) -> KubeError:
    """This will make the error for an answer that is not a success. It reads the server's own `Status` message where there is one."""
    said = _status_of(body)
    message = words_of(said.get("message")) or f"HTTP {status}"
    where = f"{method} {path}"
    match status:
        case 401:
            return Unauthorized(f"The cluster does not accept the credential ({where}): it is expired or unknown. Log in to the cluster again.")
        case 403:
            return _forbidden(message)
        case 404:
            return NotFound(f"The cluster has no {path}: {message}")
        case 409:
            return Conflict(f"The object was changed by somebody else meanwhile ({where}): {message}")
        case 410:
            return Gone(f"The cluster does not remember that far back ({where}): {message}")
        case 422:
            return Invalid(f"The cluster refuses the change ({where}): {message}", details=_causes(said))
        case 429:
            return TooManyRequests(f"The cluster is busy and asks to come back later ({where}).", retry_after_seconds=_retry_after(headers))
        case _ if 300 <= status < 400:
            target = headers.get("Location", "another address")
            return NotKubernetes(f"{where} was answered with a redirect to {target[:200]}, which is not followed. Check the server's address.")
        case _:
            return ServerError(f"The cluster answered {status} to {where}: {message}", status=status)


def words_of(said: object) -> str:
    """This will give what a server says of itself as far as it can be passed on: not too long, and without half a surrogate pair."""
    return str(said or "")[:DETAIL_CHARACTERS].encode(errors="replace").decode()


def _forbidden(message: str) -> Forbidden:
    found = FORBIDDEN.search(message)
    verb = found["verb"] if found else ""
    resource = (found["resource"] or found["path"] or "") if found else ""
    return Forbidden(f"The account may not do this: {message}. `manage.py rbac` prints the rights that are needed.", verb=verb, resource=resource)


def _status_of(body: bytes) -> dict[str, object]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _causes(said: dict[str, object]) -> tuple[str, ...]:
    details = said.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    if not isinstance(causes, list):
        return ()
    return tuple(words_of(f"{one.get('field', '')}: {one.get('message', '')}") for one in causes if isinstance(one, dict))


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; the other form of the header, a date, counts as not said, for our clock is not the server's."""
    asked = headers.get("Retry-After", "")
    return min(float(asked), 600.0) if asked.isascii() and asked.isdecimal() else 1.0
