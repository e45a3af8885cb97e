"""A program that follows `changes` has what the page has, also after it was cut off in the middle."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.journeys.dashboard import wait_for
from tests.journeys.events import Listener, Topology
from tests.journeys.test_see import scale

pytestmark = pytest.mark.browser


def test_a_reader_that_was_cut_off_goes_on_with_its_last_event_and_holds_the_fresh_picture(
    operator: httpx.Client, cluster_id: str, cluster: Any, cluster_shop: Any
) -> None:
    wait_for(lambda: operator.get("/clusters").json()[0]["state"] == "live", seconds=30, what="live")
    mine = Topology.read(rest=operator, cluster=cluster_id)
    with Listener(rest=operator, cluster=cluster_id, after=mine.place) as first:
        scale(cluster, "shop-green", 5)
        wait_for(lambda: any(told.kind == "Pod" for told in first.events), seconds=40, what="a pod that came")
        before = list(first.events)
    assert before[-1].place
    scale(cluster, "shop-green", 2)
    with Listener(rest=operator, cluster=cluster_id, after=before[-1].place) as second:
        wait_for(lambda: any(told.change["op"] == "drop" and told.kind == "Pod" for told in second.events), seconds=20, what="a pod that went")
        fresh = Topology.read(rest=operator, cluster=cluster_id)
        wait_for(lambda: second.place >= fresh.place, seconds=10, what="the reader is as far as the picture")
        heard = before + second.events
    assert not second.why
    assert all(told.place for told in heard), "it was told to start again although nothing was lost"
    assert {told.place[0] for told in heard if told.place} == {mine.place[0]} == {fresh.place[0]}
    assert mine.objects != fresh.objects
    mine.apply(heard, until=fresh.place)
    assert mine.place == fresh.place
    assert mine.objects == fresh.objects
    assert mine.links == fresh.links
