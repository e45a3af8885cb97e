"""Events through reflector, projection and stream to what a browser holds, while the wire and Redis fail: equal at every quiet moment.

Everything runs in one thread by a clock of its own, so a seed repeats a run. Beside the equality, every object that is shown must be one
that was written, and never an older one than was shown before: per object the picture is a subsequence of the truth.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from clusterview.kube.bounding import Bounds
from clusterview.kube.watching import Observation, Reflector
from clusterview.observer import words
from clusterview.observer.digesting import Digesting
from clusterview.observer.following import Following
from clusterview.observer.quarantining import Quarantine
from clusterview.observer.reporting import Gathered, report
from clusterview.observer.translating import sighting
from clusterview.projection.observations import Listed
from clusterview.projection.projecting import Projector
from clusterview.stream.publishing import Publisher, connect
from clusterview.stream.seals import Seals
from clusterview.topology.changes import Change, Put
from clusterview.topology.objects import AnyRecord, Kind
from clusterview.topology.pictures import Picture
from tests.bench.table import Line
from tests.observer.reading import Kept, Page
from tests.redis_servers import RedisServer
from tests.soak.world import SPECS, WRITE, Wire, World

EVENTS, CHECKS = 1_000_000, 1_000
SHARE = 0.05
BATCH = 40
STREAMED = ("Pod", "Service")  # are listed in the beginning of their watches, where nothing goes wrong there
BATCH_SECONDS = 2.0
QUIET_ROUNDS = 40
CLUSTER = "soak"
SEALS = Seals(secret="of this soak alone")
TELL_SECONDS = 5.0


class Broken(AssertionError):
    """A promise was broken."""


class Screen:
    """What a browser holds, and what it was told of each object."""

    def __init__(self, *, url: str, world: World) -> None:
        self._page, self._world = Page(url=url, cluster=CLUSTER), world
        self._kept: Kept | None = None
        self._last: dict[str, int] = {}
        self.resyncs = 0

    def catch_up(self) -> None:
        """This will read what is new, or the whole picture where the place in the stream is gone."""
        position = self._page.position()
        if self._kept is not None and position.epoch == self._kept.position.epoch and position.sequence >= self._kept.position.sequence:
            for change in self._page.since(kept=self._kept):
                self._expect_true(change)
        elif position.sequence:
            self._kept = self._page.keep()
            self.resyncs += 1
            for record in self._kept.reader.picture.objects.values():
                self._expect_written(record)

    @property
    def picture(self) -> Picture | None:
        return self._kept.reader.picture if self._kept is not None else None

    def _expect_true(self, change: Change) -> None:
        if isinstance(change, Put):
            self._expect_written(change.record)

    def _expect_written(self, record: AnyRecord) -> None:
        written = int(record.labels[WRITE])
        if written not in self._world.writes[record.uid]:
            raise Broken(f"{record.uid} was never written at {written}")
        if written < self._last.get(record.uid, 0):
            raise Broken(f"{record.uid} went back from {self._last[record.uid]} to {written}")
        self._last[record.uid] = written


class Rig:
    """The world, one observer of it, and a browser."""

    def __init__(self, *, seed: int, share: float, redis_url: str) -> None:
        self.random, self.now = Random(seed), 1000.0
        self.world = World(random=self.random)
        self.wire = Wire(world=self.world, random=self.random, share=share)
        self.share, self.divergences, self.observers = share, 0, 0
        self._redis = connect(url=redis_url)
        self.screen = Screen(url=redis_url, world=self.world)
        self._epoch = 0
        self.following: Following
        self._begin_observer()

    def happen(self, *, events: int) -> None:
        """So much is written, in small pieces, each of which is observed and shown."""
        self.wire.share = self.share
        for _ in range(0, events, BATCH):
            for _ in range(BATCH):
                self.world.write()
            self._trouble_redis()
            self._pass(BATCH_SECONDS)

    def expect_truth(self) -> None:
        """This will let no more go wrong, wait until the picture has been compared with lists, and raise Broken where it is not the truth."""
        self.wire.share = 0.0
        for _ in range(QUIET_ROUNDS):
            self._pass(2.0)
            if self.screen.picture == (truth := self._truth()):
                return
        shown = self.screen.picture or Picture()
        differing = {uid for uid in shown.objects.keys() | truth.objects.keys() if shown.objects.get(uid) != truth.objects.get(uid)}
        raise Broken(f"the picture is not the truth: {sorted(differing)[:5]}")

    def _pass(self, seconds: float) -> None:
        self.now += seconds
        self.following.hear(word=words.Contacted(self.now))
        for key, reflector in self._reflectors.items():
            if self.now >= self._due[key]:
                self._due[key] = self.now + reflector.run_round()
        while self._digesting.round() == 0.0:
            continue
        self.following.waits_for_redis.clear()
        self.following.settle(now=self.now)
        if self.following.is_void:
            self._begin_observer()
        elif self.following.wants_epoch.is_set():
            self.following.wants_epoch.clear()
            self._grant()
        self.screen.catch_up()

    def _trouble_redis(self) -> None:
        chance = self.random.random()
        if chance < self.share / 20:
            self._redis.flushall()
        elif chance < self.share / 10:
            self._begin_observer()

    def _begin_observer(self) -> None:
        """Another worker takes over, or the same one begins anew."""
        if self.observers:
            self.divergences += self.following._verifier.divergences
        self.observers += 1
        self.following = Following(
            specs=SPECS,
            publisher_for=self._publisher,
            nudge=lambda _=None: None,
            relist=self._relist,
            reopen=lambda _: None,
            quarantine=Quarantine(),
            bounds=Bounds(),
            clock=lambda: self.now,
        )
        wire: Any = self.wire
        self._reflectors = {
            spec.key: Reflector(
                wire,
                spec,
                self._deliver,
                limit=25,
                gather=partial(Gathered, kind=spec.kind),
                streams=spec.kind in STREAMED,
                clock=lambda: self.now,
                chance=self.random.random,
            )
            for spec in SPECS
        }
        self._due = dict.fromkeys(self._reflectors, self.now)
        self._digesting = Digesting(
            connection=wire, followed=lambda: self.following.followed(), tell=self._hear, clock=lambda: self.now
        )
        self._grant()

    def _grant(self) -> None:
        self._epoch += 1
        self.following.granted = self._epoch

    def _publisher(self, epoch: int) -> Publisher:
        return Publisher(redis=self._redis, cluster=CLUSTER, epoch=epoch, clock=lambda: self.now, sealed_by=SEALS)

    def _relist(self, key: str) -> None:
        self._reflectors[key].relist()
        self._due[key] = self.now

    def _deliver(self, said: Observation) -> None:
        for word in report(said=said, at=self.now):
            self._hear(word)

    def _hear(self, word: words.Word) -> None:
        self.following.hear(word=word)

    def _truth(self) -> Picture:
        projector = Projector()
        for spec in SPECS:
            decoder = spec.decoder()
            items = [decoder.decode(json.dumps(item)) for item in self.world.objects[spec.path].values()]
            projector.project(Listed(kind=Kind(spec.kind), sightings=tuple(sighting(kind=spec.kind, item=item) for item in items)))
        return projector.picture()


def run(*, events: int = EVENTS, checks: int = CHECKS, seed: int = 1, tell: Callable[[str], None] = print) -> list[Line]:
    """This will soak with a Redis of its own, and tell how it goes. Raises Broken with the seed where a promise is broken."""
    with tempfile.TemporaryDirectory(prefix="clusterview-stream-") as folder:
        server = RedisServer(folder=Path(folder))
        server.start()
        try:
            return soak(redis_url=server.url, events=events, checks=checks, seed=seed, tell=tell)
        finally:
            server.kill()


def soak(*, redis_url: str, events: int, checks: int, seed: int, share: float = SHARE, tell: Callable[[str], None] = print) -> list[Line]:
    """This will write so many events, and compare so many times."""
    rig, began, told_at = Rig(seed=seed, share=share, redis_url=redis_url), time.monotonic(), 0.0
    for check in range(1, checks + 1):
        try:
            rig.happen(events=events // checks)
            rig.expect_truth()
        except Broken as broken:
            raise Broken(f"seed {seed}, check {check}: {broken}") from broken
        if time.monotonic() - told_at > TELL_SECONDS:
            told_at = time.monotonic()
            tell(f"{check} of {checks} checks, version {rig.world.version:,}, {rig.wire.troubles:,} troubles")
    seconds = time.monotonic() - began
    repaired = rig.divergences + rig.following._verifier.divergences
    return [
        Line("quiet checks at which the browser had the truth", float(checks), "of them", goal=f"all {checks}", met=True),
        Line("events written", float(rig.world.version), ""),
        Line("answers and events that went wrong", float(rig.wire.troubles), ""),
        Line("objects that lists found wrong, and repaired", float(repaired), ""),
        Line("observers, one after the other", float(rig.observers), ""),
        Line("times that the browser began anew", float(rig.screen.resyncs), ""),
        Line("events a second", events / seconds, "/s"),
    ]
