"""Tests that run once more in a process of their own, where a process can have only one of what they need: a database, a Kubernetes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from dashboard.installing import ROOT

PATIENCE_SECONDS = 3_600  # the process that is nice has what the others leave of the processors


def run_apart(selected: Sequence[str], **environment: str) -> None:
    """This will run the selected tests with these words in the environment; what they say is told when one fails or is skipped."""
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *selected]
    around = os.environ | environment
    done = subprocess.run(line, cwd=ROOT, env=around, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    last = done.stdout.splitlines()[-1]
    assert " passed" in last
    assert " skipped" not in last, done.stdout
