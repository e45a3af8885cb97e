"""Whatever a fault does stands in the timeline: which fault, to whom, and what. A fault that nobody can read about afterwards is none."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.faults import commits, requests, tcp, watches
from tests.faults.api import ApiProxy
from tests.faults.proxy import HOST, Proxy
from tests.faults.requests import Match, RequestFault
from tests.faults.tcp import ConnectionFault, FlowFault
from tests.faults.test_api import NOTE, WATCH, connected, send_patch, watched, write
from tests.faults.timeline import Fault
from tests.faults.watches import WatchFault
from tests.lab.cluster import Cluster
from tests.lab.fixtures import wait_until

KINDS_OF_FAULTS = (FlowFault, ConnectionFault, RequestFault, WatchFault)
PATCH = Match(method="PATCH", times=1)
EVENTS = "/api/v1/namespaces/default/configmaps"

# Of each fault one that strikes, and what its first line says that it did.
ON_BYTES: dict[type[Fault], tuple[Fault, str, dict[str, Any]]] = {
    tcp.Latency: (tcp.Latency(seconds=0.01, direction="to_server"), "to_server", {"bytes": 7, "seconds": 0.01}),
    tcp.Bandwidth: (tcp.Bandwidth(bytes_per_second=1000, direction="to_server"), "to_server", {"bytes": 7}),
    tcp.Slicer: (tcp.Slicer(piece_bytes=3, direction="to_server"), "to_server", {"bytes": 7, "pieces": 3}),
    tcp.Blackhole: (tcp.Blackhole(direction="to_server"), "to_server", {"bytes": 7}),
    tcp.LimitData: (tcp.LimitData(limit_bytes=3, direction="to_server"), "to_server", {"bytes": 3}),
    tcp.SlowClose: (tcp.SlowClose(seconds=0.01, direction="to_server"), "to_server", {"seconds": 0.01}),
    tcp.Reset: (tcp.Reset(after_seconds=0.01), "both", {"seconds": 0.01}),
    tcp.IdleCut: (tcp.IdleCut(seconds=0.01), "both", {"seconds": 0.01}),
    tcp.Down: (tcp.Down(), "both", {"closed": 1}),
    commits.LoseCommit: (commits.LoseCommit(is_carried_out=False), "to_server", {"is_carried_out": False}),
}
ON_REQUESTS: dict[type[Fault], tuple[Fault, dict[str, Any]]] = {
    requests.AnswerStatus: (requests.AnswerStatus(code=503, match=PATCH), {"code": 503}),
    requests.AnswerHtml: (requests.AnswerHtml(match=PATCH), {"bytes": len(requests.LOGIN_PAGE)}),
    requests.GzipBomb: (requests.GzipBomb(mebibytes=1, match=PATCH), {"bytes": len(requests.bomb(mebibytes=1)), "inflated_bytes": 1024 * 1024}),
    requests.DropAnswer: (requests.DropAnswer(match=PATCH), {"code": 200}),
    requests.Repeat: (requests.Repeat(match=PATCH), {"first": 200, "code": 200}),
    requests.Delay: (requests.Delay(match=PATCH), {"held_bytes": len(json.dumps({"data": {"text": "struck"}}))}),
}
ON_WATCHES: dict[type[Fault], tuple[Fault, dict[str, Any]]] = {
    watches.Duplicate: (watches.Duplicate(event=1), {"event": 1}),
    watches.Drop: (watches.Drop(event=1), {"event": 1}),
    watches.Swap: (watches.Swap(event=1), {"event": 1}),
    watches.Truncate: (watches.Truncate(event=1), {"event": 1, "bytes": ...}),
    watches.Corrupt: (watches.Corrupt(event=1), {"event": 1, "bytes": ...}),
    watches.InjectError: (watches.InjectError(event=1, code=410), {"event": 1, "code": 410}),
    watches.SwallowBookmarks: (watches.SwallowBookmarks(), {"event": 2}),
    watches.Stall: (watches.Stall(after=1), {"event": 1}),
    watches.RewriteVersion: (watches.RewriteVersion(event=1, version="1"), {"event": 1, "version": "1"}),
}


def every_fault() -> list[type[Fault]]:
    """Each class that is a fault itself and not a kind of them, whichever module it stands in."""

    def below(kind: type[Fault]) -> Iterator[type[Fault]]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    return sorted({one for one in below(Fault) if one not in KINDS_OF_FAULTS}, key=lambda one: one.__name__)


def of_api(kind: type[Fault]) -> bool:
    return issubclass(kind, (RequestFault, WatchFault))


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.lab] if of_api(kind) else []) for kind in every_fault()], ids=lambda kind: kind.__name__
)
def test_each_fault_writes_down_whom_it_struck_and_what_it_did(kind: type[Fault], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    timeline = tmp_path / "timeline.jsonl"
    strike, where, did = case(kind)
    if of_api(kind):
        strike(request.getfixturevalue("lab"), timeline)
    else:
        strike(timeline)
    line = json.loads(timeline.read_text().splitlines()[0])
    assert line.pop("at_seconds") > 0
    assert line.pop("connection") == (0 if kind is tcp.Down else 1)
    assert line.pop("fault") == kind.__name__
    assert str(line.pop("where")).startswith(where)
    seen = line.pop("did")
    assert seen.keys() == did.keys()
    assert all(seen[name] == value for name, value in did.items() if value is not ...)
    assert not line


def case(kind: type[Fault]) -> tuple[Callable[..., None], str, dict[str, Any]]:
    """How to make this fault strike, and what it then writes."""
    if kind in ON_BYTES:
        fault, where, did = ON_BYTES[kind]
        return lambda timeline: strike_bytes(fault, timeline), where, did
    if kind in ON_REQUESTS:
        fault, did = ON_REQUESTS[kind]
        return lambda lab, timeline: strike_request(fault, lab, timeline), f"PATCH {NOTE}", did
    fault, did = ON_WATCHES[kind]  # a fault that has no case here is a KeyError: write one
    return lambda lab, timeline: strike_watch(fault, lab, timeline), f"GET {EVENTS}?watch=1", did


def strike_bytes(fault: Fault, timeline: Path) -> None:
    """Seven bytes to a server that hears them and says nothing."""
    with (
        closing(socket.create_server((HOST, 0))) as server,
        Proxy(target_port=server.getsockname()[1], timeline=timeline) as proxy,
        socket.create_connection((HOST, proxy.port), timeout=5) as one,
        suppress(OSError),
    ):
        heard, _ = server.accept()
        threading.Thread(target=hear, args=(heard,), daemon=True).start()
        handle = proxy.add(fault)
        one.sendall(commits.COMMIT)
        if isinstance(fault, tcp.SlowClose):
            one.shutdown(socket.SHUT_WR)
        wait_until(lambda: handle.struck > 0, seconds=5, what="it has struck")


def hear(one: socket.socket) -> None:
    with one, suppress(OSError):
        while one.recv(100):
            pass


@contextmanager
def noted(lab: Cluster) -> Iterator[None]:
    """The ConfigMap that the faults are shown on."""
    lab.kubectl("create", "configmap", "note", "--from-literal", "text=none")
    try:
        yield
    finally:
        lab.kubectl("delete", "configmap", "note")


def strike_request(fault: Fault, lab: Cluster, timeline: Path) -> None:
    with ApiProxy(lab=lab, timeline=timeline) as proxy, noted(lab), connected(proxy) as one:
        handle = proxy.add(fault)
        send_patch(one, "struck")
        wait_until(lambda: handle.struck > 0, seconds=5, what="it has struck")


def strike_watch(fault: Fault, lab: Cluster, timeline: Path) -> None:
    streaming = WATCH + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    with ApiProxy(lab=lab, timeline=timeline) as proxy, noted(lab):
        handle = proxy.add(fault)
        with watched(proxy, lab, streaming if isinstance(fault, watches.SwallowBookmarks) else WATCH):
            write(lab, "struck")
            wait_until(lambda: handle.struck > 0, seconds=5, what="it has struck")
