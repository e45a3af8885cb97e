"""A name in the audit is one person's, one token's, or the product's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from clusterview.access import names, people, tokens
from clusterview.models import ApiToken, Grant
from clusterview.traffic import moving_on

pytestmark = pytest.mark.django_db
MAKING = (partial(people.add, actor="ada"), tokens.create)


@pytest.mark.parametrize("name", [moving_on.EXECUTOR, names.COMMAND_LINE, "Clusterview"])
def test_nobody_is_called_as_the_product_calls_itself(name: str) -> None:
    for make in MAKING:
        with pytest.raises(ValueError, match="Choose another name"):
            make(name=name, role="operator")


@pytest.mark.parametrize("name", ["olga", "Olga"])
def test_a_person_and_a_token_are_told_apart(name: str) -> None:
    people.add(name="olga", role="operator", actor="ada")
    tokens.create(name="ci", role="operator")
    with pytest.raises(ValueError, match="a person called"):
        tokens.create(name=name, role="operator")
    with pytest.raises(ValueError, match="a token called"):
        people.add(name="CI", role="operator", actor="ada")


@pytest.mark.parametrize(("name", "why"), [("ｃlusterview", "Choose another name"), ("ｄeploy", "a token called"), ("ｏlga", "a person called")])
def test_letters_that_look_alike_make_no_other_name(name: str, why: str) -> None:
    people.add(name="olga", role="operator", actor="ada")
    tokens.create(name="deploy", role="operator")
    for make in MAKING:
        with pytest.raises(ValueError, match=why):
            make(name=name, role="operator")
    with pytest.raises(ValueError, match=why):
        names.expect_free(name)


@pytest.mark.parametrize(
    "name",
    [
        *("olga\u200b", "\u202eaglo", "ol\nga", "ol\x1bga", "olga ", " olga", "\u00a0olga", "olga\u2028"),
        *(f"ol{unseen}ga" for unseen in "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u2800\u3164\ufe00\ufe0f\uffa0\U000e0100\U000e01ef"),
    ],
)
def test_a_name_has_nothing_that_is_not_seen_t21(name: str) -> None:
    people.add(name="olga", role="operator", actor="ada")
    for make in MAKING:
        with pytest.raises(ValueError, match="nobody sees"):
            make(name=name, role="operator")


def test_two_spaces_make_no_other_name_than_one_t21() -> None:
    tokens.create(name="shop ci", role="operator")
    for make in MAKING:
        with pytest.raises(ValueError, match="nobody sees"):
            make(name="shop  ci", role="operator")


def test_a_name_in_another_script_is_one() -> None:
    for make, name in zip(MAKING, ("김 영희", "배포 ci"), strict=True):
        make(name=name, role="operator")


def test_a_name_is_kept_in_plain_letters() -> None:
    assert people.add(name="ｖera", role="viewer", actor="ada").get_username() == "vera"
    person = people.person_of_token(tokens.create(name="ｃi", role="operator"))
    assert person is not None
    assert person.name == "ci"
    assert tokens.revoke(name="ci")


def test_a_token_that_was_named_in_other_letters_before_can_be_ended() -> None:
    ApiToken.objects.create(name="ｃi", role="operator", token_hash="x")
    assert not tokens.revoke(name="ci")
    assert tokens.revoke(name="ｃi")


@pytest.mark.parametrize("make", MAKING)
def test_of_two_who_take_a_name_at_once_one_is_told_that_it_is_taken(make: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    make(name="vera", role="viewer")
    monkeypatch.setattr(names, "expect_free", lambda _: None)  # as it was a moment before
    with pytest.raises(ValueError, match=r"already a (person|token) called vera"):
        make(name="vera", role="admin")
    assert [one.role for kind in (Grant, ApiToken) for one in kind._default_manager.all()] == ["viewer"], "and the transaction goes on"
