"""From the click to EndpointSlices that hold only the new side, seen by a watch of our own on the API server.

The floor is a bare PATCH of the selector, in turn with ours. The peer is Argo Rollouts v1.10.1 on the same control plane, right after: from the
promotion of a paused blue/green Rollout whose new pods are ready, seen by the same kind of watch.

Each click comes alone and after its preflight, as a person's does. Right after another one its consistent lists would wait: an API server's watch
cache asks etcd how far it is at most every 100 ms (`progressRequestPeriod` in k8s.io/apiserver/pkg/storage/cacher/progress). The first click of
all, before which nobody looked, is a line of its own: it opens the connections, and reads what a preflight reads.

The way back is clicked while the switch waits for nodes to follow and all its new pods have become unready just now. Argo Rollouts has no line there:
it does not go back (tests/lab/test_others.py).
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from tests.bench import running
from tests.bench.table import Line, percentile
from tests.journeys.dashboard import ended, wait_for
from tests.lab import others, states
from tests.lab.bare import BareWatch
from tests.lab.cluster import Cluster
from tests.lab.pods import is_ready

ROUNDS = 15  # there and back each time
PROMOTIONS = 8
BACKS = 5
PAUSE_SECONDS = 0.3
SERVICE = "/api/v1/namespaces/store/services/shop"
MEDIAN_GOAL, MORE_GOAL, MOST_GOAL, BACK_GOAL = 25.0, 15.0, 47.0, 1000.0


class Slices:
    """When a Service's EndpointSlice last came to hold only one side, and which: the word of its pods' names after the first dash."""

    def __init__(self, lab: Cluster, *, namespace: str, service: str) -> None:
        self.side, self.since = "", 0.0
        self._changed = threading.Condition()
        path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?watch=1&labelSelector=kubernetes.io/service-name%3D{service}"
        BareWatch(lab, path=path, take=self._see)

    def _see(self, seen: dict[str, Any], now: float) -> None:
        names = [one["targetRef"]["name"] for one in seen.get("endpoints") or [] if one["conditions"]["ready"]]
        sides = {name.split("-")[1] for name in names}
        with self._changed:
            self.side, self.since = (sides.pop() if len(sides) == 1 else ""), now
            self._changed.notify_all()

    def when(self, side: str) -> float:
        """This will wait until only this side is there, and tell since when. Raises AssertionError after ten seconds."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.side == side, 10), f"the EndpointSlices never held only {side}"
            return self.since


def measure() -> list[Line]:
    """This will start a lab and the product, and switch there and back, in turn with bare patches."""
    with tempfile.TemporaryDirectory(prefix="clusterview-bench-") as folder, running.shop(folder=Path(folder)) as lab:
        with running.product(lab, folder=Path(folder)) as rest:
            first, ours, bare = in_turn(lab=lab, rest=rest)
        apart = Path(folder) / "following"
        apart.mkdir()
        lab.kubectl("annotate", "service", "shop", "-n", "store", "clusterview.io/op-", "clusterview.io/fence-")  # the first installation is gone
        with running.product(lab, folder=apart, nodes_follow=True) as rest:
            back = ways_back(lab=lab, rest=rest)
        return [*lines(first, ours, bare, promotions(lab)), line_of_back(back)]


def in_turn(*, lab: Cluster, rest: httpx.Client) -> tuple[float, list[float], list[float]]:
    """Milliseconds of the first switch of all, of each one after it, and of each bare patch."""
    slices, bare = Slices(lab, namespace="store", service="shop"), list[float]()
    cluster = rest.get("/clusters").json()[0]["id"]
    first, ours = clicked(rest, cluster, slices, side="green"), [clicked(rest, cluster, slices, side="blue", is_shown=True)]
    for _ in range(ROUNDS):
        for side in ("green", "blue"):
            ours.append(clicked(rest, cluster, slices, side=side, is_shown=True))
        for side in ("green", "blue"):
            time.sleep(PAUSE_SECONDS)
            began = time.perf_counter()
            lab.patch(SERVICE, {"spec": {"selector": {"slot": side}}})
            bare.append(1000 * (slices.when(side) - began))
        wait_for(lambda: rest.get(f"/clusters/{cluster}/applications").json()[0]["live"] == "blue", seconds=5, what="the page has seen it")
    return first, ours, bare


def clicked(rest: httpx.Client, cluster: str, slices: Slices, *, side: str, is_shown: bool = False) -> float:
    """Milliseconds from the click until the slices hold only that side; with its preflight shown before."""
    asked = {"namespace": "store", "service": "shop", "to": side}
    confirm = rest.get(f"/clusters/{cluster}/preflight", params=asked).json()["confirm"] if is_shown else None
    time.sleep(PAUSE_SECONDS)
    began = time.perf_counter()
    begun = rest.post(f"/clusters/{cluster}/switches", json=asked | {"confirm": confirm})
    assert begun.status_code == 202, begun.text
    took = 1000 * (slices.when(side) - began)
    ended(rest=rest, switch=begun.json()["id"])
    return took


def ways_back(*, lab: Cluster, rest: httpx.Client) -> list[float]:
    """Milliseconds from each click on the way back until the slices hold only blue, which nobody of green is ready in any more."""
    slices, took = Slices(lab, namespace="store", service="shop"), list[float]()
    cluster = rest.get("/clusters").json()[0]["id"]
    for _ in range(BACKS):
        green = pods_of(lab, "green")
        begun = rest.post(f"/clusters/{cluster}/switches", json={"namespace": "store", "service": "shop", "to": "green"})
        assert begun.status_code == 202, begun.text
        slices.when("green")
        for pod in green:
            states.put(lab, pod=pod["metadata"]["name"], namespace="store", state="unready")
        began = time.perf_counter()
        back = rest.post(f"/switches/{begun.json()['id']}/back")
        assert (back.status_code, back.json()["id"]) == (202, begun.json()["id"]), back.text
        took.append(1000 * (slices.when("blue") - began))
        assert ended(rest=rest, switch=back.json()["id"])["reason"] == "asked", "it had turned back by itself"
        lab.kubectl("delete", "pods", "-n", "store", "-l", "app=shop,slot=green")
        wait_for(lambda: [is_ready(pod) for pod in pods_of(lab, "green")] == [True] * len(green), seconds=60, what="green is ready")  # noqa: B023
        wait_for(lambda: is_offered(rest, cluster), seconds=10, what="the page has seen it")
    return took


def pods_of(lab: Cluster, slot: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.get(f"/api/v1/namespaces/store/pods?labelSelector=app%3Dshop,slot%3D{slot}")["items"]
    return found


def is_offered(rest: httpx.Client, cluster: str) -> bool:
    asked = {"namespace": "store", "service": "shop", "to": "green"}
    return all(one["level"] != "block" for one in rest.get(f"/clusters/{cluster}/preflight", params=asked).json()["checks"])


def promotions(lab: Cluster) -> list[float]:
    """Milliseconds of each promotion by Argo Rollouts, its new pods ready before."""
    others.start(lab, name="rollouts")
    lab.kubectl("create", "namespace", others.ROLLOUTS_NAMESPACE)
    took = []
    lab.kubectl("apply", "-f", "-", input=json.dumps(others.rollout_service()))
    lab.kubectl("apply", "-f", "-", input=json.dumps(others.rollout("0", autoPromotionEnabled=False)))
    wait_for(lambda: blue_green(lab).get("activeSelector"), seconds=60, what="the first version takes the traffic")
    slices = Slices(lab, namespace=others.ROLLOUTS_NAMESPACE, service="web")
    for version in range(1, PROMOTIONS + 1):
        lab.kubectl("apply", "-f", "-", input=json.dumps(others.rollout(str(version), autoPromotionEnabled=False)))
        wait_for(lambda: is_paused(lab), seconds=60, what="the new pods are ready and the Rollout waits")
        new = lab.get(others.ROLLOUT)["status"]["currentPodHash"]
        began = time.perf_counter()
        lab.patch(f"{others.ROLLOUT}/status", {"status": {"pauseConditions": None}})
        took.append(1000 * (slices.when(new) - began))
        wait_for(lambda: blue_green(lab).get("activeSelector") == new, seconds=30, what="the Rollout has noted it")  # noqa: B023
    return took


def blue_green(lab: Cluster) -> dict[str, str]:
    found: dict[str, str] = lab.get(others.ROLLOUT).get("status", {}).get("blueGreen", {})
    return found


def is_paused(lab: Cluster) -> bool:
    status = lab.get(others.ROLLOUT).get("status", {})
    is_new = status.get("currentPodHash") != status.get("blueGreen", {}).get("activeSelector")
    pods = lab.get(f"/api/v1/namespaces/{others.ROLLOUTS_NAMESPACE}/pods?labelSelector=rollouts-pod-template-hash%3D{status.get('currentPodHash')}")
    return is_new and bool(status.get("pauseConditions")) and [is_ready(pod) for pod in pods["items"]] == [True] * 3


def line_of_back(took: list[float]) -> Line:
    most = max(took)
    return Line("back while the new side is unready, max", most, "ms", goal=f"≤ {BACK_GOAL:.0f} ms", met=most <= BACK_GOAL)


def lines(first: float, ours: list[float], bare: list[float], peer: list[float]) -> list[Line]:
    median, most, least, theirs = percentile(ours, 0.5), max(ours), percentile(bare, 0.5), percentile(peer, 0.5)
    is_near = median <= min(least + MORE_GOAL, theirs)
    return [
        Line("click to EndpointSlices, p50", median, "ms", least, theirs, f"≤ {MEDIAN_GOAL:.0f} ms", median <= MEDIAN_GOAL),
        Line("the same, beyond the floor", median - least, "ms", None, theirs - least, f"≤ {MORE_GOAL:.0f} ms, ≤ peer", is_near),
        Line("click to EndpointSlices, p95", percentile(ours, 0.95), "ms", percentile(bare, 0.95), percentile(peer, 0.95)),
        Line("click to EndpointSlices, max", most, "ms", max(bare), max(peer), f"≤ {MOST_GOAL:.0f} ms", most <= MOST_GOAL),
        Line("the first click of all", first, "ms"),
    ]  # fmt: skip
