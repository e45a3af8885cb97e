"""What a reader of the stream sees: the picture, its position, each change with its epoch, and the observer's last word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from clusterview.kube import kubeconfigs
from clusterview.kube.kubeconfigs import ClusterAccess
from clusterview.stream import encoding, freshness, keys, rows
from clusterview.stream.messages import Changes, Contact, Position, Snapshot
from clusterview.stream.publishing import connect
from clusterview.topology.changes import Change
from clusterview.topology.pictures import Picture


@dataclass
class Kept:
    """A picture with its place, to go on from."""

    reader: rows.Reader
    position: Position


class Page:
    """Reads one cluster's stream as a web process does."""

    def __init__(self, *, url: str, cluster: str) -> None:
        self.client: Any = connect(url=url)
        self._cluster = cluster

    def word(self) -> Contact | None:
        """The observer's last word, whenever it was said."""
        found = self.client.xrevrange(keys.contact(self._cluster), count=1)
        return encoding.decode_contact(found[0][1][keys.CONTACT]) if found else None

    def said_at(self) -> list[float]:
        """When its last words were said, in seconds by Redis' clock."""
        return [int(entry.split(b"-")[0]) / 1e3 for entry, _ in self.client.xrange(keys.contact(self._cluster))]

    def contact(self) -> Contact | None:
        """How fresh the picture is, as a web process judges it: a word ages. None where nothing was ever said, or Redis does not answer."""
        try:
            found = self.client.xrevrange(keys.contact(self._cluster), count=1)
            (seconds, microseconds), place = self.client.time(), self.position()
        except redis.RedisError:
            return None
        if not found:
            return None
        said_at, fields = int(found[0][0].split(b"-")[0]) / 1e3, found[0][1]
        word = freshness.Word(contact=encoding.decode_contact(fields[keys.CONTACT]), epoch=int(fields[keys.EPOCH]), heard_at=said_at)
        return freshness.judge(word=word, picture_epoch=place.epoch, now=seconds + microseconds / 1e6)

    def state(self) -> str:
        contact = self.contact()
        return contact.state if contact is not None else "nobody"

    def picture(self) -> Picture:
        """The snapshot brought forward by what came after it."""
        return self.keep().reader.picture

    def position(self) -> Position:
        """The newest place in the stream."""
        found = self.client.xrevrange(keys.topology(self._cluster), count=1)
        return keys.position_of(found[0][0]) if found else Position(0, 0)

    def positions(self) -> list[Position]:
        """Every place in the stream."""
        return [keys.position_of(entry) for entry, _ in self.client.xrange(keys.topology(self._cluster))]

    def snapshot_position(self) -> Position:
        """The place of the snapshot."""
        return self._snapshot().position

    def _snapshot(self) -> Snapshot:
        frame = self.client.get(keys.snapshot(self._cluster))
        assert isinstance(frame, bytes), "there is no snapshot"
        return encoding.decode_snapshot(frame)

    def keep(self) -> Kept:
        """The picture as it is now, from which `since` goes on."""
        snapshot = self._snapshot()
        reader, position = rows.Reader(whole=encoding.unpack(snapshot.body)), snapshot.position
        for place, message in self._entries(after=snapshot.position):
            reader.read(message=message)
            position = place
        return Kept(reader=reader, position=position)

    def since(self, *, kept: Kept) -> list[Change]:
        """What happened since then, in the same epoch."""
        told: list[Change] = []
        for position, message in self._entries(after=kept.position):
            assert position.epoch == kept.position.epoch, "another epoch"
            told += kept.reader.read(message=message)[0]
            kept.position = position
        return told

    def _entries(self, *, after: Position) -> Iterator[tuple[Position, Changes]]:
        for entry, fields in self.client.xrange(keys.topology(self._cluster), min=f"({keys.entry_id(after)}"):
            yield keys.position_of(entry), encoding.decode_changes(fields[keys.FRAME])


def access_of(kubeconfig: Path) -> ClusterAccess:
    """The cluster of a kubeconfig."""
    return kubeconfigs.contexts([str(kubeconfig)])[0]
