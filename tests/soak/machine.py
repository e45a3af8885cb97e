"""The state machines of switches and of the stream on many more ways than a test run takes. It is a plugin of the pytest that it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = 400
ROOT = Path(__file__).parents[2]
NAME = "CLUSTERVIEW_SOAK_EXAMPLES"
MACHINES = ("tests/traffic/test_invariants.py", "tests/stream/test_invariants.py")
ASKED = int(os.environ.get(NAME, EXAMPLES))  # read at once: a test run begins with an environment of its own


def soak(*, examples: int) -> bool:
    """This will take so many ways of forty steps each; false where an invariant breaks on one of them, which is told with a shortest such way."""
    command = [sys.executable, "-m", "pytest", *MACHINES, "-q", "-p", "tests.soak.machine"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, NAME: str(examples)}, check=False).returncode == 0


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    for item in items:
        item.module.EXAMPLES = ASKED
