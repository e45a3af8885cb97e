"""Each behaviour of the contract was seen to fail: `manage.py soak contract` breaks them all, one after the other; here it is a handful."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.soak import contract

HERE = Path(__file__)


def behaviours() -> set[str]:
    """The name of every test that is asked of both clusters."""
    files = [path for path in HERE.parent.glob("test_*.py") if path != HERE]
    trees = [ast.parse(path.read_text()) for path in files]
    return {one.name for tree in trees for one in tree.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}


def test_every_behaviour_is_broken_once() -> None:
    broken = [test for one in contract.BREAKS for test in one.tests]
    assert set(broken) == behaviours() and len(broken) == len(set(broken))


def test_what_is_broken_is_noticed() -> None:
    assert contract.soak(chosen="test_a_body_that_is_no_json_is_400 or test_an_unknown_token_is_401 or test_a_merge_patch_with_an_old_version_is_409")
