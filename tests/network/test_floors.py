"""What the cluster itself needs, without the product: the floor under every figure of a switch, measured with nothing but `kubectl patch`.

The plain facts are asserted; the figures are printed, and kept where `manage.py bench` keeps its own.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.bench import table
from tests.bench.table import Line, percentile
from tests.lab.fixtures import wait_until
from tests.lab.networked import NetworkedCluster
from tests.lab.probing import TOO_MANY, Report
from tests.network.conftest import astray, service_url, slot_of
from tests.network.test_components import HOST, gateway_url, weigh

pytestmark = [pytest.mark.lab, pytest.mark.root]

SWITCHES = 20
SETTLED = 300  # answers after each: kube-proxy writes its rules at most once a second, and a lone switch does not wait for that
WEIGHTS = (90, 75, 50, 25, 10, 0, 25, 50, 75, 100)
WEIGHED_RATE = 800
POINTS = 3
ENVOY_FOLLOWS_SECONDS = 0.5
OTHER = {"blue": "green", "green": "blue"}


def enough(percent: int) -> int:
    """So many answers that chance alone stays within three points, but for once in five thousand times."""
    return max(300, round(percent * (100 - percent) * (3.8 / POINTS) ** 2))


def patches(lab: NetworkedCluster, *, resource: str) -> list[float]:
    """When the API server got each patch of the shop's object, from its own write log."""
    path = f"/namespaces/store/{resource}/shop"
    found = [one for one in lab.writes() if one["verb"] == "patch" and one["requestURI"].split("?")[0].endswith(path)]
    return [datetime.fromisoformat(one["requestReceivedTimestamp"]).timestamp() for one in found]


def told(capsys: pytest.CaptureFixture[str], *, name: str, report: Report, lines: list[Line]) -> None:
    """Prints what was measured, and keeps it."""
    state = Path(__file__).parents[2] / ".state"
    state.mkdir(parents=True, exist_ok=True)
    table.keep(name=name, lines=lines, file=state / "bench.jsonl")
    with capsys.disabled():
        print(f"\n{name}: {len(report.requests)} requests, {len(report.failed)} failed\n{table.show(lines)}")


def test_twenty_raw_selector_patches_under_two_hundred_requests_a_second(shop: NetworkedCluster, capsys: pytest.CaptureFixture[str]) -> None:
    slots = [("green", "blue")[number % 2] for number in range(SWITCHES)]
    with shop.probe(service_url(shop), side=slot_of) as probe:
        for slot in slots:
            shop.kubectl("patch", "service", "shop", "-n", "store", "-p", json.dumps({"spec": {"selector": {"slot": slot}}}))
            done = time.time()
            wait_until(lambda: probe.so_far().between(done, done + 60).per_side()[slot] > SETTLED, seconds=10, what=f"{slot} answers")  # noqa: B023
    starts = patches(shop, resource="services")[-SWITCHES:]
    parts = [(start, slot, probe.report.between(start, end)) for start, slot, end in zip(starts, slots, [*starts[1:], time.time()], strict=True)]
    assert not probe.report.failed, probe.report.failed[:5]
    for start, slot, part in parts:
        assert part.first(slot), "each patch moved the traffic"
        assert not astray(part, since=start, side=slot), "and all of it"
    first = [1000 * ((part.first(slot) or 0) - start) for start, slot, part in parts]
    last = [1000 * ((part.last(OTHER[slot]) or start) - start) for start, slot, part in parts]
    lines = [
        Line(f"{what}, {which}", None, "ms", floor=value)
        for what, values in (("raw selector patch to the first new answer", first), ("to the last old answer", last))
        for which, value in (("p50", percentile(values, 0.5)), ("max", max(values)))
    ]
    told(capsys, name="floor of a selector", report=probe.report, lines=lines)


def test_ten_raw_weight_steps_through_envoy(shop: NetworkedCluster, capsys: pytest.CaptureFixture[str]) -> None:
    weigh(shop, blue=100, green=0)
    wait_until(lambda: slot_of(shop.ask(gateway_url(shop), host=HOST)) == "blue", seconds=30, what="Envoy answers")
    before = len(patches(shop, resource="httproutes"))
    with shop.probe(gateway_url(shop), side=slot_of, host=HOST, rate=WEIGHED_RATE, keep_alive=True) as probe:
        for green in WEIGHTS:
            weigh(shop, blue=100 - green, green=green)
            done = time.time() + ENVOY_FOLLOWS_SECONDS
            wait_until(lambda: probe.so_far().between(done, done + 60).per_side().total() >= enough(green), seconds=40, what="enough answers")  # noqa: B023
    weigh(shop, blue=100, green=0)
    starts = patches(shop, resource="httproutes")[before : before + len(WEIGHTS)]
    lines = []
    for asked, held, start, end in zip(WEIGHTS, (0, *WEIGHTS), starts, [*starts[1:], 1e12], strict=False):
        step = probe.report.between(start, end)
        sides = probe.report.between(start + ENVOY_FOLLOWS_SECONDS, end).per_side()
        share = 100 * sides["green"] / sides.total()
        failed = [one for one in step.failed if one.error != TOO_MANY]  # what a busy machine did not come to send says nothing of Envoy
        assert not failed, failed[:5]
        assert sides.total() >= enough(asked)
        assert share == pytest.approx(asked, abs=POINTS if asked not in (0, 100) else 0), f"asked for {asked} percent"
        lines.append(Line(f"{held} to {asked} percent green", None, "%", floor=share))
        if asked == 0:
            lines.append(Line("last answer of the side that got nothing more", None, "ms", floor=1000 * ((step.last("green") or start) - start)))
        if held == 0:
            lines.append(Line("first answer of the side that got something", None, "ms", floor=1000 * ((step.first("green") or 0) - start)))
        if asked == 100:
            lines.append(Line("last answer of the side that got nothing more", None, "ms", floor=1000 * ((step.last("blue") or start) - start)))
    told(capsys, name="floor of weights", report=probe.report, lines=lines)


def test_the_patch_itself_is_written_by_who_sent_it(shop: NetworkedCluster) -> None:
    shop.patch("/api/v1/namespaces/store/services/shop", {"spec": {"selector": {"slot": "green"}}})
    written = [one for one in shop.writes() if one["objectRef"].get("name") == "shop" and one["verb"] == "patch"]
    assert json.dumps(written[-1]["requestObject"]).count("green") == 1
    assert written[-1]["user"]["username"] == "admin"
