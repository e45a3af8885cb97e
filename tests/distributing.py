"""Which tests stay together where a run has several processes: those of a file, and of the files that share what is costly to start."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

NETWORK, BESIDE_THE_STREAM = "one network", "beside the stream"
GROUPS = {
    "tests/network/test_components.py": NETWORK,
    "tests/network/test_floors.py": NETWORK,
    "tests/network/test_stopped.py": NETWORK,
    "tests/network/test_switch.py": NETWORK,
    "tests/journeys/test_accessible.py": BESIDE_THE_STREAM,  # minutes, in which the stream is open
    "tests/journeys/test_switch.py": BESIDE_THE_STREAM,
    "tests/journeys/test_without_end.py": BESIDE_THE_STREAM,
}
EARLY = [  # minutes each: no process is to be left alone with one at the end
    NETWORK, "tests/traffic/test_crash.py", "tests/test_on_postgres.py", "tests/lab/test_others.py",
    BESIDE_THE_STREAM, "tests/test_on_older.py", "tests/journeys/test_troubles.py",
]  # fmt: skip


def group(nodeid: str) -> str:
    """What stays together with this test: its file, unless the table above says more."""
    file = nodeid.split("::")[0]
    return GROUPS.get(file, file)


def begins_early(nodeid: str) -> bool:
    return group(nodeid) in EARLY


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process a whole group at a time, in the order of collection. xdist's own groups by mark do not work with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
