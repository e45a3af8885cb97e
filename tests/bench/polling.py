"""A program, the peer of our way from a cluster to a browser: it asks for whole lists, compares them with the last ones, and pushes the difference.

Written from what kube-ops-view is said to do: all nodes and all pods every five seconds, what a page shows of them as one tree in memory, and to
each page, as server-sent events, the paths where another value stands now. Two things are kinder to it than that: it decodes no field but those it
shows, and its comparison takes a time that grows with the pods and not with their square.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import http.client
import http.server
import queue
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tests.bench.feeding import Feed
from tests.bench.page import START_SECONDS, Heard
from tests.journeys.dashboard import ROOT, wait_for

EVERY_SECONDS = 5.0
LISTS = ("/api/v1/nodes", "/api/v1/pods")
ROUND = b": round\n\n"  # a comment, which a browser passes over

Tree = dict[str, Any]
Change = list[Any]


class Metadata(msgspec.Struct, gc=False):
    name: str
    namespace: str = ""
    labels: dict[str, str] = {}


class Container(msgspec.Struct, gc=False):
    name: str
    image: str = ""
    resources: dict[str, Any] = {}


class ContainerStatus(msgspec.Struct, rename="camel", gc=False):
    name: str
    ready: bool = False
    restart_count: int = 0
    state: dict[str, Any] = {}


class PodSpec(msgspec.Struct, rename="camel", gc=False):
    containers: list[Container]
    node_name: str = ""


class PodStatus(msgspec.Struct, rename="camel", gc=False):
    phase: str = ""
    start_time: str = ""
    container_statuses: list[ContainerStatus] = []


class Pod(msgspec.Struct, gc=False):
    metadata: Metadata
    spec: PodSpec
    status: PodStatus


class NodeStatus(msgspec.Struct, gc=False):
    allocatable: dict[str, str] = {}
    capacity: dict[str, str] = {}


class Node(msgspec.Struct, gc=False):
    metadata: Metadata
    status: NodeStatus


class Nodes(msgspec.Struct):
    items: list[Node]


class Pods(msgspec.Struct):
    items: list[Pod]


def tree(nodes: bytes, pods: bytes) -> Tree:
    """What is shown of two lists: nodes by name with their pods, and the pods that have no node."""
    found: dict[str, Tree] = {}
    waiting: Tree = {}
    for node in msgspec.json.decode(nodes, type=Nodes).items:
        found[node.metadata.name] = {**msgspec.to_builtins(node.metadata), **msgspec.to_builtins(node.status), "pods": {}}
    for pod in msgspec.json.decode(pods, type=Pods).items:
        there = found[pod.spec.node_name]["pods"] if pod.spec.node_name in found else waiting
        there[f"{pod.metadata.namespace}/{pod.metadata.name}"] = shown(pod)
    return {"nodes": found, "unassigned_pods": waiting}


def shown(pod: Pod) -> Tree:
    told = {one.name: msgspec.to_builtins(one) for one in pod.status.container_statuses}
    containers = [msgspec.to_builtins(one) | told.get(one.name, {}) for one in pod.spec.containers]
    return {**msgspec.to_builtins(pod.metadata), "phase": pod.status.phase, "startTime": pod.status.start_time, "containers": containers}


def difference(old: Tree, new: Tree) -> list[Change]:
    """Each path where the new tree has another value, with that value; a path alone where it has none any more."""
    found: list[Change] = [[[key]] for key in old if key not in new]
    for key, value in new.items():
        if key not in old:
            found.append([[key], value])
        elif old[key] != value:
            is_deeper = isinstance(value, dict) and isinstance(old[key], dict)
            found += [[[key, *path], *rest] for path, *rest in difference(old[key], value)] if is_deeper else [[[key], value]]
    return found


def stamps(changes: Sequence[Change]) -> list[int]:
    """The restart counts that changes tell of."""
    return [one["restartCount"] for path, *rest in changes if path[-1] == "containers" for one in rest[0]]


class Poller:
    """The tree as of the last round, and who is told of the next one."""

    def __init__(self, url: str) -> None:
        where = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(str(where.hostname), where.port)
        self._lock = threading.Lock()
        self._listeners: list[queue.SimpleQueue[bytes]] = []
        self._tree: Tree = {}

    def round(self) -> None:
        """This will ask once, and tell every page what is different since."""
        now = tree(*(self._listed(path) for path in LISTS))
        changes = difference(self._tree, now)
        with self._lock:
            self._tree = now
            for one in self._listeners:
                one.put((event("clusterdelta", changes) if changes else b"") + ROUND)

    def join(self) -> queue.SimpleQueue[bytes]:
        """What a page is sent from now on, the whole tree first."""
        line: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        with self._lock:
            line.put(event("clusterupdate", self._tree))
            self._listeners.append(line)
        return line

    def leave(self, line: queue.SimpleQueue[bytes]) -> None:
        with self._lock:
            self._listeners.remove(line)

    def _listed(self, path: str) -> bytes:
        self._connection.request("GET", path)
        return self._connection.getresponse().read()


def event(name: str, value: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(value))


def serve(poller: Poller, *, every_seconds: float) -> None:
    """This will serve pages on a free port, which it prints after the first round, and poll for ever."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            line = poller.join()
            try:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
                while True:
                    self.wfile.write(line.get())
            except OSError:
                poller.leave(line)

    took = timed(poller.round)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    while True:
        time.sleep(max(0.0, every_seconds - took))
        took = timed(poller.round)


def timed(work: Callable[[], None]) -> float:
    """This will do it, and tell the seconds that it took."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


@dataclass
class Polled(Heard):
    """What one page of it heard."""

    rounds: int = 0
    is_over: bool = False

    def read(self, lines: Iterable[bytes]) -> None:
        """This will take what is sent until it ends."""
        name, size = b"", 0
        for line in lines:
            size += len(line)
            kind, _, value = line.rstrip(b"\n").partition(b": ")
            if line == b"\n":
                size = 0
            elif kind == b"event":
                name = value
            elif kind == b"data" and name == b"clusterdelta":
                self.hear(stamps(msgspec.json.decode(value)), size=size + len(b"\n"))
            elif kind == b"data":
                self.whole.set()
            else:
                self.rounds += 1
        self.is_over = True

    def wait_for_rounds(self, count: int) -> None:
        """This will wait until so many more rounds have ended. Raises AssertionError where the peer ends instead."""
        enough = self.rounds + count
        wait_for(lambda: self.rounds >= enough or self.is_over, seconds=START_SECONDS, what="the peer has asked and compared")
        assert not self.is_over, "the peer has ended"


@contextlib.contextmanager
def browser(fed: Feed, *, every_seconds: float = EVERY_SECONDS) -> Iterator[Polled]:
    """This will start the peer on a feed, with one page that has the whole of it; afterwards both are ended."""
    line = [sys.executable, "-m", "tests.bench.polling", fed.url, "--every", str(every_seconds)]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            heard = Polled()
            with urllib.request.urlopen(f"http://127.0.0.1:{int(process.stdout.readline())}") as answer:
                thread = threading.Thread(target=heard.read, args=(answer,), daemon=True)
                thread.start()
                assert heard.whole.wait(START_SECONDS)
                yield heard
                process.kill()
                thread.join(5)
        finally:
            process.kill()


def main() -> None:
    """This will poll what its first word names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--every", type=float, default=EVERY_SECONDS)
    chosen = parser.parse_args()
    gc.disable()  # there are no cycles, and looking for some would be half of a round
    serve(Poller(chosen.url), every_seconds=chosen.every)


if __name__ == "__main__":
    main()
