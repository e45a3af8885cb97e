"""How often Python looks for garbage that refers to itself. A look at everything that Django keeps takes a process 40 ms, and everybody waits."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """This will spare the collector what cannot be garbage: with 150,000 pods it takes two thirds of the time otherwise.

    What the imports made lives as long as the process. Records hold no cycles, so looking for some after each 700 of them finds nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
