"""An admission that changes what we write. The model knows of none, so these switches are not explained by it (fault F100)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from clusterview.access.people import Person
from clusterview.traffic.states import State
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until
from tests.traffic.test_engine import BLUE, GREEN, Reached, actions, ask, carry_out, no_doorbell, olga, reached, writes
from tests.traffic.test_faults import SERVICE, SWITCHES, Writes, made_of, policy

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
__all__ = ["no_doorbell", "olga", "policy", "reached", "writes"]

ADDS_A_KEY = '[JSONPatch{op: "add", path: "/spec/selector/team", value: "theirs"}]'


@pytest.fixture
def set_right(lab_shop: Lab) -> Iterator[None]:
    """A key that was added to the selector would stay when the others are set as they were."""
    yield
    lab_shop.patch(SERVICE, {"spec": {"selector": BLUE | {"team": None}}})


def test_what_an_admission_makes_of_the_effect_is_told_and_not_fought_f100(
    olga: Person, reached: Reached, lab_shop: Lab, policy: Callable[..., None], set_right: None, writes: Writes
) -> None:
    """https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/"""
    if lab_shop.is_older:
        pytest.skip("an older API server has no policy that changes what is written")
    switch, theirs = ask(olga=olga, reached=reached), GREEN | {"team": "theirs"}
    policy(
        "MutatingAdmissionPolicy",
        {
            "reinvocationPolicy": "Never",
            "matchConditions": [{"name": "to-green", "expression": f"{SWITCHES} && object.spec.selector.slot == 'green'"}],
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": ADDS_A_KEY}}],
        },
        {},
    )
    wait_until(lambda: made_of(lab_shop, GREEN) == theirs, seconds=40, what="the policy is in force")
    carry_out(switch, reached)
    assert (switch.state, switch.open) == (State.REVERTED_EXTERNALLY, False), (switch.reason, switch.detail)
    assert switch.detail.startswith("an admission made it ") and "team=theirs" in switch.detail
    assert writes() == [BLUE, theirs]
    assert actions(switch).count("INTENT") == actions(switch).count("OUTCOME") == 1
