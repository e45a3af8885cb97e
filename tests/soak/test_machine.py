"""How many ways the state machines take is known to the test run that takes them."""

from __future__ import annotations

from tests import environment
from tests.soak import machine


def test_the_number_of_ways_is_not_forgotten_with_the_environment() -> None:
    assert machine.NAME.startswith(environment.TESTS)
