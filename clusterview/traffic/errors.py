"""How traffic says no. Each refusal carries what REST needs: the status, a code for the catalogs, and a body."""

from __future__ import annotations

from typing import Any

from clusterview.traffic import words


class TrafficError(Exception):
    """The family of everything that traffic raises on purpose."""


class Refused(TrafficError):
    """The request was understood and refused; nothing was changed. `status` is an HTTP status, `body` goes beside code and sentence.

    `again` says whether the same request may succeed later without anybody changing anything.
    """

    def __init__(self, status: int, code: str, body: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code
        self.body: dict[str, Any] = {"code": code, "sentence": words.refusal(code, params=body or {}), **(body or {})}

    @property
    def again(self) -> bool:
        return self.status == 503


class NotListed(TrafficError):
    """The line after which a list is to go on is not in it."""


class AskedBack(TrafficError):
    """Somebody asked for the way back since this executor last looked; it changed nothing."""


class Superseded(TrafficError):
    """Another executor has claimed the operation since; this one changed nothing and must send nothing more."""
