"""What an observer can say to the projection. The input side of `projecting`, as `topology.changes` is its output side.

Moments (`at`) are the observer's own monotonic clock in seconds; they are only compared with each other, so no clock of the cluster
matters.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from clusterview.topology.columns import Pods
from clusterview.topology.objects import AnyRecord, Kind, Namespace, Uid


class Renewal(msgspec.Struct, frozen=True):
    """What a Lease says beside its record: `renewed` as written (compared, never read as a time), `acquired_at` in unix seconds."""

    renewed: str
    acquired_at: int | None = None


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One object as the API server gave it. `version` is its resourceVersion; `renewal` is set for Leases only."""

    record: AnyRecord
    version: str
    renewal: Renewal | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """All objects of a kind, or with `namespace` all of them there. Replaces what was known of these.

    An empty one also says that the kind is not readable any more. `pods` are further ones, in columns with their versions as notes; whoever takes
    the observation in may keep them.
    """

    kind: Kind
    namespace: Namespace = Namespace("")
    sightings: Sequence[Sighting]
    pods: Pods | None = None
    at: float = 0.0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An object is new or was written."""

    sighting: Sighting
    at: float = 0.0


class Vanished(msgspec.Struct, frozen=True, kw_only=True):
    """An object was deleted; `version` is that of the deletion, empty where it is not known, or where the object only cannot be read any more."""

    uid: Uid
    version: str = ""


class Check(msgspec.Struct, frozen=True):
    """One line of `/readyz?verbose`."""

    name: str
    ok: bool


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What the API server said of itself. `checks` is empty where `/readyz?verbose` may not be read; then `ready` is all there is, and None where
    it has said nothing for a while.
    """

    ready: bool | None
    version: str = ""
    checks: tuple[Check, ...] = ()


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """Time has passed. `watching` says that renewals of Leases could be seen: where they could not, no Lease gets late."""

    at: float
    watching: bool


Observation = Listed | Seen | Vanished | Health | Tick
