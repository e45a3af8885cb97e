"""The floors and the peer in C tell each of their clients of every event: what came late or never would make ours look good."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import change, feeding
from tests.bench.feeding import Feed
from tests.lab.fixtures import wait_until

RATE, SECONDS, BROWSERS = 50.0, 0.3, 40


@pytest.fixture(scope="module")
def fed() -> Iterator[Feed]:
    with feeding.feed(nodes=5, pods=30) as found:
        yield found


def test_the_floor_tells_its_client_the_age_of_every_change(fed: Feed) -> None:
    with change.relay(fed) as ages:
        sent = fed.churn(rate=RATE, seconds=SECONDS)["sent"]
        wait_until(lambda: len(ages) == sent, seconds=10, what="every change came")
    assert all(0 <= one < 60_000 for one in ages)


def test_the_peer_hands_each_object_on_whole(fed: Feed) -> None:
    with change.relay_whole(fed) as heard:
        sent = fed.churn(rate=RATE, seconds=SECONDS)["sent"]
        wait_until(lambda: len(heard.ages) == sent, seconds=10, what="every object came")
    assert all(0 <= one < 60_000 for one in heard.ages)
    assert heard.frame_bytes > 6_000 * sent


def test_the_floor_of_many_tells_every_browser_of_every_change(fed: Feed) -> None:
    with tempfile.TemporaryDirectory() as folder, change.relay_to_many(fed, count=BROWSERS, folder=Path(folder)) as (crowd, stamps):
        sent = fed.churn(rate=5, seconds=SECONDS)["sent"]
        wait_until(lambda: len(stamps) == sent, seconds=10, what="every change was sent to all")
    assert len(crowd.latenesses(stamps, browsers=BROWSERS)) == sent > 0
    assert crowd.open == BROWSERS
