"""Which process of a run gets which tests: everything is run once, and the spare one has nothing that would keep the others from their processors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests import distributing

FIRST, SECOND = "tests/topology/test_columns.py", "tests/access/test_people.py"
LAB, BOTH, BROWSER = "tests/traffic/test_crash.py", "tests/contract/test_watches.py", "tests/journeys/test_map.py"
TESTS = [f"{file}::test_{number}" for file in (LAB, BOTH, FIRST, SECOND, BROWSER) for number in range(3)]


class Node:
    """A process as xdist's scheduler knows it."""

    shutting_down = False

    def __init__(self, number: int) -> None:
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.workerinput = {"workerid": f"gw{number}", "workercount": 3}
        self.sent: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def run(*, spare: bool) -> list[list[str]]:
    """The files that each of three processes gets, which take turns with their tests."""
    options = SimpleNamespace(loadscopereorder=False)
    config: Any = SimpleNamespace(getoption=lambda _: spare, getvalue=lambda _: ["3*popen"], option=options)
    together, nodes = distributing.Together(config), [Node(number) for number in range(3)]
    for node in nodes:
        together.add_node(node)
        together.add_node_collection(node, TESTS)
    together.schedule()
    for turn in range(len(TESTS)):
        for node in nodes:
            if turn < len(node.sent):
                together.mark_test_complete(node, node.sent[turn])
    assert sorted(index for node in nodes for index in node.sent) == list(range(len(TESTS))), "each test once"
    assert all(node.shutting_down for node in nodes)
    return [list(dict.fromkeys(TESTS[index].split("::")[0] for index in node.sent)) for node in nodes]


def test_the_spare_process_gets_what_needs_neither_lab_nor_browser_nor_root() -> None:
    first, second, spare = run(spare=True)
    assert spare[0] == FIRST and set(spare) <= {FIRST, SECOND}
    assert {LAB, BOTH, BROWSER} <= {*first, *second}


def test_the_others_leave_it_to_the_spare_process_for_as_long_as_they_have_other_tests() -> None:
    first, second, _ = run(spare=True)
    assert (first[:2], second[:1]) == ([LAB, BROWSER], [BOTH])


def test_without_a_spare_one_each_gets_the_next() -> None:
    assert run(spare=False)[2][0] == FIRST


def test_nothing_marked_as_in_need_of_more_is_light(request: pytest.FixtureRequest) -> None:
    marked = {one for one in request.session.items if any(one.get_closest_marker(name) for name in ("lab", "browser", "root"))}
    assert not [one.nodeid for one in marked if distributing.is_light(distributing.group(one.nodeid))]
