"""Two people click in opposite directions at the same moment (F87), one clicks and another goes back, and somebody edits the Service with kubectl
while a switch moves it (F77): one winner, no way back and no edit lost, and nothing is switched twice.

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
from tests.traffic import judging

RACES = 1000
LATEST_EDIT_SECONDS = 0.12  # a switch takes about half of that, so an edit comes before, within and after it
BLUE, GREEN, EDITED = ({"app": "shop", "slot": slot} for slot in ("blue", "green", "red"))
ACCEPTED_OR_REFUSED = {"succeeded", "refused 409", "refused 422"}
EFFECTS = {"succeeded": 1, "rolled_back": 2, "reverted_externally": 1, "cancelled": 0, "conflict": 0, "failed_no_change": 0}


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
            problems = [*field.problems, *overwritten(selector_writes(lab)), *moved_otherwise(judging.stored(lab.writes()), field.states)]
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
        self.problems, self.ends, self.states = list[str](), Counter[str](), dict[str, str]()
        self._chance = random.Random(7)

    def two_clicks(self) -> None:
        """One asks for green where blue is live, and one for blue as on a page that shows green already: the one is done, and the other is refused
        or comes after it.
        """
        pause = self._chance.choice([0.0, self._chance.uniform(0, LATEST_EDIT_SECONDS)])
        there, away = (self._end_of(one) for one in self._at_once(self._click, lambda: self._click(to="blue", after=pause)))
        self.ends[f"green {there}, blue {away}"] += 1
        selector = self._selector()
        if there != "succeeded" or away not in ACCEPTED_OR_REFUSED or selector != (BLUE if away == "succeeded" else GREEN):
            self.problems.append(f"a click for green ended as {there} and one for blue as {away}, with {selector}")
        self._blue_again()

    def click_against_edit(self) -> None:
        """Whoever writes last is there at the end, and the switch says so."""
        answer, _ = self._at_once(self._click, self._edit)
        state = self._end_of(answer)
        selector = self._selector()
        self.ends[f"{state}, edited"] += 1
        if selector != EDITED:
            self.problems.append(f"the edit was lost: {selector} after {state}")
        self._blue_again()

    def click_against_back(self) -> None:
        """Wherever a switch stands, somebody goes back and somebody asks for green again, as on a page that shows blue still. It leads back to blue,
        and the click is refused or comes after that.
        """
        first = self._click()
        time.sleep(self._chance.uniform(0, LATEST_EDIT_SECONDS))
        back, again = self._at_once(lambda: self._rest.post(f"/switches/{first.json()['id']}/back"), self._click)
        ends = [self._end_of(first), self._end_of(back), self._end_of(again)]
        selector = self._selector()
        self.ends["there {}, back {}, there again {}".format(*ends)] += 1
        if back.status_code != 202 or ends[-1] not in ACCEPTED_OR_REFUSED or selector != (GREEN if ends[-1] == "succeeded" else BLUE):
            self.problems.append(f"a switch, its way back and a click ended as {ends} with {selector}")
        self._blue_again()

    def _end_of(self, answer: httpx.Response) -> str:
        if answer.status_code == 503:  # nobody knows why but the answer, so it is told whole
            return f"refused 503 {answer.json()['code']}"
        if answer.status_code != 202:
            return f"refused {answer.status_code}"
        switch = answer.json()["id"]
        self.states[switch] = str(ended(rest=self._rest, switch=switch)["state"])
        return self.states[switch]

    def _selector(self) -> dict[str, str]:
        found: dict[str, str] = self._lab.get(SERVICE)["spec"]["selector"]
        return found

    def _click(self, *, to: str = "green", after: float = 0.0) -> httpx.Response:
        """As the page does it: with the selector that was on screen."""
        time.sleep(after)
        asked = {"namespace": "store", "service": "shop", "to": to, "expected": BLUE if to == "green" else GREEN}
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


def moved_otherwise(writes: list[judging.Write], states: dict[str, str]) -> list[str]:
    """The switches that wrote the selector more often, or less, than their end says."""
    effects = Counter(one.marker.partition(":")[0] for one in writes if one.marker)
    return [f"{switch} ended as {state} after {effects[switch]} effects" for switch, state in states.items() if effects[switch] != EFFECTS.get(state)]
