"""Threads that read a shape for the first time at once all read it, and their process lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clusterview.kube import structs
from clusterview.kube.decoding import decoder_of

TRIES = 100
# Types are remembered for the life of a process, so each try makes new ones, as large as those of Kubernetes.
MANY_AT_ONCE = f"""
import sys, threading
from typing import Optional
import msgspec
from clusterview.kube.decoding import convert, decoder_of

READS, ITEM = sys.argv[1], {{"inner": {{"f0": {{"name": "n"}}}}}}
sys.setswitchinterval(1e-6)

def read(gate, shape, found):
    gate.wait(10)
    found.append((decoder_of(shape).decode(msgspec.json.encode(ITEM)) if READS == "text" else convert(ITEM, shape)).inner.f0.name)

for _ in range({TRIES}):
    name = msgspec.defstruct("Name", [("name", str)])
    inner = msgspec.defstruct("Inner", [(f"f{{i}}", Optional[name], None) for i in range(30)])
    shapes = [msgspec.defstruct(f"Outer{{i}}", [("inner", inner)]) for i in range(6)]
    gate, found = threading.Barrier(6), []
    threads = [threading.Thread(target=read, args=(gate, shape, found)) for shape in shapes]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == ["n"] * 6
"""


@pytest.mark.parametrize("what", ["text", "parsed"])
def test_threads_that_read_a_shape_for_the_first_time_at_once_all_read_it(what: str) -> None:
    root = Path(__file__).parents[2]
    ended = subprocess.run([sys.executable, "-c", MANY_AT_ONCE, what], cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr


def test_a_shape_has_one_decoder() -> None:
    assert decoder_of(structs.Pod) is decoder_of(structs.Pod)
