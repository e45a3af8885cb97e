"""Two people click at the same moment (F87), one clicks and another goes back, and somebody edits the Service with kubectl while a switch moves it
(F77): one winner, no way back and no edit lost.

What happened is read from the API server's own list of writes, not from what the product says of it.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from tests.bench import running
from tests.bench.switch import SERVICE
from tests.bench.table import Line
from tests.journeys.dashboard import ended, wait_for
from tests.lab.cluster import Cluster

RACES = 1000
LATEST_EDIT_SECONDS = 0.12  # a switch takes about half of that, so an edit comes before, within and after it
BLUE, EDITED = {"app": "shop", "slot": "blue"}, {"app": "shop", "slot": "red"}


def run(*, races: int = RACES, tell: Callable[[str], None] = print) -> list[Line]:
    """This will run as many races of each kind as asked for, together."""
    with tempfile.TemporaryDirectory(prefix="clusterview-races-") as folder:
        place = Path(folder)
        with running.shop(folder=place) as lab, running.product(lab, folder=place) as rest, ThreadPoolExecutor(2) as two:
            field = Field(lab=lab, rest=rest, two=two)
            for number in range(1, races + 1):
                field.two_clicks()
                field.click_against_edit()
                field.click_against_back()
                if number % 20 == 0:
                    tell(f"{number} races of each kind: {dict(field.ends)}, {len(field.problems)} problems")
            problems = [*field.problems, *overwritten(selector_writes(lab))]
    for problem in problems:
        tell(problem)
    return [
        Line("races of each kind", races, ""),
        *(Line(end, count, "") for end, count in sorted(field.ends.items())),
        Line("problems", len(problems), "", goal="0", met=not problems),
    ]


class Field:
    """Where the races are run; each begins and ends with blue."""

    def __init__(self, *, lab: Cluster, rest: httpx.Client, two: ThreadPoolExecutor) -> None:
        self._lab, self._rest, self._two = lab, rest, two
        self._cluster = rest.get("/clusters").json()[0]["id"]
        self.problems, self.ends = list[str](), Counter[str]()
        self._chance = random.Random(7)

    def two_clicks(self) -> None:
        """Exactly one moves the traffic. The other one is refused, or ends as a conflict where the first was done before it was accepted."""
        ends = sorted(self._end_of(one) for one in self._at_once(self._click, self._click))
        self.ends[" and ".join(ends)] += 1
        if ends.count("succeeded") != 1 or not set(ends) <= {"succeeded", "conflict", "refused 409", "refused 422"}:
            self.problems.append(f"two clicks ended as {ends}")
        self._blue_again()

    def click_against_edit(self) -> None:
        """Whoever writes last is there at the end, and the switch says so."""
        answer, _ = self._at_once(self._click, self._edit)
        state = self._end_of(answer)
        selector = self._lab.get(SERVICE)["spec"]["selector"]
        self.ends[f"{state}, edited"] += 1
        if selector != EDITED:
            self.problems.append(f"the edit was lost: {selector} after {state}")
        self._blue_again()

    def click_against_back(self) -> None:
        """Whoever goes back is the last one, wherever the switch stands; what was accepted leads back to blue."""
        answer = self._click()
        time.sleep(self._chance.uniform(0, LATEST_EDIT_SECONDS))
        back = self._rest.post(f"/switches/{answer.json()['id']}/back")
        ends = [self._end_of(answer), self._end_of(back)]
        selector = self._lab.get(SERVICE)["spec"]["selector"]
        self.ends["click " + ", back ".join(ends)] += 1
        if back.status_code != 202 or selector != BLUE:
            self.problems.append(f"a click and a way back ended as {ends} with {selector}")
        self._blue_again()

    def _end_of(self, answer: httpx.Response) -> str:
        if answer.status_code != 202:
            return f"refused {answer.status_code}"
        return str(ended(rest=self._rest, switch=answer.json()["id"])["state"])

    def _click(self) -> httpx.Response:
        """As the page does it: with the selector that was on screen."""
        asked = {"namespace": "store", "service": "shop", "to": "green", "expected": BLUE}
        return self._rest.post(f"/clusters/{self._cluster}/switches", json=asked)

    def _edit(self) -> None:
        time.sleep(self._chance.uniform(0, LATEST_EDIT_SECONDS))
        self._lab.patch(SERVICE, {"spec": {"selector": {"slot": "red"}}})

    def _at_once(self, *acts: Callable[[], Any]) -> list[Any]:
        gate = threading.Barrier(len(acts))

        def run(act: Callable[[], Any]) -> Any:
            gate.wait(10)
            return act()

        return list(self._two.map(run, acts))

    def _blue_again(self) -> None:
        self._lab.patch(SERVICE, {"spec": {"selector": {"slot": "blue"}}})
        wait_for(lambda: self._rest.get(f"/clusters/{self._cluster}/applications").json()[0]["live"] == "blue", seconds=10, what="blue is live")


def selector_writes(lab: Cluster) -> list[tuple[str, str]]:
    """Who wrote which slot, in the order of the versions that the API server made of them."""
    found = list[tuple[int, str, str]]()
    for one in lab.writes():
        stored = one.get("responseObject") or {}
        if one["objectRef"].get("name") == "shop" and stored.get("kind") == "Service" and "dryRun" not in one["requestURI"]:
            found.append((int(stored["metadata"]["resourceVersion"]), one["user"]["username"], stored["spec"]["selector"]["slot"]))
    return [(who, slot) for _, who, slot in sorted(found)]


def overwritten(writes: list[tuple[str, str]]) -> list[str]:
    """A write of ours that replaced somebody's edit."""
    return [
        f"{who} wrote {slot} over {before}"
        for (_, before), (who, slot) in itertools.pairwise(writes)
        if who == running.USER and before == "red" and slot != "red"
    ]
