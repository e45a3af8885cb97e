"""`manage.py soak NAME`: what takes too long for a test run. Exits with 1 when a promise is broken."""

from __future__ import annotations

import argparse

from tests.soak import model

SOAKS = {"model": model.soak}


def main(arguments: list[str]) -> int:
    """This will run one soak, tell how it goes, and return the exit code."""
    parser = argparse.ArgumentParser(prog="manage.py soak", description=__doc__)
    parser.add_argument("name", choices=sorted(SOAKS))
    parser.add_argument("--states", type=int, default=1 << 40, help="stop each exploration after so many states (default: see all of them)")
    chosen = parser.parse_args(arguments)
    return 0 if SOAKS[chosen.name](most=chosen.states) else 1
