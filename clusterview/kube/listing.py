"""Lists a kind completely, in pages, at one resourceVersion.

Objects are handed over as their page comes, so that a caller who keeps little of each never holds a whole cluster of them. A page that stalls
is given up by its time-out, and a continue token that has expired (410, five minutes) starts the list again: what is returned is always one
whole list, so a caller can replace what it knew. An object that cannot be read is set aside with its identity and the others go on; one broken
object must not hide a cluster.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from clusterview.kube import errors
from clusterview.kube.bounding import Bounds
from clusterview.kube.connections import Connection
from clusterview.kube.decoding import decoder_of
from clusterview.kube.kinds import KindSpec
from clusterview.kube.structs import Name

PAGE_SECONDS = 30.0
RESTARTS = 3
REASON_CHARACTERS = 200

T = TypeVar("T")


class Quarantined(msgspec.Struct, frozen=True):
    """An object that could not be read. `uid` is empty where not even that could."""

    uid: str
    namespace: str
    name: str
    reason: str


class Gathering(Protocol):
    """What the objects of a list are put into, one by one; a list for those who want them as they are."""

    def append(self, item: Any, /) -> object: ...


class Listing(msgspec.Struct, frozen=True):
    """`items` is what the objects were put into."""

    items: Any
    resource_version: str
    quarantined: tuple[Quarantined, ...] = ()


class ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    next_page: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, Generic[T], frozen=True):
    metadata: ListMeta
    items: list[T] | None = None


class Identity(msgspec.Struct, frozen=True, rename="camel"):
    uid: Name = ""
    namespace: Name = ""
    name: Name = ""
    resource_version: Name = ""


class Identified(msgspec.Struct, frozen=True):
    metadata: Identity = Identity()


RAW_PAGES = msgspec.json.Decoder(Page[msgspec.Raw])
IDENTITIES = msgspec.json.Decoder(Identified)
UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def list_kind(
    connection: Connection,
    spec: KindSpec,
    *,
    limit: int = 500,
    namespace: str | None = None,
    page_seconds: float | None = None,
    gather: Callable[[], Gathering] = list,
    bounds: Bounds | None = None,
) -> Listing:
    """This will list the kind, in one namespace if given, with `spec.struct` for each object. Raises errors.KubeError.

    `gather` makes what they are put into: a new one where the list has to start again. `bounds` are those of all lists of its cluster.
    """
    narrowed, bounds = spec.within(namespace) if namespace else spec, bounds or Bounds()
    for _ in range(RESTARTS - 1):
        with contextlib.suppress(errors.Gone):
            return _pages(connection, narrowed, limit=limit, page_seconds=page_seconds, items=gather(), bounds=bounds)
    return _pages(connection, narrowed, limit=limit, page_seconds=page_seconds, items=gather(), bounds=bounds)


def identify(raw: bytes | msgspec.Raw) -> Identity:
    """This will read who an object is, even where the rest of it cannot be read; empty fields where not even that can."""
    try:
        return IDENTITIES.decode(raw).metadata
    except UNREADABLE:
        return Identity()


def quarantine(identity: Identity, reason: Exception) -> Quarantined:
    return Quarantined(uid=identity.uid, namespace=identity.namespace, name=identity.name, reason=str(reason)[:REASON_CHARACTERS])


def read_page(
    connection: Connection, spec: KindSpec, *, accept: str, limit: int, token: str, into: bytearray, page_seconds: float | None = None
) -> None:
    """This will read one page of the kind, the one after `token` if given. Raises errors.KubeError."""
    query = [*spec.query, ("limit", str(limit)), *([("continue", token)] if token else [])]
    connection.request("GET", spec.path, query=query, accept=accept, read_seconds=page_seconds or PAGE_SECONDS, into=into)


def _pages(connection: Connection, spec: KindSpec, *, limit: int, page_seconds: float | None, items: Gathering, bounds: Bounds) -> Listing:
    decoder = decoder_of(Page[spec.struct])  # type: ignore[name-defined]
    quarantined: list[Quarantined] = []
    token, version, size, count, body = "", "", 0, 0, bytearray()
    while True:
        read_page(connection, spec, accept=spec.list_accept, limit=limit, token=token, into=body, page_seconds=page_seconds)
        size += len(body)
        page = _decoded(body, spec, decoder, quarantined)
        if not page.metadata.resource_version:
            raise errors.BrokenAnswer(f"The list of {spec.resource} has no resourceVersion, so no watch can follow it.")
        version = version or page.metadata.resource_version
        count += len(page.items or ())
        bounds.read(spec=spec, objects=count + len(quarantined), size=size)
        _hand_over(page.items or [], items)
        if page.metadata.next_page in ("", token):
            return Listing(items, version, tuple(quarantined))
        token = page.metadata.next_page


def _decoded(body: bytearray, spec: KindSpec, decoder: msgspec.json.Decoder[Page[Any]], quarantined: list[Quarantined]) -> Page[Any]:
    try:
        return decoder.decode(body)
    except UNREADABLE:
        return _without_poison(body, spec, quarantined)


def _hand_over(page: list[Any], items: Gathering) -> None:
    """Each is forgotten here as it is handed over, so that what is made of it can lie in its place."""
    page.reverse()
    while page:
        items.append(page.pop())


def _without_poison(body: bytearray, spec: KindSpec, quarantined: list[Quarantined]) -> Page[Any]:
    """The page without the objects that cannot be read; these are set aside."""
    try:
        page = RAW_PAGES.decode(body)
    except UNREADABLE as error:
        raise errors.BrokenAnswer(f"The list of {spec.resource} cannot be read: {str(error)[:REASON_CHARACTERS]}.") from error
    decoder, items = spec.decoder(), []
    for raw in page.items or ():
        try:
            items.append(decoder.decode(raw))
        except UNREADABLE as error:
            quarantined.append(quarantine(identify(raw), error))
    return Page(page.metadata, items)
