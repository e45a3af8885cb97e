"""Before a real API server the proxy changes nothing by itself, and each fault of a request or a watch is seen by a client on the wire."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import ssl
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

import psutil
import pytest

from clusterview.kube import errors, kubeconfigs, patching
from clusterview.kube.connections import Connection
from tests.faults.api import ApiProxy
from tests.faults.proxy import HOST, Proxy
from tests.faults.requests import AnswerHtml, AnswerStatus, Delay, DropAnswer, GzipBomb, Match
from tests.faults.tcp import Down, Reset
from tests.faults.watches import Corrupt, Drop, Duplicate, InjectError, RewriteVersion, Stall, SwallowBookmarks, Swap, Truncate, WatchFault
from tests.lab.cluster import Cluster
from tests.lab.fixtures import wait_until
from tests.observer.test_lab import expect_truth, observed
from tests.patience import Patience
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.lab

NOTES = "/api/v1/namespaces/default/configmaps"
NOTE = f"{NOTES}/note"
WATCH = f"{NOTES}?watch=1&fieldSelector=metadata.name%3Dnote"
HEADERS = {"Authorization": "Bearer admin-token", "Accept": "application/json"}
MERGE = HEADERS | {"Content-Type": "application/merge-patch+json"}


@pytest.fixture(scope="module")
def note(lab: Cluster) -> Iterator[None]:
    """A ConfigMap that only these tests write."""
    lab.kubectl("create", "configmap", "note", "--from-literal", "text=none")
    yield
    lab.kubectl("delete", "configmap", "note")


@pytest.fixture
def proxy(lab: Cluster, note: None, tmp_path: Path) -> Iterator[ApiProxy]:
    write(lab, "begun")
    with ApiProxy(lab=lab, seed=7, timeline=tmp_path / "timeline.jsonl") as one:
        yield one


def write(lab: Cluster, text: str) -> None:
    """Around the proxy: one event of a watch."""
    lab.patch(NOTE, {"data": {"text": text}})


def text(lab: Cluster) -> str:
    return str(lab.get(NOTE)["data"]["text"])


@contextmanager
def connected(proxy: ApiProxy) -> Iterator[http.client.HTTPSConnection]:
    config = json.loads(proxy.kubeconfig(user="admin").read_text())
    authority = b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
    one = http.client.HTTPSConnection(HOST, proxy.port, context=ssl.create_default_context(cadata=authority), timeout=5)
    try:
        yield one
    finally:
        one.close()


def ask(one: http.client.HTTPSConnection, method: str = "GET", path: str = NOTE, body: str | None = None) -> tuple[http.client.HTTPResponse, bytes]:
    one.request(method, path, body=body, headers=MERGE if body else HEADERS)
    with one.getresponse() as answer:
        return answer, answer.read()


def send_patch(one: http.client.HTTPSConnection, said: str) -> None:
    one.request("PATCH", NOTE, body=json.dumps({"data": {"text": said}}), headers=MERGE)


def patch(one: http.client.HTTPSConnection, said: str) -> int:
    send_patch(one, said)
    with one.getresponse() as answer:
        answer.read()
        return answer.status


def assert_reset(one: http.client.HTTPSConnection) -> None:
    """Looks below TLS, because Python's ssl calls an RST the end of the stream: https://github.com/python/cpython/issues/115627"""
    with socket.socket(fileno=os.dup(one.sock.fileno())) as wire, pytest.raises(ConnectionResetError):
        wire.settimeout(5)
        while wire.recv(65536):
            pass


@contextmanager
def watched(proxy: ApiProxy, lab: Cluster, path: str = WATCH) -> Iterator[http.client.HTTPResponse]:
    """An open watch of the note, from now on."""
    with connected(proxy) as one, watching(one, lab, path) as answer:
        yield answer


@contextmanager
def watching(one: http.client.HTTPSConnection, lab: Cluster, path: str = WATCH) -> Iterator[http.client.HTTPResponse]:
    version = lab.get(NOTE)["metadata"]["resourceVersion"]
    one.request("GET", f"{path}&resourceVersion={version}" if path == WATCH else path, headers=HEADERS)
    with one.getresponse() as answer:
        assert answer.status == 200
        yield answer


def event(answer: http.client.HTTPResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.readline())
    return found


def said(answer: http.client.HTTPResponse) -> str:
    return str(event(answer)["object"]["data"]["text"])


# Without faults


def test_kubectl_works_through_the_proxy(proxy: ApiProxy, lab: Cluster) -> None:
    asked = ["get", "services,pods,nodes", "-A", "-o", "name"]
    line = [str(lab._bin / "k8s"), "kubectl", "--kubeconfig", str(proxy.kubeconfig(user="admin"))]
    done = subprocess.run([*line, *asked], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == lab.kubectl(*asked)
    subprocess.run([*line, "annotate", "configmap", "note", "by=kubectl", "--overwrite"], capture_output=True, timeout=30, check=True)
    assert lab.get(NOTE)["metadata"]["annotations"]["by"] == "kubectl"


def test_a_connection_is_kept_for_the_next_request(proxy: ApiProxy) -> None:
    with connected(proxy) as one:
        for _ in range(3):
            answer, body = ask(one)
            assert answer.status == 200 and json.loads(body)["kind"] == "ConfigMap"
    assert proxy.connections == 1
    assert proxy.requests == [("GET", NOTE)] * 3


def test_the_credential_of_the_client_is_the_one_that_counts(proxy: ApiProxy) -> None:
    with connected(proxy) as one:
        one.request("GET", NOTE, headers={"Authorization": "Bearer nobody"})
        with one.getresponse() as answer:
            assert answer.status == 401


def test_a_watch_comes_event_by_event(proxy: ApiProxy, lab: Cluster) -> None:
    with watched(proxy, lab) as answer:
        for number in range(3):
            write(lab, str(number))
            assert said(answer) == str(number)


def test_a_watch_that_nobody_reads_any_more_is_ended(proxy: ApiProxy, lab: Cluster) -> None:
    def asking() -> set[int]:
        """The own ports of this process' connections to the API server; others' tests may have left one open."""
        found = psutil.Process(os.getpid()).net_connections(kind="tcp")
        return {one.laddr.port for one in found if one.status == psutil.CONN_ESTABLISHED and one.raddr and one.raddr.port == lab.port}

    before = asking()
    with watched(proxy, lab):
        assert len(asking() - before) == 1
    wait_until(lambda: not asking() - before, seconds=5, what="the API server is not asked any more")


def test_an_observer_behind_the_proxy_sees_the_truth(lab_shop: Cluster, redis_server: RedisServer) -> None:
    with ApiProxy(lab=lab_shop) as proxy, observed(kubeconfig=proxy.kubeconfig(user="admin"), redis_server=redis_server) as page:
        expect_truth(page, lab_shop)
        lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "4")
        pods = "/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen"
        wait_until(lambda: len(lab_shop.get(pods)["items"]) == 4, seconds=20, what="there are four pods")
        expect_truth(page, lab_shop)
    assert any(path.startswith("/api/v1/pods") and "watch" in path for _, path in proxy.requests)


# Requests


@pytest.mark.parametrize("code", [401, 403, 410, 429, 500, 502, 503])
def test_a_request_is_answered_with_a_status_and_not_asked(proxy: ApiProxy, lab: Cluster, code: int) -> None:
    proxy.add(AnswerStatus(code=code, retry_after_seconds=7 if code == 429 else None, match=Match(method="PATCH", path="configmaps/note$", times=1)))
    with connected(proxy) as one:
        assert ask(one)[0].status == 200
        answer, body = ask(one, "PATCH", NOTE, json.dumps({"data": {"text": "asked"}}))
        assert answer.status == json.loads(body)["code"] == code
        assert json.loads(body)["kind"] == "Status"
        assert answer.headers["Retry-After"] == ("7" if code == 429 else None)
        assert text(lab) == "begun"
        assert patch(one, "once only") == 200
    assert text(lab) == "once only"


def test_a_patch_whose_answer_is_dropped_was_applied(proxy: ApiProxy, lab: Cluster, tmp_path: Path) -> None:
    proxy.add(DropAnswer(match=Match(method="PATCH")))
    with connected(proxy) as one:
        send_patch(one, "applied")
        assert_reset(one)
    assert text(lab) == "applied"
    [line] = [json.loads(line) for line in (tmp_path / "timeline.jsonl").read_text().splitlines()]
    assert line.pop("at_seconds") > 0
    assert line == {"connection": 1, "fault": "DropAnswer", "where": f"PATCH {NOTE}", "did": {"code": 200}}


def test_the_product_calls_a_dropped_answer_lost(proxy: ApiProxy, lab: Cluster) -> None:
    proxy.add(DropAnswer(match=Match(method="PATCH")))
    connection = Connection(kubeconfigs.contexts([str(proxy.kubeconfig(user="admin"))])[0])
    with pytest.raises(errors.LostAnswer):
        patching.json_patch(connection, NOTE, [{"op": "replace", "path": "/data/text", "value": "lost"}])
    connection.close()
    assert text(lab) == "lost"


def test_a_delayed_patch_is_an_orphan_until_it_is_released(proxy: ApiProxy, lab: Cluster) -> None:
    delay = proxy.add(Delay(match=Match(method="PATCH", times=1)))
    with connected(proxy) as one:
        send_patch(one, "late")
        assert_reset(one)
        one.close()
        assert patch(one, "early") == 200
    assert text(lab) == "early"
    assert proxy.release(delay) == [200]
    assert text(lab) == "late"


def test_a_delayed_patch_is_delivered_though_its_client_timed_out(proxy: ApiProxy, lab: Cluster) -> None:
    delay = proxy.add(Delay(seconds=0.5, hang_up=False, match=Match(method="PATCH")))
    with connected(proxy) as one:
        one.timeout = 0.1
        with pytest.raises(TimeoutError):
            patch(one, "late")
    assert text(lab) == "begun"
    wait_until(lambda: delay.struck == 2, seconds=5, what="it was delivered")
    assert text(lab) == "late"


def test_a_login_page_stands_where_json_was_asked_for(proxy: ApiProxy) -> None:
    proxy.add(AnswerHtml())
    with connected(proxy) as one:
        answer, body = ask(one)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/html")
        assert b"<form>" in body


def test_a_gzip_bomb_is_small_on_the_wire(proxy: ApiProxy) -> None:
    proxy.add(GzipBomb(mebibytes=20))
    with connected(proxy) as one:
        answer, body = ask(one)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(body) < 100_000
    inflated = gzip.decompress(body)
    assert len(inflated) == 20 * 1024 * 1024
    assert json.loads(inflated) == {}


def test_the_seed_chooses_the_same_requests_again(lab: Cluster, note: None) -> None:
    def chosen(seed: int) -> list[int]:
        with ApiProxy(lab=lab, seed=seed) as proxy, connected(proxy) as one:
            proxy.add(AnswerStatus(code=503, match=Match(probability=0.5)))
            return [ask(one)[0].status for _ in range(20)]

    assert chosen(7) == chosen(7) != chosen(8)
    assert set(chosen(7)) == {200, 503}


# Watches


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (Duplicate(event=1), ["a", "a", "b", "c"]),
        (Drop(event=2), ["a", "c"]),
        (Swap(event=1), ["b", "a", "c"]),
        (Duplicate(match=Match(path="services")), ["a", "b", "c"]),
    ],
    ids=["duplicate", "drop", "swap", "another path"],
)
def test_events_are_doubled_lost_and_swapped(proxy: ApiProxy, lab: Cluster, fault: WatchFault, seen: list[str]) -> None:
    with watched(proxy, lab) as answer:
        proxy.add(fault)
        for text in "abc":
            write(lab, text)
        assert [said(answer) for _ in seen] == seen


def test_the_seed_drops_the_same_events_again_whatever_the_resource_version(lab: Cluster, note: None) -> None:
    def came(seed: int, *, others: int) -> list[int]:
        """Which of twenty events came; as many connections as `others` were there before."""
        with ApiProxy(lab=lab, seed=seed) as proxy:
            for _ in range(others):
                with connected(proxy) as one:
                    ask(one)
            proxy.add(Drop(chance=0.5))
            with watched(proxy, lab) as answer:
                for number in range(20):
                    write(lab, str(number))
                for number in range(10):
                    write(lab, f"end {number}")
                found = takewhile(lambda text: "end" not in text, iter(lambda: said(answer), None))
                return [int(text) for text in found]

    first, again, other = came(7, others=0), came(7, others=3), came(8, others=0)
    assert first == again
    assert 0 < len(first) < 20
    assert other != first


def test_a_truncated_line_is_the_last_of_its_watch(proxy: ApiProxy, lab: Cluster) -> None:
    proxy.add(Truncate(event=2))
    with watched(proxy, lab) as answer:
        write(lab, "whole")
        assert said(answer) == "whole"
        write(lab, "half")
        line = answer.readline()
        assert line.startswith(b'{"type":"MODIFIED"') and not line.endswith(b"\n")
        assert answer.readline() == b""


def test_a_corrupted_line_is_no_json_and_the_next_one_is(proxy: ApiProxy, lab: Cluster) -> None:
    proxy.add(Corrupt(event=1))
    proxy.add(Corrupt(event=2, into=b'{"type":"UNHEARD","object":NaN}'))
    with watched(proxy, lab) as answer:
        for text in "abc":
            write(lab, text)
        line = answer.readline()
        assert line.endswith(b"\n")
        with pytest.raises(ValueError):
            json.loads(line)
        assert answer.readline() == b'{"type":"UNHEARD","object":NaN}\n'
        assert said(answer) == "c"


@pytest.mark.parametrize("code", [410, 500])
def test_an_error_event_comes_as_the_watch_opens_or_before_an_event(proxy: ApiProxy, lab: Cluster, code: int) -> None:
    proxy.add(InjectError(event=0, code=code))
    with watched(proxy, lab) as answer:
        opening = event(answer)
        assert opening["type"] == "ERROR"
        assert opening["object"]["code"] == code
    proxy.clear()
    proxy.add(InjectError(event=2, code=code))
    with watched(proxy, lab) as answer:
        write(lab, "a")
        write(lab, "b")
        assert said(answer) == "a"
        assert event(answer)["object"]["code"] == code
        assert said(answer) == "b"


def test_bookmarks_are_swallowed_and_events_are_not(proxy: ApiProxy, lab: Cluster) -> None:
    streaming = WATCH + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    with watched(proxy, lab, streaming) as answer:
        assert [event(answer)["type"] for _ in range(2)] == ["ADDED", "BOOKMARK"]
    swallow = proxy.add(SwallowBookmarks())
    with watched(proxy, lab, streaming) as answer:
        assert event(answer)["type"] == "ADDED"
        wait_until(lambda: swallow.struck == 1, seconds=5, what="the bookmark was swallowed")
        write(lab, "next")
        assert said(answer) == "next"


def test_a_stalled_watch_stays_open_and_silent(proxy: ApiProxy, lab: Cluster) -> None:
    stall = proxy.add(Stall(after=1))
    with connected(proxy) as one, watching(one, lab) as answer:
        write(lab, "last")
        assert said(answer) == "last"
        write(lab, "unheard")
        wait_until(lambda: stall.struck == 1, seconds=5, what="the watch is stalled")
        one.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            answer.readline()


def test_an_event_gets_another_resource_version(proxy: ApiProxy, lab: Cluster) -> None:
    proxy.add(RewriteVersion(event=1, version="1"))
    with watched(proxy, lab) as answer:
        write(lab, "old")
        changed = event(answer)
        assert changed["object"]["metadata"]["resourceVersion"] == "1"
        assert changed["object"]["data"]["text"] == "old"
        write(lab, "new")
        assert event(answer)["object"]["metadata"]["resourceVersion"] == lab.get(NOTE)["metadata"]["resourceVersion"]


def test_an_open_watch_is_reset_on_the_wire(proxy: ApiProxy, lab: Cluster) -> None:
    with connected(proxy) as one, watching(one, lab):
        proxy.add(Reset())
        assert_reset(one)


def test_an_api_server_that_breaks_off_or_is_away_is_an_rst(lab: Cluster, note: None) -> None:
    with Proxy(target_port=lab.port) as far, ApiProxy(lab=lab, target_port=far.port) as near:
        with connected(near) as one, watching(one, lab):
            far.add(Down())
            assert_reset(one)
        with connected(near) as one:
            send_patch(one, "unheard")
            assert_reset(one)


def test_a_proxy_with_stalled_watches_and_orphans_stops_at_once(lab: Cluster, note: None) -> None:
    with ApiProxy(lab=lab) as proxy, connected(proxy) as waiting:
        proxy.add(Stall(after=0))
        held = proxy.add(Delay(hang_up=False, match=Match(method="PATCH")))
        with watched(proxy, lab):
            waiting.request("PATCH", NOTE, body="{}", headers=MERGE)
            wait_until(lambda: held.struck == 1, seconds=5, what="the patch is held")
            patience = Patience(seconds=1)
            proxy.stop()
            assert not patience.is_over
