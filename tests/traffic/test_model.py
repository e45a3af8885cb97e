"""The protocol of a switch keeps its promises whatever happens in whichever order, and each of its guards is needed for that."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clusterview.traffic import states
from clusterview.traffic.states import LEADS_TO, State
from tests.soak import command, model
from tests.traffic.model.exploring import Explored, explore
from tests.traffic.model.invariants import PROMISES
from tests.traffic.model.mutants import ALONE, EMPTIED, MUTANTS, POLICY, SECOND_LOCKS, TWICE, WEBHOOK, WRITTEN, Mutant
from tests.traffic.model.worlds import BLUE, BOTH, GREEN, Bounds, Guards

S = State
EXPLORATIONS = {
    "one operation": Bounds(asked=1, foreign=1, faults=1, wishes=1),
    "one operation after another": Bounds(asked=2, foreign=0, faults=1, wishes=0),
    "an operation of two effects": Bounds(asked=1, foreign=0, faults=1, wishes=1, plan=(BLUE, BOTH, GREEN)),
    "an operation of two effects, and a way back from either of them": Bounds(asked=2, foreign=0, faults=1, wishes=0, plan=(BLUE, BOTH, GREEN)),
    "one operation, one fault upon another": Bounds(asked=1, foreign=0, faults=2, wishes=0),
    "where nothing of ours can be written beside the selector": POLICY,
    "where a webhook begins to take our annotations away": WEBHOOK,
    "where the new side loses its pods": EMPTIED,
}
IN_ONE_TRANSACTION = {(S.REQUESTED, S.QUEUED), (S.MARKING, S.ARMED), (S.ARMED, S.APPLYING)}
NEVER_TAKEN = {(S.REQUESTED, S.CANCELLED), (S.REQUESTED, S.REJECTED), (S.MARKING, S.CONFLICT)}


@pytest.fixture(scope="module")
def explored() -> dict[str, Explored]:
    return {name: explore(bounds=bounds) for name, bounds in EXPLORATIONS.items()}


@pytest.mark.parametrize("name", EXPLORATIONS)
def test_every_promise_holds_in_every_state_and_whatever_begins_can_end(name: str, explored: dict[str, Explored]) -> None:
    seen = explored[name]
    assert seen.broken is None, str(seen.broken)
    assert seen.is_whole


def test_a_hundred_thousand_states_are_visited(explored: dict[str, Explored]) -> None:
    assert sum(seen.states for seen in explored.values()) >= 100_000


def test_the_model_takes_every_transition_that_the_table_has_and_no_other(explored: dict[str, Explored]) -> None:
    taken = {step for seen in explored.values() for step in seen.went} - {(S.MARKING, S.APPLYING)}
    table = {(state, target) for state, targets in LEADS_TO.items() for target in targets}
    assert taken == table - IN_ONE_TRANSACTION - NEVER_TAKEN


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what.replace(" ", "-"))
def test_without_a_guard_a_promise_breaks(mutant: Mutant) -> None:
    seen = explore(bounds=mutant.bounds, guards=mutant.guards, promises={mutant.promise}, most=100_000)
    assert seen.broken is not None, f"{mutant.promise} holds although {mutant.what} ({seen.states} states)"
    assert seen.broken.promise == mutant.promise


def test_every_promise_can_break_and_every_guard_is_tried() -> None:
    assert {mutant.promise for mutant in MUTANTS} == set(PROMISES)
    assert {guard for mutant in MUTANTS for guard in mutant.without} | set(SECOND_LOCKS) == set(Guards.__slots__)


@pytest.mark.parametrize("guard", SECOND_LOCKS)
def test_a_second_lock_is_not_needed_as_long_as_the_first_one_holds(guard: str) -> None:
    for bounds in (WRITTEN, POLICY):
        seen = explore(bounds=bounds, guards=Guards(**{guard: False}))
        assert seen.is_whole, str(seen.broken)


def test_a_broken_promise_is_told_with_the_shortest_way_there() -> None:
    seen = explore(bounds=ALONE, guards=Guards(seals_before_void=False))
    told = str(seen.broken)
    assert told.startswith("I5: no effect lands after its OUTCOME")
    assert "is asked for: blue, then green, effect first" in told
    assert told.splitlines()[-1] == "  6. effect 1 of claim 0.1 (tests version 1) lands"


def test_an_exploration_stops_where_it_is_told_to_and_says_so() -> None:
    seen = explore(bounds=TWICE, most=500)
    assert 500 <= seen.states < 600
    assert not seen.is_whole


def test_a_table_without_a_transition_that_the_engine_takes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "LEADS_TO", {**LEADS_TO, S.SEALING: LEADS_TO[S.SEALING] - {S.UNKNOWN}})
    seen = explore(bounds=ALONE)
    assert seen.broken is not None
    assert seen.broken.promise == "I12"


@pytest.mark.parametrize(("guards", "code"), [({}, 0), ({"seals_before_void": False}, 1)])
def test_a_soak_says_what_it_saw_and_ends_with_one_where_a_promise_is_broken(
    guards: dict[str, bool], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def small(**arguments: object) -> Explored:
        tell = arguments["tell"]
        seen = explore(bounds=ALONE, guards=Guards(**guards))
        assert isinstance(tell, Callable)
        tell(seen)
        return seen

    monkeypatch.setattr(model, "explore", small)
    monkeypatch.setattr(model, "TELL_SECONDS", 0.0)
    assert command.main(["model"]) == code
    said = capsys.readouterr().out
    assert f"{code * len(model.EXPLORATIONS)} broken promises" in said.splitlines()[-1]
    assert ("I5: no effect lands" in said) == bool(code)
