"""A publisher as a recorder hears it."""

from __future__ import annotations

from datetime import UTC, datetime

from clusterview.recording.writing import Recorder
from clusterview.stream import encoding, rows
from clusterview.stream.messages import WHOLE, Contact, MissingKind, Position, Snapshot
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
        self._rows = rows.Writer(records=())

    def begin(self, *, pods: int, epoch: int) -> None:
        self.epoch, self.sequence = epoch, 1
        self._rows = rows.Writer(records=picture(pods=pods).objects.values())
        self.hold()
        self.show()

    def hold(self) -> None:
        """This will begin to pack a picture, which is shown when it is ready and others have come since."""
        body = encoding.pack(self._rows.whole())
        self._held = self.position, encoding.encode(Snapshot(view=WHOLE, position=self.position, body=body))
        self._since: list[tuple[Position, bytes]] = []

    def show(self) -> None:
        position, frame = self._held
        self.recorder.picture(position=position, frame=frame, since=self._since)
        self.hold()

    def publish(self, changes: list[Change], *, heard: bool = True) -> None:
        self.sequence += 1
        frame = encoding.encode(self._rows.changes(changes=changes, position=self.position))
        self._since.append((self.position, frame))
        if heard:
            self.recorder.changes(position=self.position, frame=frame)

    def contact(self, state: str, *missing: MissingKind) -> None:
        self.recorder.contact(contact=Contact(state=state, contact_age_seconds=0.1, missing=missing))

    def go_on(self, tens: int, state: str, *missing: MissingKind) -> None:
        """This will let so many times ten seconds pass, at the end of each second of which the publisher speaks."""
        for _ in range(tens * 10):
            self.wait(1)
            self.contact(state, *missing)

    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    def write(self) -> None:
        self.recorder.round()

    @property
    def now(self) -> Picture:
        return self._rows.picture

    @property
    def position(self) -> Position:
        return Position(epoch=self.epoch, sequence=self.sequence)
