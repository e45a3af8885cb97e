"""Switches under two hundred requests a second while the product is deployed again and again (F54): its processes are ended by SIGTERM one after
the other, each in the middle of a switch, from the click to the moment at which it would have succeeded.

Needs root: the requests go through a network of the lab's own. Whoever clicks does as a client should where the page is away for a moment: the same
click again, with its Idempotency-Key. What happened is judged from the API server's own list of writes and the audit.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.bench import running, traffic
from tests.bench.table import Line
from tests.journeys.dashboard import Dashboard, ended, wait_for
from tests.lab.networked import NetworkedCluster
from tests.soak import judged
from tests.traffic import judging
from tests.traffic.judging import NEXT_EXECUTOR_SECONDS

SWITCHES, PERIOD_SECONDS = 50, 20.0
REPLACED = ("web", "traffic", "observe")
LONGEST_DELAY_SECONDS = 1.5  # a switch takes about that: nodes have to follow
MOST_AT_ONCE = 10  # one probe sends for two minutes, which is enough where another executor has to finish each of them


@dataclass(frozen=True)
class Replaced:
    """A process that was told to end, and the switch that was asked for just before or after that."""

    name: str
    at: datetime
    switch: str


class Rolling:
    """The product, of which one process after the other is replaced while it switches."""

    def __init__(self, *, dashboard: Dashboard, rest: httpx.Client, period_seconds: float, replaced: Sequence[str] = REPLACED) -> None:
        self._dashboard, self._rest, self._period_seconds = dashboard, rest, period_seconds
        self._cluster = rest.get("/clusters").json()[0]["id"]
        self._names, self._due_at = itertools.cycle(replaced), time.monotonic()
        self._chance = random.Random(11)
        self.replaced, self.switches = list[Replaced](), list[str]()

    def move(self, side: str) -> float:
        """This will switch, and replace the next process meanwhile if it is time for that; tells when the switch was called succeeded."""
        with ThreadPoolExecutor(1) as beside:
            is_due = time.monotonic() >= self._due_at
            ending = beside.submit(self._replace, next(self._names), self._chance.uniform(0, LONGEST_DELAY_SECONDS)) if is_due else None
            switch = self._click(side)
            self.switches.append(switch)
            if ending:
                name, at = ending.result()
                self.replaced.append(Replaced(name, at, switch))
                self._due_at = time.monotonic() + self._period_seconds
        told = ended(rest=self._rest, switch=switch)
        assert told["state"] == "succeeded", told
        return datetime.fromisoformat(told["finished_at"]).timestamp()

    def _click(self, side: str) -> str:
        """The same click until somebody answers it."""
        asked = {"namespace": "store", "service": "shop", "to": side, "accept": ["same-pods"]}
        key = {"Idempotency-Key": str(uuid.uuid4())}

        def click() -> httpx.Response | None:
            answer = self._rest.post(f"/clusters/{self._cluster}/switches", json=asked, headers=key)
            return answer if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR else None

        answer = wait_for(click, seconds=30, what="the click is answered")
        assert answer is not None
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return str(answer.json()["id"])

    def _replace(self, name: str, delay_seconds: float) -> tuple[str, datetime]:
        """As a deployment does it; returns when another process runs in its place."""
        time.sleep(delay_seconds)
        pid, at = self._dashboard.children()[name], datetime.now(UTC)
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: self._dashboard.children()[name] != pid, seconds=40, what=f"another {name}")
        return name, at


def run(*, switches: int = SWITCHES, period_seconds: float = PERIOD_SECONDS, tell: Callable[[str], None] = print) -> list[Line]:
    """This will start a networked lab and the product, and switch there and back so often while each process is replaced in its turn."""
    with (
        tempfile.TemporaryDirectory(prefix="clusterview-rolling-") as folder,
        traffic.networked(Path(folder)) as lab,
        running.installation(lab, folder=Path(folder), nodes_follow=True) as (dashboard, rest),
    ):
        rolling = Rolling(dashboard=dashboard, rest=rest, period_seconds=period_seconds)
        return roll(rolling, lab=lab, dashboard=dashboard, switches=switches, tell=tell)


def roll(rolling: Rolling, *, lab: NetworkedCluster, dashboard: Dashboard, switches: int, tell: Callable[[str], None] = print) -> list[Line]:
    """This will switch so often, and judge what came of it."""
    began = datetime.now(UTC)
    seen = traffic.under_requests(lab, switches=switches, move=rolling.move, at_once=MOST_AT_ONCE)
    record = judged.record(dashboard=dashboard, lab=lab, since=began)
    problems = [*judging.problems(record), *(f"nobody clicked for {one.id}" for one in record.rows if one.id not in rolling.switches)]
    for problem in problems:
        tell(problem)
    dashboard.manage("audit", "verify")
    names = ", ".join(f"{name} {times}" for name, times in Counter(one.name for one in rolling.replaced).items())
    taken, goal = list(taken_over(rolling.replaced, record)), NEXT_EXECUTOR_SECONDS
    return [
        Line(f"switches while processes were replaced ({names})", len(record.rows), ""),
        Line("requests meanwhile", seen.requests, ""),
        Line("failed", len(seen.failed), "", goal="0", met=not seen.failed),
        Line("sent to the old side after success", seen.astray, "", goal="0", met=seen.astray == 0),
        Line("problems", len(problems), "", goal="0", met=not problems),
        Line("switches that another executor finished", len(taken), ""),
        Line("taken over, slowest", max(taken, default=0.0), "s", goal=f"≤ {goal:.0f} s", met=max(taken, default=0.0) <= goal),
    ]


def taken_over(replaced: Sequence[Replaced], record: judging.Record) -> Iterator[float]:
    """Seconds from the end of each process that was at work on a switch to the claim of who went on with it."""
    for one in replaced:
        claims = record.of(one.switch, "CLAIMED")
        holders = [claim.body["holder"] for claim in claims if claim.at <= one.at]
        others = [claim.at for claim in claims if claim.at > one.at and claim.body["holder"] not in holders[-1:]]
        if holders and others:
            yield (others[0] - one.at).total_seconds()
