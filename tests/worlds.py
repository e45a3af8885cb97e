"""What the state machines of switches and of streams share: a world that is looked at after each step, and ways to break the product in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Generic, Protocol, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

STEPS = 40


class World(Protocol):
    """`check` raises AssertionError where an invariant does not hold, `settle` where one does not when everything has come to rest."""

    def check(self) -> None: ...
    def settle(self) -> None: ...


W = TypeVar("W", bound=World)
Patch = pytest.MonkeyPatch
Mutant = Callable[[Patch, W], None]


class Steps(RuleBasedStateMachine, Generic[W]):
    """A world that lives as long as one way through the rules, whose invariants are looked at after each of them."""

    def __init__(self, present: AbstractContextManager[W]) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.world = self._stack.enter_context(present)

    @invariant()
    def holds(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        with self._stack:
            self.world.settle()


def explore(machine: type[RuleBasedStateMachine], *, examples: int) -> None:
    """This will take so many ways through the rules, the same ones each time."""
    chosen = settings(
        max_examples=examples, stateful_step_count=STEPS, derandomize=True, database=None, deadline=None,
        phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=chosen)


class Mutants(dict[str, Mutant[W]]):
    """Ways to break the product, each named after the invariant that does not hold then."""

    def breaks(self, invariant: str) -> Callable[[Mutant[W]], Mutant[W]]:
        """Names a way to break this invariant; the world is settled and checked afterwards."""

        def named(mutant: Mutant[W]) -> Mutant[W]:
            self[f"{invariant}: {mutant.__name__.replace('_', ' ')}"] = mutant
            return mutant

        return named

    def expect_noticed(self, name: str, patch: Patch, present: AbstractContextManager[W]) -> None:
        """This will break the product so; the world has to say which invariant does not hold."""
        with present as here, pytest.raises(AssertionError, match=f"(?m)^{name.partition(':')[0]}: "):
            self[name](patch, here)
            here.check()
            here.settle()
