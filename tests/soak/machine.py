"""The state machines of switches and of the stream on many more ways than a test run takes. It is a plugin of the pytest that it starts."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak import postgresql

EXAMPLES, STEPS = 400, 40
ROOT = Path(__file__).parents[2]
NAME = "CLUSTERVIEW_TESTS_EXAMPLES"
MACHINES = ("tests/traffic/test_invariants.py", "tests/stream/test_invariants.py")
ASKED = int(os.environ.get(NAME, EXAMPLES))


def soak(*, examples: int, on_postgresql: bool = False) -> bool:
    """This will take so many ways of forty steps each; false where an invariant breaks on one of them, which is told with a shortest such way. On
    PostgreSQL, a server of its own, only a switch is one of them: the stream has no database.
    """
    with contextlib.ExitStack() as stack:
        around = stack.enter_context(postgresql.server()) if on_postgresql else {}
        command = [sys.executable, "-m", "pytest", *MACHINES[: 1 if on_postgresql else None], "-q", "-p", "tests.soak.machine"]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, **around, NAME: str(examples)}, check=False).returncode == 0


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    for item in [one for one in items if one.nodeid.partition("::")[0] in MACHINES]:
        item.module.EXAMPLES = ASKED
        item.module.STEPS_OF_EXAMPLE = STEPS  # a few ways need not be as long as many are on average
