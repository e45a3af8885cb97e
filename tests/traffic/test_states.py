"""The table of states is checked when it is imported, and a broken one would not import."""

from __future__ import annotations

import pytest

from clusterview.traffic import states
from clusterview.traffic.states import LEADS_TO, State


def test_the_table_is_whole() -> None:
    assert states.problems(LEADS_TO) == []
    states.check(path=states.USUAL_WAY)


@pytest.mark.parametrize("state", sorted(states.TERMINAL))
def test_an_end_absorbs(state: State) -> None:
    for target in State:
        with pytest.raises(states.NoSuchTransition):
            states.check(path=(state, target))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({State.SUCCEEDED: frozenset({State.PREPARING})}, "succeeded is an end and leads on"),
        ({State.VERIFYING: frozenset()}, "verifying absorbs and is not named an end"),
        ({State.MARKING: frozenset({State.PREPARING})}, "applying is never reached"),
        ({State.APPLYING: frozenset({State.ARMED}), State.ARMED: frozenset({State.APPLYING})}, "applying never ends"),
    ],
)
def test_a_broken_table_is_noticed(broken: dict[State, frozenset[State]], said: str) -> None:
    assert said in states.problems({**LEADS_TO, **broken})


def test_nothing_leads_from_a_sent_effect_to_success_without_verifying() -> None:
    assert {state for state, targets in LEADS_TO.items() if State.SUCCEEDED in targets} == {State.VERIFYING}


def test_a_doubt_is_never_answered_by_sending_again() -> None:
    assert State.APPLYING not in LEADS_TO[State.UNKNOWN] | LEADS_TO[State.SEALING]
