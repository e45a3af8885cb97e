"""Whatever happens to a switch, in whatever order: the invariants hold after every step."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.traffic import world
from tests.traffic.memory import BLUE, GREEN, Order
from tests.traffic.world import World
from tests.worlds import Steps, explore

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

EXAMPLES = 122  # many more of them: `manage.py soak machine`
STEPS_OF_EXAMPLE = 110  # at least, on average; 20,000 in both tests together
SIDES = st.sampled_from(["blue", "green"])
WHO = st.integers(0, world.MOST_RUNS - 1)
TIMES = st.sampled_from([0, 1, 2, 4, 12])
PATCHES = st.sampled_from(["patch effect", "patch effect", "patch mark", "resize effect", "resize effect"])
LOSSES = st.sampled_from([Order.LOSE, Order.LOSE_AFTER, Order.LATE, Order.TWICE, Order.TWICE_BUSY])
CALLS = st.sampled_from(["", "patch effect", "patch effect", "patch mark", "convergence", "service", "resize effect", "size"])
SELECTORS = st.sampled_from([BLUE, GREEN, BLUE | {"track": "theirs"}, {"app": "shop"}])


class Machine(Steps[World]):
    """The rules are what may happen to a switch that is under way: somebody goes on before each of them, or else somebody begins.

    Hypothesis leaves some rules out of each of its examples, so that also the rare ones come to be the only ones.
    """

    def __init__(self) -> None:
        super().__init__(world.present())
        self.memory = self.world.memory

    def teardown(self) -> None:
        with self._stack:
            self.world.settle()
            assert not self.world.contradicted()

    def _go(self, who: int, times: int, *, until: str = "") -> world.Run | None:
        """Who is meant is counted among those that are there."""
        if not self.world.runs:
            self.world.take_over()
        if not self.world.runs:
            self.world.click(to="green" if self.memory.selector.get("slot") == "blue" else "blue")
        if not self.world.runs:
            return None
        run = self.world.runs[who % len(self.world.runs)]
        self.world.go(run, times=times, until=until)
        return None if run.ended else run

    @rule(who=WHO, times=TIMES)
    def go(self, who: int, times: int) -> None:
        self._go(who, times)

    @rule(who=WHO, until=CALLS, order=st.sampled_from([Order.FAIL, Order.BUSY]))
    def fail(self, who: int, until: str, order: Order) -> None:
        if run := self._go(who, 12 if until else 0, until=until):
            self.world.go(run, order)

    @rule(who=WHO, until=CALLS, order=st.sampled_from([Order.DIE, Order.DIE_AFTER]))
    def die(self, who: int, until: str, order: Order) -> None:
        if run := self._go(who, 12 if until else 0, until=until):
            self.world.go(run, order)

    @rule(who=WHO, until=PATCHES, order=LOSSES)
    def lose(self, who: int, until: str, order: Order) -> None:
        if run := self._go(who, 12, until=until):
            self.world.go(run, order)

    @rule(who=WHO, times=TIMES, to=SIDES, key=st.sampled_from([None, "one", "two"]), seconds=st.sampled_from([None, None, 1]))
    def click(self, who: int, times: int, to: str, key: str | None, seconds: int | None) -> None:
        self._go(who, times)
        self.world.click(to=to, key=key, overlap_seconds=seconds)

    @rule(who=WHO, times=TIMES)
    def back(self, who: int, times: int) -> None:
        self._go(who, times)
        self.world.back()

    @rule(who=WHO, times=TIMES)
    def keep(self, who: int, times: int) -> None:
        self._go(who, times)
        self.world.keep()

    @rule(who=WHO, times=TIMES)
    def leave(self, who: int, times: int) -> None:
        self._go(who, times)
        self.world.leave()

    @rule(who=WHO, times=TIMES)
    def watch(self, who: int, times: int) -> None:
        self._go(who, times)
        self.world.watch()

    @rule(who=WHO, until=CALLS, seconds=st.sampled_from([1.0, 6.0, 6.0, 40.0, 130.0]), takes_over=st.booleans(), beats=st.booleans())
    def wait(self, who: int, until: str, seconds: float, takes_over: bool, beats: bool) -> None:
        """Whoever it is stands still meanwhile, with a heartbeat or without."""
        run = self._go(who, 12 if until else 1, until=until)
        self.world.clock.pass_by(seconds)
        if run and beats:
            self.world.beat(run)
        if takes_over:
            self.world.reconcile()

    @rule(who=WHO, times=TIMES)
    def deliver(self, who: int, times: int) -> None:
        self._go(who, times)
        if self.memory.late:
            self.memory.deliver()

    @rule(who=WHO, until=CALLS, selector=SELECTORS)
    def edit(self, who: int, until: str, selector: dict[str, str]) -> None:
        self._go(who, 12 if until else 1, until=until)
        self.memory.edit(lambda document: document["spec"].update(selector=dict(selector)))

    @rule(who=WHO, until=CALLS)
    def touch(self, who: int, until: str) -> None:
        self._go(who, 12 if until else 1, until=until)
        self.memory.edit(lambda document: document["metadata"].update(labels={"touched": str(len(self.memory.writes))}))

    @rule(who=WHO, until=CALLS)
    def strip(self, who: int, until: str) -> None:
        self._go(who, 12 if until else 1, until=until)
        self.memory.edit(lambda document: document["metadata"].pop("annotations", None))

    @rule(who=WHO, until=CALLS, number=st.sampled_from([1, 2, 3]))
    def set_least(self, who: int, until: str, number: int) -> None:
        self._go(who, 12 if until else 1, until=until)
        self.world.autoscaler.write(number)

    @rule(who=WHO, until=CALLS, what=st.sampled_from(["touch", "touch", "strip", "replace", "forget"]))
    def change_autoscaler(self, who: int, until: str, what: str) -> None:
        self._go(who, 12 if until else 1, until=until)
        getattr(self.world.autoscaler, what)()

    @rule(who=WHO, times=TIMES)
    def expire(self, who: int, times: int) -> None:
        """The time in which the old side is kept is over."""
        self._go(who, times)
        self.world.clock.pass_by(world.HOLD_SECONDS)
        self.world.reconcile()

    @rule(who=WHO, times=TIMES)
    def replace(self, who: int, times: int) -> None:
        self._go(who, times)
        self.memory.create()

    @rule(who=WHO, times=TIMES)
    def forget(self, who: int, times: int) -> None:
        self._go(who, times)
        self.memory.forget()

    @rule(who=WHO, until=CALLS, permitted=st.booleans())
    def permit(self, who: int, until: str, permitted: bool) -> None:
        self._go(who, 12 if until else 1, until=until)
        self.world.permit(permitted)

    @rule(who=WHO, until=CALLS, armed=st.booleans())
    def arm(self, who: int, until: str, armed: bool) -> None:
        self._go(who, 12 if until else 1, until=until)
        self.world.arm(armed)

    @rule(who=WHO, until=CALLS, may=st.booleans())
    def may_patch(self, who: int, until: str, may: bool) -> None:
        self._go(who, 12 if until else 1, until=until)
        self.memory.may_patch = may

    @rule(who=WHO, until=CALLS, known=st.booleans())
    def let_in(self, who: int, until: str, known: bool) -> None:
        """The credential is taken away, or given back."""
        self._go(who, 12 if until else 1, until=until)
        self.memory.is_known = known

    @rule(who=WHO, until=CALLS, side=SIDES, size=st.sampled_from([0, 1, 2]))
    def scale(self, who: int, until: str, side: str, size: int) -> None:
        self._go(who, 12 if until else 1, until=until)
        self.memory.scale(side, size)

    @rule(who=WHO, until=CALLS, side=SIDES, finished=st.booleans())
    def roll_out(self, who: int, until: str, side: str, finished: bool) -> None:
        self._go(who, 12 if until else 1, until=until)
        self.memory.roll_out(side, finished=finished)

    @rule(who=WHO, times=TIMES, at_once=st.booleans())
    def follow(self, who: int, times: int, at_once: bool) -> None:
        self._go(who, times)
        self.memory.follows_at_once = at_once
        if at_once:
            self.memory.follow()


class Keeping(Machine):
    """It begins when blue was left just now and somebody is about to hold its autoscaler."""

    def __init__(self) -> None:
        super().__init__()
        self.world.click(to="green")
        self.world.go(self.world.runs[-1], times=40)
        self.world.reconcile()


def test_the_invariants_hold_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    before = World.steps
    explore(Machine, examples=EXAMPLES)
    assert World.steps - before >= EXAMPLES * STEPS_OF_EXAMPLE


def test_the_invariants_hold_while_the_old_side_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    before = World.steps
    explore(Keeping, examples=EXAMPLES // 2)
    assert World.steps - before >= EXAMPLES // 2 * STEPS_OF_EXAMPLE
