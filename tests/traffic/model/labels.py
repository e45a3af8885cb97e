"""What one step of the model is called: in a trace, in the promises, and when the record of a real run is explained."""

from __future__ import annotations

from typing import NamedTuple

from clusterview.traffic.states import State
from tests.traffic.model.worlds import NO_MARKER, Commit, Marker, Request, World


class Asked(NamedTuple):
    """Somebody asked for an operation. `begins` is what the process that accepts it sends first: MARK, EFFECT, or nothing."""

    op: int
    plan: tuple[str, ...]
    begins: str

    def __str__(self) -> str:
        return f"operation {self.op} is asked for: " + ", then ".join(self.plan) + (f", {self.begins} first" if self.begins else ", in a queue")


class Wished(NamedTuple):
    what: str
    op: int = -1

    def __str__(self) -> str:
        return f"people: {self.what}" + (f" (operation {self.op})" if self.op >= 0 else "")


class Claimed(NamedTuple):
    op: int
    epoch: int
    state: State

    def __str__(self) -> str:
        return f"claim {self.op}.{self.epoch} finds {self.state}"


class Looked(NamedTuple):
    """An executor read, and knows its next transaction."""

    op: int
    epoch: int
    doing: Commit | str

    def __str__(self) -> str:
        then = f"{self.doing.action} to {self.doing.to}" if isinstance(self.doing, Commit) else self.doing
        return f"claim {self.op}.{self.epoch} reads, then {then}"


class Committed(NamedTuple):
    """A transaction changed the row and the audit."""

    op: int
    epoch: int
    was: State
    commit: Commit

    def __str__(self) -> str:
        more = " ".join(part for part in (self.commit.result, self.commit.how) if part)
        return f"claim {self.op}.{self.epoch} commits {self.commit.action} {more}".rstrip() + f": {self.was} to {self.commit.to}"


class Superseded(NamedTuple):
    """A transaction compared the claim, found another one, and changed nothing."""

    op: int
    epoch: int

    def __str__(self) -> str:
        return f"claim {self.op}.{self.epoch} finds itself superseded"


class Landed(NamedTuple):
    """The API server took a request up: refused it, or wrote it; `moved` says whether the version is another one since. What came `twice` was
    written, and the answer is that of its second time.
    """

    request: Request
    accepted: bool
    moved: bool
    twice: bool = False

    def __str__(self) -> str:
        one = self.request
        end = "lands" if self.moved else "changes nothing" if self.accepted else "is refused"
        what = f"{one.kind} {one.step}" if one.target else one.kind
        more = ("" if one.awaited else ", unawaited") + (", and comes again" if self.twice else "")
        return f"{what} of claim {one.op}.{one.epoch} (tests version {one.version}) {end}{more}"


class Failed(NamedTuple):
    """Something goes wrong for one executor."""

    how: str
    op: int
    epoch: int

    def __str__(self) -> str:
        return f"claim {self.op}.{self.epoch}: {self.how}"


class Wrote(NamedTuple):
    """Somebody else wrote the object."""

    how: str
    selector: str
    marker: Marker

    def __str__(self) -> str:
        return f"somebody else {self.how}: {self.selector}" + ("" if self.marker == NO_MARKER else f", marker {self.marker[0]}:{self.marker[1]}")


Label = Asked | Wished | Claimed | Looked | Committed | Superseded | Landed | Failed | Wrote


class Move(NamedTuple):
    """One step. `free` says that it needs neither a fault nor anybody's wish, so that what begins ends with such steps alone."""

    label: Label
    world: World
    free: bool
