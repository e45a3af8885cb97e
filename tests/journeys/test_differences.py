"""Where a journey is not made stands in `differences`, and nothing else does."""

from __future__ import annotations

import re
from pathlib import Path

from tests.journeys.differences import LAB, LAB_ALONE, PRACTICE, PRACTICE_ALONE, clusters

FOLDER = Path(__file__).parent


def made_in(file: str) -> list[str]:
    return re.findall(r"^(?:async )?def (test_\w+)", (FOLDER / file).read_text(), re.MULTILINE)


def test_every_exception_is_of_a_journey_that_there_is() -> None:
    for key in LAB_ALONE | PRACTICE_ALONE:
        file, _, test = key.partition("::")
        assert made_in(file) and (not test or test in made_in(file)), key


def test_who_asks_for_the_lab_itself_says_why() -> None:
    for path in sorted(FOLDER.glob("test_*.py")):
        for test, asked in re.findall(r"^(?:async )?def (test_\w+)\(([^)]*)\)", path.read_text(), re.MULTILINE):
            if re.search(r"\blab(_shop)?:", asked):
                assert clusters(file=path.name, test=test) == [LAB], f"{path.name}::{test}"


def test_a_journey_is_made_on_both_clusters_unless_said_otherwise() -> None:
    assert clusters(file="test_switch.py", test="test_a_click_moves_the_traffic_and_another_brings_it_back") == [PRACTICE, LAB]
