"""A stream of changes is cut by nothing of ours. It was opened before the journeys of this group and is open during all of them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.journeys.conftest import LongStream
from tests.journeys.dashboard import wait_for

pytestmark = [pytest.mark.lab, pytest.mark.browser]

PROMISED_SECONDS = 180.0


def test_a_stream_of_three_minutes_is_not_cut(long_stream: LongStream, lab: Any, lab_shop: Any) -> None:
    left = PROMISED_SECONDS - (time.monotonic() - long_stream.begun)
    long_stream.ended.wait(max(left, 0))
    assert not long_stream.ended.is_set(), long_stream.why
    before = long_stream.changes
    lab.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "4")
    wait_for(lambda: long_stream.changes > before, seconds=20, what="a change after three minutes")
    assert not long_stream.ended.is_set(), long_stream.why
