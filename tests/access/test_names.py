"""A name in the audit is one person's, one token's, or the product's own."""

from __future__ import annotations

import pytest

from clusterview.access import names, people, tokens
from clusterview.traffic import moving_on

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", [moving_on.EXECUTOR, names.COMMAND_LINE, "Clusterview"])
def test_nobody_is_called_as_the_product_calls_itself(name: str) -> None:
    for make in (people.add, tokens.create):
        with pytest.raises(ValueError, match="Choose another name"):
            make(name=name, role="operator")


@pytest.mark.parametrize("name", ["olga", "Olga"])
def test_a_person_and_a_token_are_told_apart(name: str) -> None:
    people.add(name="olga", role="operator")
    tokens.create(name="ci", role="operator")
    with pytest.raises(ValueError, match="a person called"):
        tokens.create(name=name, role="operator")
    with pytest.raises(ValueError, match="a token called"):
        people.add(name="CI", role="operator")
