"""What the cluster itself needs, without the product: the floor under every figure of a switch. Printed, and only the plain facts asserted."""

from __future__ import annotations

import json
import statistics
import time

import pytest

from tests.lab.fixtures import wait_until
from tests.lab.networked import NetworkedCluster
from tests.network.conftest import service_url, slot_of
from tests.network.test_components import HOST, gateway_url, weigh

pytestmark = [pytest.mark.lab, pytest.mark.root]

SWITCHES = 20
SETTLED = 300  # answers after each: kube-proxy writes its rules at most once a second, and a lone switch does not wait for that
WEIGHTS = (90, 75, 50, 25, 10, 0, 25, 50, 75, 100)


def test_twenty_raw_selector_patches_under_two_hundred_requests_a_second(shop: NetworkedCluster, capsys: pytest.CaptureFixture[str]) -> None:
    moved: list[tuple[float, str]] = []
    with shop.probe(service_url(shop), side=slot_of) as probe:
        for number in range(SWITCHES):
            slot = ("green", "blue")[number % 2]
            moved.append((time.time(), slot))
            shop.patch("/api/v1/namespaces/store/services/shop", {"spec": {"selector": {"slot": slot}}})
            done = time.time()
            wait_until(lambda: probe.so_far().between(done, done + 60).per_side()[slot] > SETTLED, seconds=10, what=f"{slot} answers")  # noqa: B023
    ends = [*[start for start, _ in moved[1:]], time.time()]
    parts = [(start, slot, probe.report.between(start, end)) for (start, slot), end in zip(moved, ends, strict=True)]
    first = [1000 * ((part.first(slot) or 0) - start) for start, slot, part in parts]
    last = [1000 * ((part.last("blue" if slot == "green" else "green") or start) - start) for start, slot, part in parts]
    assert all(part.first(slot) for _, slot, part in parts), "each patch moved the traffic"
    with capsys.disabled():
        print(
            f"\n{SWITCHES} raw patches of a selector, {len(probe.report.requests)} requests: {len(probe.report.failed)} failed; "
            f"first new p50 {statistics.median(first):.0f} ms, max {max(first):.0f} ms; last old p50 {statistics.median(last):.0f} ms, "
            f"max {max(last):.0f} ms"
        )


def test_ten_raw_weight_steps_through_envoy(shop: NetworkedCluster, capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    weigh(shop, blue=100, green=0)
    wait_until(lambda: slot_of(shop.ask(gateway_url(shop), host=HOST)) == "blue", seconds=30, what="Envoy answers")
    with shop.probe(gateway_url(shop), side=slot_of, host=HOST, keep_alive=True) as probe:
        for green in WEIGHTS:
            weigh(shop, blue=100 - green, green=green)
            start = time.time() + 0.5
            wait_until(lambda: len(probe.so_far().between(start, start + 60).requests) > 300, seconds=20, what="300 answers")  # noqa: B023
            sides = probe.so_far().between(start, start + 60).per_side()
            seen.append((green, 100 * sides["green"] / sides.total()))
    weigh(shop, blue=100, green=0)
    assert [share for asked, share in seen if asked == 0] == [0]
    assert [share for asked, share in seen if asked == 100] == [100]
    with capsys.disabled():
        said = ", ".join(f"{asked} -> {share:.0f}" for asked, share in seen)
        print(f"\n{len(WEIGHTS)} weight steps, {len(probe.report.requests)} requests: {len(probe.report.failed)} failed; percent green: {said}")


def test_the_patch_itself_is_written_by_who_sent_it(shop: NetworkedCluster) -> None:
    shop.patch("/api/v1/namespaces/store/services/shop", {"spec": {"selector": {"slot": "green"}}})
    written = [one for one in shop.writes() if one["objectRef"].get("name") == "shop" and one["verb"] == "patch"]
    assert json.dumps(written[-1]["requestObject"]).count("green") == 1
    assert written[-1]["user"]["username"] == "admin"
