"""The feed counts what it is asked and what it sends for that, and keeps nothing of who has left, as an API server would have to."""

from __future__ import annotations

import socket
import time

import psutil

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


def test_a_watch_of_what_nobody_writes_ends_when_who_watches_leaves() -> None:
    with feeding.feed(nodes=SIZE.nodes, pods=SIZE.pods) as fed:
        here = psutil.Process(fed.pid)
        before = here.num_threads()
        with socket.create_connection(("127.0.0.1", int(fed.url.rpartition(":")[2]))) as connection:
            connection.sendall(b"GET /api/v1/services?watch=1 HTTP/1.1\r\n\r\n")
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
            assert here.num_threads() > before
        wait_until(lambda: here.num_threads() <= before, seconds=20, what="its thread ended")
