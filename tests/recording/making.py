"""A publisher as a recorder hears it."""

from __future__ import annotations

from datetime import UTC, datetime

from clusterview.recording.writing import Recorder
from clusterview.stream import encoding, rows
from clusterview.stream.messages import WHOLE, Changes, Contact, Position, Snapshot
from clusterview.topology.changes import Change
from clusterview.topology.pictures import Picture
from tests.stream.making import picture

START = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Published:
    """Of the cluster `lab`, by a clock of its own that begins at START."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.recorder = Recorder(cluster="lab", clock=lambda: START.timestamp() + self.seconds)
        self.epoch, self.sequence = 0, 0
        self.now = Picture()

    def begin(self, *, pods: int, epoch: int) -> None:
        self.epoch, self.sequence = epoch, 1
        self._rows, self.now = rows.Writer(), picture(pods=pods)
        self.show()

    def show(self) -> None:
        body = encoding.pack(self._rows.whole(picture=self.now))
        self.recorder.picture(position=self.position, frame=encoding.encode(Snapshot(view=WHOLE, position=self.position, body=body)))

    def publish(self, changes: list[Change], *, heard: bool = True) -> None:
        self.sequence += 1
        frame = encoding.encode(Changes(position=self.position, changes=self._rows.changes(changes=changes)))
        self.now.apply(changes=changes)
        if heard:
            self.recorder.changes(position=self.position, frame=frame)

    def contact(self, state: str) -> None:
        self.recorder.contact(contact=Contact(state=state, contact_age_seconds=0.1))

    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    def write(self) -> None:
        self.recorder.round()

    @property
    def position(self) -> Position:
        return Position(epoch=self.epoch, sequence=self.sequence)
