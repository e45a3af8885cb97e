"""`manage.py bench NAME`: how fast it is, beside what the cluster itself needs in the same job. Exits with 1 when a goal is missed."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

from tests.bench import change, cold, crowd, decode, fanout, first, patience, quiet, rivals, switch, table, traffic, wire

BENCHES = {
    "decode": decode.measure,
    "cold": cold.measure,
    "memory": cold.measure_memory,
    "wire": wire.measure,
    "change": change.measure,
    "change-1000": change.measure_many,
    "burst": change.measure_burst,
    "patience": patience.measure,
    "fanout": fanout.measure,
    "crowd": crowd.measure_crowd,
    "storm": crowd.measure_storm,
    "slow": crowd.measure_slow,
    "idle": quiet.measure_idle,
    "load": quiet.measure_load,
    "first": first.measure,
    "switch": switch.measure,
    "traffic": traffic.measure,
    "rivals": rivals.measure,
}


def main(arguments: list[str]) -> int:
    """This will run one benchmark or all, print each table and return the exit code: 1 where a goal is missed or one could not be run."""
    parser = argparse.ArgumentParser(prog="manage.py bench", description=__doc__)
    parser.add_argument("name", choices=[*sorted(BENCHES), "all"])
    state = Path(os.environ.get("CLUSTERVIEW_STATE", ".state")).absolute()
    parser.add_argument("--results", type=Path, default=state / "bench.jsonl", help="the result is appended here (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    names = list(BENCHES) if chosen.name == "all" else [chosen.name]
    return max(run(name, results=chosen.results) for name in names)


def run(name: str, *, results: Path) -> int:
    """This will run one and keep its result."""
    try:
        lines = BENCHES[name]()
    except (RuntimeError, AssertionError, OSError, ValueError, subprocess.SubprocessError) as reason:
        print(f"{name}: not run. {reason}", flush=True)
        return 1
    print(f"{name}\n{table.show(lines)}\n", flush=True)
    results.parent.mkdir(parents=True, exist_ok=True)
    table.keep(name=name, lines=lines, file=results)
    return 1 if any(one.met is False for one in lines) else 0
