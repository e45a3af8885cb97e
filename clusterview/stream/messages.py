"""Every message between a browser and the server, in one file; `static/src/wire/messages.ts` is generated from it.

Frames are binary WebSocket messages in MessagePack. Objects carry **row numbers** that belong to a view, as do epoch and
sequence: a row is given when an object enters the view and is never used again within the epoch, so a gap in rows tells nothing about
objects that the view may not show. A browser that meets a sequence other than the next one, or another epoch, says hello again.
"""

from __future__ import annotations

import msgspec

from clusterview.topology import objects
from clusterview.topology.shapes import PodShape, PodState

WHOLE = "*"  # the view that shows everything


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """All messages are maps whose `type` names the class in snake case."""


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place in a view's stream. `epoch` grows with each new observer; `sequence` by one with each `changes` message of the epoch."""

    epoch: int
    sequence: int


# From the browser


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """Asks for a cluster's picture from now on; with `resume`, for what came after that position.

    `view` is `*` for all of it, or names of namespaces with commas between them: then nothing outside of them is told.
    """

    cluster: str
    view: str = WHOLE
    resume: Position | None = None


FromBrowser = Hello


# Changes, with rows


class PutRow(msgspec.Struct, frozen=True, tag="put", tag_field="op"):
    row: int
    object: objects.AnyRecord


class DropRow(msgspec.Struct, frozen=True, tag="drop", tag_field="op"):
    row: int


RowChange = PutRow | DropRow


# Pods, for there are many of them


class PodColumns(msgspec.Struct, frozen=True):
    """Pods by columns, `counts` of each shape one after the other. `on` are numbers of `nodes`, `states` those of the epoch's states.

    `names` are their own after the shape's prefix, with spaces between; `uids` 16 bytes each; `addresses` IPv4, 0 for none; `created` 0 for None.
    All other bytes are numbers of 32 bits, each told by how much it is more than the one before it (modulo 2**32): the first bytes of all, then the
    second ones, and so on.

    `odd` are a name and an address that do not fit, by row. `restarts` are by row: of the pod, then of each container; a row that is not there has
    none.
    """

    shapes: tuple[PodShape, ...]
    counts: tuple[int, ...]
    rows: bytes
    uids: bytes
    names: str
    on: bytes
    nodes: tuple[str, ...]
    addresses: bytes
    created: bytes
    states: bytes
    odd: dict[int, tuple[str, str]]
    restarts: dict[int, tuple[int, ...]]


class Members(msgspec.Struct, frozen=True):
    """The endpoints of the EndpointSlice of that row, each a pod of `pods` with its address and node: the pods' rows as in PodColumns.

    `conditions` of each are the sum of 1 for ready, 2 for serving and 4 for terminating.
    """

    slice: int
    rows: bytes
    conditions: bytes


class Whole(msgspec.Struct, frozen=True):
    """A whole picture: the body of a snapshot. `states` are all states of the epoch so far; a pod is in `pods` or written out.

    An EndpointSlice in `members` is written without its endpoints.
    """

    objects: tuple[tuple[int, objects.AnyRecord], ...]
    pods: PodColumns
    members: tuple[Members, ...]
    states: tuple[PodState, ...]


# To the browser


class Resumed(Message, frozen=True, kw_only=True, tag="resumed"):
    """The browser's picture is good up to its position; `changes` follow from there."""

    position: Position


class FirstPaint(Message, frozen=True, kw_only=True, tag="first_paint"):
    """Comes before the snapshot of a large cluster, and says what can be said before that is there: how many objects of each `kinds` there are, and
    pods of each of the `statuses`. `parts` are the control plane's.
    """

    parts: tuple[objects.ControlPlanePart, ...]
    kinds: dict[str, int]
    statuses: dict[str, int]
    ready_nodes: int
    ready_pods: int


class Snapshot(Message, frozen=True, kw_only=True, tag="snapshot"):
    """Replaces the browser's picture. `body` is a `Whole` in MessagePack, compressed with zlib."""

    view: str
    position: Position
    body: bytes


class Changes(Message, frozen=True, kw_only=True, tag="changes"):
    """What happened since the place before `position`, each object once.

    `states` are new ones, numbered on. `pods` are (row, number of the state, restarts): pods of which nothing else is another than before.
    """

    position: Position
    changes: tuple[RowChange, ...] = ()
    states: tuple[PodState, ...] = ()
    pods: tuple[tuple[int, int, tuple[int, ...]], ...] = ()


class MissingKind(msgspec.Struct, frozen=True):
    """A kind that is not shown, and why: `not_permitted`, `partly` (in some namespaces only), `not_installed`, `failing`, or, of the past,
    `not_watched` by the version that recorded it.
    """

    kind: str
    why: str
    detail: str = ""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh the picture is.

    `state` is `live` (contact confirmed at most 4 s ago and every watch resumed or relisted), `stale`, or `lost` (no contact for 60 s,
    or never yet). `contact_age_seconds` is None when there never was a contact. `reason` says why it is not live, for people:
    a code of the catalog (`no_observer`, `unreachable`, `unauthorized`, `plugin`, `watches_behind`, `no_picture`, `redis`, ...), and `detail`
    says it in plain words. `verified_age_seconds` is how long ago all that is shown was last compared with a list (None: not yet),
    `divergences` how many objects were found wrong by that, and repaired, `counted` what else went wrong, by its name, since the observer began.
    """

    state: str
    contact_age_seconds: float | None
    reason: str = ""
    detail: str = ""
    version: str = ""
    missing: tuple[MissingKind, ...] = ()
    verified_age_seconds: float | None = None
    divergences: int = 0
    counted: dict[str, int] = {}


class Heartbeat(Message, frozen=True, kw_only=True, tag="heartbeat"):
    """Each 3 s, and at once when the state changes. `server_time_ms` is unix time, so that ages do not depend on the browser's clock.

    `sent_ms` is of a clock that nobody sets and that goes on while the machine sleeps: by it a page knows how much later than others a word comes.
    """

    contact: Contact
    server_time_ms: int
    sent_ms: int


class Operation(Message, frozen=True, kw_only=True, tag="operation"):
    """A switch has moved on. Only a doorbell with the essentials: `GET /api/v1/switches/{id}` tells the whole.

    One without an id is of the cluster: switching is `armed` or `disarmed` there.
    """

    id: str
    cluster: str
    namespace: str
    service: str
    state: str


class Bye(Message, frozen=True, kw_only=True, tag="bye"):
    """The server closes, because of `signed_out`, `unknown_cluster`, `bad_message`, `too_slow` or, where a person may have no more pages open, or no
    more different views, and this one is to come again later, `too_many`; at a restart the close itself says 1012.
    """

    reason: str


ToBrowser = Resumed | FirstPaint | Snapshot | Changes | Heartbeat | Operation | Bye
