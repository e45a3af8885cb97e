"""Each fault of a TCP connection happens on the wire, to the connections that the seed chose, and is written down."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.faults.proxy import HOST, Proxy
from tests.faults.tcp import Bandwidth, Blackhole, Down, IdleCut, Latency, LimitData, Reset, Slicer, SlowClose
from tests.lab.fixtures import wait_until
from tests.patience import Patience
from tests.redis_servers import RedisServer


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that gives back what it gets, and closes when the other end has closed."""
    listener = socket.create_server((HOST, 0))

    def echo(one: socket.socket) -> None:
        with one:
            try:
                while data := one.recv(65536):
                    one.sendall(data)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(one,), daemon=True).start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    yield int(listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    accepting.join(5)


@pytest.fixture
def proxy(echo_port: int, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(target_port=echo_port, seed=7, timeline=tmp_path / "timeline.jsonl") as one:
        yield one


@contextmanager
def connected(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, proxy.port), timeout=5) as one:
        yield one


def send_all(one: socket.socket, data: bytes) -> None:
    one.sendall(data)
    one.shutdown(socket.SHUT_WR)


def everything(one: socket.socket) -> bytes:
    """All that comes until the FIN."""
    pieces = []
    while data := one.recv(65536):
        pieces.append(data)
    return b"".join(pieces)


def told(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "timeline.jsonl").read_text().splitlines()]


def test_without_a_fault_every_byte_and_the_fin_pass(proxy: Proxy) -> None:
    sent = bytes(range(256)) * 8192
    with connected(proxy) as one:
        threading.Thread(target=send_all, args=(one, sent)).start()
        assert everything(one) == sent
    assert proxy.connections == 1


def test_latency_delays_and_its_end_ends_it(proxy: Proxy) -> None:
    handle = proxy.add(Latency(seconds=0.3, jitter_seconds=0.05, direction="to_client"))
    with connected(proxy) as one:
        begun = time.monotonic()
        one.sendall(b"slow")
        assert one.recv(10) == b"slow"
        assert time.monotonic() - begun >= 0.25
        proxy.remove(handle)
        struck = handle.struck
        one.sendall(b"fast")
        assert one.recv(10) == b"fast"
    assert handle.struck == struck


def test_latency_does_not_make_the_line_narrower(proxy: Proxy) -> None:
    proxy.add(Latency(seconds=0.3))
    sent = bytes(4_000_000)
    with connected(proxy) as one:
        begun, patience = time.monotonic(), Patience(seconds=4)
        threading.Thread(target=send_all, args=(one, sent)).start()
        assert everything(one) == sent
        assert time.monotonic() - begun >= 0.6
        assert not patience.is_over, "a pause for each of the pieces would be 18 s"


def test_bandwidth_bounds_bytes_per_second(proxy: Proxy) -> None:
    proxy.add(Bandwidth(bytes_per_second=20_000, direction="to_server"))
    with connected(proxy) as one:
        begun = time.monotonic()
        one.sendall(bytes(10_000))
        one.shutdown(socket.SHUT_WR)
        assert len(everything(one)) == 10_000
        assert time.monotonic() - begun >= 0.45


def test_in_a_black_hole_bytes_vanish_and_the_connection_stays_open(proxy: Proxy) -> None:
    with connected(proxy) as one:
        one.sendall(b"before")
        assert one.recv(10) == b"before"
        handle = proxy.add(Blackhole(direction="to_client"))
        one.sendall(b"lost")
        wait_until(lambda: handle.struck == 1, seconds=5, what="the answer vanished")
        one.settimeout(0.2)
        with pytest.raises(TimeoutError):
            one.recv(10)
        proxy.remove(handle)
        one.sendall(b"after")
        with pytest.raises(TimeoutError):
            one.recv(10)
    with connected(proxy) as another:
        another.sendall(b"new")
        assert another.recv(10) == b"new"


def test_a_black_hole_swallows_the_fin(proxy: Proxy) -> None:
    handle = proxy.add(Blackhole(direction="to_client"))
    with connected(proxy) as one:
        one.shutdown(socket.SHUT_WR)
        wait_until(lambda: handle.struck == 1, seconds=5, what="the server's FIN vanished")
        one.settimeout(0.2)
        with pytest.raises(TimeoutError):
            one.recv(10)


def test_reset_is_an_rst(proxy: Proxy) -> None:
    with connected(proxy) as one:
        proxy.add(Reset())
        with pytest.raises(ConnectionResetError):
            one.recv(10)


def test_an_rst_of_the_server_is_an_rst_for_the_client(echo_port: int) -> None:
    with Proxy(target_port=echo_port) as far, Proxy(target_port=far.port) as near, connected(near) as one:
        one.sendall(b"there")
        assert one.recv(10) == b"there"
        far.add(Reset())
        with pytest.raises(ConnectionResetError):
            one.recv(10)


def test_a_server_that_is_not_there_is_an_rst(unused_port: int) -> None:
    with Proxy(target_port=unused_port) as proxy, pytest.raises(ConnectionResetError), connected(proxy) as one:
        one.recv(10)


@pytest.fixture
def unused_port() -> int:
    with closing(socket.create_server((HOST, 0))) as one:
        return int(one.getsockname()[1])


def test_limit_data_lets_exactly_so_many_bytes_pass(proxy: Proxy) -> None:
    proxy.add(LimitData(limit_bytes=1000, direction="to_client"))
    with connected(proxy) as one:
        one.sendall(bytes(5000))
        assert len(everything(one)) == 1000


def test_a_slow_close_keeps_the_end_back(proxy: Proxy) -> None:
    proxy.add(SlowClose(seconds=0.3, direction="to_client"))
    with connected(proxy) as one:
        begun = time.monotonic()
        one.sendall(b"last words")
        one.shutdown(socket.SHUT_WR)
        assert one.recv(100) == b"last words"
        assert one.recv(100) == b""
        assert time.monotonic() - begun >= 0.3


def test_the_slicer_sends_small_pieces(proxy: Proxy) -> None:
    proxy.add(Slicer(piece_bytes=2, pause_seconds=0.05, direction="to_client"))
    with connected(proxy) as one:
        one.sendall(b"abcdefgh")
        first = one.recv(100)
        assert len(first) < 8
        one.shutdown(socket.SHUT_WR)
        assert first + everything(one) == b"abcdefgh"


def test_a_proxy_that_is_down_cuts_and_refuses_until_it_is_up_again(proxy: Proxy) -> None:
    with connected(proxy) as one:
        one.sendall(b"open")
        assert one.recv(10) == b"open"
        handle = proxy.add(Down())
        assert one.recv(10) == b""
    with pytest.raises(ConnectionRefusedError), connected(proxy):
        pass
    proxy.remove(handle)
    with connected(proxy) as one:
        one.sendall(b"again")
        assert one.recv(10) == b"again"
    assert proxy.connections == 2


def test_an_idle_connection_is_cut_and_a_busy_one_is_not(proxy: Proxy) -> None:
    with connected(proxy) as busy, connected(proxy) as idle:
        idle.sendall(b"once")
        assert idle.recv(10) == b"once"
        proxy.add(IdleCut(seconds=3))
        ending = threading.Thread(target=lambda: ended.append(idle.recv(10)))
        ended: list[bytes] = []
        ending.start()
        while ending.is_alive():
            busy.sendall(b"still here")
            assert busy.recv(100)
            ending.join(0.05)
        assert ended == [b""]


def test_the_seed_chooses_the_same_connections_again(echo_port: int, tmp_path: Path) -> None:
    def chosen(*, seed: int, name: str) -> tuple[list[bool], list[dict[str, Any]]]:
        (tmp_path / name).mkdir()
        with Proxy(target_port=echo_port, seed=seed, timeline=tmp_path / name / "timeline.jsonl") as proxy:
            proxy.add(LimitData(limit_bytes=1, direction="to_client", probability=0.5))
            proxy.add(Latency(seconds=0.002, jitter_seconds=0.002))
            answers = []
            for _ in range(20):
                with connected(proxy) as one:
                    one.sendall(b"ab")
                    one.shutdown(socket.SHUT_WR)
                    answers.append(everything(one) == b"a")
        lines = [line | {"at_seconds": 0} for line in told(tmp_path / name) if line["did"].get("bytes")]
        return answers, sorted(lines, key=json.dumps)

    first, again, other = chosen(seed=7, name="first"), chosen(seed=7, name="again"), chosen(seed=8, name="other")
    assert first == again
    assert 0 < sum(first[0]) < 20
    assert other[0] != first[0]


def test_the_timeline_says_what_happened_to_whom(proxy: Proxy, tmp_path: Path) -> None:
    with connected(proxy):
        pass
    proxy.add(LimitData(limit_bytes=3, direction="to_client"))
    with connected(proxy) as one:
        one.sendall(b"abcdef")
        assert everything(one) == b"abc"
    [line] = told(tmp_path)
    assert line.pop("at_seconds") > 0
    assert line == {"connection": 2, "fault": "LimitData", "where": "to_client", "did": {"bytes": 3}}


def test_a_proxy_with_stuck_connections_stops_at_once(echo_port: int) -> None:
    with Proxy(target_port=echo_port) as proxy:
        proxy.add(Blackhole())
        proxy.add(Bandwidth(bytes_per_second=1))
        with connected(proxy) as one, connected(proxy) as another:
            another.sendall(b"lost")
            one.setblocking(False)
            with pytest.raises(BlockingIOError):
                while True:
                    one.send(bytes(1_000_000))
            patience = Patience(seconds=1)
            proxy.stop()
            assert not patience.is_over
    assert not any(thread.name == f"fault-proxy-{proxy.port}" for thread in threading.enumerate())


def test_redis_is_spoken_to_through_the_proxy(redis_server: RedisServer) -> None:
    port = int(redis_server.url.split(":")[2].split("/")[0])
    with Proxy(target_port=port) as proxy, redis.Redis(host=HOST, port=proxy.port, socket_timeout=3, retry=Retry(NoBackoff(), 0)) as client:
        assert client.set("key", bytes(1_000_000))
        assert client.get("key") == bytes(1_000_000)
        handle = proxy.add(Blackhole(direction="to_client"))
        with pytest.raises(redis.exceptions.TimeoutError):
            client.get("key")
        proxy.remove(handle)
        assert client.get("key") == bytes(1_000_000)
    assert proxy.connections == 2
