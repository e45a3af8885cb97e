"""Observations in, changes out: the one place where the picture is decided.

An object is its uid, never its name: one that was deleted and made again under the same name is a drop and a put. Per object nothing goes
backwards. What leads to an equal record is no change, so a relist that finds the same world is silent.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator

import msgspec

from clusterview.projection import control_plane
from clusterview.projection.control_plane import Leader
from clusterview.projection.knowing import Known, Look
from clusterview.projection.observations import Health, Listed, Observation, Seen, Sighting, Tick, Vanished
from clusterview.projection.renewing import Renewing
from clusterview.projection.versions import Versions
from clusterview.topology import endpoints
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.columns import NOWHERE, Pods
from clusterview.topology.objects import AnyRecord, Kind, Lease, Namespace, PackedSlice, Pod, Uid
from clusterview.topology.pictures import Picture
from clusterview.topology.versions import is_older


class Projector:
    """One cluster's picture, brought forward by observations. Not safe for several threads."""

    def __init__(self) -> None:
        self._versions = Versions(known=lambda uid: self._known.version(uid))
        self._known = Known(dropped=self._versions.dropped)
        self._renewing = Renewing()
        self._health: Health | None = None
        self._leaders: dict[str, Leader] = {}
        self._provider_nodes: set[Uid] = set()
        self._told: tuple[Health | None, tuple[Leader, ...], bool] | None = None  # what the control plane's parts were made from

    def picture(self) -> Picture:
        """This will give the whole picture as it is now, in containers of its own."""
        return Picture(objects=[*map(endpoints.unpack, self.records()), *self.pods.values()])

    def records(self) -> Iterator[AnyRecord]:
        """This will give every record but those of `pods`, slices as they are packed: read them before the next observation."""
        return self._known.records()

    @property
    def pods(self) -> Pods:
        """The pods in columns, to be read before the next observation."""
        return self._known.pods

    def uids(self, *, kind: Kind, namespace: Namespace) -> list[Uid]:
        """This will name the objects of a kind, or with `namespace` those there."""
        return self._known.of_kind(kind, namespace=namespace)

    def count(self, *, kind: Kind, namespace: Namespace) -> int:
        """This will tell how many those are."""
        return self._known.count(kind, namespace=namespace)

    def look(self, *, kind: Kind, namespace: Namespace) -> Look:
        """This will begin a comparison of those with a list."""
        return Look(known=self._known, kind=kind, namespace=namespace)

    def version(self, *, uid: Uid) -> str:
        """This will tell the resourceVersion of an object, empty for one that is not there."""
        return self._known.version(uid)

    def is_behind(self, *, uid: Uid, version: str) -> bool:
        """This will tell whether an object of that version was never heard of, neither it nor anything later, or was left out by a list since."""
        if known := self._known.version(uid):
            return known != version and is_older(version=known, known=version)
        return not self._versions.is_late(uid=uid, version=version)

    def project(self, observation: Observation) -> list[Change]:
        """This will tell what the observation changes, in an order that can be applied; nothing when it tells nothing new."""
        match observation:
            case Seen(sighting=sighting, at=at):
                changes = self._seen(sighting, at)
            case Vanished(uid=uid, version=version):
                changes = self._drop(uid, version)
            case Listed():
                changes = list(self._listed(observation))
            case Tick(at=at, watching=watching):
                changes = self._tick(at, watching)
            case Health():
                self._health = observation
                changes = []
        return [*map(_unpacked, changes), *self._control_plane()]

    def learn(self, observation: Observation) -> None:
        """This will take the observation in and tell nobody, so that the changes of a large list are never all there.

        Pods in columns are kept as they lie where there were none before.
        """
        if not isinstance(observation, Listed):
            self.project(observation)
        elif observation.kind is Kind.POD and observation.pods is not None and self._known.adopt(observation.pods):
            self._versions.found(self._known)
            collections.deque(self._listed_others(observation), maxlen=0)
        else:
            collections.deque(self._listed(observation), maxlen=0)
            self._control_plane()

    def _listed(self, listed: Listed) -> Iterator[Change]:
        if before := self.uids(kind=listed.kind, namespace=listed.namespace):
            found = {sighting.record.uid for sighting in listed.sightings}
            for uid in before:
                if uid not in found and (listed.pods is None or listed.pods.find(uid) == NOWHERE):
                    yield from self._drop(uid)
        yield from self._listed_others(listed)
        if listed.pods is not None:
            for change in self._known.take(listed.pods):
                if isinstance(change, Put):
                    self._versions.seen(uid=change.record.uid)
                yield change

    def _listed_others(self, listed: Listed) -> Iterator[Change]:
        for sighting in listed.sightings:
            # A list says what is there: it may bring back what a lost permission had hidden.
            if not is_older(version=sighting.version, known=self._known.version(sighting.record.uid)):
                yield from self._put(sighting, listed.at)

    def _seen(self, sighting: Sighting, at: float) -> list[Change]:
        record = sighting.record
        if isinstance(record, Pod) and (changes := self._known.rewrite(pod=record, version=sighting.version)) is not None:
            return changes
        holder = self._known.holder(record=record)
        replaced_later = holder is not None and is_older(version=sighting.version, known=self._known.version(holder))
        if replaced_later or self._versions.is_late(uid=sighting.record.uid, version=sighting.version):
            return []
        return self._put(sighting, at)

    def _put(self, sighting: Sighting, at: float) -> list[Change]:
        record = sighting.record
        if isinstance(record, Lease) and sighting.renewal is not None:
            self._renewing.seen(uid=record.uid, renewed=sighting.renewal.renewed, at=at)
            record = self._dated(record)
            if control_plane.is_leader_lease(record=record):
                self._leaders[record.name] = Leader(lease=record, since=sighting.renewal.acquired_at)
        changes = self._noted(self._known.put(record=record, version=sighting.version))
        self._versions.seen(uid=record.uid)
        return changes

    def _drop(self, uid: Uid, version: str = "") -> list[Change]:
        """Without a version nobody knows that it was deleted: it may only have become unreadable, and come back."""
        changes = self._noted(self._known.drop(uid=uid))
        if version:
            self._versions.deleted(uid, version)
        return changes

    def _tick(self, at: float, watching: bool) -> list[Change]:
        changes: list[Change] = []
        for uid in self._renewing.tick(at=at, watching=watching):
            lease = self._known.get(uid)
            if isinstance(lease, Lease):
                late = self._dated(lease)
                leader = self._leaders.get(late.name)
                if leader is not None and leader.lease.uid == uid:
                    self._leaders[late.name] = msgspec.structs.replace(leader, lease=late)
                changes += self._noted(self._known.put(record=late, version=self._known.version(uid)))
        return changes

    def _dated(self, lease: Lease) -> Lease:
        return msgspec.structs.replace(lease, late=self._renewing.is_late(uid=lease.uid))

    def _control_plane(self) -> list[Change]:
        if self._health is None:
            return []
        told = (self._health, tuple(self._leaders.values()), bool(self._provider_nodes))
        if told == self._told:
            return []
        self._told = told
        parts = control_plane.parts(health=self._health, leaders=self._leaders, provider_nodes=bool(self._provider_nodes))
        return [change for part in parts for change in self._noted(self._known.put(record=part, version=""))]

    def _noted(self, changes: list[Change]) -> list[Change]:
        for change in changes:
            match change:
                case Put(record=record):
                    self._note_put(record)
                case Drop(uid=uid):
                    self._note_drop(uid)
        return changes

    def _note_put(self, record: AnyRecord) -> None:
        if control_plane.is_provider_node(record=record):
            self._provider_nodes.add(record.uid)

    def _note_drop(self, uid: Uid) -> None:
        self._renewing.forget(uid=uid)
        self._provider_nodes.discard(uid)
        if any(leader.lease.uid == uid for leader in self._leaders.values()):
            self._leaders = {name: leader for name, leader in self._leaders.items() if leader.lease.uid != uid}


def _unpacked(change: Change) -> Change:
    return Put(endpoints.unpack(change.record)) if isinstance(change, Put) and isinstance(change.record, PackedSlice) else change
