"""Everything that can happen to switches of one Service, one thing after another, and what must hold after each.

The product's code is the real one, down to its transactions; the API server is `Memory`, and time stands still until it is let pass.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from django.db import connection
from django.utils import timezone

from clusterview.access import auditing
from clusterview.access.people import Person
from clusterview.models import ApiToken, AuditEntry, AuditHead, Operation, Sizing, Switch
from clusterview.models import Cluster as ClusterRow
from clusterview.traffic import engine, keeping, moving_on, reconciling, reporting, requesting, sizing
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import TERMINAL, State
from tests import databases
from tests.traffic import clerking, judging, judging_sizes
from tests.traffic.interleaving import Run
from tests.traffic.memory import Memory, Order, Sent
from tests.traffic.numbers import Numbered

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
MOST_RUNS = 3
OLDEST_LOOK_SECONDS = 2.0
LONG_ENOUGH = 60
LEAST, MOST = 1, 5
HOLD_SECONDS = 601.0
NEW_ENTRIES = f"SELECT * FROM {AuditEntry._meta.db_table} WHERE sequence > %s ORDER BY sequence"
AnyOperation = TypeVar("AnyOperation", bound=Operation)


class Clock:
    """Every look at it is a microsecond later, so that no two moments are the same."""

    def __init__(self) -> None:
        self.seconds = self.ahead = 0.0

    def jump(self, seconds: float) -> None:
        """It is set, as by NTP; what is counted without it goes on."""
        self.ahead += seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds

    def now(self) -> datetime:
        self.seconds += 1e-6
        return BEGAN + timedelta(seconds=self.seconds + self.ahead)

    def monotonic(self) -> float:
        return self.seconds


class World:
    """One Service `store/shop`, olga who may switch it, and executors. `steps` counts in all worlds how often the invariants were looked at."""

    steps = 0

    def __init__(self) -> None:
        self.clock = Clock()
        self.memory = Memory(hold=self._hold, moment=self.clock.now)
        self.autoscaler: Numbered = self.memory.autoscale(least=LEAST, most=MOST)
        self.runs: list[Run] = []
        self.permitted, self.armed = True, True
        self._keys: dict[str, str] = {}
        self._told: list[tuple[str, str]] = []
        self._entries: list[judging.Entry] = []
        self._last_hash, self._began = auditing.START, 0
        self._ended: dict[str, State] = {}
        self._problems: list[str] = []
        self._judged: object = None

    # Executors

    def begin(self, work: Callable[[], object], *, key: str = "") -> Run | None:
        """Somebody begins a piece of work, unless enough are busy."""
        if len(self.runs) >= MOST_RUNS:
            return None
        self._began += 1
        run = Run(name=f"executor-{self._began}", work=work)
        self.runs.append(run)
        self.go(run)
        return run

    def click(self, *, to: str, key: str | None = None, overlap_seconds: int | None = None) -> None:
        def work() -> Switch:
            return requesting.request_switch(
                person=self.olga, cluster="lab", namespace="store", service="shop", to=to, idempotency_key=key, overlap_seconds=overlap_seconds,
                opened=lambda _: self.memory,
            )  # fmt: skip

        self.begin(lambda: self._remember(key, work()))

    def back(self) -> None:
        if last := Switch.objects.first():
            self.begin(lambda: requesting.request_back(switch=last, person=self.olga, opened=lambda _: self.memory))

    def keep(self) -> None:
        if last := Switch.objects.first():
            try:
                requesting.keep(switch=last, person=self.olga, minutes=5)
            except Refused:
                return
            self._read()

    def leave(self) -> None:
        if last := Switch.objects.first():
            try:
                requesting.leave(switch=last, person=self.olga)
            except Refused:
                return
            self._read()

    def watch(self) -> None:
        """Somebody looks whether what was switched still stands."""
        self.begin(lambda: keeping.watch(opened=lambda _: self.memory))

    def reconcile(self) -> None:
        """Whoever is free takes up what nobody holds."""
        for switch_id in _due(Switch):
            self.begin(lambda switch_id=switch_id: engine.advance(switch_id=switch_id, opened=lambda _: self.memory))
        for sizing_id in _due(Sizing):
            self.begin(lambda sizing_id=sizing_id: sizing.advance(sizing_id=sizing_id, opened=lambda _: self.memory))

    def take_over(self) -> None:
        """What an executor left is taken up, as soon as its claim has run out."""
        self.reconcile()
        if not self.runs and Switch.objects.filter(open=True).exists():
            self.clock.pass_by(moving_on.LEASE.total_seconds() + 1)
            self.reconcile()

    def go(self, run: Run, order: Order = Order.GO, *, times: int = 1, until: str = "") -> None:
        """This will let it go on so many times, or until it stands before a certain call. The invariants are looked at after each of them."""
        for _ in range(times):
            if run.ended or (until and run.at == until):
                break
            run.go(order)
            self.check()
        if run.ended:
            self.runs.remove(run)

    def go_all(self) -> None:
        """This will let each of them go on to its end."""
        for run in list(self.runs):
            self.go(run, times=LONG_ENOUGH)

    def die(self, run: Run) -> None:
        run.die()
        self.runs.remove(run)
        self._read()

    def beat(self, run: Run) -> None:
        """The heartbeat of an executor that lives and waits for an answer."""
        held = [one for kind in (Switch, Sizing) for one in kind.objects.filter(holder=run.name, open=True).values_list("pk", flat=True)]
        moving_on.beat(held, holder=run.name)

    @property
    def olga(self) -> Person:
        return Person(name="olga", role="operator", token_id=1)

    # Permission

    def permit(self, permitted: bool) -> None:
        ApiToken.objects.filter(pk=1).update(revoked_at=None if permitted else timezone.now())
        self.permitted = permitted

    def arm(self, armed: bool) -> None:
        ClusterRow.objects.filter(pk="lab").update(armed_at=timezone.now() if armed else None)
        self.armed = armed

    # The end

    def settle(self) -> None:
        """Every fault ends, and whoever lives goes on: all switches must come to their ends."""
        for run in list(self.runs):
            self.die(run)
        self.permit(True)
        self.arm(True)
        self.memory.may_patch = self.memory.follows_at_once = self.memory.is_known = True
        self.memory.forbidden = frozenset()
        for side in ("blue", "green"):
            self.memory.scale(side, 2)
        self.memory.follow()
        self._finish(Switch)
        self.clock.pass_by(HOLD_SECONDS)
        self._finish(Sizing)
        for late in range(len(self.memory.late)):
            if self.memory.deliver() == 200 and not Switch.objects.filter(reason__in=judging.GIVEN_UP).exists():
                self._problems.append(f"I5: patch {late} landed after everything had ended")
        left = [state for kind in (Switch, Sizing) for state in kind.objects.filter(open=True).values_list("state", flat=True)]
        self._problems += [f"I19: an operation stays in {state}" for state in left]
        at = self.autoscaler
        self._problems += judging_sizes.left(rows=Sizing.objects.all(), number=at.number, writes=at.writes, original=LEAST)
        self._problems += auditing.verify()
        self.check()

    def contradicted(self) -> list[str]:
        """The rows that History takes for edited ones."""
        told = [*reporting.newest_first(clusters=["lab"], limit=LONG_ENOUGH), *map(reporting.size, Sizing.objects.all())]
        return [f"{one['id']}: {', '.join(one['differs'])}" for one in told if one["differs"]]

    def _finish(self, kind: type[Operation]) -> None:
        """Reconcilers look each second, as they do. What is held rests by itself; for everything else somebody has to come."""
        claimed_at: dict[tuple[uuid.UUID, int], float] = {}
        for _ in range(LONG_ENOUGH):
            for claim in kind._default_manager.filter(open=True).exclude(state=State.HELD).values_list("pk", "epoch"):
                if self.clock.seconds - claimed_at.setdefault(claim, self.clock.seconds) > judging.NEXT_EXECUTOR_SECONDS:
                    self._problems.append(f"I19: nobody has come for {claim[0]} for more than {judging.NEXT_EXECUTOR_SECONDS:.0f} s")
            if not kind._default_manager.filter(open=True).exists():
                break
            self.clock.pass_by(reconciling.ROUND_SECONDS)
            self.reconcile()
            self.go_all()
            self.check()

    # What must hold

    def check(self) -> None:
        """Raises AssertionError with everything that does not hold."""
        World.steps += 1
        written = (_rows_written(), len(self.memory.writes), len(self.autoscaler.writes))
        if written != self._judged:
            self._judged = written
            self._judge()
        problems, self._problems = self._problems, []
        assert not problems, "\n".join(problems)

    def _judge(self) -> None:
        self._read()
        rows = _all_of(Switch)
        for row in rows:
            self._look_at_row(row)
        record = judging.Record(writes=self.memory.writes, entries=self._entries, rows=[clerking.row_of(one) for one in rows])
        self._problems += judging.problems(record)
        sizes = _all_of(Sizing)
        for size in sizes:
            self._look_at_row(size)
        self._problems += judging_sizes.problems(rows=sizes, writes=self.autoscaler.writes, entries=self._entries)
        self._problems += judging_sizes.put_back(self.autoscaler.writes, self._entries, original=LEAST)
        while self.memory.sent:
            sent = self.memory.sent.pop()
            if math.isinf(sent.empty_for):
                self._problems.append(f"I9: {sent.marker} leads to a side that nobody belongs to")
            elif sent.empty_for > OLDEST_LOOK_SECONDS:
                self._problems.append(f"I8: {sent.marker} was sent {sent.empty_for:.1f} s after the last pod of its side was ready")
            elif not self._was_as_large(sent):
                self._problems.append(f"I8: {sent.marker} was sent although its side was smaller than the one that is left")
            row = next(one for one in rows if str(one.pk) == sent.marker.partition(":")[0])
            if not row.returning and row.reverses_id is None and sent.rolling_for.get(row.to_value, 0.0) > OLDEST_LOOK_SECONDS:
                self._problems.append(f"I8: {sent.marker} leads to a side whose rollout began {sent.rolling_for[row.to_value]:.1f} s before")

    def _was_as_large(self, sent: Sent) -> bool:
        """Whether a look that was young enough could see that. A way back depends on its own side alone."""
        pk, _, step = sent.marker.partition(":")
        row, intents = Switch.objects.get(pk=pk), [one for one in self._entries if (one.switch, one.action) == (pk, "INTENT")]
        if row.reverses_id or any(one.body["returning"] for one in intents if str(one.body["step"]) == step):
            return True
        since = sent.at - timedelta(seconds=OLDEST_LOOK_SECONDS)
        return self.memory.was_as_large(side=row.to_selector, other=row.from_selector, since=since, until=sent.at)

    def _read(self) -> None:
        """What was just done is held against how things are now, before anything else happens."""
        for entry in list(AuditEntry.objects.raw(NEW_ENTRIES, [len(self._entries)])):
            self._look_at(entry)

    def _look_at(self, entry: AuditEntry) -> None:
        if entry.previous_hash != self._last_hash or entry.hash != auditing.hash_of(entry=entry):
            self._problems.append(f"I15: entry {entry.sequence} is not in the chain")
        self._last_hash = entry.hash
        self._entries.append(clerking.entry_of(entry))
        if entry.action == "INTENT" and not (self.armed and (self.permitted or entry.body["returning"])):
            self._problems.append(f"I11: an INTENT of {entry.switch_id} that nobody permitted")
        if entry.action == "VERIFIED":
            self._look_at_endpoints(entry)

    def _look_at_endpoints(self, entry: AuditEntry) -> None:
        switch = Switch.objects.get(pk=entry.switch_id)
        side = switch.from_value if switch.state == State.ROLLED_BACK else switch.to_value
        listed = set(self.memory.endpoints.values())
        if not listed or any(not name.startswith(side) for name in listed):
            self._problems.append(f"I14: {entry.switch_id} was verified with the endpoints {sorted(listed)}")

    def _look_at_row(self, row: Operation) -> None:
        before = self._ended.get(str(row.pk))
        if before is not None and row.state != before:
            self._problems.append(f"I12: {row.pk} went from {before} to {row.state}")
        if row.state in TERMINAL:
            self._ended[str(row.pk)] = State(row.state)
        if row.failures:
            self._problems.append(f"I12: a defect ended a step of {row.pk} in {row.state}")

    def _remember(self, key: str | None, switch: Switch) -> Switch:
        if key and self._keys.setdefault(key, str(switch.pk)) != str(switch.pk):
            self._problems.append(f"I13: the key {key} began two switches")
        return switch

    def told(self, switch: Operation, *, state: str) -> None:
        """What pages are told must be committed."""
        if connection.in_atomic_block or not moving_on.rows_of(switch).filter(state=state).exists():
            self._problems.append(f"I16: {state} was told of {switch.pk}, which is not true")

    def _hold(self, at: str) -> Order:
        run = next((one for one in self.runs if one.is_here), None)
        return run.stand(at) if run else Order.GO


def _rows_written() -> object:
    """It is the same as long as nothing was written to the database, which all share one connection to; where that is not counted, never."""
    return connection.connection.total_changes if connection.vendor == "sqlite" else object()


@cache
def _asked_for(kind: type[Operation]) -> str:
    """To write this SQL takes Django longer than SQLite takes to answer it, and the invariants ask for the same after every step."""
    return str(kind._default_manager.order_by("requested_at").query)


def _all_of(kind: type[AnyOperation]) -> list[AnyOperation]:
    """What is stored as it was the last time is not made into rows once more."""
    with connection.cursor() as cursor:
        cursor.execute(_asked_for(kind))
        stored = cursor.fetchall()
    if kind not in _read or _read[kind][0] != stored:
        _read[kind] = stored, list(kind._default_manager.raw(_asked_for(kind)))
    rows: list[AnyOperation] = _read[kind][1]
    return rows


def _due(kind: type[Switch] | type[Sizing]) -> list[uuid.UUID]:
    """What is due, which Django takes long to ask for; nothing is where nothing is open."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {kind._meta.db_table} WHERE open LIMIT 1")
        is_any_open = cursor.fetchone() is not None
    return moving_on.due(kind) if is_any_open else []


_read: dict[type[Operation], tuple[list[Any], list[Any]]] = {}
_present: list[World] = []


@contextmanager
def present() -> Iterator[World]:
    """A world with an empty database; its executors are gone afterwards."""
    for model in (Sizing, Switch, AuditEntry):
        model.objects.all()._raw_delete(databases.owner())
    AuditHead.objects.update(sequence=0, hash=auditing.START)
    ApiToken.objects.update_or_create(pk=1, defaults={"name": "olga", "role": "operator", "token_hash": "x", "revoked_at": None})
    ClusterRow.objects.update_or_create(pk="lab", defaults={"name": "lab", "active": True, "armed_at": BEGAN})
    world = World()
    _present.append(world)
    try:
        yield world
    finally:
        for run in list(world.runs):
            world.die(run)
        _present.remove(world)


@contextmanager
def moved(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world in which the product lives and a switch to green has succeeded; everything in it is settled afterwards."""
    enter(monkeypatch)
    with present() as made:
        made.click(to="green")
        made.go(made.runs[-1], times=40)
        assert Switch.objects.get().state == State.SUCCEEDED
        yield made
        made.settle()


def enter(monkeypatch: pytest.MonkeyPatch) -> None:
    """This will have the product live in the world that is present."""

    def clock() -> Clock:
        return _present[-1].clock if _present else Clock()

    time = SimpleNamespace(monotonic=lambda: clock().monotonic(), sleep=lambda seconds: clock().pass_by(seconds))
    monkeypatch.setattr(timezone, "now", lambda: clock().now())
    monkeypatch.setattr(moving_on, "now", lambda: clock().now())
    monkeypatch.setattr(engine, "time", time)
    monkeypatch.setattr(requesting, "time", time)
    monkeypatch.setattr(requesting, "carry_out", lambda switch, *, look, opened: engine.begin(switch, look=look, opened=opened))
    monkeypatch.setattr(moving_on, "tell", lambda switch, *, state: _present[-1].told(switch, state=state))
