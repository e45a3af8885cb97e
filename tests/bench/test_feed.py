"""The feed counts what it is asked and what it sends for that, as an API server would have to."""

from __future__ import annotations

import time

from clusterview.practice.sizes import Size
from tests.bench import feed, feeding
from tests.bench.change import relay_whole
from tests.lab.fixtures import wait_until

SIZE = Size(nodes=5, pods=12)


def test_a_whole_list_and_a_watch_count_as_one_request_each_with_all_their_bytes() -> None:
    pods = feed.Pods(SIZE, now=time.time())
    whole = sum(len(pods.text(number)) for number in range(SIZE.pods))
    with feeding.feed(nodes=SIZE.nodes, pods=SIZE.pods) as fed:
        fed.ask("/api/v1/pods")
        fed.ask("/api/v1/pods")
        assert fed.ask("/requests") == {"list pods": 2}
        listed = fed.ask("/sent")
        assert 2 * whole < listed < 2 * whole + 1_000
        with relay_whole(fed) as heard:
            fed.churn(rate=5, seconds=0.25)
            wait_until(lambda: len(heard.ages) == 1, seconds=10, what="the change came")
        assert fed.ask("/requests") == {"list pods": 2, "watch pods": 1}
        assert heard.frame_bytes < fed.ask("/sent") - listed < heard.frame_bytes + 100
