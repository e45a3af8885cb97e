"""The short form of `manage.py soak live`: each of its faults once."""

from __future__ import annotations

import pytest

from tests.soak import live

ROUND_SECONDS, FAULT_SECONDS = 4.0, 3.0


@pytest.mark.slow
def test_the_product_shows_the_truth_after_each_fault_loses_no_browser_and_holds_no_more_than_before() -> None:
    lines = live.run(minutes=0, least=live.FAULTS, round_seconds=ROUND_SECONDS, fault_seconds=FAULT_SECONDS)
    assert [line.what for line in lines if line.met is False] == []
