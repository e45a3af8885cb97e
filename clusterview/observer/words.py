"""What the observer's threads tell its projecting thread, beside the observations that the projection knows.

They travel in the same queue as the observations and in the same order: "the watch is open" must not overtake the list that came before it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from clusterview.kube import errors
from clusterview.kube.kinds import KindSpec
from clusterview.projection.observations import Observation
from clusterview.topology.objects import Uid


class Contacted(msgspec.Struct, frozen=True):
    """The API server has answered. `at` is when, by the monotonic clock."""

    at: float


class Silent(msgspec.Struct, frozen=True):
    """The API server has not answered, or not as one that works."""

    reason: str
    detail: str


class Renewed(msgspec.Struct, frozen=True):
    """There is another credential, with which whatever is open has to be opened again."""


class Standing(msgspec.Struct, frozen=True):
    """Which cluster has answered, and how far its history has come. `seen` is what `Following.seen` said before it was asked."""

    cluster: str
    is_weak: bool
    version: str
    seen: Mapping[str, str]


class Opened(msgspec.Struct, frozen=True):
    """The row is followed without a gap from here on. `version` is where it begins."""

    key: str
    version: str = ""


class Ended(msgspec.Struct, frozen=True):
    """The row's watch has ended as every one does after a while. Until it is opened again or listed, which begins at once, nothing follows it."""

    key: str
    at: float


class Behind(msgspec.Struct, frozen=True):
    """The row is not followed at present; it is tried again. `is_broken` where what came was no answer that can be read."""

    key: str
    detail: str
    at: float
    is_broken: bool = False


class Absent(msgspec.Struct, frozen=True):
    """The row cannot be read: `why` is `not_permitted` or `not_installed`."""

    key: str
    why: str
    detail: str
    at: float


class Unreadable(msgspec.Struct, frozen=True):
    """Objects of the row that were sent and could not be read, by uid. With `all_of_them` those known before are forgotten."""

    key: str
    objects: dict[Uid, str]
    all_of_them: bool


class Counted(msgspec.Struct, frozen=True):
    """So many objects of the row there are."""

    key: str
    count: int
    at: float


class DigestBegun(msgspec.Struct, frozen=True):
    """The identities of all objects of the row follow, in pages, as of this moment or later."""

    key: str
    at: float


class DigestPage(msgspec.Struct, frozen=True):
    """Some of them: uid and resourceVersion. `version` is the resourceVersion of the whole."""

    key: str
    version: str
    objects: tuple[tuple[Uid, str], ...]


class DigestEnded(msgspec.Struct, frozen=True):
    """That was all of them."""

    key: str
    at: float


class Rewound(msgspec.Struct, frozen=True):
    """The cluster's history has gone back behind what was seen: nothing that is known can be compared with what comes."""

    key: str


class Narrowed(msgspec.Struct, frozen=True):
    """The row may not be read in the whole cluster: it is read in some namespaces instead, by these rows."""

    key: str
    specs: tuple[KindSpec, ...]


class Widened(msgspec.Struct, frozen=True):
    """The row may be read in the whole cluster after all, and those that were read instead have ended."""

    key: str


Word = (
    Observation
    | Contacted
    | Silent
    | Standing
    | Renewed
    | Opened
    | Ended
    | Behind
    | Absent
    | Unreadable
    | Counted
    | DigestBegun
    | DigestPage
    | DigestEnded
    | Rewound
    | Narrowed
    | Widened
)

_REASONS: tuple[tuple[type[errors.KubeError], str], ...] = (
    (errors.Unauthorized, "unauthorized"),
    (errors.PluginFailed, "plugin"),
    (errors.Untrusted, "untrusted"),
    (errors.BadKubeconfig, "kubeconfig"),
    (errors.NotKubernetes, "not_kubernetes"),
    (errors.ServerError, "unhealthy"),
)


def reason_of(*, error: errors.KubeError) -> str:
    """This will give the code by which people are told why there is no contact."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "unreachable")
