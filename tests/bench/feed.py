"""A cluster's API as bytes: 5,000 nodes and 150,000 pods that list and watch as an API server does, with up to 8,000 events a second.

A program of its own, so that what it costs is not what is measured. Each pod's text is the template of its application with the pod's values filled
in, which is fast enough in Python. Like an API server, it ends a watch whose buffer of 100 events stays full for 100 ms, and tells one that asks from
a resourceVersion on what happened since, or that it does not remember that far back.

`restartCount` of each written pod is the moment of the write, in microseconds of the machine's monotonic clock (31 bits of it): whoever sees
the change knows how long it took.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import queue
import random
import re
import socket
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from clusterview.practice.resources import PODS, RESOURCES, Resource
from clusterview.practice.routing import resolve
from clusterview.practice.sizes import Size
from clusterview.practice.stories import large

BUFFERED_EVENTS = 100
REMEMBERED_EVENTS = 5_000
PATIENCE_SECONDS = 0.1
TICK_SECONDS = 0.002
STAMP_MASK = 2**31 - 1
VERSION = 900_000_000
INITIAL_END = {"k8s.io/initial-events-end": "true"}
EXPIRED = {"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410}}
VERSIONS = {"major": "1", "minor": "37", "gitVersion": "v1.37.2"}


def stamp() -> int:
    """This will tell the moment as a restartCount holds it."""
    return time.monotonic_ns() // 1000 & STAMP_MASK


def age_ms(stamped: int) -> float:
    """This will tell how long ago that was."""
    return (stamp() - stamped & STAMP_MASK) / 1000


class Pods:
    """All pods as text. `write` changes one and gives its event."""

    def __init__(self, size: Size, *, now: float) -> None:
        self._values = [texts(large.varying(number, size=size, version=VERSION)) for number in range(size.pods)]
        self._templates = [template(large.Application(number), now=now) for number in range(large.applications(size))]
        self._lock = threading.Lock()
        self.version = VERSION

    def __len__(self) -> int:
        return len(self._values)

    def text(self, number: int) -> bytes:
        fixed, names = self._templates[number // large.PODS_OF_AN_APPLICATION]
        values = self._values[number]
        pieces = [b""] * (2 * len(names) + 1)
        pieces[::2], pieces[1::2] = fixed, [values[name] for name in names]
        return b"".join(pieces)

    def write(self, number: int, *, ready: bool, stamped: bool = True) -> bytes:
        """This will write the pod's readiness, and give the line of a watch that says so."""
        values = self._values[number]
        with self._lock:
            self.version += 1
            values.update(texts({"version": str(self.version), "restarts": stamp() if stamped else 0, "status": str(ready), "ready": ready}))
        return b'{"type":"MODIFIED","object":' + self.text(number) + b"}\n"


def template(application: large.Application, *, now: float) -> tuple[list[bytes], list[str]]:
    """The text between what varies in the application's pods, and the names of that."""
    marks = {name: f"<{name}>" for name in large.VARYING}
    text = msgspec.json.encode(large.pod(application, now=now, values=marks)).decode()
    pieces = re.split(r'"<(restarts|ready)>"|<(\w+)>', text)  # the first two are no strings in JSON
    return [one.encode() for one in pieces[::3]], [first or second for first, second in zip(pieces[1::3], pieces[2::3], strict=True)]


def texts(values: dict[str, Any]) -> dict[str, bytes]:
    """The values as they stand in a pod's text."""
    return {name: value.encode() if isinstance(value, str) else msgspec.json.encode(value) for name, value in values.items()}


class Watch:
    """Who watches pods. `put` is called by the writer, `lines` by the one thread that sends."""

    def __init__(self) -> None:
        self._lines: queue.Queue[bytes] = queue.Queue(BUFFERED_EVENTS)
        self.is_over = False

    def put(self, line: bytes) -> None:
        """This will buffer an event, and give the watch up where it cannot."""
        try:
            self._lines.put(line, timeout=PATIENCE_SECONDS)
        except queue.Full:
            self.is_over = True

    def lines(self, *, is_left: Callable[[], bool]) -> Iterator[bytes]:
        """What was put, until the watch is over, or nothing comes and who watched has left."""
        while not self.is_over:
            try:
                found = [self._lines.get(timeout=1)]
            except queue.Empty:
                if is_left():
                    return
                continue
            while not self._lines.empty():
                found.append(self._lines.get_nowait())
            yield b"".join(b"%x\r\n%b\r\n" % (len(line), line) for line in found)


class Feed:
    """The API of one prepared cluster."""

    def __init__(self, size: Size) -> None:
        now = time.time()
        self.pods = Pods(size, now=now)
        self._others: dict[Resource, list[bytes]] = {resource: [] for resource in RESOURCES}
        for resource, item in large.surroundings(size, now=now, version=str(VERSION)):
            self._others[resource].append(msgspec.json.encode({"apiVersion": resource.api_version, "kind": resource.kind, **item}))
        self._pages: dict[tuple[Any, ...], bytes] = {}
        self._paged_at = VERSION
        self._watches: set[Watch] = set()
        self._history: collections.deque[tuple[int, bytes]] = collections.deque(maxlen=REMEMBERED_EVENTS)
        self._lock, self._counting = threading.Lock(), threading.Lock()
        self.requests: dict[str, int] = {}
        self.sent_bytes = 0

    def serve(self, listening: socket.socket) -> None:
        """This will answer for ever, each connection in a thread of its own."""
        while True:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                while request := lines.readline():
                    headers = {name.lower(): value.strip() for name, _, value in (one.partition(b":") for one in iter(lines.readline, b"\r\n"))}
                    lines.read(int(headers.get(b"content-length", b"0")))
                    self._answer(connection, request.split()[1].decode(), partial=b"as=PartialObject" in headers.get(b"accept", b""))
            except OSError:
                return

    def _answer(self, connection: socket.socket, target: str, *, partial: bool) -> None:
        parts = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(parts.query))
        found = resolve(parts.path)
        if found is not None and found.resource is not None and not found.name:
            said = "watch" if query.get("watch") in ("1", "true") else "list"
            self.requests[f"{said} {found.resource.plural}"] = self.requests.get(f"{said} {found.resource.plural}", 0) + 1
            if said == "watch":
                self._watch(connection, found.resource, query)
            else:
                page = self._page(found.resource, query, partial=partial)
                self._count(page)
                send(connection, page)
        elif parts.path == "/churn":
            send(connection, json.dumps(self.churn(rate=float(query["rate"]), seconds=float(query["seconds"]))).encode())
        elif parts.path == "/requests":
            send(connection, json.dumps(self.requests).encode())
        elif parts.path == "/sent":
            send(connection, json.dumps(self.sent_bytes).encode())
        elif parts.path == "/version":
            send(connection, json.dumps(VERSIONS).encode())
        elif parts.path in ("/livez", "/readyz"):
            send(connection, b"[+]etcd ok\nreadyz check passed\n" if "verbose" in query else b"ok", kind=b"text/plain")
        else:
            send(connection, b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}', status=b"404 Not Found")

    def _count(self, body: bytes) -> None:
        with self._counting:
            self.sent_bytes += len(body)

    def _page(self, resource: Resource, query: dict[str, str], *, partial: bool) -> bytes:
        """Kept until something is written, so that reading a second time costs the reader's time alone."""
        if self._paged_at != self.pods.version:
            self._pages, self._paged_at = {}, self.pods.version
        pages, key = self._pages, (resource, query.get("limit"), query.get("continue"), partial)
        if key not in pages:
            pages[key] = b"".join(self._list(resource, query, partial=partial))
        return pages[key]

    def _list(self, resource: Resource, query: dict[str, str], *, partial: bool) -> Iterator[bytes]:
        count = len(self.pods) if resource is PODS else len(self._others[resource])
        first, limit = int(query.get("continue") or 0), int(query.get("limit") or 0) or count
        last = min(first + limit, count)
        metadata = {"resourceVersion": str(self.pods.version)} | ({"continue": str(last), "remainingItemCount": count - last} if last < count else {})
        kind, version = ("PartialObjectMetadata", "meta.k8s.io/v1") if partial else (resource.kind, resource.api_version)
        yield json.dumps({"kind": f"{kind}List", "apiVersion": version, "metadata": metadata}).encode()[:-1] + b',"items":['
        yield b",".join(self._texts(resource, range(first, last)))
        yield b"]}"

    def _texts(self, resource: Resource, numbers: range) -> Iterator[bytes]:
        return (self.pods.text(number) if resource is PODS else self._others[resource][number] for number in numbers)

    def _watch(self, connection: socket.socket, resource: Resource, query: dict[str, str]) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        watch, missed = Watch(), list[bytes]()
        if resource is PODS:
            with self._lock:
                missed = self._since(int(query.get("resourceVersion") or self.pods.version))
                self._watches.add(watch)
        try:
            if query.get("sendInitialEvents") == "true":
                self._send_initial(connection, resource)
            for lines in itertools.chain(map(chunk, missed), watch.lines(is_left=lambda: is_left(connection))):
                self._count(lines)
                connection.sendall(lines)
            connection.sendall(chunk(b""))
        finally:
            self._watches.discard(watch)

    def _since(self, version: int) -> list[bytes]:
        """What was written after that."""
        if self._history and version < self._history[0][0] - 1:
            return [json.dumps(EXPIRED).encode() + b"\n"]
        return [line for written, line in self._history if written > version]

    def _write(self, number: int, *, ready: bool) -> tuple[bytes, list[Watch]]:
        """This will write a pod, and give its event with the watches that have to be told: one that begins later finds it in the history."""
        with self._lock:
            line = self.pods.write(number, ready=ready)
            self._history.append((self.pods.version, line))
            return line, list(self._watches)

    def _send_initial(self, connection: socket.socket, resource: Resource) -> None:
        count = len(self.pods) if resource is PODS else len(self._others[resource])
        for text in self._texts(resource, range(count)):
            line = chunk(b'{"type":"ADDED","object":' + text + b"}\n")
            self._count(line)
            connection.sendall(line)
        metadata = {"resourceVersion": str(self.pods.version), "annotations": INITIAL_END}
        end = {"type": "BOOKMARK", "object": {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}}
        connection.sendall(chunk(json.dumps(end).encode() + b"\n"))

    def churn(self, *, rate: float, seconds: float) -> dict[str, Any]:
        """This will write pods at that rate, and tell how many it wrote and how many watches were given up for being slow."""
        chance, sent, began = random.Random(1), 0, time.monotonic()
        ended, waited = 0, 0.0
        while (passed := time.monotonic() - began) < seconds:
            due = int(passed * rate)
            while sent < due:
                line, watches = self._write(chance.randrange(len(self.pods)), ready=chance.random() < 0.5)
                sent += 1
                for watch in watches:
                    watch.put(line)
                    if watch.is_over:
                        self._watches.discard(watch)
                        ended += 1
            until = time.monotonic()
            time.sleep(min(TICK_SECONDS, 1 / rate) if rate < 1 / TICK_SECONDS else TICK_SECONDS)
            waited += time.monotonic() - until
        return {"sent": sent, "seconds": time.monotonic() - began, "ended_watches": ended, "idle_seconds": waited}


def is_left(connection: socket.socket) -> bool:
    """This will tell whether the other end was closed, as far as can be seen without writing."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False


def chunk(text: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(text), text)


def send(connection: socket.socket, body: bytes, *, status: bytes = b"200 OK", kind: bytes = b"application/json") -> None:
    connection.sendall(b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(body)))
    connection.sendall(body)


def main() -> None:
    """This will serve on a free port, which it prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=5_000)
    parser.add_argument("--pods", type=int, default=150_000)
    chosen = parser.parse_args()
    sys.setswitchinterval(0.0005)
    feed = Feed(Size(nodes=chosen.nodes, pods=chosen.pods))
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listening.getsockname()[1], flush=True)
    feed.serve(listening)


if __name__ == "__main__":
    main()
