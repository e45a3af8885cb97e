"""`manage.py bench NAME`: how fast it is, beside what the cluster itself needs in the same job. Exits with 1 when a goal is missed."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tests.bench import cold, decode, switch, table, traffic, wire

BENCHES = {
    "decode": decode.measure,
    "cold": cold.measure,
    "memory": cold.measure_memory,
    "wire": wire.measure,
    "switch": switch.measure,
    "traffic": traffic.measure,
}


def main(arguments: list[str]) -> int:
    """This will run one benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(prog="manage.py bench", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHES))
    state = Path(os.environ.get("CLUSTERVIEW_STATE", ".state")).absolute()
    parser.add_argument("--results", type=Path, default=state / "bench.jsonl", help="the result is appended here (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    lines = BENCHES[chosen.name]()
    print(table.show(lines))
    chosen.results.parent.mkdir(parents=True, exist_ok=True)
    table.keep(name=chosen.name, lines=lines, file=chosen.results)
    return 1 if any(one.met is False for one in lines) else 0
