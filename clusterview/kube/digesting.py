"""Reads what there is of a kind by identity alone: how many objects, or each one's uid and resourceVersion.

A watch that lost an event says nothing about it, so what a watch has led to is compared now and then with what a list holds. Metadata
alone is asked for; even so 150,000 pods are 360 MB and four seconds of the API server's time, so the caller decides how often.
https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from clusterview.kube import errors
from clusterview.kube.bounding import OBJECTS_OF_A_KIND
from clusterview.kube.connections import Connection
from clusterview.kube.kinds import PARTIAL_LIST, KindSpec
from clusterview.kube.listing import UNREADABLE, read_page

PAGE_OBJECTS = 500


class Identity(msgspec.Struct, frozen=True, rename="camel", gc=False):
    uid: str
    resource_version: str


class Item(msgspec.Struct, frozen=True, gc=False):
    metadata: Identity


class PageMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str
    remaining_item_count: int | None = None
    next_page: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, frozen=True):
    """`metadata.resource_version` is the moment that all pages of a list are of."""

    metadata: PageMeta
    items: list[Item] | None = None


PAGES = msgspec.json.Decoder(Page)


def count(connection: Connection, spec: KindSpec) -> int | None:
    """This will ask how many objects there are; None where the API server does not say, as it does not behind a selector. Raises errors.KubeError."""
    page = _page(connection, spec, limit=1, token="", into=bytearray())
    here, rest = len(page.items or ()), page.metadata.remaining_item_count
    if page.metadata.next_page and rest is None:
        return None
    return here + (rest or 0)


def pages(connection: Connection, spec: KindSpec, *, limit: int = PAGE_OBJECTS) -> Iterator[Page]:
    """This will read every object's identity, page by page, all of one moment. Raises errors.KubeError, and Gone where it took too long."""
    token, told, body = "", 0, bytearray()
    while told <= OBJECTS_OF_A_KIND:
        page = _page(connection, spec, limit=limit, token=token, into=body)
        yield page
        told += len(page.items or ())
        if page.metadata.next_page in ("", token):
            return
        token = page.metadata.next_page
    raise errors.NotKubernetes(f"The list of {spec.resource} is larger than any cluster's.")


def _page(connection: Connection, spec: KindSpec, *, limit: int, token: str, into: bytearray) -> Page:
    read_page(connection, spec, accept=PARTIAL_LIST, limit=limit, token=token, into=into)
    try:
        return PAGES.decode(into)
    except UNREADABLE as error:
        raise errors.BrokenAnswer(f"The identities of {spec.resource} cannot be read: {str(error)[:200]}.") from error
