"""The acts of a practice cluster (`acts.practice.clusterview.io`), which no real cluster has: what can be made to happen there with one button.

A real API server answers 404 for such a path, or 403 where our account is not an administrator's; both mean that there is nothing to play.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from clusterview.kube import errors
from clusterview.kube.connections import Connection
from clusterview.kube.decoding import decoder_of

PATH = "/apis/practice.clusterview.io/v1/acts"
KIND = {"apiVersion": "practice.clusterview.io/v1", "kind": "Act"}
PLAY_SECONDS = 10.0
Shape = TypeVar("Shape")


class Named(msgspec.Struct, frozen=True):
    name: str


class Touched(msgspec.Struct, frozen=True):
    """An object that an act changed."""

    kind: str
    name: str
    namespace: str = ""


class Status(msgspec.Struct, frozen=True):
    changed: tuple[Touched, ...] = ()


class Act(msgspec.Struct, frozen=True):
    """`title` and `does` are the words by language; `status` is there after it was played."""

    metadata: Named
    title: Mapping[str, str]
    does: Mapping[str, str]
    status: Status = Status()


class Acts(msgspec.Struct, frozen=True):
    items: tuple[Act, ...]


def acts(connection: Connection) -> tuple[Act, ...]:
    """This will read what can be played; nothing in a real cluster. Raises errors.KubeError where the cluster does not answer."""
    try:
        answer = connection.request("GET", PATH)
    except (errors.NotFound, errors.Forbidden):
        return ()
    return _read(answer.body, Acts).items


def play(connection: Connection, *, name: str) -> Act:
    """This will have the act played, and give it with what it changed. Raises errors.KubeError: NotFound where there is none, Conflict."""
    body = msgspec.json.encode({**KIND, "metadata": {"name": name}})
    return _read(connection.request("POST", PATH, body=body, read_seconds=PLAY_SECONDS, is_write=True).body, Act)


def _read(body: bytes, shape: type[Shape]) -> Shape:
    try:
        return decoder_of(shape).decode(body)
    except msgspec.MsgspecError as error:
        raise errors.BrokenAnswer("The acts of the practice cluster cannot be read.") from error
