"""Two hundred requests a second through kube-proxy while the product switches again and again, then while the selector is patched bare.

Needs root: the requests go through a network of the lab's own. A request is astray when it was sent after the switch was called succeeded, or after
the EndpointSlices held the new side alone where the selector was patched bare, and an old pod answered: each node's kube-proxy follows by itself.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from tests.bench import running
from tests.bench.switch import SERVICE, Slices
from tests.bench.table import Line, percentile
from tests.journeys.dashboard import ended
from tests.lab.fixtures import free_ports, wait_until, with_shop
from tests.lab.networked import NetworkedCluster
from tests.lab.probing import Request
from tests.network.conftest import GATEWAY, service_url, slot_of

SWITCHES = 24
PAUSE_SECONDS = 1.5  # kube-proxy writes its rules at most once a second, so a switch right after another waits for that
MOST_AT_ONCE = 30  # one probe sends for two minutes at most


@dataclass(frozen=True)
class Moved:
    """One switch: where to, when it was called done, and when the next one was asked for."""

    side: str
    done: float
    until: float


@dataclass(frozen=True)
class Seen:
    """What became of the requests; `failed` in a line each. `late` is how long after `done` the last request was sent that went astray, in ms, for
    each switch.
    """

    requests: int
    failed: Sequence[str]
    astray: int
    late: Sequence[float]

    def __add__(self, other: Seen) -> Seen:
        return Seen(self.requests + other.requests, (*self.failed, *other.failed), self.astray + other.astray, (*self.late, *other.late))


def measure(*, switches: int = SWITCHES) -> list[Line]:
    """This will start a networked lab and the product, and move the shop's traffic there and back under requests."""
    with tempfile.TemporaryDirectory(prefix="clusterview-traffic-") as folder, networked(Path(folder)) as lab:
        with running.product(lab, folder=Path(folder), nodes_follow=True) as rest:
            cluster = rest.get("/clusters").json()[0]["id"]
            ours = under_requests(lab, switches=switches, move=lambda side: by_product(rest, cluster=cluster, side=side))
        slices = Slices(lab, namespace="store", service="shop")
        bare = under_requests(lab, switches=min(switches, MOST_AT_ONCE), move=lambda side: by_patch(lab, slices=slices, side=side))
    return lines(ours, bare, switches=switches)


def networked(folder: Path) -> AbstractContextManager[NetworkedCluster]:
    return with_shop(NetworkedCluster(state=folder / "lab", port=free_ports()), GATEWAY)


def by_product(rest: httpx.Client, *, cluster: str, side: str) -> float:
    """This will switch, and tell when it was called succeeded."""
    asked = {"namespace": "store", "service": "shop", "to": side, "accept": ["same-pods"]}
    begun = rest.post(f"/clusters/{cluster}/switches", json=asked)
    assert begun.status_code == 202, begun.text
    told = ended(rest=rest, switch=begun.json()["id"])
    assert told["state"] == "succeeded", told
    return datetime.fromisoformat(told["finished_at"]).timestamp()


def by_patch(lab: NetworkedCluster, *, slices: Slices, side: str) -> float:
    """This will patch the selector, and tell when the EndpointSlices held only that side."""
    lab.patch(SERVICE, {"spec": {"selector": {"slot": side}}})
    return time.time() - (time.perf_counter() - slices.when(side))


def under_requests(lab: NetworkedCluster, *, switches: int, move: Callable[[str], float], at_once: int = MOST_AT_ONCE) -> Seen:
    """This will begin and end with blue, in as many probes as that takes."""
    found = Seen(0, (), 0, ())
    for number in range(0, switches, at_once):
        count = min(at_once, switches - number)
        with lab.probe(service_url(lab), side=slot_of) as probe:
            wait_until(lambda: probe.so_far().per_side()["blue"] > 100, seconds=30, what="blue answers")
            moved = list[Moved]()
            for side in itertools.islice(itertools.cycle(("green", "blue")), count + count % 2):
                done = move(side)
                time.sleep(PAUSE_SECONDS)
                moved.append(Moved(side, done, time.time()))
        assert probe.report.requests[-1].sent_at > moved[-1].done, "the probe's time was over before the last switch"
        astray = [probe.report.between(one.done, one.until).wrong_after(moment=one.done, side=one.side) for one in moved]
        late = [1000 * (max(one.sent_at for one in lost) - switch.done) for switch, lost in zip(moved, astray, strict=True) if lost]
        failed = [told(one, moved=moved) for one in probe.report.failed]
        print(*failed, sep="\n", end="\n" if failed else "", flush=True)
        found += Seen(len(probe.report.requests), failed, sum(map(len, astray)), late)
    return found


def told(failed: Request, *, moved: Sequence[Moved]) -> str:
    """What became of a request, and how long before or after the success of the nearest switch it was sent."""
    nearest = min(moved, key=lambda one: abs(failed.sent_at - one.done))
    took = failed.ended_at - failed.sent_at
    return f"{failed.error} after {took:.3f} s, sent {failed.sent_at - nearest.done:+.3f} s from the success of a switch to {nearest.side}"


def lines(ours: Seen, bare: Seen, *, switches: int) -> list[Line]:
    return [
        Line(f"requests during {switches} switches", ours.requests, "", bare.requests),
        Line("failed", len(ours.failed), "", len(bare.failed), goal="0", met=not ours.failed),
        Line("sent to the old side after success", ours.astray, "", bare.astray, goal="0", met=ours.astray == 0),
        Line("switches with any of those", len(ours.late), "", len(bare.late)),
        Line("last of those after success, p50", percentile(ours.late or [0], 0.5), "ms", percentile(bare.late or [0], 0.5)),
        Line("last of those after success, max", max(ours.late, default=0), "ms", max(bare.late, default=0)),
    ]
