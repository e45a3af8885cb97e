"""What becomes of memory that nobody needs any more: how often Python looks for garbage that refers to itself (a look at everything that Django keeps
takes a process 40 ms, and everybody waits), and what of it goes back to the system.

glibc gives a heap's end back by itself, and what is free within it only when it is asked: each outage leaves other holes there, so a process
that holds no more than before would be larger each hour.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import itertools

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
BLOCK_BYTES = 256 * 1024
RETURN_SECONDS = 10.0
TIDY_SECONDS, THOROUGH_EACH = 60.0, 60


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
        mallopt = _libc().mallopt
        mallopt(M_MMAP_THRESHOLD, BLOCK_BYTES)
        mallopt(M_ARENA_MAX, 2)


def return_pages() -> float:
    """This will let glibc give back every page on which nothing lies, and tell after how many seconds to do so again.

    It takes half a millisecond, also with 150,000 pods. See malloc_trim(3). Elsewhere than on glibc nothing is done.
    """
    with contextlib.suppress(AttributeError, OSError):
        _libc().malloc_trim(0)
    return RETURN_SECONDS


def tidy() -> float:
    """This will look for garbage among what came since the last time, and now and then everywhere; return pages too, and tell after how many seconds
    to do so again.

    Each question that Django asks leaves a little that refers to itself. Where nothing else grows, the collector would look for it an hour later.
    """
    gc.collect(1 if next(_times) % THOROUGH_EACH else 2)
    return_pages()
    return TIDY_SECONDS


_times = itertools.count(1)


@functools.cache
def _libc() -> ctypes.CDLL:
    """Each one made is garbage that refers to itself afterwards."""
    return ctypes.CDLL(None)
