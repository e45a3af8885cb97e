"""One line of a benchmark's result: ours beside the floor and the peer that ran in the same job, and whether the goal is met."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """`ours`, `floor` and `peer` are in `unit`; None where there is none. `goal` says in words what `met` decides."""

    what: str
    ours: float | None
    unit: str
    floor: float | None = None
    peer: float | None = None
    goal: str = ""
    met: bool | None = None


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies; 0.5 is the median."""
    ordered = sorted(values)
    return statistics.median(ordered) if share == 0.5 else ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def show(lines: Sequence[Line]) -> str:
    """The table as text."""
    head = ("what", "ours", "floor", "peer", "ratio", "goal", "met")
    rows = [
        (
            one.what, said(one.ours, one.unit), said(one.floor, one.unit), said(one.peer, one.unit),
            ratio(one), one.goal, {True: "yes", False: "NO", None: ""}[one.met],
        )
        for one in lines
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows])


def ratio(line: Line) -> str:
    """Ours in parts of the floor, or of the peer where there is no floor."""
    beside = line.floor or line.peer
    return f"{line.ours / beside:.2g}" if beside and line.ours is not None else ""


def said(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.1f} {unit}"


def keep(*, name: str, lines: Sequence[Line], file: Path) -> None:
    """This will append the result as one line of JSON."""
    with file.open("a") as results:
        results.write(json.dumps({"bench": name, "at": int(time.time()), "lines": [asdict(one) for one in lines]}) + "\n")
