"""The contract with each behaviour of the practice cluster broken on purpose: who does not notice is told. A plugin of the pytest that it starts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.breaks import BREAKS
from tests.contract.subjects import Subject

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 4.0  # of a wait for what will not come; a test that passes waits for less
BY_TEST = {test: one for one in BREAKS for test in one.tests}


def soak(*, chosen: str = "") -> bool:
    """This will run the contract's tests, or those that pytest's `-k` chooses, each on what it must notice; false where one does not."""
    wanted = f"practice and ({chosen})" if chosen else "practice"
    plugins = ["tests.soak.contract", "no:cacheprovider", "no:unraisableexception", "no:threadexception"]  # a test that fails leaves things open
    command = [sys.executable, "-m", "pytest", "tests/contract", "-q", *(word for one in plugins for word in ("-p", one)), "-k", wanted]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """What a test needs is made in a whole cluster; it is broken while the test itself runs."""
    broken = BY_TEST[pyfuncitem.originalname]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Subject, "wait_for", hasty(Subject.wait_for))
        patch.setattr(broken.place, broken.name, broken.by(getattr(broken.place, broken.name)))
        try:
            found = yield
        except (Exception, pytest.fail.Exception):
            return True
    pytest.fail(f"{pyfuncitem.originalname} does not notice that {broken.what}")
    return found


def hasty(wait_for: Callable[..., Any]) -> Callable[..., Any]:
    """The same with less patience."""
    return lambda self, look, *, seconds=LONGEST_SECONDS, what="it": wait_for(self, look, seconds=min(seconds, LONGEST_SECONDS), what=what)
