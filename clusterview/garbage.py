"""What becomes of memory that nobody needs any more: how often Python looks for garbage that refers to itself (a look at everything that Django keeps
takes a process 40 ms, and everybody waits), and what of it goes back to the system.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
BLOCK_BYTES = 256 * 1024


def collect_rarely() -> None:
    """This will spare the collector what cannot be garbage: with 150,000 pods it takes two thirds of the time otherwise.

    What the imports made lives as long as the process. Records hold no cycles, so looking for some after each 700 of them finds nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def return_blocks() -> None:
    """This will let glibc give pages and frames back when they are freed: it would keep some for each of twenty threads, 40 MB in all.

    See mallopt(3). Elsewhere than on glibc nothing is done.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, BLOCK_BYTES)
        mallopt(M_ARENA_MAX, 2)
