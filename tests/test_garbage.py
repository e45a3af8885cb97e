"""Memory that nobody needs any more goes back to the system."""

from __future__ import annotations

import ctypes
import mmap
import weakref

import pytest

from clusterview import garbage

BLOCK_BYTES, BLOCKS = 64 * 1024, 64  # together more than is given back by itself, and each too small for pages of its own
HOLE = slice(8, 56)


def is_there(libc: ctypes.CDLL, address: int) -> bool:
    """Whether the first whole page from this address on lies in memory: https://man7.org/linux/man-pages/man2/mincore.2.html."""
    said = ctypes.c_ubyte()
    page = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
    assert libc.mincore(ctypes.c_void_p(page), ctypes.c_size_t(mmap.PAGESIZE), ctypes.byref(said)) == 0
    return bool(said.value & 1)


class Knot:
    """Refers to itself."""

    def __init__(self) -> None:
        self.itself = self


def test_what_refers_to_itself_is_found_soon_however_little_it_is() -> None:
    garbage.tidy()
    gone = weakref.ref(Knot())
    assert garbage.tidy() == garbage.TIDY_SECONDS
    assert gone() is None
    stays = Knot()
    garbage.tidy()
    gone = weakref.ref(stays)
    del stays
    for _ in range(garbage.THOROUGH_EACH):
        garbage.tidy()
    assert gone() is None, "it was old when nobody needed it any more"


def test_pages_that_are_free_between_others_go_back() -> None:
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        pytest.skip("only glibc is asked to")
    libc.malloc.restype = ctypes.c_void_p
    blocks: list[int] = [libc.malloc(ctypes.c_size_t(BLOCK_BYTES)) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK_BYTES)
    for block in blocks[HOLE]:
        libc.free(ctypes.c_void_p(block))
    assert all(is_there(libc, block) for block in blocks)
    assert garbage.return_pages() == garbage.RETURN_SECONDS
    gone = [not is_there(libc, block) for block in blocks[HOLE]]
    kept = [is_there(libc, block) for block in (*blocks[: HOLE.start], *blocks[HOLE.stop :])]
    for block in (*blocks[: HOLE.start], *blocks[HOLE.stop :]):
        libc.free(ctypes.c_void_p(block))
    assert sum(gone) > len(gone) // 2, "all but where something new lies by now"
    assert all(kept)
