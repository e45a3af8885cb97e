"""Small pictures, and what a browser keeps of the frames that it was sent."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import msgspec

from clusterview.stream import encoding, keys, rows, seals
from clusterview.stream.messages import Changes, FirstPaint, Heartbeat, Operation, Position, Resumed, Snapshot
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.objects import Namespace, Node, Pod, Uid
from clusterview.topology.pictures import Picture

NODE = Node(uid=Uid("n1"), name="node-1", ready="True")
Frame = FirstPaint | Snapshot | Changes | Heartbeat | Resumed | Operation
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def pod(number: int, *, status: str = "Running") -> Pod:
    return Pod(uid=Uid(f"p{number}"), name=f"shop-{number}", namespace=Namespace("store"), node="node-1", status=status)


def pod_of(namespace: str, number: int, *, status: str = "Running") -> Pod:
    """A pod on a node; whatever is not of the namespace `mine` has a name that begins with `other` or `outside`."""
    name = f"{namespace}-pod-{number}"
    return Pod(uid=Uid(name), name=name, namespace=Namespace(namespace), node=f"outside-node-{number}", status=status)


def picture(*, pods: int) -> Picture:
    return Picture(objects=[NODE, *(pod(number) for number in range(pods))])


def came(number: int) -> list[Change]:
    return [Put(pod(number))]


def went(number: int) -> list[Change]:
    return [Drop(Uid(f"p{number}"))]


def bytes_of(frames: Iterable[bytes]) -> bytes:
    """Everything that these frames say, snapshots unpacked."""
    said = []
    for frame in frames:
        message = encoding.decode(frame)
        said.append(frame if not isinstance(message, Snapshot) else msgspec.msgpack.encode(message.position) + zlib.decompress(message.body))
    return b"".join(said)


def frame_of(frame: bytes, *, entry_id: str, cluster: str = "lab") -> dict[bytes, bytes]:
    """An entry of a topology stream as a publisher writes it."""
    return {keys.FRAME: frame, keys.SEAL: seals.ours().seal(place=(keys.topology(cluster), entry_id), said=frame)}


def word_of(word: bytes, *, epoch: int, number: int, cluster: str = "lab") -> dict[bytes, bytes]:
    """An entry of a contact stream as a publisher writes it."""
    seal = seals.ours().seal(place=(keys.contact(cluster), f"{epoch}-{number}"), said=word)
    return {keys.CONTACT: word, keys.EPOCH: str(epoch).encode(), keys.NUMBER: str(number).encode(), keys.SEAL: seal}


def read(frame: bytes) -> Frame:
    return _decoder.decode(frame)


class Browser:
    """Applies frames as the page does, and complains about anything that does not follow."""

    def __init__(self) -> None:
        self.reader: rows.Reader | None = None
        self.position: Position | None = None
        self.states: list[str] = []
        self.operations: list[str] = []
        self.paints: list[FirstPaint] = []
        self.snapshots = 0

    def take(self, frame: bytes) -> Frame:
        message = read(frame)
        match message:
            case FirstPaint():
                self.paints.append(message)
            case Snapshot():
                self.reader = rows.Reader(whole=encoding.unpack(message.body))
                self.position = message.position
                self.snapshots += 1
            case Resumed():
                assert message.position == self.position
            case Changes():
                assert self.reader is not None
                assert self.position is not None
                expected = Position(epoch=self.position.epoch, sequence=self.position.sequence + 1)
                assert message.position == expected, f"{message.position} after {self.position}"
                self.reader.read(message=message)
                self.position = message.position
            case Heartbeat():
                self.states.append(message.contact.state)
            case Operation():
                self.operations.append(message.state)
        return message

    @property
    def pods(self) -> set[str]:
        assert self.reader is not None
        return {record.name for record in self.reader.picture.objects.values() if isinstance(record, Pod)}
