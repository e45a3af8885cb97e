"""An executor dies or freezes at each point of its course, and another one finishes what it began.

Each case has a Service of its own, so that many die at once while reconcilers run beside them as in every worker. What an executor comes by is
found out first, by letting one go through undisturbed.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from clusterview.models import Switch
from clusterview.traffic import engine, requesting
from clusterview.traffic.states import State
from tests.lab.cluster import Cluster as Lab
from tests.traffic import clerking, explaining, judging
from tests.traffic.clerking import OLGA
from tests.traffic.executor import Clerk, Crash, Executor, Place, course, reconcile
from tests.traffic.model import retracing
from tests.traffic.model.retracing import Entry, Explanation, explain
from tests.traffic.points import Point
from tests.traffic.shops import TICKED, Shop, many

AT_ONCE = 3
RECONCILERS = 2
ENDED_WITHIN = 60.0
LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.05
BEFORE_AN_EFFECT = {(f"INTENT: {name} effect", "before") for name in ("patch", "resize")}
TRIES = 10  # somebody else may come before an executor to what it was to do where it dies, and then it begins anew with another Service


More = Callable[[int], list[Shop]]


@dataclass(frozen=True)
class Scenario:
    """How a switch comes to the course in which its executor crashes.

    `work` is what that executor does. `follows`: another one went the course of that scenario before, and died at the first point that is
    `left_at`. After that somebody may have asked to go back (`going_back`), or have written something else to the Service (`touched`).
    """

    name: str
    work: Callable[..., None]
    follows: str = ""
    left_at: tuple[str, str] = ("", "")
    going_back: bool = False
    touched: bool = False
    end: State = State.SUCCEEDED

    @property
    def goes_forward(self) -> bool:
        """Whether there is a way back from its end."""
        return self.end is State.SUCCEEDED and self.work in (switch, overlapping, take_up)


class Thaw(StrEnum):
    """When whoever froze goes on: a late effect finds the Service in another state each time."""

    NEVER = "dead for good"
    TAKEN_OVER = "thawed when another goes on"
    ENDED = "thawed after the end"
    WENT_BACK = "thawed after a way back"


@dataclass(frozen=True)
class Case:
    scenario: Scenario
    crash: Crash
    thaw: Thaw

    def __str__(self) -> str:
        return f"{self.scenario.name}: {self.crash.number.name} {self.crash.point}, {self.thaw}"

    @property
    def may_be_late(self) -> bool:
        """Whether the executor has an effect to send when it goes on."""
        return self.thaw is not Thaw.NEVER and (self.crash.point.name, self.crash.point.moment) in BEFORE_AN_EFFECT


@dataclass
class Fate:
    """What happened to one case. `epoch` is how often its operation was claimed by then, and `state` where it stood."""

    case: Case
    shop: Shop
    executor: Executor
    crashed_at: datetime | None = None
    epoch: int = 0
    state: str = ""
    thawed: bool = False
    trouble: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """`slowest` is how long the slowest switch waited for another executor, in seconds. Of `given_up` Services no run of the model was found, and not
    that there is none.
    """

    cases: int
    missed: list[str]
    problems: list[str]
    slowest: float
    given_up: int = 0


# What the executors do


def switch(watched: Callable[[], None], shop: Shop) -> None:
    """Olga clicks, and the process that heard it carries it out."""
    watched()
    click(shop)


def overlapping(watched: Callable[[], None], shop: Shop) -> None:
    watched()
    click(shop, overlap_seconds=1)


def back(watched: Callable[[], None], shop: Shop) -> None:
    first = succeeded(click(shop))
    watched()
    requesting.request_back(switch=first, person=OLGA)


def take_up(watched: Callable[[], None], shop: Shop) -> None:
    row = Switch.objects.get(namespace=shop.namespace, service=shop.service, open=True)
    watched()
    engine.advance(switch_id=row.pk)


def click(shop: Shop, *, to: str = "green", overlap_seconds: int | None = None) -> Switch:
    return requesting.request_switch(
        person=OLGA, cluster="lab", namespace=shop.namespace, service=shop.service, to=to, accept=TICKED, overlap_seconds=overlap_seconds
    )


def succeeded(row: Switch) -> Switch:
    """The switch at its end. On a busy machine whoever accepted it may leave it before that, and it is anybody's then."""
    row.refresh_from_db()
    while row.open:
        time.sleep(PAUSE_SECONDS)
        engine.advance(switch_id=row.pk)
        row.refresh_from_db()
    assert row.state == State.SUCCEEDED, (row.state, row.reason)
    return row


SCENARIOS = (
    Scenario("switch", switch),
    Scenario("back", back),
    Scenario("overlap", overlapping),
    Scenario("taken up", take_up, "switch", ("_save", "after")),
    Scenario("answer lost", take_up, "switch", ("patch effect", "after")),
    Scenario("effect lost", take_up, "switch", ("patch effect", "before")),
    Scenario("effect lost, Service touched", take_up, "switch", ("patch effect", "before"), touched=True),
    Scenario("turned back", take_up, "switch", ("convergence", "before"), going_back=True, end=State.ROLLED_BACK),
    Scenario("turned back between", take_up, "overlap", ("convergence", "before"), going_back=True, end=State.ROLLED_BACK),
)


class Sweep:
    """A database, its clerk, reconcilers, and a lab."""

    scenarios: tuple[Scenario, ...] = SCENARIOS
    kind: clerking.Kind = Switch
    per_node = 200  # cases that are under way together, as the cluster has room for

    def __init__(self, *, place: Place, lab: Lab) -> None:
        self._place, self._lab = place, lab
        self._clerk = Clerk(place)
        self._executors: list[Executor] = []
        self.courses: dict[str, list[Point]] = {}

    def run(self, *, choose: Callable[[list[Case]], list[Case]]) -> Result:
        """This will find every case, carry out those that are chosen, and judge."""
        try:
            self._clerk.ask(clerking.found)
            with self._shops() as more:
                self._find_courses(more)
            chosen = choose(self.cases())
            reconcilers = [self._start(reconcile) for _ in range(RECONCILERS)]
            fates: list[Fate] = []
            together = self.per_node * self._lab.nodes
            for first in range(0, len(chosen), together):
                some = chosen[first : first + together]
                with self._shops() as more:
                    fates += self._crash(list(zip(some, more(len(some)), strict=True)), more)
            for one in reconcilers:
                one.end()
            return self._judge(fates)
        finally:
            for one in self._executors:
                one.end()
            self._clerk.end()

    def _shops(self) -> AbstractContextManager[More]:
        return many(lab=self._lab, prefix="crash")

    def _start(self, work: Callable[..., None], *given: Any, crash: Crash | None = None) -> Executor:
        self._executors.append(Executor(self._place, work, *given, crash=crash))
        return self._executors[-1]

    def cases(self) -> list[Case]:
        """Every point with every signal. Whoever freezes inside a transaction keeps the database from all: no case of this sweep."""
        found = []
        for scenario in self.scenarios:
            for point in self.courses[scenario.name]:
                found.append(Case(scenario, Crash(point), Thaw.NEVER))
                for thaw in () if point.is_in_transaction else (Thaw.TAKEN_OVER, Thaw.ENDED, Thaw.WENT_BACK):
                    if thaw is not Thaw.WENT_BACK or scenario.goes_forward:
                        found.append(Case(scenario, Crash(point, signal.SIGSTOP), thaw))
        return found

    def _find_courses(self, more: More) -> None:
        for scenario in self.scenarios:
            followers = [one for one in self.scenarios if one.follows == scenario.name]
            for _ in range(TRIES):  # it goes another way where somebody else came before it
                shop = self._led_shop(scenario, more) if scenario.follows else self._new_shop(scenario, more)
                self.courses[scenario.name] = course(self._place, scenario.work, shop)
                if all(self._left_at(one) for one in followers):
                    break

    def _led_shop(self, scenario: Scenario, more: More) -> Shop:
        for _ in range(TRIES):
            shop = self._new_shop(scenario, more)
            leader = self._leader(scenario, shop)
            leader.process.join(20)
            if self._led(scenario, shop, leader):
                return shop
        raise AssertionError(f"{scenario.name}: nobody died at {scenario.left_at}")

    def _new_shop(self, scenario: Scenario, more: More) -> Shop:
        [shop] = more(1)
        self._begin(scenario, shop)
        return shop

    def _begin(self, scenario: Scenario, shop: Shop) -> None:
        """What is to be so before anybody does anything."""

    def _left_at(self, scenario: Scenario) -> Point | None:
        """Where whoever it follows is left, on the course that was found."""
        words, moment = scenario.left_at
        return next((one for one in self.courses[scenario.follows] if one.name.endswith(f": {words}") and one.moment == moment), None)

    def _leader(self, scenario: Scenario, shop: Shop) -> Executor:
        """Whoever brings the switch to where the scenario begins, and dies there."""
        left = self._left_at(scenario)
        assert left is not None, f"{scenario.follows} never came to {scenario.left_at}"
        work = next(one.work for one in self.scenarios if one.name == scenario.follows)
        return self._start(work, shop, crash=Crash(left))

    def _led(self, scenario: Scenario, shop: Shop, leader: Executor) -> bool:
        """This will prepare what follows, and tell whether the leader died where it was to."""
        if leader.exit_code != -signal.SIGKILL:
            return False
        for one in self._services(shop):
            self._clerk.ask(clerking.hand_over, one, going_back=scenario.going_back, kind=self.kind)
        self._touch(scenario, shop)
        return True

    def _services(self, shop: Shop) -> tuple[Shop, ...]:
        """The Services of a case, in the order in which they are switched."""
        return (shop,)

    def _touch(self, scenario: Scenario, shop: Shop) -> None:
        """What somebody else does before the executor begins that is to crash."""
        if scenario.touched:
            self._lab.patch(shop.path, {"metadata": {"labels": {"touched": "yes"}}})

    def _crash(self, waiting: list[tuple[Case, Shop]], more: More) -> list[Fate]:
        tries, missed = Counter[str](), Counter[str]()
        fates: list[Fate] = []
        leading: list[Fate] = []
        at_work: list[Fate] = []
        looked_at = 0.0
        while waiting or leading or at_work:
            while waiting and len(leading) + len(at_work) < AT_ONCE:
                case, shop = waiting.pop(0)
                self._begin(case.scenario, shop)
                is_led = bool(case.scenario.follows)
                fate = Fate(case, shop, self._leader(case.scenario, shop) if is_led else self._dying(case, shop))
                fates.append(fate)
                (leading if is_led else at_work).append(fate)
            for fate in [one for one in leading if one.executor.exit_code is not None]:
                leading.remove(fate)
                if not self._led(fate.case.scenario, fate.shop, fate.executor):
                    fates.remove(fate)
                    tries[str(fate.case)] += 1
                    assert tries[str(fate.case)] < TRIES, f"{fate.case}: nobody died at {fate.case.scenario.left_at}"
                    waiting.append((fate.case, more(1)[0]))
                    continue
                fate.executor = self._dying(fate.case, fate.shop)
                at_work.append(fate)
            for fate in [one for one in at_work if one.executor.exit_code is not None or one.executor.is_frozen]:
                at_work.remove(fate)
                missed[str(fate.case)] += 1
                if fate.executor.exit_code == 0 and missed[str(fate.case)] < TRIES:
                    fates.remove(fate)
                    waiting.append((fate.case, more(1)[0]))
                    continue
                self._crashed(fate)
            if time.monotonic() - looked_at > LOOK_SECONDS:
                self._thaw(fates)
                looked_at = time.monotonic()
            time.sleep(0.02)
        self._finish(fates)
        return fates

    def _dying(self, case: Case, shop: Shop) -> Executor:
        return self._start(case.scenario.work, shop, crash=case.crash)

    def _crashed(self, fate: Fate) -> None:
        if fate.executor.exit_code != 0:
            fate.crashed_at = self._clerk.ask(clerking.now)
        claimed = [self._clerk.ask(clerking.release, one, kind=self.kind) for one in self._services(fate.shop)]
        fate.epoch, fate.state = claimed[0]

    def _thaw(self, fates: list[Fate], *, seen: dict[tuple[str, str], int] | None = None) -> None:
        """This will let those go on who were frozen, once another executor has taken over or finished."""
        frozen = [one for one in fates if one.executor.exit_code is None and one.crashed_at and not one.thawed]
        if not frozen:
            return
        epochs = self._clerk.ask(clerking.epochs, kind=self.kind) if seen is None else seen
        for fate in frozen:
            epoch = epochs.get((fate.shop.namespace, fate.shop.service))
            if epoch is None or (fate.case.thaw is Thaw.TAKEN_OVER and epoch > fate.epoch):
                if fate.case.thaw is Thaw.WENT_BACK:
                    self._clerk.ask(clerking.go_back, fate.shop)
                fate.executor.send(signal.SIGCONT)
                fate.thawed = True

    def _finish(self, fates: list[Fate]) -> None:
        self._wait(fates)
        self._thaw(fates, seen={})
        for fate in fates:
            fate.executor.process.join(10)
            if (code := fate.executor.exit_code) not in (0, -signal.SIGKILL):
                fate.trouble.append(f"the executor ended with {code}")
                fate.executor.end()

    def _wait(self, fates: list[Fate], *, but: tuple[State, ...] = ()) -> None:
        """This will wait until none is open, or rests in other states than these."""
        deadline = time.monotonic() + ENDED_WITHIN
        while self._clerk.ask(clerking.epochs, kind=self.kind, but=but) and time.monotonic() < deadline:
            self._thaw(fates)
            time.sleep(LOOK_SECONDS)

    # Judging

    def _judge(self, fates: list[Fate]) -> Result:
        rows, entries = self._clerk.ask(clerking.rows), self._clerk.ask(clerking.entries)
        ours = {row.service_uid for row in rows}
        writes = [one for one in judging.stored(self._lab.writes()) if one.uid in ours]
        record = judging.Record(writes=writes, entries=entries, rows=rows)
        found = self._clerk.ask(clerking.chain) + judging.problems(record)
        of_shop: dict[Shop, list[judging.Row]] = defaultdict(list)
        shops = self._clerk.ask(clerking.where)
        for row in rows:
            of_shop[shops[row.id]].append(row)
        log, given_up, waits = explaining.of_services(self._lab.writes()), 0, [0.0]
        for fate in fates:
            problems = [*fate.trouble, *self._as_expected(fate, of_shop, record)]
            for shop in self._services(fate.shop):
                explanation = _explained(of_shop[shop], record, log[shop.namespace, shop.service], shop=shop)
                given_up += explanation.is_given_up
                problems += [explanation.unexplained] if explanation.unexplained else []
            found += [f"{fate.case}: {problem}" for problem in problems]
            if of_shop[fate.shop]:
                waits.append(waited(self._crashed_in(fate, of_shop, record).id, fate.crashed_at, entries))
        missed = [str(fate.case) for fate in fates if fate.crashed_at is None]
        return Result(len(fates), missed, found, max(waits), given_up)

    def _as_expected(self, fate: Fate, of_shop: Mapping[Shop, list[judging.Row]], record: judging.Record) -> Iterator[str]:
        """What is not as it must be at the end of this scenario."""
        return as_expected(of_shop[fate.shop], record, end=fate.case.scenario.end)

    def _crashed_in(self, fate: Fate, of_shop: Mapping[Shop, list[judging.Row]], _: judging.Record) -> judging.Row:
        """The switch that the executor was at when it crashed."""
        mine = of_shop[fate.shop]
        return mine[-2 if fate.case.thaw is Thaw.WENT_BACK and len(mine) > 1 else -1]


def _explained(rows: list[judging.Row], record: judging.Record, log: list[Mapping[str, Any]], *, shop: Shop) -> Explanation:
    """The run of the model that leads through what happened to a Service since it was made."""
    told = sorted((one for row in rows for one in record.of(row.id)), key=lambda one: one.sequence)
    lines = [Entry(one.switch, one.action, one.body) for one in told if one.action not in explaining.NOT_OF_THE_PROTOCOL]
    start, *versions = explaining.versions_in(log, namespace=shop.namespace, service=shop.service)
    return explain(retracing.Record(lines, versions, start, {row.id: row.state for row in rows}))


def as_expected(rows: list[judging.Row], record: judging.Record, *, end: State) -> Iterator[str]:
    """The end that the last switch of a Service must have, and a selector that agrees with it."""
    if not rows:
        return  # it died before the click was accepted
    last = rows[-1]
    if last.state != end:
        actions = [one.action for one in record.entries if one.switch == last.id]
        yield f"it ended as {last.state} ({last.reason}, {last.detail}): {', '.join(actions)}"
    expected = last.plan[0 if end in (State.ROLLED_BACK, State.CANCELLED) else -1]
    stored = [one for one in record.writes if one.uid == last.service_uid and one.stored]
    if stored[-1].selector != expected:
        yield f"the selector is {stored[-1].selector}"


def waited(operation: str, crashed_at: datetime | None, entries: list[judging.Entry]) -> float:
    """For how many seconds nobody did anything for an operation after its executor was gone."""
    claims = [one.at for one in entries if (one.switch, one.action) == (operation, "CLAIMED") and crashed_at and one.at > crashed_at]
    return (claims[0] - crashed_at).total_seconds() if crashed_at and claims else 0.0


def sample(*, seed: int, most: int = 1000) -> Callable[[list[Case]], list[Case]]:
    """This will choose each moment once, or so many of them, with one of the signals; whoever freezes before an effect, and may send it late, in
    every scenario.

    After one call and before the next one nothing is written and nothing is sent, so that is one moment.
    """

    def choose(cases: list[Case]) -> list[Case]:
        chance = random.Random(seed)
        by_point: dict[str, list[Case]] = defaultdict(list)
        for case in cases:
            point = case.crash.point
            if point.moment == "before" or point.is_in_transaction or point.name.endswith(" effect"):
                by_point[str(point)].append(case)
        moments = [chance.choice(found) for found in by_point.values()]
        return [one for one in cases if one.may_be_late] + chance.sample(moments, min(most, len(moments)))

    return choose


def around_effects(cases: list[Case]) -> list[Case]:
    """This will choose a few cases: each executor that is killed between INTENT and OUTCOME, and each that may send an effect late."""
    return [one for one in cases if one.may_be_late or (one.thaw is Thaw.NEVER and one.crash.point.name.endswith(" effect"))]
