"""What happened to the picture, one thing at a time.

The picture is its objects: how they are joined follows from them, so the projection says `Put` and `Drop` only. Whoever needs the links keeps them
up with `joining`, which says `Linked` and `Unlinked` too: an object is put before a link to it, and its links are cut before it is dropped.
"""

from __future__ import annotations

import msgspec

from clusterview.topology.links import Link
from clusterview.topology.objects import AnyRecord, Uid


class Put(msgspec.Struct, frozen=True):
    """An object is new or has another record than before."""

    record: AnyRecord


class Drop(msgspec.Struct, frozen=True):
    """An object is gone."""

    uid: Uid


class Linked(msgspec.Struct, frozen=True):
    """Two objects are joined from now on."""

    link: Link


class Unlinked(msgspec.Struct, frozen=True):
    """Two objects are no longer joined."""

    link: Link


Change = Put | Drop
Joining = Put | Drop | Linked | Unlinked
