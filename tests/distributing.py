"""Which tests stay together where a run has several processes: those of a file, and of the files that share what is costly to start.

With `--spare` the last process gets what needs neither the lab nor a browser nor root, and is nice: while the others wait for leases, grace periods
and pages, it uses the processors, and it starts nothing that would keep them from it. The others get such tests when they have no other ones left.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

ROOT = Path(__file__).parents[1]
SPARE_NICENESS = 10
NETWORK, BESIDE_THE_STREAM, PRACTICE = "one network", "beside the stream", "on the practice cluster"
ON_PRACTICE = re.compile(r"^tests/journeys/.*\[(.*-)?practice(-.*)?\]$")
GROUPS = {
    "tests/network/test_components.py": NETWORK,
    "tests/network/test_floors.py": NETWORK,
    "tests/network/test_stopped.py": NETWORK,
    "tests/network/test_switch.py": NETWORK,
    "tests/journeys/test_accessible.py": BESIDE_THE_STREAM,  # minutes, in which the stream is open
    "tests/journeys/test_switch.py": BESIDE_THE_STREAM,
    "tests/journeys/test_troubles.py": BESIDE_THE_STREAM,
    "tests/journeys/test_without_end.py": BESIDE_THE_STREAM,
}
EARLY = [  # minutes each: no process is to be left alone with one at the end
    NETWORK, "tests/traffic/test_crash.py", "tests/lab/test_others.py", BESIDE_THE_STREAM, "tests/test_on_older.py",
    "tests/test_on_postgres.py", "tests/traffic/test_holding_model.py", "tests/traffic/test_invariants.py", "tests/traffic/test_model.py",
    "tests/soak/test_live.py",
]  # fmt: skip
HEAVY = re.compile(r"mark\.(lab|browser|root)\b")


def group(nodeid: str) -> str:
    """What stays together with this test: its file, unless the table above says more. One practice cluster serves all journeys."""
    if ON_PRACTICE.match(nodeid):
        return PRACTICE
    file = nodeid.split("::")[0]
    return GROUPS.get(file, file)


def order(nodeid: str) -> tuple[bool, bool]:
    """What comes first sorts first: of the groups that the spare process has to leave to the others, and then of the rest, those of minutes."""
    name = group(nodeid)
    return is_light(name), name not in EARLY


@cache
def is_light(name: str) -> bool:
    """Whether a group is a file of which neither it nor its folder's conftest marks anything as in need of the lab, a browser or root."""
    file = ROOT / name
    return file.is_file() and not any(HEAVY.search(one.read_text()) for one in (file, file.with_name("conftest.py")) if one.is_file())


def is_spare(worker: dict[str, Any]) -> bool:
    """Whether what xdist tells a process of itself makes it the last one."""
    return bool(worker) and worker["workerid"] == f"gw{worker['workercount'] - 1}"


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process a whole group at a time, in the order of collection. xdist's own groups by mark do not work with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if self.config.getoption("spare") and (name := self._next(is_for_spare=self._is_spare(node))):
            self.workqueue.move_to_end(name, last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: WorkerController) -> None:
        if not self._is_spare(node) or self._next(is_for_spare=True):
            super()._reschedule(node)
        elif not node.shutting_down:
            node.shutdown()

    def _is_spare(self, node: WorkerController) -> bool:
        return bool(self.config.getoption("spare")) and is_spare(node.workerinput)

    def _next(self, *, is_for_spare: bool) -> str | None:
        """The next group of those that the spare process may have, or of the others: it is to have work for as long as they wait."""
        return next((name for name in self.workqueue if is_light(name) is is_for_spare), None)
