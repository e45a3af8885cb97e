"""What a network does to a database at the worst moment: the answer to a COMMIT is lost, and nobody on this side knows whether it counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.faults.flows import Flow
from tests.faults.tcp import FlowFault, Onward
from tests.faults.timeline import Grip

COMMIT = b"COMMIT\0"


@dataclass(frozen=True, kw_only=True)
class LoseCommit(FlowFault):
    """The `number`th COMMIT ends in a RST for both sides: after the server has carried it out, or before the server has seen it. It strikes once.

    Where it `hangs` nothing ends: the answer, or the COMMIT, is swallowed, and everything that comes after it on that connection.

    For PostgreSQL without TLS. `met` of the handle counts every COMMIT.
    """

    is_carried_out: bool
    number: int = 1
    hangs: bool = False
    answers_of: set[int] = field(default_factory=set, compare=False)

    async def carry(self, data: bytes, *, grip: Grip, flow: Flow, onward: Onward) -> None:
        connection = flow.connection
        if flow.direction == "to_client" and connection.number in self.answers_of:
            self._lose(flow)
            return
        if flow.direction == "to_server" and COMMIT in data:
            grip.handle.met += 1
            if grip.handle.met == self.number:
                grip.note(is_carried_out=self.is_carried_out)
                if not self.is_carried_out:
                    self._lose(flow)
                    return
                self.answers_of.add(connection.number)
        await onward(data)

    def _lose(self, flow: Flow) -> None:
        if self.hangs:
            flow.is_dead = True
        else:
            flow.connection.reset()
